"""The only reader of what the worker keeps, for the worker itself and for pages."""

import math
from collections.abc import Iterator, Sequence

import msgspec
from django.db import connection

from surety.clock import Clock
from surety.rules import facts, presence
from surety.rules import findings as rules
from surety.rules.conditions import Body, Curfew, Trail, ZoneKind
from surety.rules.presence import Mode, Presence
from surety.server.cases import queries as cases
from surety.server.cases.models import ChangeNotice
from surety.server.monitoring.models import Finding, ReadPosition, SetAside, StoredFact, WorkerHealth
from surety.stream.contract import PARTITIONS

Key = tuple[str, int, str]  # (person, at_ms, fact id)
_KEYS_A_QUERY = 250
_STORED = "SELECT person_id, at_ms, fact_id FROM monitoring_storedfact WHERE (person_id, at_ms, fact_id) IN (VALUES *)"


def positions(consumers: Sequence[str]) -> dict[str, int]:
    """How far these consumers have read."""
    return dict(ReadPosition.objects.filter(consumer__in=consumers).values_list("consumer", "seq"))


def slowest_position() -> int:
    """Up to which record every partition has been read; 0 while one has not begun."""
    rows = ReadPosition.objects.filter(consumer__startswith="log:").values_list("seq", flat=True)
    return min(rows) if len(rows) == PARTITIONS else 0


def change_notices(after_id: int, most: int) -> list[ChangeNotice]:
    """Changes of conditions after a position, oldest first.

    Their ids are in the order of commit: each writer holds the row of DoorRevision before it takes one
    (cases.door.rewrite_grants), so none can become visible behind the position.
    """
    return list(ChangeNotice.objects.filter(pk__gt=after_id).order_by("pk")[:most])


def which_are_stored(keys: Sequence[Key]) -> set[Key]:
    """Those of the facts that are stored already."""
    found: set[Key] = set()
    for start in range(0, len(keys), _KEYS_A_QUERY):
        chunk = keys[start : start + _KEYS_A_QUERY]
        marks = ", ".join(["(%s, %s, %s)"] * len(chunk))
        with connection.cursor() as cursor:
            cursor.execute(_STORED.replace("*", marks), [part for key in chunk for part in key])
            found.update(cursor.fetchall())
    return found


# --- for pages and the command line. Whoever shows a trail records that it was read (audit, "trail.read"). ---------

RUN_IN_MS = 24 * 3_600_000  # evidence forgets within hours: a day before the window gives what the live rules held
STALE_AFTER_S = 30.0  # a worker says that it lives every two seconds


def trail(person_id: str, from_ms: int, to_ms: int) -> list[facts.Fact]:
    """Everything stored of one person with a time in [from_ms, to_ms), in the order in which the rules took it."""
    return list(_facts(person_id, from_ms, to_ms))


def facts_by_ids(person_id: str, ids: Sequence[str], from_ms: int, to_ms: int) -> list[facts.Fact]:
    """These facts of one person, as a finding's evidence names them; they must lie in [from_ms, to_ms)."""
    wanted = set(ids)
    return [fact for fact in _facts(person_id, from_ms, to_ms) if fact.id in wanted]


def _facts(person_id: str, from_ms: int, to_ms: int) -> Iterator[facts.Fact]:
    rows = StoredFact.objects.filter(person_id=person_id, at_ms__gte=from_ms, at_ms__lt=to_ms)
    for body in rows.order_by("at_ms", "fact_id").values_list("body", flat=True).iterator():
        yield facts.decode(bytes(body))


def findings(person_id: str, from_ms: int, to_ms: int, *, superseded: bool = False) -> list[rules.Finding]:
    """What was concluded about [from_ms, to_ms), in order of time; with what later facts took away if asked for."""
    rows = Finding.objects.filter(person_id=person_id, at_ms__gte=from_ms, at_ms__lt=to_ms)
    if not superseded:
        rows = rows.filter(superseded_ms=None)
    return [read_finding(bytes(body)) for body in rows.order_by("at_ms", "id").values_list("body", flat=True)]


def read_finding(body: bytes) -> rules.Finding:
    """The finding of a row's body."""
    return msgspec.json.decode(body, type=rules.Finding)


class Stretch(msgspec.Struct, frozen=True):
    """[from_ms, to_ms) in which the same was held of one place of one condition."""

    condition_id: str
    version: int
    place: str
    from_ms: int
    to_ms: int
    presence: Presence
    p_inside: float


def presence_over_time(person_id: str, from_ms: int, to_ms: int) -> list[Stretch]:
    """What the rules held of each place of each condition over a window, derived again from the stored facts.

    UNKNOWN as well where no informative fix came for as long as the condition allows.
    """
    fixes = [fact for fact in _facts(person_id, from_ms - RUN_IN_MS, to_ms) if isinstance(fact, facts.Fix)]
    fixes = [fix for fix in fixes if not fix.mock]
    stretches = []
    for condition in cases.condition_set(person_id).conditions:
        start = max(from_ms, condition.effective_from_ms)
        end = min(to_ms, condition.effective_to_ms if condition.effective_to_ms is not None else to_ms)
        if start < end and not isinstance(condition.body, Trail):
            for place, held in _held(condition.body, fixes, start, end):
                stretches += [Stretch(condition.id, condition.version, place, *part) for part in held]
    return stretches


_Part = tuple[int, int, Presence, float]


def _held(body: Body, fixes: Sequence[facts.Fix], start: int, end: int) -> list[tuple[str, list[_Part]]]:
    """For each place of a condition: (from, to, presence, probability), covering [start, end) without a gap."""
    if isinstance(body, Trail):
        return []
    if isinstance(body, Curfew):
        places, mode = [(place.name, place.area) for place in body.places], Mode.HOME
    else:
        mode = Mode.EXCLUSION if body.zone_kind is ZoneKind.EXCLUSION else Mode.INCLUSION
        places = [(body.name, body.area)]
    packed = presence.pack([(area, mode) for _, area in places])
    evidence = presence.fresh(packed)
    held: list[list[_Part]] = [[(start, end, Presence.UNKNOWN, math.nan)] for _ in places]
    for fix in fixes:
        radius = math.nan if fix.accuracy_m is None else fix.accuracy_m
        code = presence.SOURCE_CODES[fix.source]
        presence.observe(evidence, packed, fix.at_ms, fix.lat_deg, fix.lon_deg, radius, code)
        for i, parts in enumerate(held):
            reading = presence.read(evidence, i, fix.at_ms)
            unsure_ms = (reading.last_informative_ms or 0) + body.unknown_after_s * 1000
            _hold(parts, max(fix.at_ms, start), end, reading, unsure_ms)
    return [(name, parts) for (name, _), parts in zip(places, held, strict=True)]


def _hold(parts: list[_Part], at_ms: int, end: int, reading: presence.Reading, unsure_ms: int) -> None:
    """From `at_ms` on a reading holds, and from `unsure_ms` on nothing does; what it replaces is cut off."""
    while parts and parts[-1][0] >= at_ms:
        parts.pop()
    if parts:
        parts[-1] = (parts[-1][0], at_ms, *parts[-1][2:])
    sure_to = min(max(unsure_ms, at_ms), end)
    if parts and parts[-1][2] is reading.presence and sure_to > at_ms:
        at_ms = parts.pop()[0]
    if sure_to > at_ms:
        parts.append((at_ms, sure_to, reading.presence, reading.p_inside))
    if sure_to < end:
        parts.append((sure_to, end, Presence.UNKNOWN, reading.p_inside))


class Health(msgspec.Struct, frozen=True):
    """How the workers are: `live` when each gave a sign of life lately. Ages in real seconds."""

    live: bool
    silent_s: float | None  # since the last sign of life of the worker that is silent longest; None: never any
    shown_ms: int  # domain time up to which the desk shows what happened
    lag_records: int
    set_aside: int
    errors: tuple[str, ...]


def health(clock: Clock) -> Health:
    """The workers' state now, for `surety doctor` and the desk's live link."""
    rows = list(WorkerHealth.objects.all())
    now_ms = clock.now_ms()
    silent_s = max(((now_ms - row.at_ms) / 1000 / clock.speed for row in rows), default=None)
    return Health(
        live=silent_s is not None and silent_s < STALE_AFTER_S,
        silent_s=silent_s,
        shown_ms=min((row.at_ms - row.lag_ms for row in rows), default=0),
        lag_records=sum(row.lag_records for row in rows),
        set_aside=SetAside.objects.count(),
        errors=tuple(row.last_error for row in rows if row.last_error),
    )
