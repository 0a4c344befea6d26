"""The only reader of what the worker keeps, for the worker itself and for pages."""

from collections.abc import Iterable, Sequence

import msgspec
from django.db import connection

from surety.clock import Clock
from surety.rules import facts
from surety.rules import findings as rules
from surety.rules import visits as folding
from surety.rules.findings import ENDS, Kind
from surety.server.cases.models import ChangeNotice
from surety.server.monitoring.models import (
    Finding,
    ReadPosition,
    RulesInForce,
    SetAside,
    SetAsideReason,
    StoredFact,
    WorkerHealth,
)
from surety.server.monitoring.sealed import FACT, open_finding, readable, unseal
from surety.stream.contract import PARTITIONS

Key = tuple[str, int, str]  # (person, at_ms, fact id)
_KEYS_A_QUERY = 250
_BEGINNING = [kind.value for kind in folding.NAMES]
_ENDING = [kind.value for kind in (*ENDS, Kind.CURFEW_ABSENT_THROUGHOUT)]
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

_PROTECTED_LOOKED_AT = 2_000  # records: some hours of both devices
STALE_AFTER_S = 30.0  # a worker says that it lives every two seconds


def trail(person_id: str, from_ms: int, to_ms: int) -> list[facts.Fact]:
    """What is stored of one person with a time in [from_ms, to_ms), in the order in which the rules took it.

    Never a protected person's position: it is stored with the supervised person for the rules, and shown to nobody.
    """
    rows = StoredFact.objects.filter(person_id=person_id, at_ms__gte=from_ms, at_ms__lt=to_ms)
    return _own(person_id, rows.order_by("at_ms", "fact_id").values_list("body", flat=True))


def newest(person_id: str, until_ms: int, most: int) -> list[facts.Fact]:
    """The last facts of one person up to an instant, newest first; those of a protected person are left out."""
    rows = StoredFact.objects.filter(person_id=person_id, at_ms__lte=until_ms).order_by("-at_ms", "-fact_id")
    return _own(person_id, rows.values_list("body", flat=True)[:most])


def _own(person_id: str, bodies: "Iterable[bytes | memoryview[int]]") -> list[facts.Fact]:
    if not readable(person_id):
        return []  # erased: what is left of it until the rows go opens no more
    decoded = (facts.decode(unseal(person_id, body, FACT)) for body in bodies)
    return [fact for fact in decoded if not isinstance(fact, facts.ProtectedFix)]


def last_protected_ms(person_id: str, link_id: str, now_ms: int) -> int | None:
    """When a protected person's device last told a position under a link; only the instant, never the place."""
    rows = StoredFact.objects.filter(person_id=person_id, at_ms__lte=now_ms).order_by("-at_ms", "-fact_id")
    if not readable(person_id):
        return None
    for body in rows.values_list("body", flat=True)[:_PROTECTED_LOOKED_AT].iterator():
        fact = facts.decode(unseal(person_id, body, FACT))
        if isinstance(fact, facts.ProtectedFix) and fact.link_id == link_id:
            return fact.at_ms
    return None


def findings(person_id: str, from_ms: int, to_ms: int, *, superseded: bool = False) -> list[rules.Finding]:
    """What was concluded about [from_ms, to_ms), in order of time; with what later facts took away if asked for."""
    rows = Finding.objects.filter(person_id=person_id, at_ms__gte=from_ms, at_ms__lt=to_ms)
    if not superseded:
        rows = rows.filter(superseded_ms=None)
    if not readable(person_id):
        return []
    return [open_finding(person_id, body) for body in rows.order_by("at_ms", "id").values_list("body", flat=True)]


def visits(person_id: str, from_ms: int, to_ms: int) -> list[folding.Visit]:
    """The visits and absences that meet [from_ms, to_ms), each once; what is open at either end is kept and says so."""
    rows = Finding.objects.filter(person_id=person_id, superseded_ms=None)
    within = set(rows.filter(at_ms__gte=from_ms, at_ms__lt=to_ms).values_list("episode_id", flat=True))
    before = rows.filter(at_ms__lt=from_ms)
    ended = before.filter(kind__in=_ENDING).values_list("episode_id", flat=True)
    running = before.filter(kind__in=_BEGINNING).exclude(kind=Kind.ZONE_CROSSED.value).exclude(episode_id__in=ended)
    within.update(running.values_list("episode_id", flat=True))
    if not readable(person_id):
        return []
    bodies = rows.filter(episode_id__in=within, at_ms__lt=to_ms).values_list("body", flat=True)
    return folding.fold((open_finding(person_id, body) for body in bodies), from_ms, to_ms)


def finding(finding_id: str) -> rules.Finding | None:
    """One finding, superseded or not; None when there is none, or it is of somebody whose records were erased."""
    row = Finding.objects.filter(pk=finding_id).first()
    return open_finding(row.person_id, row.body) if row and readable(row.person_id) else None


class Standing(msgspec.Struct, frozen=True):
    """What later facts did to a finding, and whose place it took itself."""

    superseded_ms: int | None
    superseded_by: rules.Finding | None
    replaces: tuple[rules.Finding, ...]


def standing(finding_id: str) -> Standing:
    """How a finding stands to others. Raises Finding.DoesNotExist."""
    row = Finding.objects.get(pk=finding_id)
    taken = Finding.objects.filter(pk__in=row.replaces.split()).order_by("at_ms", "pk")
    return Standing(
        row.superseded_ms,
        finding(row.superseded_by) if row.superseded_by else None,
        tuple(open_finding(one.person_id, one.body) for one in taken),
    )


def rules_since(version: str) -> int | None:
    """Since when the workers have used these rules without a break; None: they have not, or not yet."""
    since_ms = None
    for row in RulesInForce.objects.order_by("-pk"):
        if row.rules_version != version:
            break
        since_ms = row.since_ms
    return since_ms


class Health(msgspec.Struct, frozen=True):
    """How the workers are: `live` when each gave a sign of life lately. Ages in real seconds."""

    live: bool
    silent_s: float | None  # since the last sign of life of the worker that is silent longest; None: never any
    shown_ms: int  # domain time up to which the desk shows what happened
    lag_records: int
    set_aside: int
    errors: tuple[str, ...]


def not_asked(person_id: str) -> int:
    """How many photographs came from a person's device for a question that nobody asked of them."""
    return SetAside.objects.filter(person_id=person_id, reason=SetAsideReason.NOT_ASKED).count()


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
