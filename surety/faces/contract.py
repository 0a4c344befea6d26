"""What face verification is asked and what it answers, whichever engine does it.

1:1 only: `verify` is given the references of one person, and no function here takes those of more. Nobody is searched
for, and no trait is inferred. The answer is advice to the system and to reviewers: below a clear match a person looks.

Terms as in ISO/IEC 19795-1 and 30107-3; no claim of conformance is made. Figures: docs/faces.md.
"""

import enum
from collections.abc import Sequence
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

Photo = NDArray[np.uint8]
"""A decoded picture: rows x columns x 3, RGB, upright, not mirrored."""


class Outcome(enum.StrEnum):
    """What a comparison gave. Only MATCH ends a check-in without a person's look."""

    MATCH = "match"
    INCONCLUSIVE = "inconclusive"  # between the thresholds
    NO_MATCH = "no_match"  # below both; what that means is for people to say
    NO_FACE = "no_face"
    POOR_QUALITY = "poor_quality"  # the advice says what to improve
    ERROR = "error"  # the machine failed, or has no model or no references: never counted against the person


class Advice(enum.StrEnum):
    """What would make the picture better; the client says it in the person's language."""

    COME_CLOSER = "come_closer"
    GO_BACK = "go_back"
    FIND_LIGHT = "find_light"
    LESS_LIGHT = "less_light"
    HOLD_STILL = "hold_still"
    FACE_CAMERA = "face_camera"
    ONE_PERSON = "one_person"
    SHOW_FACE = "show_face"  # no face was found


class Turn(enum.StrEnum):
    """Which way the person was asked to turn their head in the burst, as they see it themselves."""

    NONE = ""
    LEFT = "left"
    RIGHT = "right"


class Quality(msgspec.Struct, frozen=True):
    """What was measured of one picture. Values that need a face are None where none was found."""

    faces: int
    eye_distance_px: float | None = None
    detector_score: float | None = None
    brightness: float | None = None  # mean of the face, 0 to 1
    sharpness: float | None = None  # of the upright face crop; its unit stands with its threshold
    yaw_deg: float | None = None  # relative to a frontal face; positive: to the person's own left
    advice: tuple[Advice, ...] = ()

    @property
    def good(self) -> bool:
        """Whether the picture is good enough to be compared."""
        return not self.advice


class Reference(msgspec.Struct, frozen=True):
    """One enrolled image as a recogniser keeps it; only that recogniser can compare it.

    `onnx`: a vector of float32, little endian, of unit length. `dlib`: 128 of them. `remote`: bytes that only the
    agency's matcher can read, and its model's name as a SHA-256.
    """

    id: str
    template: bytes
    model_sha256: str


class Enrolled(msgspec.Struct, frozen=True):
    """What became of one image that was offered as a reference. Without a template the sentence says why."""

    quality: Quality
    template: bytes | None
    model_sha256: str
    sentence: str = ""


class Liveness(msgspec.Struct, frozen=True):
    """Advice to the reviewer on whether a live person was before the camera; never a gate.

    `turn_seen`: whether the turn that was asked for is in the burst (None: none was asked for, or it cannot be told).
    `same_throughout`: whether all frames show one person. `spoof`: 0 (looks live) to 1 (looks like a print or screen).
    """

    turn_asked: Turn = Turn.NONE
    turn_seen: bool | None = None
    same_throughout: bool | None = None
    spoof: float | None = None
    sentence: str = ""


class Thresholds(msgspec.Struct, frozen=True):
    """A table that belongs to one recogniser: similarity from which on it is a match, and below which it is none."""

    model_sha256: str
    match: float
    inconclusive: float
    source: str  # of what measurement: "docs/faces.md, LFW 6,000 pairs", or a calibration run's id
    sha256: str = ""  # of the table's file


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """The answer. `similarity` is that of the best frame with the best reference."""

    outcome: Outcome
    sentence: str  # in plain words, for the reviewer and the record
    engine: str
    similarity: float | None = None
    frame: int | None = None  # the best one
    reference_id: str = ""
    qualities: tuple[Quality, ...] = ()  # frame by frame
    advice: tuple[Advice, ...] = ()
    liveness: Liveness = Liveness()
    detector_sha256: str = ""
    model_sha256: str = ""
    thresholds: Thresholds | None = None
    took_ms: float = 0.0

    @property
    def settles(self) -> bool:
        """Whether nobody needs to look: a match, in which the turn that was asked for is seen and nobody else is.

        A match without them may be a picture that somebody holds before the camera. What it is, a person says; the
        outcome stays what it is. Where a turn was asked for and cannot be told, as of a single photograph, it was not
        seen. That something looks like a print is too often wrong to ask for a person by itself.
        """
        turned = self.liveness.turn_asked is Turn.NONE or self.liveness.turn_seen is True
        return self.outcome is Outcome.MATCH and turned and self.liveness.same_throughout is not False


class FacesUnavailableError(Exception):
    """The engine cannot work now (no model, the remote matcher is away). `retry`: whether trying again may help."""

    def __init__(self, sentence: str, *, retry: bool = False) -> None:
        super().__init__(sentence)
        self.retry = retry


class Engine(Protocol):
    """A face engine. Drivers: `onnx`, `dlib`, `remote`; each passes tests/faces/test_contract.py."""

    name: str
    model_sha256: str

    def enrol(self, images: Sequence[Photo]) -> list[Enrolled]:
        """Templates of images of one person, each with its quality, in order. Raises FacesUnavailableError."""

    def verify(self, frames: Sequence[Photo], references: Sequence[Reference], turn: Turn = Turn.NONE) -> Comparison:
        """Compare the frames of one burst with the references of the one person who is expected.

        References of another model are not compared; without any that can be, the outcome is ERROR and says so.
        Never raises for what a picture shows. Raises FacesUnavailableError when the engine itself is away.
        """

    def close(self) -> None:
        """Free models and connections."""
