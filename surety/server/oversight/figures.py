"""The statistics of a window, from the records: shares with exact intervals, times with quantiles; nobody is named.

A share of fewer than LEAST (checkins/oversight.py) is not told, as it would tell of single people. Groups are the one
place where record fields such as sex or birth are read, and nothing but this page follows from it.
"""

import datetime as dt
import zoneinfo
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from django.db.models import Count, F, Q, QuerySet

from surety import exact
from surety.rules.findings import Cause
from surety.server.alerts.models import Alert, Outcome, Severity, Status
from surety.server.cases.models import Device, OrderStatus, OrderVersion, Person
from surety.server.checkins.models import CheckIn, Comparison, Stands
from surety.server.checkins.oversight import LEAST, Share, Wait
from surety.server.records import plan, vault

MINUTE_MS, DAY_MS = 60_000, 86_400_000
HOURS = ((0, 7), (7, 10), (10, 13), (13, 16), (16, 19), (19, 22), (22, 24))
FALSE = (Outcome.FALSE_ALERT, Outcome.EQUIPMENT)
UNTOLD = "not on record"
SMALL = "smaller groups"
YEAR_DAYS = 365.25
AGES = ((0, 17), (18, 24), (25, 34), (35, 49), (50, 64), (65, 199))


class Section(NamedTuple):
    """Some figures that belong together: shares, or times."""

    key: str
    title: str
    shares: tuple[Share, ...] = ()
    waits: tuple[Wait, ...] = ()


class Statistics(NamedTuple):
    """Everything that the page tells of a window."""

    orders_in_force: int
    alerts: int
    check_ins: int
    sections: tuple[Section, ...]


def statistics(from_ms: int, to_ms: int) -> Statistics:
    """The figures of a window."""
    alerts = Alert.objects.filter(opened_ms__gte=from_ms, opened_ms__lt=to_ms)
    asked = CheckIn.objects.filter(asked_ms__gte=from_ms, asked_ms__lt=to_ms).exclude(stands=Stands.CANCELLED)
    latest = _latest_versions()
    sections = (
        Section("orders", "Orders and their reviews", (reviews_on_time(from_ms, to_ms),)),
        Section("outcomes", "What people decided of alerts", tuple(_outcomes(alerts))),
        Section("false", "False alerts by kind", tuple(_false_by_kind(alerts))),
        Section("causes", "Causes of alerts", tuple(_causes(alerts))),
        Section("handling", "How alerts are handled", tuple(_handling(alerts, to_ms))),
        Section("clear", "Time to clear an alert", waits=tuple(_clearing(alerts))),
        Section("hours", "When photo check-ins are asked for", tuple(_hours(asked))),
        *_by_group(from_ms, to_ms, asked),
        Section("erasure", "Erasure", tuple(_erased(from_ms, to_ms))),
    )
    in_force = sum(_runs(one, to_ms) for one in latest)
    return Statistics(in_force, alerts.count(), asked.count(), sections)


def _latest_versions() -> list[OrderVersion]:
    newest: dict[str, OrderVersion] = {}
    for version in OrderVersion.objects.order_by("order_id", "version"):
        newest[version.order_id] = version
    return list(newest.values())


def _runs(version: OrderVersion, at_ms: int) -> bool:
    return version.status == OrderStatus.IN_FORCE and version.starts_ms <= at_ms < version.ends_ms


def reviews_on_time(from_ms: int, to_ms: int) -> Share:
    """Of the reviews that fell due in the window, those that were done, or not needed any more."""
    of_order: dict[str, list[OrderVersion]] = {}
    for version in OrderVersion.objects.order_by("order_id", "version"):
        of_order.setdefault(version.order_id, []).append(version)
    due = [held for versions in of_order.values() for held in _due(versions, from_ms, to_ms)]
    return Share("Reviewed before it was due", "reviews", sum(due), len(due))


def _due(versions: Sequence[OrderVersion], from_ms: int, to_ms: int) -> Iterable[bool]:
    """For each review date of one order in the window: whether it was kept. Told of before it was due counts alone."""
    for due_ms in sorted({one.review_due_ms for one in versions if from_ms <= one.review_due_ms < to_ms}):
        known = [one for one in versions if one.recorded_ms <= due_ms]
        set_by = [one for one in known if one.review_due_ms == due_ms]
        if not set_by:
            continue  # the date was written down when it was past
        last = known[-1]
        if last.review_due_ms > due_ms:
            yield True
        elif _runs(last, due_ms):
            yield False


def _outcomes(alerts: QuerySet[Alert]) -> Iterable[Share]:
    found = dict(alerts.filter(status=Status.RESOLVED).order_by().values_list("outcome").annotate(Count("pk")))
    for outcome in Outcome:
        yield Share(str(outcome.label), "outcome", found.get(outcome.value, 0), sum(found.values()))


def _false_by_kind(alerts: QuerySet[Alert]) -> Iterable[Share]:
    resolved = alerts.filter(status=Status.RESOLVED).order_by().values("kind")
    counted = resolved.annotate(number=Count("pk"), wrong=Count("pk", filter=Q(outcome__in=FALSE)))
    for one in counted.order_by("kind"):
        yield Share(one["kind"].replace("_", " ").capitalize(), "false", one["wrong"], one["number"])


def _causes(alerts: QuerySet[Alert]) -> Iterable[Share]:
    found = dict(alerts.order_by().values_list("cause").annotate(Count("pk")))
    for cause in Cause:
        yield Share(cause.value.capitalize(), "cause", found.get(cause.value, 0), sum(found.values()))


def _handling(alerts: QuerySet[Alert], to_ms: int) -> Iterable[Share]:
    number = alerts.count()
    late = Q(resolved_ms__gt=F("due_ms")) | Q(resolved_ms=None, due_ms__lte=to_ms)
    yield Share("Nobody has looked yet", "unreviewed", alerts.filter(status=Status.OPEN).count(), number)
    yield Share("Not resolved before it was due", "late", alerts.filter(late).count(), number)
    yield Share("Later facts took it back", "fell_away", alerts.exclude(fell_away_ms=None).count(), number)


def _clearing(alerts: QuerySet[Alert]) -> Iterable[Wait]:
    for severity in Severity:
        resolved = alerts.filter(severity=severity, status=Status.RESOLVED).exclude(resolved_ms=None)
        took = sorted(resolved.values_list(F("resolved_ms") - F("opened_ms"), flat=True))
        for words, share in (("half within", 0.5), ("19 of 20 within", 0.95)):
            yield _wait(f"{severity.label}, {words}", took, share)


def _wait(name: str, took_ms: Sequence[int], share: float) -> Wait:
    if len(took_ms) < LEAST:
        return Wait(name, len(took_ms))
    at, low, high = exact.quantile([one / MINUTE_MS for one in took_ms], share)
    return Wait(name, len(took_ms), at, low, high)


def _hours(asked: QuerySet[CheckIn]) -> Iterable[Share]:
    found: Counter[int] = Counter()
    for asked_ms, zone in asked.values_list("asked_ms", "person__time_zone").iterator():
        found[dt.datetime.fromtimestamp(asked_ms / 1000, tz=zoneinfo.ZoneInfo(zone)).hour] += 1
    for first, end in HOURS:
        hits = sum(found[hour] for hour in range(first, end))
        yield Share(f"{first:02d}:00 to {end:02d}:00", "hours", hits, found.total())


# --- photographs by device model and by group ---------------------------------------------------------------------


class _Counted(NamedTuple):
    compared: Counter[str]
    unmatched: Counter[str]
    decided: Counter[str]
    by_people: Counter[str]


def _by_group(from_ms: int, to_ms: int, asked: QuerySet[CheckIn]) -> Iterable[Section]:
    people = {person.pk: person for person in Person.objects.filter(check_ins__in=asked).distinct()}
    vault.warm(people)
    models = dict(Device.objects.values_list("pk", "model"))
    ways: tuple[tuple[str, str, Callable[[Person], str]], ...] = (
        ("sex", "Photographs by sex", lambda person: person.sex or UNTOLD),
        ("ethnicity", "Photographs by ethnicity", lambda person: person.ethnicity or UNTOLD),
        ("nationality", "Photographs by nationality", lambda person: person.nationality or UNTOLD),
        ("age", "Photographs by age", lambda person: age_group(person.date_of_birth, to_ms)),
    )
    rows = list(_submissions(from_ms, to_ms))
    decided = list(asked.filter(stands=Stands.DECIDED).values_list("person_id", "decided_by_names"))
    yield Section("model", "Photographs by device model", tuple(_told(_of_models(rows, models))))
    for key, title, group_of in ways:
        groups = put_together({person_id: group_of(person) for person_id, person in people.items()})
        yield Section(key, title, tuple(_told(_of_people(rows, decided, groups))))


def put_together(group_of: dict[str, str]) -> dict[str, str]:
    """The group of each person, where those of fewer than LEAST people are one; too small itself, it is in none."""
    sizes = Counter(group_of.values())
    found = {person: group if sizes[group] >= LEAST else SMALL for person, group in group_of.items()}
    few = 0 < Counter(found.values())[SMALL] < LEAST
    return {person: group for person, group in found.items() if not (few and group == SMALL)}


def _submissions(from_ms: int, to_ms: int) -> Iterable[tuple[str, str, bool]]:
    """Of each submission compared in the window: whose, on which device, and whether it was a clear match."""
    rows = Comparison.objects.filter(at_ms__gte=from_ms, at_ms__lt=to_ms).order_by("submission_id", "at_ms")
    newest = {
        submission: (person, device, outcome == "match")
        for submission, person, device, outcome in rows.values_list(
            "submission_id", "submission__check_in__person_id", "submission__device_id", "outcome"
        )
    }
    return newest.values()


def _of_models(rows: Sequence[tuple[str, str, bool]], models: dict[str, str]) -> _Counted:
    found = _Counted(Counter(), Counter(), Counter(), Counter())
    for _, device, matched in rows:
        model = models.get(device) or UNTOLD
        found.compared[model] += 1
        found.unmatched[model] += not matched
    return found


def _of_people(
    rows: Sequence[tuple[str, str, bool]], decided: Sequence[tuple[str, list[str]]], groups: dict[str, str]
) -> _Counted:
    found = _Counted(Counter(), Counter(), Counter(), Counter())
    for person_id, _, matched in rows:
        if group := groups.get(person_id):
            found.compared[group] += 1
            found.unmatched[group] += not matched
    for person_id, names in decided:
        if group := groups.get(person_id):
            found.decided[group] += 1
            found.by_people[group] += bool(names)
    return found


def _told(found: _Counted) -> Iterable[Share]:
    for group in sorted(found.compared | found.decided):
        yield Share(f"{group}: not matched", "no_match", found.unmatched[group], found.compared[group], group)
        if found.decided:
            yield Share(f"{group}: decided by people", "manual", found.by_people[group], found.decided[group], group)


def age_group(date_of_birth: str, at_ms: int) -> str:
    """The group of a date of birth (YYYY-MM-DD) at an instant: "25 to 34"."""
    try:
        born = dt.date.fromisoformat(date_of_birth)
    except ValueError:
        return UNTOLD
    years = int((dt.datetime.fromtimestamp(at_ms / 1000, tz=dt.UTC).date() - born).days / YEAR_DAYS)
    for low, high in AGES:
        if low <= years <= high:
            return f"{low} to {high}" if high < AGES[-1][1] else f"{low} and over"
    return UNTOLD


def _erased(from_ms: int, to_ms: int) -> Iterable[Share]:
    for one in plan.on_time(from_ms, to_ms):
        yield Share(one.kind.replace("_", " ").capitalize(), "erased", one.on_time, one.done)
