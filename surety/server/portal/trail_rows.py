"""Where the person's device was: a quarter of a day at a time, as a table and a picture, as far as it is kept.

A page holds one position in four minutes, so that it stays small on a slow line; a gap is told as a gap.
"""

from typing import NamedTuple

from surety.maps import sketch
from surety.rules.facts import Fix
from surety.server.cases import queries as cases
from surety.server.cases.models import Person
from surety.server.console import recorded
from surety.server.monitoring import reading
from surety.server.portal import times
from surety.server.portal.codes import BY_THEMSELVES
from surety.server.portal.languages import say

APART_MS = 4 * 60_000  # less than what counts as a gap, so that none seems to be where there is none
PARTS = 4
DAYS_BACK = 366  # as long as a trail is kept at the most, by the usual schedule


class Part(NamedTuple):
    """A quarter of a local day: its number from 0, and when it begins and ends."""

    number: int
    from_ms: int
    to_ms: int


def parts(day_ms: int, zone: str) -> list[Part]:
    """The quarters of a day; also of one with 23 or 25 hours."""
    end_ms = times.midnight(day_ms, zone, 1)
    edges = [day_ms + (end_ms - day_ms) * number // PARTS for number in range(PARTS + 1)]
    return [Part(number, edges[number], edges[number + 1]) for number in range(PARTS)]


def positions(person: Person, part: Part) -> list[Fix]:
    """One position in four minutes."""
    kept: list[Fix] = []
    for fix in recorded.recorded(person.pk, part.from_ms, part.to_ms - 1).fixes:
        if not kept or fix.at_ms - kept[-1].at_ms >= APART_MS:
            kept.append(fix)
    return kept


def rows(fixes: list[Fix], zone: str) -> list[dict[str, str]]:
    """The table, with a row of its own for every gap."""
    found: list[dict[str, str]] = []
    for number, fix in enumerate(fixes, 1):
        gap_ms = fix.at_ms - fixes[number - 2].at_ms if number > 1 else 0
        if gap_ms > recorded.GAP_MS + APART_MS:
            found.append({"gap": say("Nothing recorded for {number} minutes.", number=gap_ms // 60_000)})
        error = "" if fix.accuracy_m is None else f"±{fix.accuracy_m:.0f} m"
        where = f"{fix.lat_deg:.5f}, {fix.lon_deg:.5f}"
        found.append({"number": str(number), "at": times.clock(fix.at_ms, zone), "where": where, "error": error})
    return found


def picture(person: Person, part: Part) -> str:
    """The map as SVG, with the areas that were ordered then."""
    zone = person.time_zone
    outlines = [
        sketch.Outline(name, role, area)
        for condition in cases.condition_set(person.pk).conditions
        if condition.effective_from_ms < part.to_ms and (condition.effective_to_ms or part.to_ms) > part.from_ms
        for name, role, area in recorded.areas_of(condition.body)
    ]
    spots = [
        sketch.Spot(number, fix.at_ms, (fix.lon_deg, fix.lat_deg), fix.accuracy_m, times.clock(fix.at_ms, zone))
        for number, fix in enumerate(positions(person, part), 1)
    ]
    words = sketch.Words(
        position=say("position"),
        error=say("error that the device claims"),
        without=say("{number} min without a record"),
        all=say("{count} positions, numbered as in the table.", count=len(spots)),
    )
    title = say("Where I was")
    return sketch.draw(list(dict.fromkeys(outlines)), spots, title=title, said=words, gap_ms=recorded.GAP_MS + APART_MS)


def note_reading(person: Person, part: Part, now_ms: int) -> None:
    """Reading one's own trail is written down too: if somebody else holds the phone, it shows."""
    window = part.from_ms, part.to_ms
    reading.note_reading(person.pk, window, "their own page", actor_name=BY_THEMSELVES, now_ms=now_ms)
