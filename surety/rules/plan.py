"""Decides which duties hold at an instant: one person's conditions, laid out by the time in which they are in force.

Between two changes of what is in force lies an epoch, with its areas packed for the arithmetic. A plan is derived
from a `ConditionSet` alone and never changes, so that one plan serves every fact of a person until the next revision.
"""

import hashlib

import msgspec

from surety.rules import presence, schedule
from surety.rules.conditions import Area, Condition, ConditionSet, Curfew, Timetable, Trail, Zone, ZoneKind
from surety.rules.facts import Millis
from surety.rules.presence import Mode, PackedAreas
from surety.rules.schedule import BEGINNING, END, Window

_KEPT_EPOCHS = 4
_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_decode = msgspec.msgpack.Decoder(list[Condition]).decode


class Duty(msgspec.Struct, frozen=True):
    """A curfew or a zone in force: where (`areas`: name and row of the evidence), when, and what silence means."""

    condition_id: str
    version: int
    mode: Mode
    from_ms: Millis
    to_ms: Millis
    timetable: Timetable
    areas: tuple[tuple[str, int], ...]
    unknown_after_ms: int

    def around(self, at_ms: Millis) -> Window | None:
        """The window that holds `at_ms` or the next one, not cut at the version's ends; None when none ever comes."""
        return schedule.around(self.timetable, at_ms, self.areas[0][0])

    def rows(self, places: tuple[str, ...]) -> tuple[int, ...]:
        """The rows of the evidence that belong to these places; a name that a curfew does not know has none."""
        return tuple(row for name, row in self.areas if name in places or self.mode is not Mode.HOME)


class Watchdog(msgspec.Struct, frozen=True):
    """A trail condition in force: how long a device may be silent."""

    condition_id: str
    version: int
    from_ms: Millis
    silent_after_ms: int


class Epoch(msgspec.Struct, frozen=True):
    """A time [start_ms, end_ms) in which the same versions are in force, and what they ask."""

    start_ms: Millis
    end_ms: Millis
    duties: tuple[Duty, ...]
    watchdogs: tuple[Watchdog, ...]
    keys: tuple[int, ...]  # of each row of the evidence: the same area in the same mode has the same key
    packed: PackedAreas

    @property
    def about(self) -> tuple[str, int]:
        """The condition under which a device's own reports stand: the trail if there is one; ("", 0) for none."""
        if self.watchdogs:
            return self.watchdogs[0].condition_id, self.watchdogs[0].version
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
            if not isinstance(condition.body, Trail):
                schedule.check(condition.body.timetable)
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
        rows: dict[int, int] = {}
        areas: list[tuple[Area, Mode]] = []
        duties, watchdogs = [], []
        for condition in in_force.values():
            if isinstance(condition.body, Trail):
                watchdogs.append(_watchdog(condition, condition.body))
            else:
                duties.append(_duty(condition, condition.body, rows, areas))
        return Epoch(start, end, tuple(duties), tuple(watchdogs), tuple(rows), presence.pack(areas))


def _watchdog(condition: Condition, trail: Trail) -> Watchdog:
    return Watchdog(condition.id, condition.version, condition.effective_from_ms, trail.silent_after_s * 1000)


def _duty(condition: Condition, body: Curfew | Zone, rows: dict[int, int], areas: list[tuple[Area, Mode]]) -> Duty:
    mode = _mode(body)
    named = [(p.name, p.area) for p in body.places] if isinstance(body, Curfew) else [(body.name, body.area)]
    found = []
    for name, area in named:
        key = _key(area, mode)
        if key not in rows:
            rows[key] = len(areas)
            areas.append((area, mode))
        found.append((name, rows[key]))
    to = END if condition.effective_to_ms is None else condition.effective_to_ms
    return Duty(
        condition.id,
        condition.version,
        mode,
        condition.effective_from_ms,
        to,
        body.timetable,
        tuple(found),
        body.unknown_after_s * 1000,
    )


def _mode(body: Curfew | Zone) -> Mode:
    if isinstance(body, Curfew):
        return Mode.HOME
    return Mode.EXCLUSION if body.zone_kind is ZoneKind.EXCLUSION else Mode.INCLUSION


def _key(area: Area, mode: Mode) -> int:
    digest = hashlib.blake2b(bytes((mode,)) + _encode(area), digest_size=7).digest()
    return int.from_bytes(digest, "big")
