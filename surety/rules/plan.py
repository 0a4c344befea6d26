"""Decides which duties hold at an instant: one person's conditions, laid out by the time in which they are in force.

Between two changes of what is in force lies an epoch, with its areas packed for the arithmetic. A plan is derived
from a `ConditionSet` alone and never changes, so that one plan serves every fact of a person until the next revision.
"""

import hashlib
import struct

import msgspec

from surety.rules import presence, schedule, trackers
from surety.rules.conditions import Area, Condition, ConditionSet, Curfew, Zone, ZoneKind, timetables_of
from surety.rules.facts import Millis
from surety.rules.ordered import Duty
from surety.rules.presence import Mode, PackedAreas
from surety.rules.schedule import BEGINNING, END
from surety.rules.silence import Watchdog
from surety.rules.tracker import Ask

_KEPT_EPOCHS = 4
_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_decode = msgspec.msgpack.Decoder(list[Condition]).decode


class Epoch(msgspec.Struct, frozen=True):
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
    """Everything the engine asks of a person's conditions. Raises TimetableError where a zone or date is unknown."""

    def __init__(self, conditions: ConditionSet) -> None:
        self.person_id = conditions.person_id
        self.revision = conditions.revision
        ordered = sorted(conditions.conditions, key=lambda c: (c.id, c.version, c.effective_from_ms))
        # As bytes: a seventh of the memory, and a plan of each of many thousand people is kept.
        self._stored = _encode(ordered)
        for condition in ordered:
            for timetable in timetables_of(condition.body):
                schedule.check(timetable)
        starts = [c.effective_from_ms for c in ordered]
        ends = [c.effective_to_ms for c in ordered if c.effective_to_ms is not None]
        self._edges = (BEGINNING, *sorted({*starts, *ends}), END)
        self._epochs: dict[Millis, Epoch] = {}
        self._current = self._make(BEGINNING, self._edges[1])

    def epoch(self, at_ms: Millis) -> Epoch:
        """What is in force at `at_ms`."""
        current = self._current
        if current.start_ms <= at_ms < current.end_ms:
            return current
        place = max(i for i, edge in enumerate(self._edges[:-1]) if edge <= at_ms or i == 0)
        start, end = self._edges[place], self._edges[place + 1]
        found = self._epochs.get(start)
        if found is None:
            if len(self._epochs) >= _KEPT_EPOCHS:
                self._epochs.pop(next(iter(self._epochs)))
            found = self._epochs[start] = self._make(start, end)
        self._current = found
        return found

    def _make(self, start: Millis, end: Millis) -> Epoch:
        in_force: dict[str, Condition] = {}  # the highest version of each, by the order of `_stored`
        for condition in _decode(self._stored):
            to = END if condition.effective_to_ms is None else condition.effective_to_ms
            if condition.effective_from_ms <= start < to:
                in_force[condition.id] = condition
        areas = _Areas()
        duties: list[Duty] = []
        asks: list[Ask] = []
        for condition in in_force.values():
            if isinstance(condition.body, Curfew | Zone):
                duties.append(_duty(condition, condition.body, areas))
            asks += trackers.asks_of(condition, areas.row_of)
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


def _duty(condition: Condition, body: Curfew | Zone, areas: _Areas) -> Duty:
    mode = _mode(body)
    named = [(p.name, p.area) for p in body.places] if isinstance(body, Curfew) else [(body.name, body.area)]
    return Duty(
        condition.id,
        condition.version,
        mode,
        condition.effective_from_ms,
        END if condition.effective_to_ms is None else condition.effective_to_ms,
        body.timetable,
        tuple((name, areas.row_of(area, mode)) for name, area in named),
        body.unknown_after_s * 1000,
        body.max_stay_s * 1000 if isinstance(body, Zone) and mode is Mode.RESTRICTION else None,
    )


def _mode(body: Curfew | Zone) -> Mode:
    if isinstance(body, Curfew):
        return Mode.HOME
    return MODE_OF_ZONE[body.zone_kind]


def _key(area: Area, mode: Mode, grown_m: float) -> int:
    grown = struct.pack("<d", grown_m) if grown_m else b""
    digest = hashlib.blake2b(bytes((mode,)) + _encode(area) + grown, digest_size=7).digest()
    return int.from_bytes(digest, "big")
