"""One duty of place and time in force: where, when, and what silence means. Decides only when its windows are."""

import msgspec

from surety.rules import leave, schedule
from surety.rules.conditions import Timetable
from surety.rules.facts import Millis
from surety.rules.leave import Leave
from surety.rules.presence import Mode
from surety.rules.schedule import Window


class Duty(msgspec.Struct, frozen=True, gc=False):
    """A curfew or a zone in force: where (`areas`: name and row of the evidence), when, and what silence means.

    `leaves`: the absences in force that cover it, in which it asks nothing.
    """

    condition_id: str
    version: int
    mode: Mode
    timetable: Timetable
    areas: tuple[tuple[str, int], ...]
    unknown_after_ms: int
    max_stay_ms: int | None = None  # how long a stay where one should not be is allowed to last; None: not at all
    leaves: tuple[Leave, ...] = ()

    def around(self, at_ms: Millis) -> Window | None:
        """The window that holds `at_ms` or the next one, not cut at the version's ends; None when none ever comes."""
        return schedule.around(self.timetable, at_ms, self.areas[0][0], leave.times_of(self.leaves))

    def windows(self, from_ms: Millis, to_ms: Millis) -> tuple[Window, ...]:
        """The windows that meet [from_ms, to_ms), whole, in order."""
        return schedule.windows(self.timetable, from_ms, to_ms, self.areas[0][0], leave.times_of(self.leaves))

    def left_at(self, at_ms: Millis) -> str:
        """What leave holds at `at_ms` ("absence", "suspension"); nothing where none does."""
        return leave.held_at(self.leaves, at_ms)

    def rows(self, places: tuple[str, ...]) -> tuple[int, ...]:
        """The rows of the evidence that belong to these places; a name that a curfew does not know has none."""
        return tuple(row for name, row in self.areas if name in places or self.mode is not Mode.HOME)
