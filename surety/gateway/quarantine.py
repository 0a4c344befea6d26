"""Memory of devices that nobody registered: an operator sees that a tag knocks, never where it was."""

from surety.stream.refusals import KEPT_REFUSALS, RefusalNote


class Quarantine:
    """Counts of unknown devices since they were last written down; bounded, the rest is only in the counters."""

    def __init__(self) -> None:
        self._notes: dict[tuple[str, str], RefusalNote] = {}

    def note(self, protocol: str, identifier: str, at_ms: int) -> None:
        """Count one refused message of a device that is unknown."""
        key = (identifier, protocol)
        known = self._notes.get(key)
        if known is None and len(self._notes) >= KEPT_REFUSALS:
            return
        first, count = (known.first_seen_ms, known.count) if known else (at_ms, 0)
        self._notes[key] = RefusalNote(identifier, protocol, first, at_ms, count + 1)

    def take(self) -> list[RefusalNote]:
        """What gathered since the last call."""
        notes, self._notes = list(self._notes.values()), {}
        return notes
