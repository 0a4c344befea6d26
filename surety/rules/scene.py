"""What is known at an instant, as every rule is given it. Decides nothing."""

from collections.abc import Callable
from typing import NamedTuple

from surety.rules.facts import Millis
from surety.rules.grounds import Subject
from surety.rules.presence import Reading
from surety.rules.state import Device, Seen


class Scene(NamedTuple):
    """The evidence of any row, the last fixes, the device's own word, and when it was heard before this instant."""

    person_id: str
    now_ms: Millis
    read: Callable[[int], Reading]
    recent: tuple[Seen, ...]
    device: Device
    heard_ms: Millis | None

    def about(self, condition_id: str, version: int) -> Subject:
        """Whom and what a finding made now is about."""
        return Subject(self.person_id, condition_id, version)
