"""The engine `onnx`: YuNet finds the face, in two looks, and a recogniser makes a vector of it; one thread.

The first look goes over the whole picture, made small; the second over the face alone, upright and at the size that
the detector knows best. The second is what makes the five points good enough for small, tilted and large faces.
"""

import math
from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from surety.faces import geometry, yunet
from surety.faces.burst import Vector
from surety.faces.contract import Photo
from surety.faces.geometry import Face
from surety.faces.models import ModelError, Reader, Role, Store
from surety.faces.quality import OTHER_FACE_SCORE
from surety.faces.sessions import Session

FIRST_LOOK_PX = 320  # the longer side in the first look: faces from a twentieth of it on are found
FIRST_LOOK_SCORE = 0.5  # what may be a face in the first look; the gate asks for more
SECOND_LOOK_SCORE = 0.3  # where it is known that a face is
NOSE_DEPTH = 0.55  # of the tip of the nose before the eyes, in distances between the eyes (about 35 of 63 mm)


class OnnxMachine:
    """See `burst.Machine`."""

    name = "onnx"
    nose_depth = NOSE_DEPTH

    def __init__(self, detector: Session, recogniser: Session, spoof: Sequence[Session] = ()) -> None:
        cv2.setNumThreads(1)
        self._detector, self._recogniser, self._spoof = detector, recogniser, list(spoof)
        self.detector_sha256 = detector.manifest.sha256
        self.model_sha256 = recogniser.manifest.sha256
        self.length = recogniser.manifest.embedding
        self._prove()

    def _prove(self) -> None:
        """That the recogniser gives what its manifest says, before anything depends on it."""
        side = self._recogniser.manifest.input_px
        blank = np.zeros((side, side, 3), np.uint8)
        try:
            got = self._recogniser.answer(self._recogniser.prepared(blank))[0].size
        except Exception as error:  # noqa: BLE001 - onnxruntime raises types of its own, which it does not export
            raise ModelError(f"{self._recogniser.manifest.name} cannot be run: {str(error)[:200]}") from None
        if got != self.length:
            name = self._recogniser.manifest.name
            raise ModelError(f"{name} gives {got} numbers where its manifest says {self.length}: mend the manifest")

    def faces(self, photo: Photo) -> list[Face]:
        """The faces, the most prominent of the sure ones first; that one by the second look."""
        found = sorted(self._first_look(photo), key=lambda face: -geometry.prominence(photo, face))
        found.sort(key=lambda face: face.score < OTHER_FACE_SCORE)
        return [self._second_look(photo, found[0]), *found[1:]] if found else []

    def _first_look(self, photo: Photo) -> list[Face]:
        scale = min(1.0, FIRST_LOOK_PX / max(photo.shape[:2]))
        size = tuple(max(1, round(side * scale)) for side in photo.shape[1::-1])
        small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA) if scale < 1 else photo
        found = self._look(np.asarray(small, np.uint8), FIRST_LOOK_SCORE)
        back = np.array([photo.shape[1] / size[0], photo.shape[0] / size[1]], np.float32)
        return [Face(_scaled(face.box, back), face.points * back, face.score) for face in found]

    def _second_look(self, photo: Photo, face: Face) -> Face:
        crop, transform = geometry.upright(photo, face.points, geometry.CANONICAL, geometry.CANONICAL_PX)
        found = self._look(crop, SECOND_LOOK_SCORE)
        if not found:
            return face
        middle = np.float32(geometry.CANONICAL_PX / 2)
        best = min(found, key=lambda other: float(np.hypot(*(other.points.mean(axis=0) - middle))))
        return Face(face.box, geometry.apply(geometry.inverse(transform), best.points), max(face.score, best.score))

    def _look(self, photo: Photo, least_score: float) -> list[Face]:
        side = self._detector.manifest.input_px
        height, width = (side, side) if side else (math.ceil(n / 32) * 32 for n in photo.shape[:2])
        padded = np.zeros((height, width, 3), np.uint8)
        padded[: photo.shape[0], : photo.shape[1]] = photo
        answer = self._detector.answer(self._detector.prepared(padded))
        return yunet.faces(dict(zip(self._detector.outputs, answer, strict=True)), width, least_score)

    def vector(self, photo: Photo, face: Face) -> Vector:
        """A vector of unit length of the aligned face."""
        crop = geometry.aligned(photo, face.points, self._recogniser.manifest.input_px)
        return _unit(self._recogniser.answer(self._recogniser.prepared(crop))[0].ravel())

    def mean(self, vectors: Sequence[Vector]) -> Vector:
        """The mean direction."""
        return _unit(np.mean(vectors, axis=0))

    def similarity(self, one: Vector, other: Vector) -> float:
        """The cosine of the angle between two vectors of unit length."""
        return float(one @ other)

    def similarities(self, ones: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `burst.Machine.similarities`."""
        return np.asarray(ones @ others.T, np.float32)

    def spoof(self, photo: Photo, face: Face) -> float | None:
        """The mean of the spoof models; each sees the face with more of what is around it."""
        if not self._spoof:
            return None
        return 1.0 - float(np.mean([_live(session, photo, face) for session in self._spoof]))

    def close(self) -> None:
        """Let go of the models."""
        self._spoof = []


def _scaled(box: tuple[float, float, float, float], back: NDArray[np.float32]) -> tuple[float, float, float, float]:
    return (box[0] * float(back[0]), box[1] * float(back[1]), box[2] * float(back[0]), box[3] * float(back[1]))


def _unit(vector: NDArray[np.float32]) -> Vector:
    length = float(np.linalg.norm(vector))
    return np.asarray(vector / length if length > 0 else vector * np.nan, np.float32)


def _live(session: Session, photo: Photo, face: Face) -> float:
    """How sure one MiniFASNet is that the face is live: the second of its three classes."""
    crop = around(photo, face.box, session.manifest.crop)
    side = session.manifest.input_px
    small = np.asarray(cv2.resize(crop, (side, side)), np.uint8)
    classes = session.answer(session.prepared(small))[0].ravel()
    if classes.min() < 0 or abs(float(classes.sum()) - 1) > 1e-3:  # some exports leave the softmax out
        classes = np.exp(classes - classes.max())
    return float(classes[1] / classes.sum())


def around(photo: Photo, box: tuple[float, float, float, float], times: float) -> Photo:
    """The box, so many times as large but no larger than the picture, moved so that it lies inside."""
    height, width = photo.shape[:2]
    x, y, w, h = box
    times = min(times, (height - 1) / max(h, 1.0), (width - 1) / max(w, 1.0))
    half = np.array([w * times / 2, h * times / 2])
    room = np.array([width - 1, height - 1])
    corner = np.clip(np.array([x + w / 2, y + h / 2]) - half, 0, np.maximum(room - 2 * half, 0))
    left, top = (int(n) for n in corner)
    right, bottom = (int(n) for n in np.minimum(corner + 2 * half, room))
    return photo[top : max(bottom, top) + 1, left : max(right, left) + 1]


def open_machine(store: Store, first: Callable[[str], bool] = lambda _: False) -> OnnxMachine:
    """The machine on the models that are found, preferably on a recogniser whose SHA-256 is one of the `first`.

    Raises ModelError with what is missing, or refused and why.
    """
    files = list(store.files())
    detector, recogniser = store.best(Role.DETECTOR, files), store.best(Role.RECOGNISER, files, first)
    if detector is None or recogniser is None:
        if not store.folder.is_dir():
            raise ModelError(f"no model: there is no folder {store.folder} (docs/faces.md)")
        missing = "face detector" if detector is None else "recogniser"
        refused = " ".join(found.refusal for found in files if found.refusal)
        raise ModelError(f"no model: there is no {missing} in {store.folder} (docs/faces.md). {refused}".strip())
    spoof = [Session(f) for f in files if f.manifest and f.manifest.reader is Reader.MINIFASNET]
    return OnnxMachine(Session(detector), Session(recogniser), spoof)
