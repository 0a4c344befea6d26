"""How often a registered device was heard, and how often something was wrong with what came in its name.

Counted in memory, written down with the log every few seconds, and shown to officers on the device's page.
"""

from surety.stream.asides import DeviceNote


class DeviceNotes:
    """Counts since they were last written down; at most one for each registered device and kind."""

    def __init__(self) -> None:
        self._notes: dict[tuple[str, str], DeviceNote] = {}

    def add(self, device_id: str, kind: str, at_ms: int, count: int = 1) -> None:
        """Count one more."""
        self._put(DeviceNote(device_id, kind, at_ms, at_ms, count))

    def take(self) -> list[DeviceNote]:
        """What gathered since the last call."""
        notes, self._notes = list(self._notes.values()), {}
        return notes

    def put_back(self, notes: list[DeviceNote]) -> None:
        """What could not be written down waits for the next time."""
        for one in notes:
            self._put(one)

    def _put(self, new: DeviceNote) -> None:
        key = (new.device_id, new.kind)
        known = self._notes.get(key, new)
        count = new.count + (known.count if known is not new else 0)
        first, last = min(known.first_ms, new.first_ms), max(known.last_ms, new.last_ms)
        self._notes[key] = DeviceNote(new.device_id, new.kind, first, last, count)
