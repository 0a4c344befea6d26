"""What the machine makes of one submission: photographs opened, decoded, compared. Outside any transaction.

The probe meets the references of the one person who was asked, and of nobody else. Whatever cannot be done is an answer
too: the outcome ERROR with one sentence, upon which a person looks.
"""

from collections.abc import Callable, Sequence

import msgspec

from surety.blobs.contract import BlobNotFoundError
from surety.blobs.sealing import SealError
from surety.faces.contract import (
    Comparison,
    Engine,
    FacesUnavailableError,
    Liveness,
    Outcome,
    Photo,
    Quality,
    Turn,
)
from surety.faces.decode import CHECK_IN, Decoder, Limits, Refused
from surety.server.checkins import templates
from surety.server.checkins.models import Submission
from surety.server.checkins.templates import Decode, NoPictureError
from surety.server.records import queries as records

OpenEngine = Callable[[], Engine]


def decode_with(decoder: Decoder, limits: Limits = CHECK_IN) -> Decode:
    """The decoder's limited process as a function that gives pixels, or raises NoPictureError with its sentence."""

    def decode(data: bytes) -> Photo:
        found = decoder.decode(data, limits)
        if isinstance(found, Refused):
            raise NoPictureError(found.sentence)
        return found.photo

    return decode


class Machine:
    """The engine and the decoder of one process. Without a model there is no engine, and `missing` says why."""

    def __init__(self, open_engine: OpenEngine, decode: Decode) -> None:
        self._open, self.decode = open_engine, decode
        self.engine: Engine | None = None
        self.missing: FacesUnavailableError | None = None

    def wake(self) -> None:
        """Open the engine, unless it is open; keep the reason where it cannot be."""
        if self.engine is None:
            try:
                self.engine, self.missing = self._open(), None
            except FacesUnavailableError as error:
                self.missing = error

    def look(self, submission: Submission, now_ms: int) -> Comparison:
        """Compare one submission. Raises FacesUnavailableError, BlobsUnavailableError or DecoderUnavailableError."""
        if self.engine is None:
            raise self.missing or FacesUnavailableError("the face engine is not open yet", retry=True)
        person_id = submission.check_in.person_id
        pictures, refusals = self._pictures(person_id, submission.photos)
        frames = [picture for picture in pictures if picture is not None]
        if not frames:
            return failed(" ".join(refusals) or "No photograph came with it.")
        try:
            waiting = templates.missing(self.engine.model_sha256).filter(person_id=person_id)
            templates.derive(list(waiting), self.engine, self.decode, now_ms)
            references = templates.references_of(person_id, self.engine.model_sha256)
        except SealError as error:
            return failed(f"The enrolled images cannot be opened: {error}.")
        if not references:
            return failed("There is no enrolled image of this person that the machine could compare with.")
        asked = _turn(submission.check_in.turn)  # not what the sender says it was: who sends may leave it out
        return _in_order(self.engine.verify(frames, references, asked), pictures, refusals)

    def _pictures(self, person_id: str, photos: Sequence[str]) -> tuple[list[Photo | None], list[str]]:
        """Each photograph decoded, in order; None, with a sentence, for what is no picture or is not there."""
        pictures: list[Photo | None] = []
        refusals: list[str] = []
        for number, sha256 in enumerate(photos, 1):
            try:
                pictures.append(self.decode(records.photograph(person_id, sha256)))
            except (NoPictureError, BlobNotFoundError, SealError) as error:
                pictures.append(None)
                refusals.append(f"Photograph {number} could not be used: {str(error).rstrip('.')}.")
        return pictures, refusals

    def close(self) -> None:
        """Free the models."""
        if self.engine is not None:
            self.engine.close()
            self.engine = None


def failed(sentence: str, engine: Engine | None = None) -> Comparison:
    """That the machine says nothing, and why. Never counted against the person."""
    return Comparison(
        outcome=Outcome.ERROR,
        sentence=sentence,
        engine=engine.name if engine else "",
        model_sha256=engine.model_sha256 if engine else "",
        liveness=Liveness(),
    )


def _in_order(found: Comparison, pictures: Sequence[Photo | None], refusals: Sequence[str]) -> Comparison:
    """The answer with the frames counted as they were sent, those that could not be used among them."""
    if not refusals:
        return found
    places = [place for place, picture in enumerate(pictures) if picture is not None]
    qualities = [Quality(faces=0)] * len(pictures)
    for place, quality in zip(places, found.qualities, strict=False):
        qualities[place] = quality
    frame = None if found.frame is None else places[found.frame]
    sentence = " ".join((found.sentence, *refusals))
    return msgspec.structs.replace(found, sentence=sentence, frame=frame, qualities=tuple(qualities))


def _turn(text: str) -> Turn:
    return Turn(text) if text in {one.value for one in Turn} else Turn.NONE
