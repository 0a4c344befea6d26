"""The programme-wide zones that concern one person, as rows for their page."""

import msgspec

from surety.rules import words
from surety.rules.conditions import Zone
from surety.server.cases import programme_queries as queries
from surety.server.cases.models import Person
from surety.server.console.case_access import full_text


def programme_rows(person: Person, now: int) -> list[dict[str, object]]:
    """What each zone in force asks, and whether it binds the person: only what they were told of does."""
    told = {row.version_id: row for row in queries.told_of(person.pk)}
    rows: list[dict[str, object]] = []
    for zone in queries.zones():
        version = queries.in_force(zone, now)
        if version is None:
            continue
        concerned = queries.concerned(version, Person.objects.filter(pk=person.pk), now).exists()
        row = told.get(version.pk)
        if not concerned and row is None:
            continue
        body = msgspec.convert(version.body, Zone)
        rows.append({"zone": zone, "says": words.describe(body), "told": row is not None, "binds": _binds(
            None if row is None else max(row.told_ms, version.effective_from_ms or 0), person.time_zone,
            concerned=concerned,
        )})  # fmt: skip
    return rows


def _binds(from_ms: int | None, time_zone: str, *, concerned: bool) -> str:
    if from_ms is None:
        return "Binds nobody who was not told: nothing is concluded from it yet."
    if not concerned:
        return "The person was told of it, but it is for orders of other types or another region: it asks nothing."
    return f"Binds from {full_text(from_ms, time_zone)}, when the person had been told."
