"""What is known at an instant, as every rule is given it. Decides nothing."""

from collections.abc import Callable
from typing import NamedTuple

from surety.rules.facts import Millis
from surety.rules.grounds import Subject
from surety.rules.presence import Reading
from surety.rules.state import Device, Kept, Seen, Watch


class Scene(NamedTuple):
    """The evidence of any row, the last fixes, the device's own word, and when it was heard before this instant.

    `informed_ms`: when the last informative fix of a row was, which is all that many rules ask of it.
    `watches`: the duties of place and time as they stand.
    """

    person_id: str
    now_ms: Millis
    read: Callable[[int], Reading]
    informed_ms: Callable[[int], Millis | None]
    recent: tuple[Seen, ...]
    device: Device
    heard_ms: Millis | None
    watches: tuple[Watch, ...] = ()
    kept: Kept | None = None  # messages that arrived later than this, or only now
    located_ms: Millis | None = None  # the last good fix

    def watch_of(self, condition_id: str) -> Watch | None:
        """How the duty of a condition stands; None where it asks none."""
        for watch in self.watches:
            if watch.condition_id == condition_id:
                return watch
        return None

    def about(self, condition_id: str, version: int) -> Subject:
        """Whom and what a finding made now is about."""
        return Subject(self.person_id, condition_id, version)
