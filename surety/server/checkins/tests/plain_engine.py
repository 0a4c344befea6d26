"""A face engine for tests of what is around it: it takes a picture's mean colour for the face in it.

It keeps the contract as the real engines do (similarity, thresholds, quality, ERROR without references), in a
millisecond and without a model. A black picture has no face; a dark one is too dark.
"""

from collections.abc import Sequence

import numpy as np

from surety.faces.contract import (
    Advice,
    Comparison,
    Enrolled,
    FacesUnavailableError,
    Liveness,
    Outcome,
    Photo,
    Quality,
    Reference,
    Turn,
)

FIRST_MODEL, SECOND_MODEL = "11" * 32, "22" * 32
MATCH, INCONCLUSIVE = 0.98, 0.9


def painted(red: int, green: int, blue: int) -> Photo:
    """A picture of one colour."""
    return np.full((40, 40, 3), (red, green, blue), np.uint8)


class PlainEngine:
    """See above. `asked` has the references of each comparison; `away` is raised while it is set."""

    name = "plain"

    def __init__(self, model_sha256: str = FIRST_MODEL) -> None:
        self.model_sha256 = model_sha256
        self.asked: list[list[str]] = []
        self.enrolled = 0
        self.away: FacesUnavailableError | None = None
        self.liveness = Liveness()

    def enrol(self, images: Sequence[Photo]) -> list[Enrolled]:
        self.enrolled += len(images)
        return [self._enrolled(image) for image in images]

    def _enrolled(self, image: Photo) -> Enrolled:
        quality = _quality(image)
        made = _vector(image).tobytes() if quality.good else None
        sentence = "" if quality.good else "There is no face to be seen."
        return Enrolled(quality, made, self.model_sha256, sentence)

    def verify(self, frames: Sequence[Photo], references: Sequence[Reference], turn: Turn = Turn.NONE) -> Comparison:
        del turn  # a plain picture does not show it
        if self.away is not None:
            raise self.away
        self.asked.append([one.id for one in references])
        qualities = tuple(_quality(frame) for frame in frames)
        scores = [
            (float(_vector(frame) @ np.frombuffer(one.template, np.float32)), place, one.id)
            for place, frame in enumerate(frames)
            for one in references
            if qualities[place].good and one.model_sha256 == self.model_sha256
        ]
        if not scores:
            outcome = Outcome.NO_FACE if not any(one.faces for one in qualities) else Outcome.POOR_QUALITY
            advice = tuple(dict.fromkeys(word for one in qualities for word in one.advice))
            return Comparison(
                outcome=outcome, sentence="Nothing to compare.", engine=self.name, qualities=qualities, advice=advice
            )
        similarity, frame, reference = max(scores)
        return Comparison(
            outcome=_outcome(similarity),
            sentence=f"The similarity is {similarity:.3f}.",
            engine=self.name,
            similarity=similarity,
            frame=frame,
            reference_id=reference,
            qualities=qualities,
            model_sha256=self.model_sha256,
            liveness=self.liveness,
        )

    def close(self) -> None:
        pass


def _vector(image: Photo) -> np.ndarray:
    mean = image.reshape(-1, 3).mean(axis=0).astype(np.float32)
    return mean / np.linalg.norm(mean)


def _quality(image: Photo) -> Quality:
    brightness = float(image.mean()) / 255
    if brightness == 0:
        return Quality(faces=0, advice=(Advice.SHOW_FACE,))
    return Quality(faces=1, brightness=brightness, advice=() if brightness > 0.1 else (Advice.FIND_LIGHT,))


def _outcome(similarity: float) -> Outcome:
    if similarity >= MATCH:
        return Outcome.MATCH
    return Outcome.INCONCLUSIVE if similarity >= INCONCLUSIVE else Outcome.NO_MATCH
