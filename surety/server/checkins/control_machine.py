"""What the machine says of a control pair, so that it is told after the first answer as of any other review.

One pair, the references of one person: as with a submission, nobody is looked for among others.
"""

from surety.faces.contract import Comparison, Engine, FacesUnavailableError, Photo, Reference
from surety.faces.decode import ENROLMENT, Decoder, Refused
from surety.server.checkins.control import Row
from surety.server.checkins.looking import failed

NO_REFERENCE = "There is no enrolled image of this person that the machine could compare with."


class PairMachine:
    """The decoder and, where there is a model, the engine."""

    def __init__(self, decoder: Decoder, engine: Engine | None, missing: str = "") -> None:
        self._decoder, self._engine, self._missing = decoder, engine, missing

    def fault(self, data: bytes) -> str:
        """What is wrong with a picture, in one sentence, or nothing. Raises DecoderUnavailableError."""
        found = self._decoder.decode(data, ENROLMENT)
        return found.sentence if isinstance(found, Refused) else ""

    def compare(self, row: Row) -> Comparison:
        """What would have been recorded, had the frames been sent for a check-in."""
        if self._engine is None:
            return failed(f"The machine could not compare: {self._missing}.")
        known = self._engine.enrol([self._photo(data) for data in row.references])
        kept = [
            Reference(str(place), one.template, one.model_sha256)
            for place, one in enumerate(known)
            if one.template is not None
        ]
        if not kept:
            return failed(
                "There is no enrolled image of this person that the machine could compare with.", self._engine
            )
        try:
            return self._engine.verify([self._photo(data) for data in row.frames], kept, row.turn)
        except FacesUnavailableError as error:
            return failed(f"The machine could not compare: {error}.", self._engine)

    def _photo(self, data: bytes) -> Photo:
        found = self._decoder.decode(data, ENROLMENT)
        if isinstance(found, Refused):
            raise ValueError(found.sentence)  # noqa: TRY004 - `fault` was asked before: this is the caller's mistake
        return found.photo
