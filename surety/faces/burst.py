"""One burst of frames against one person's references: what every engine that works on this machine does alike.

What differs stands behind `Machine`: finding faces, and making and comparing vectors. Rules of the burst: only frames
that pass the quality gate are compared; the best of them with the best reference counts; POOR_QUALITY only if no frame
is good; in low light the mean of the good frames is compared too, as that takes noise out (docs/faces.md).
"""

import time
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from surety.faces import quality, tables, turning
from surety.faces.contract import (
    Advice,
    Comparison,
    Enrolled,
    Liveness,
    Outcome,
    Photo,
    Quality,
    Reference,
    Thresholds,
    Turn,
)
from surety.faces.geometry import Face

Vector = NDArray[np.float32]
LOW_LIGHT = 0.15  # brightness of the face, under which the mean of frames is compared too
LEAST_FOR_MEAN = 3  # frames: of fewer the mean takes little noise out
SURELY_SPOOF = 0.5  # from here on the reviewer is told


class Machine(Protocol):
    """What an engine of this machine can do with one picture."""

    name: str
    detector_sha256: str
    model_sha256: str
    length: int  # of a vector
    nose_depth: float  # of its five points, see turning.py

    def faces(self, photo: Photo) -> list[Face]:
        """The faces in a picture, the one to compare first."""

    def vector(self, photo: Photo, face: Face) -> Vector:
        """The face as the recogniser sees it."""

    def mean(self, vectors: Sequence[Vector]) -> Vector:
        """One vector that stands for several frames of one face."""

    def similarity(self, one: Vector, other: Vector) -> float:
        """How alike, 1 for the same picture."""

    def similarities(self, ones: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
        """The same for each row of `ones` with each row of `others`. For measuring the recogniser on a test set."""

    def spoof(self, photo: Photo, face: Face) -> float | None:
        """0 (looks live) to 1 (looks like a print or a screen); None without a model for it."""

    def close(self) -> None:
        """Free the models."""


class Seen(NamedTuple):
    """One frame: its quality and, where a face is in it, the first face and its vector."""

    photo: Photo
    quality: Quality
    face: Face | None = None
    vector: Vector | None = None


def see(machine: Machine, photo: Photo) -> Seen:
    """What a machine sees in one picture; `surety faces evaluate` measures this too."""
    faces = machine.faces(photo)
    measured = quality.measure(photo, faces, machine.nose_depth)
    if not faces:
        return Seen(photo, measured)
    vector = machine.vector(photo, faces[0])
    return Seen(photo, measured, faces[0], vector if np.isfinite(vector).all() else None)


class Best(NamedTuple):
    """The pair that is most alike."""

    similarity: float
    frame: int
    reference_id: str


class LocalEngine:
    """An `Engine` (see contract.py) on a machine and the threshold table of its recogniser."""

    def __init__(self, machine: Machine, table: Thresholds) -> None:
        self._machine, self.table = machine, table
        self.name, self.model_sha256 = machine.name, machine.model_sha256

    def enrol(self, images: Sequence[Photo]) -> list[Enrolled]:
        """See `Engine.enrol`."""
        return [self._enrolled(self._see(image)) for image in images]

    def verify(self, frames: Sequence[Photo], references: Sequence[Reference], turn: Turn = Turn.NONE) -> Comparison:
        """See `Engine.verify`."""
        began = time.perf_counter()
        seen = [self._see(frame) for frame in frames]
        found = self._judge(seen, self._usable(references))
        best = seen[found.frame] if found.frame is not None else next((s for s in seen if s.face), None)
        return _replace(
            found,
            qualities=tuple(s.quality for s in seen),
            liveness=self._liveness(seen, best, turn),
            took_ms=round((time.perf_counter() - began) * 1000, 1),
        )

    def close(self) -> None:
        """See `Engine.close`."""
        self._machine.close()

    def _see(self, photo: Photo) -> Seen:
        return see(self._machine, photo)

    def _enrolled(self, seen: Seen) -> Enrolled:
        if not seen.quality.good or seen.vector is None:
            return Enrolled(seen.quality, None, self.model_sha256, _why_poor(seen.quality, "This image"))
        return Enrolled(seen.quality, to_bytes(seen.vector), self.model_sha256)

    def _usable(self, references: Sequence[Reference]) -> list[tuple[str, Vector]]:
        """Those of this model; a template of another model, or of another length, is not compared."""
        own = [r for r in references if r.model_sha256 == self.model_sha256]
        vectors = [(r.id, from_bytes(r.template, self._machine.length)) for r in own]
        return [(name, vector) for name, vector in vectors if vector is not None]

    def _judge(self, seen: Sequence[Seen], references: Sequence[tuple[str, Vector]]) -> Comparison:
        if not references:
            return self._say(Outcome.ERROR, "There is no enrolled image that this model can compare with.")
        if not any(s.quality.faces for s in seen):
            return self._say(Outcome.NO_FACE, "No face was found in any frame.", advice=(Advice.SHOW_FACE,))
        good = [n for n, s in enumerate(seen) if s.quality.good and s.vector is not None]
        if not good:
            poor = max(seen, key=lambda s: (s.quality.faces == 1, s.quality.detector_score or 0.0)).quality
            return self._say(Outcome.POOR_QUALITY, _why_poor(poor, "Every frame"), advice=poor.advice)
        best = self._best(seen, good, references)
        outcome = tables.judge(best.similarity, self.table)
        sentence = _words(outcome, best, self.table, len(seen))
        found = self._say(outcome, sentence)
        return _replace(found, similarity=best.similarity, frame=best.frame, reference_id=best.reference_id)

    def _best(self, seen: Sequence[Seen], good: Sequence[int], references: Sequence[tuple[str, Vector]]) -> Best:
        probes = [(n, vector) for n in good if (vector := seen[n].vector) is not None]
        dark = [seen[n].quality.brightness or 0.0 for n in good]
        if len(good) >= LEAST_FOR_MEAN and float(np.median(dark)) < LOW_LIGHT:
            probes.append((good[0], self._machine.mean([vector for _, vector in probes])))
        alike = self._machine.similarity
        return max(Best(round(alike(probe, vector), 4), n, name) for n, probe in probes for name, vector in references)

    def _liveness(self, seen: Sequence[Seen], best: Seen | None, turn: Turn) -> Liveness:
        turned = turning.turn_seen([s.quality.yaw_deg for s in seen], turn)
        same = self._same_throughout(seen, best)
        spoof = self._machine.spoof(best.photo, best.face) if best and best.face else None
        return Liveness(
            turn, turned, same, None if spoof is None else round(spoof, 3), _live_words(turned, same, spoof)
        )

    def _same_throughout(self, seen: Sequence[Seen], best: Seen | None) -> bool | None:
        """Whether every frame with a face is not clearly another person than the best frame."""
        vectors = [s.vector for s in seen if s.vector is not None]
        if best is None or best.vector is None or len(vectors) < 2:
            return None
        return all(self._machine.similarity(best.vector, other) >= self.table.inconclusive for other in vectors)

    def _say(self, outcome: Outcome, sentence: str, advice: tuple[Advice, ...] = ()) -> Comparison:
        return Comparison(
            outcome=outcome,
            sentence=sentence,
            engine=self.name,
            advice=advice,
            detector_sha256=self._machine.detector_sha256,
            model_sha256=self.model_sha256,
            thresholds=self.table,
        )


def _replace(found: Comparison, **changes: object) -> Comparison:
    return msgspec.structs.replace(found, **changes)


def to_bytes(vector: Vector) -> bytes:
    """A vector as a template: float32, little endian."""
    return vector.astype("<f4").tobytes()


def from_bytes(template: bytes, length: int) -> Vector | None:
    """A template as a vector; None when it is none of this length, or holds what is no number."""
    if len(template) != 4 * length:
        return None
    vector = np.frombuffer(template, "<f4").astype(np.float32)
    return vector if np.isfinite(vector).all() else None


_ADVICE_WORDS = {
    Advice.COME_CLOSER: "the face is too small",
    Advice.GO_BACK: "the face is cut off by the edge",
    Advice.FIND_LIGHT: "it is too dark",
    Advice.LESS_LIGHT: "it is too bright",
    Advice.HOLD_STILL: "it is blurred",
    Advice.FACE_CAMERA: "the head is turned away",
    Advice.ONE_PERSON: "more than one face is in it",
    Advice.SHOW_FACE: "the face cannot be seen clearly",
}


def _why_poor(found: Quality, what: str) -> str:
    if not found.faces:
        return f"{what} cannot be compared: no face was found."
    reasons = " and ".join(_ADVICE_WORDS[word] for word in found.advice) or "no vector could be made of it"
    return f"{what} cannot be compared: {reasons}."


def _words(outcome: Outcome, best: Best, table: Thresholds, frames: int) -> str:
    pair = (
        f"Frame {best.frame + 1} of {frames} and the nearest enrolled image have a similarity of {best.similarity:.2f}"
    )
    return {
        Outcome.MATCH: f"{pair}; from {table.match:.2f} on that is a match.",
        Outcome.INCONCLUSIVE: f"{pair}; that is too little for a match ({table.match:.2f}) and too much to say more.",
    }.get(outcome, f"{pair}; below {table.inconclusive:.2f} the machine cannot say that it is the same person.")


def _live_words(turned: bool | None, same: bool | None, spoof: float | None) -> str:  # noqa: FBT001 - the three findings
    told = [
        (turned is True, "The head turns as it was asked to."),
        (turned is False, "The turn that was asked for is not to be seen."),
        (same is False, "The frames may not all show one person."),
        (spoof is not None and spoof >= SURELY_SPOOF, "It may be a picture of a picture or of a screen."),
    ]
    return " ".join(words for holds, words in told if holds)
