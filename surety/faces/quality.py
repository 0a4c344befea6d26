"""Whether a picture is good enough to be compared, and what would make it better.

The gate stands before the comparison: a picture that is too dark, blurred, small or turned is asked for again rather
than compared badly. Brightness is judged leniently, as a darker skin must not be taken for bad light: from a tenth of
ordinary light on the recogniser still works (docs/faces.md).
"""

import cv2
import numpy as np

from surety.faces import geometry, turning
from surety.faces.contract import Advice, Photo, Quality
from surety.faces.geometry import Face

LEAST_EYES_PX = 23.0  # measured: below it false non-matches rise (docs/faces.md)
LEAST_INSIDE = 0.6  # of the upright crop around the face; chin and hair may be cut off, eyes and mouth may not
LEAST_SCORE = 0.8  # below it the detector itself is unsure that it sees a whole face
LEAST_BRIGHTNESS = 0.045  # the mean of a face in a tenth of ordinary light
MOST_BRIGHTNESS = 0.92  # nearly all of the face is washed out
LEAST_SHARPNESS = 0.005  # of `sharpness` below; a blur of 3 pixels on a 240-pixel photo is under it, one of 2 is not
MOST_YAW_DEG = 30.0  # further, half of the face is hidden
OTHER_FACE_SHARE = 0.5  # a second face counts when it is half as large as the first: passers-by behind do not
OTHER_FACE_SCORE = 0.7  # and when the detector is as sure as this: the folds of a curtain are no second person


def measure(photo: Photo, faces: list[Face], nose_depth: float) -> Quality:
    """The quality of a picture, given its faces, the one that is to be compared first."""
    if not faces:
        return Quality(faces=0, advice=(Advice.SHOW_FACE,))
    face = faces[0]
    crop = geometry.aligned(photo, face.points)
    found = Quality(
        faces=1 + sum(_counts(other, face) for other in faces[1:]),
        eye_distance_px=round(geometry.eye_distance_px(face.points), 1),
        detector_score=round(face.score, 3),
        brightness=round(brightness(crop), 3),
        sharpness=round(sharpness(crop), 4),
        yaw_deg=round(turning.yaw_deg(face.points, nose_depth), 1),
    )
    return Quality(
        found.faces,
        found.eye_distance_px,
        found.detector_score,
        found.brightness,
        found.sharpness,
        found.yaw_deg,
        tuple(_advice(found, face, photo)),
    )


def _counts(other: Face, face: Face) -> bool:
    return other.size >= OTHER_FACE_SHARE * face.size and other.score >= OTHER_FACE_SCORE


def _advice(found: Quality, face: Face, photo: Photo) -> list[Advice]:
    light, sharp, yaw = found.brightness or 0.0, found.sharpness or 0.0, found.yaw_deg or 0.0
    told = [
        (found.faces > 1, Advice.ONE_PERSON),
        ((found.eye_distance_px or 0.0) < LEAST_EYES_PX * max(0.5, np.cos(np.radians(yaw))), Advice.COME_CLOSER),
        (geometry.share_inside(photo, face.points) < LEAST_INSIDE, Advice.GO_BACK),
        (light < LEAST_BRIGHTNESS, Advice.FIND_LIGHT),
        (light > MOST_BRIGHTNESS, Advice.LESS_LIGHT),
        (abs(yaw) > MOST_YAW_DEG, Advice.FACE_CAMERA),
        (sharp < LEAST_SHARPNESS, Advice.HOLD_STILL),
    ]
    advice = [word for wrong, word in told if wrong]
    unsure = (found.detector_score or 0.0) < LEAST_SCORE
    return advice or ([Advice.SHOW_FACE] if unsure else [])


def brightness(crop: Photo) -> float:
    """The mean of the middle of an upright face crop, 0 to 1."""
    edge = crop.shape[0] // 5
    return float(cv2.cvtColor(crop[edge:-edge, edge:-edge], cv2.COLOR_RGB2GRAY).mean() / 255)


def sharpness(crop: Photo) -> float:
    """How much of the contrast of an upright 112-pixel face lies in its finest detail; no unit, whatever the light.

    The Laplacian's variance (Pech-Pacheco 2000) over the picture's own, after a light blur that takes sensor noise out.
    """
    edge = crop.shape[0] // 5
    grey = cv2.cvtColor(crop[edge:-edge, edge:-edge], cv2.COLOR_RGB2GRAY).astype(np.float32)
    smooth = cv2.GaussianBlur(grey, (0, 0), 1.0)
    return float(cv2.Laplacian(smooth, cv2.CV_32F).var() / (smooth.var() + 1.0))
