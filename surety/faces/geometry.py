"""Where a face's five points lie, and turning and scaling a picture so that they lie where a model expects them.

Five points, in this order: the eye at the picture's left, the eye at its right, the tip of the nose, and the corners of
the mouth at its left and right; rows of (x, y) in pixels.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from surety.faces.contract import Photo

Points = NDArray[np.float32]
Affine = NDArray[np.float64]


class Face(NamedTuple):
    """A face in a picture: its box (x, y, width, height), its five points, and how sure the detector is (0 to 1)."""

    box: tuple[float, float, float, float]
    points: Points
    score: float

    @property
    def size(self) -> float:
        """The box's longer side, in pixels."""
        return max(self.box[2], self.box[3])


OFF_CENTRE = 0.7  # a face in the corner counts as if it were so much smaller: cameras are held at whom they show


def prominence(photo: Photo, face: Face) -> float:
    """How much a picture is about this face: its size in pixels, less the further it is from the middle."""
    x, y, width, height = face.box
    middle = np.array(photo.shape[1::-1]) / 2
    off = float(np.hypot(*(np.array([x + width / 2, y + height / 2]) - middle)) / np.hypot(*middle))
    return face.size * (1 - OFF_CENTRE * min(1.0, off))


# Where ArcFace (Deng et al. 2019) and those after it put the five points in an upright face of 112 x 112 pixels.
ARCFACE = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32
)
FACE_PX = 112
CANONICAL_PX = 160  # the second look of the detector: the same face with 24 pixels more on each side
CANONICAL = ARCFACE + np.float32((CANONICAL_PX - FACE_PX) / 2)


def similarity_transform(source: Points, target: Points) -> Affine:
    """The turn, scale and shift (2 x 3) that brings source nearest to target, by least squares, without mirroring.

    Umeyama (1991); in the plane it is one complex division. Points that all coincide give no scale: they are shifted.
    """
    s = source.astype(np.float64) @ np.array([1, 1j])
    t = target.astype(np.float64) @ np.array([1, 1j])
    spread = s - s.mean()
    power = float(np.sum(np.abs(spread) ** 2))
    factor = complex(np.sum(np.conj(spread) * (t - t.mean())) / power) if power > 1e-9 else 1 + 0j
    shift = complex(t.mean() - factor * s.mean())
    return np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]])


def apply(transform: Affine, points: Points) -> Points:
    """The points after the transform."""
    return (points.astype(np.float64) @ transform[:, :2].T + transform[:, 2]).astype(np.float32)


def inverse(transform: Affine) -> Affine:
    """The transform that takes this one back."""
    return np.asarray(cv2.invertAffineTransform(transform), np.float64)


def upright(photo: Photo, points: Points, target: Points, size_px: int) -> tuple[Photo, Affine]:
    """The face as a square picture in which its points lie at the target, and the transform that was used."""
    transform = similarity_transform(points, target)
    source, onto = _not_too_fine(photo, transform)
    crop = cv2.warpAffine(source, onto, (size_px, size_px), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(crop, np.uint8), transform


def _not_too_fine(photo: Photo, transform: Affine) -> tuple[Photo, Affine]:
    """The picture, made smaller first where the transform would leave out most of its pixels (and alias)."""
    shrink = 2 * float(np.hypot(*transform[:, 0]))
    size = [round(side * shrink) for side in photo.shape[1::-1]]
    if shrink >= 1 or min(size) < 1:
        return photo, transform
    small = np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)
    back = np.array([photo.shape[1] / size[0], photo.shape[0] / size[1]])
    onto = transform.copy()
    onto[:, :2] *= back
    onto[:, 2] += transform[:, :2] @ (back - 1) / 2  # the middle of a small pixel, in pixels of the whole picture
    return small, onto


def aligned(photo: Photo, points: Points, size_px: int = FACE_PX) -> Photo:
    """The upright face that recognisers see: ArcFace's five points, scaled to the size."""
    return upright(photo, points, ARCFACE * np.float32(size_px / FACE_PX), size_px)[0]


def share_inside(photo: Photo, points: Points) -> float:
    """How much of the upright face crop lies inside the picture, 0 to 1."""
    back = inverse(similarity_transform(points, ARCFACE))
    grid = np.stack(np.meshgrid(*[np.linspace(0, FACE_PX - 1, 15)] * 2), axis=-1).reshape(-1, 2)
    there = apply(back, grid.astype(np.float32))
    return float(((there >= 0) & (there <= np.array(photo.shape[1::-1]) - 1)).all(axis=1).mean())


def eye_distance_px(points: Points) -> float:
    """Between the two eyes, in pixels of the picture."""
    return float(np.hypot(*(points[1] - points[0])))
