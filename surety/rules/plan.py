"""Decides which duties hold at an instant: one person's conditions, laid out by the time in which they are in force.

Between two changes of what is in force lies an epoch, with its areas packed for the arithmetic. A plan is derived
from a `ConditionSet` alone and never changes, so that one plan serves every fact of a person until the next revision.
"""

import functools
import hashlib
import struct
import zlib
from collections.abc import Hashable
from typing import TypeVar, cast

import msgspec

from surety.rules import leave, presence, schedule, trackers
from surety.rules.conditions import (
    Absence,
    Area,
    Condition,
    ConditionSet,
    Curfew,
    Zone,
    ZoneKind,
    timetables_of,
)
from surety.rules.facts import Millis
from surety.rules.leave import Leave
from surety.rules.ordered import Duty
from surety.rules.presence import Mode, PackedAreas
from surety.rules.schedule import BEGINNING, END
from surety.rules.silence import Watchdog
from surety.rules.tracker import Ask

SharedT = TypeVar("SharedT", bound=Hashable)
_KEPT_EPOCHS = 2  # the one in force, and the one before it for what comes late
_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_to_text = msgspec.json.Encoder().encode
_from_text = msgspec.json.Decoder(list[Condition]).decode
_QUICKLY = 1  # zlib's lowest level; the higher ones save another tenth


class Epoch(msgspec.Struct, frozen=True, gc=False):
    """A time [start_ms, end_ms) in which the same versions are in force, and what they ask."""

    start_ms: Millis
    end_ms: Millis
    duties: tuple[Duty, ...]
    asks: tuple[Ask, ...]  # of the rules beside the duties
    keys: tuple[int, ...]  # of each row of the evidence: the same area in the same mode has the same key
    packed: PackedAreas

    @property
    def about(self) -> tuple[str, int]:
        """The condition under which a device's own reports stand: the trail if there is one; ("", 0) for none."""
        for ask in self.asks:
            if isinstance(ask, Watchdog):
                return ask.condition_id, ask.version
        return (self.duties[0].condition_id, self.duties[0].version) if self.duties else ("", 0)


class Plan:
    """Everything the engine asks of a person's conditions. Raises TimetableError where a zone or date is unknown.

    Small, as a worker keeps one for each of many thousand people: an epoch is laid out when somebody asks for it.
    """

    __slots__ = ("_edges", "_kept", "_stored", "person_id", "revision")

    def __init__(self, conditions: ConditionSet) -> None:
        self.person_id = conditions.person_id
        self.revision = conditions.revision
        ordered = sorted(conditions.conditions, key=lambda c: (c.id, c.version, c.effective_from_ms))
        # A tenth of the memory of the objects. As text, since the digits of a corner are fewer than its bits.
        self._stored = zlib.compress(_to_text(ordered), _QUICKLY)
        for condition in ordered:
            for timetable in timetables_of(condition.body):
                schedule.check(timetable)
            if isinstance(condition.body, Absence):
                leave.leave_of(condition.body)
        starts = [c.effective_from_ms for c in ordered]
        ends = [c.effective_to_ms for c in ordered if c.effective_to_ms is not None]
        self._edges = (BEGINNING, *sorted({*starts, *ends}), END)
        self._kept: tuple[Epoch, ...] = ()  # the one asked for last comes first

    def epoch(self, at_ms: Millis) -> Epoch:
        """What is in force at `at_ms`."""
        kept = self._kept
        if kept and kept[0].start_ms <= at_ms < kept[0].end_ms:
            return kept[0]
        found = next((one for one in kept if one.start_ms <= at_ms < one.end_ms), None) or self._lay_out(at_ms)
        self._kept = (found, *(one for one in kept if one is not found))[:_KEPT_EPOCHS]
        return found

    def _lay_out(self, at_ms: Millis) -> Epoch:
        place = max(i for i, edge in enumerate(self._edges[:-1]) if edge <= at_ms or i == 0)
        return self._make(self._edges[place], self._edges[place + 1])

    def _make(self, start: Millis, end: Millis) -> Epoch:
        in_force: dict[str, Condition] = {}  # the highest version of each, by the order of `_stored`
        for condition in _from_text(zlib.decompress(self._stored)):
            to = END if condition.effective_to_ms is None else condition.effective_to_ms
            if condition.effective_from_ms <= start < to:
                in_force[condition.id] = condition
        leaves = [leave.leave_of(c.body) for c in in_force.values() if isinstance(c.body, Absence)]
        areas = _Areas()
        duties: list[Duty] = []
        asks: list[Ask] = []
        for condition in in_force.values():
            covering = leave.covering(condition, leaves)
            if isinstance(condition.body, Curfew | Zone):
                duties.append(_duty(condition, condition.body, areas, covering))
            asks += trackers.asks_of(condition, areas.row_of, covering)
        return Epoch(
            start,
            end,
            tuple(duties),
            tuple(asks),
            tuple(areas.rows),
            presence.pack(areas.listed, grown_m=areas.grown_m),
        )


MODE_OF_ZONE = {
    ZoneKind.EXCLUSION: Mode.EXCLUSION,
    ZoneKind.INCLUSION: Mode.INCLUSION,
    ZoneKind.RESTRICTION: Mode.RESTRICTION,
}


class _Areas:
    """The areas of an epoch, each once for a mode."""

    def __init__(self) -> None:
        self.rows: dict[int, int] = {}
        self.listed: list[tuple[Area, Mode]] = []
        self.grown_m: list[float] = []

    def row_of(self, area: Area, mode: Mode, grown_m: float = 0.0) -> int:
        key = _key(area, mode, grown_m)
        if key not in self.rows:
            self.rows[key] = len(self.listed)
            self.listed.append((area, mode))
            self.grown_m.append(grown_m)
        return self.rows[key]


def _duty(condition: Condition, body: Curfew | Zone, areas: _Areas, leaves: tuple[Leave, ...]) -> Duty:
    mode = _mode(body)
    named = [(p.name, p.area) for p in body.places] if isinstance(body, Curfew) else [(body.name, body.area)]
    return Duty(
        condition.id,
        condition.version,
        mode,
        _shared(body.timetable),
        _shared(tuple((name, areas.row_of(area, mode)) for name, area in named)),
        _shared(body.unknown_after_s * 1000),
        body.max_stay_s * 1000 if isinstance(body, Zone) and mode is Mode.RESTRICTION else None,
        leaves,
    )


def _mode(body: Curfew | Zone) -> Mode:
    if isinstance(body, Curfew):
        return Mode.HOME
    return MODE_OF_ZONE[body.zone_kind]


def _key(area: Area, mode: Mode, grown_m: float) -> int:
    grown = struct.pack("<d", grown_m) if grown_m else b""
    digest = hashlib.blake2b(bytes((mode,)) + _encode(area) + grown, digest_size=7).digest()
    return int.from_bytes(digest, "big")


@functools.lru_cache(maxsize=4096)
def _only(value: Hashable) -> Hashable:
    return value


def _shared(value: SharedT) -> SharedT:
    """One object for all equal ones: many people have the same few timetables, names and limits."""
    return cast("SharedT", _only(value))
