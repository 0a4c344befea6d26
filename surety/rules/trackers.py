"""The list of all rules beside the duties of place and time. A new rule is one file and one line here."""

from collections.abc import Sequence
from typing import Any

from surety.rules.allowance import AllowanceTracker
from surety.rules.attendance import AttendanceTracker
from surety.rules.charging import ChargingTracker
from surety.rules.checkins import CheckInTracker
from surety.rules.conditions import Condition
from surety.rules.leave import Leave
from surety.rules.location import LocationTracker
from surety.rules.moving import ApartTracker
from surety.rules.near import NearTracker
from surety.rules.orders import OrderTracker
from surety.rules.silence import SilenceTracker
from surety.rules.state import Record
from surety.rules.tracker import Ask, RowOf, Tracker

ALL: tuple[Tracker[Any, Any], ...] = (
    SilenceTracker(),
    OrderTracker(),
    NearTracker(),
    CheckInTracker(),
    AllowanceTracker(),
    ApartTracker(),
    AttendanceTracker(),
    LocationTracker(),
    ChargingTracker(),
)
"""Each has its own types of ask and record; together they are known by no common one."""

_BY_ASK: dict[type[Ask], Tracker[Any, Any]] = {tracker.ask_type: tracker for tracker in ALL}
_BY_RECORD: dict[type[Record], Tracker[Any, Any]] = {tracker.record_type: tracker for tracker in ALL}


def of(ask: Ask) -> Tracker[Any, Any]:
    """The rule that an ask is for."""
    return _BY_ASK[type(ask)]


def of_record(record: Record) -> Tracker[Any, Any]:
    """The rule that keeps a record."""
    return _BY_RECORD[type(record)]


def asks_of(condition: Condition, row_of: RowOf, leaves: Sequence[Leave] = ()) -> list[Ask]:
    """Everything that a condition asks of any rule here."""
    return [ask for tracker in ALL for ask in tracker.asks_under(condition, row_of, leaves)]
