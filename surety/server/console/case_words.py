"""Versions of conditions and orders compared, in words: what a change changed."""

import math
from collections.abc import Iterable, Mapping, Sequence

from surety.rules import phrases, timetable_words, words
from surety.rules.conditions import (
    Absence,
    Area,
    Attendance,
    Body,
    CheckInDuty,
    Circle,
    Curfew,
    Polygon,
    Timetable,
    Trail,
    Zone,
    ZoneKind,
)
from surety.server.cases.models import OrderStatus, OrderVersion, ReviewOutcome
from surety.server.console import duty_words
from surety.server.console.case_access import full_text

EARTH_RADIUS_M = 6_371_008.8
ORDER_TYPES = {
    "civil": "Civil",
    "community": "Community",
    "immigration": "Immigration",
    "post_release": "Post-release",
    "pre_trial": "Pre-trial",
    "special": "Special",
    "bail": "Bail",
}
LANGUAGES = (
    ("en", "English"), ("cy", "Welsh"), ("sq", "Albanian"), ("ar", "Arabic"), ("bn", "Bengali"),
    ("zh", "Chinese"), ("fa", "Farsi"), ("fr", "French"),
    ("es", "Spanish"), ("pa", "Punjabi"), ("pl", "Polish"), ("pt", "Portuguese"), ("ro", "Romanian"),
    ("so", "Somali"), ("ti", "Tigrinya"), ("tr", "Turkish"), ("uk", "Ukrainian"), ("ur", "Urdu"), ("vi", "Vietnamese"),
)  # fmt: skip
DATA_WORDS = {
    "position": "where the device is",
    "device": "the state of the device",
    "photo": "photographs of the person, for check-ins",
}


def metres_between(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Great-circle distance between (lon, lat) points on a sphere, 0.5 % off at worst: for words, not for findings."""
    (lon1, lat1), (lon2, lat2) = ((math.radians(a), math.radians(b)) for a, b in (one, other))
    h = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(h)))


def body_changes(before: Body | None, after: Body | None, labels: Mapping[str, str] | None = None) -> list[str]:
    """What differs between two versions of a condition, one sentence a difference. `labels`: conditions by id."""
    if after is None:
        return ["Withdrawn: from then on it asks nothing."]
    if before is None:
        return [f"Brought into force: {words.describe(after, labels)}"]
    if isinstance(before, Curfew) and isinstance(after, Curfew):
        changes = _places(before, after) + _timetables(before.timetable, after.timetable)
        changes += duty_words.allowance_changes(before, after)
    elif isinstance(before, Attendance) and isinstance(after, Attendance):
        changes = duty_words.attendance_changes(before, after)
        changes += _areas("The area", before.place.area, after.place.area)
        changes += _timetables(before.timetable, after.timetable)
    elif isinstance(before, CheckInDuty) and isinstance(after, CheckInDuty):
        changes = duty_words.check_in_changes(before, after) + _timetables(before.timetable, after.timetable)
    elif isinstance(before, Absence) and isinstance(after, Absence):
        changes = duty_words.absence_changes(before, after, labels or {})
        changes += _timetables(before.timetable, after.timetable)
    elif isinstance(before, Zone) and isinstance(after, Zone):
        changes = _zones(before, after) + _timetables(before.timetable, after.timetable)
    else:
        changes = []
    return changes + _limits(before, after) or ["Nothing differs but the time from which it holds."]


def _zones(before: Zone, after: Zone) -> list[str]:
    changes = []
    if before.name != after.name:
        changes.append(f'Renamed from "{before.name}" to "{after.name}".')
    if before.zone_kind != after.zone_kind:
        changes.append(f"The kind of zone is {after.zone_kind.value}, was {before.zone_kind.value}.")
    if after.zone_kind is ZoneKind.RESTRICTION and before.max_stay_s != after.max_stay_s:
        changes.append(f"A stay may last {phrases.span(after.max_stay_s)}, was {phrases.span(before.max_stay_s)}.")
    if after.zone_kind is ZoneKind.EXCLUSION and before.warn_m != after.warn_m:
        told, was = (f"within {zone.warn_m} m" if zone.warn_m else "not at all" for zone in (after, before))
        changes.append(f"The person is warned {told}, was {was}.")
    return changes + _areas("The area", before.area, after.area)


def _places(before: Curfew, after: Curfew) -> list[str]:
    old, new = ({place.name: place.area for place in body.places} for body in (before, after))
    changes = [f"Address added: {name}." for name in new if name not in old]
    changes += [f"Address removed: {name}." for name in old if name not in new]
    for name in new:
        if name in old:
            changes += _areas(f"The area of {name}", old[name], new[name])
    return changes


def _areas(what: str, before: Area, after: Area) -> list[str]:
    if before == after:
        return []
    if isinstance(before, Circle) and isinstance(after, Circle):
        moved = metres_between((before.lon_deg, before.lat_deg), (after.lon_deg, after.lat_deg))
        changes = [f"{what} moved by {moved:.0f} m."] if moved >= 0.5 else []
        if before.radius_m != after.radius_m:
            changes.append(f"{what}: radius {after.radius_m:.0f} m, was {before.radius_m:.0f} m.")
        return changes or [f"{what} was moved by less than a metre."]
    return [f"{what} was redrawn: {_shape(after)}, was {_shape(before)}."]


def _shape(area: Area) -> str:
    if isinstance(area, Polygon):
        holes = f" with {len(area.holes)} left out inside" if area.holes else ""
        return f"{len(area.ring)} corners{holes}"
    return f"a circle of {area.radius_m:.0f} m"


def _timetables(before: Timetable, after: Timetable) -> list[str]:
    if before == after:
        return []
    changes = [f"Time zone {after.zone}, was {before.zone}."] if before.zone != after.zone else []
    for verb, ours, theirs in (("Added", after, before), ("Removed", before, after)):
        rows = tuple(row for row in ours.rows if row not in theirs.rows)
        nights = tuple(one for one in ours.one_offs if one not in theirs.one_offs)
        if rows or nights:
            changes.append(f"{verb}: {words.timetable(Timetable(zone=ours.zone, rows=rows, one_offs=nights))}.")
    changes += _dates(before, after) + _exceptions(before, after)
    always, was_always = (not table.rows and not table.one_offs for table in (after, before))
    if always and not was_always:
        changes.append("It now holds at all times.")
    if was_always and not always:
        changes.append("It held at all times before.")
    return changes or ["The order of the timetable's rows changed."]


def _dates(before: Timetable, after: Timetable) -> list[str]:
    old, new = ((table.from_date, table.until_date) for table in (before, after))
    if old == new:
        return []
    was, now = (timetable_words.dates(table).strip() or "without first or last date" for table in (before, after))
    return [f"The weekly lines hold {now}, before {was}." if after.rows else f"It holds {now}, before {was}."]


def _exceptions(before: Timetable, after: Timetable) -> list[str]:
    changes = []
    for verb, ours, theirs in (("added", after, before), ("removed", before, after)):
        new = tuple(pause for pause in ours.exceptions if pause not in theirs.exceptions)
        told = timetable_words.exceptions(Timetable(ours.zone, exceptions=new))
        changes += [f"Exception{'s' if len(told) > 1 else ''} {verb}: {', '.join(told)}."] if told else []
    return changes


def _limits(before: Body, after: Body) -> list[str]:
    old, new = _limit(before), _limit(after)
    told = [] if old == new else [f"Looked into after {new // 60} minutes without word, was {old // 60}."]
    if isinstance(before, Trail) and isinstance(after, Trail):
        old, new = before.no_location_after_s, after.no_location_after_s
        told += [] if old == new else [f"Looked into after {new // 60} minutes without a place, was {old // 60}."]
        old, new = before.charge_min_a_day, after.charge_min_a_day
        told += [] if old == new else [f"Charged for {new} minutes a day, was {old}."]
    return told


def _limit(body: Body) -> int:
    """Seconds without word until a condition is looked into; 0 for one that waits for no word."""
    if isinstance(body, Trail):
        return body.silent_after_s
    return body.unknown_after_s if isinstance(body, Curfew | Zone | Attendance) else 0


def order_changes(before: OrderVersion | None, after: OrderVersion, time_zone: str) -> list[str]:
    """What differs between two versions of an order."""
    if before is None:
        return ["Recorded."]
    old, new = (dict(order_lines(version, time_zone)) for version in (before, after))
    changes = [
        f"{name}: {new[name]}, was {old[name]}." if name in old else f"{name}: {new[name]}"
        for name in new
        if new[name] != old.get(name)
    ]
    return changes or ["Nothing differs but the time from which it holds."]


def order_lines(version: OrderVersion, time_zone: str) -> Sequence[tuple[str, str]]:
    """An order version as named lines, for pages."""
    told = full_text(version.told_ms, time_zone)
    how = (
        f"{told}, {version.told_how}, in {dict(LANGUAGES).get(version.told_language, version.told_language)}"
        if version.told_ms
        else "not yet: nothing is collected"
    )
    return (
        ("Status", str(OrderStatus(version.status).label)),
        ("Type", ORDER_TYPES.get(version.order_type, version.order_type)),
        ("Legal basis", version.legal_basis),
        ("Issued by", version.issuing_authority),
        ("Signed decision (SHA-256)", version.decision_sha256),
        ("What may be collected", "; ".join(DATA_WORDS.get(kind, kind) for kind in version.data_kinds)),
        ("Starts", full_text(version.starts_ms, time_zone)),
        ("Ends", full_text(version.ends_ms, time_zone)),
        ("Next review due", full_text(version.review_due_ms, time_zone)),
        ("The person was told", how),
        *_reviewed(version),
    )


def _reviewed(version: OrderVersion) -> Iterable[tuple[str, str]]:
    """The review that made this version, where one did."""
    if version.review_outcome:
        yield "Reviewed", f"{ReviewOutcome(version.review_outcome).label}. {version.review_statement}"
