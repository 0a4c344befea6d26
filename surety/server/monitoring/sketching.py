"""The map of one finding: the areas of its condition, and the positions with the numbers of the arithmetic's rows."""

from collections.abc import Iterator

from surety.maps.sketch import Mark, Outline, Spot, draw
from surety.rules.conditions import Area, Body, Circle, Curfew, Place, Polygon, Zone
from surety.rules.facts import Fix
from surety.server.monitoring.explain import ROWS_SHOWN, Rederived
from surety.server.monitoring.working_words import clock


def sketch(known: Rederived, *, standing_alone: bool = True) -> str:
    """The drawing as SVG; '' when there is neither an area nor a position to draw."""
    outlines, spots = list(_outlines(known.body)), _spots(known)
    if not outlines and not spots:
        return ""
    title = f"What was recorded before finding {known.finding.id[:8]}"
    return draw(outlines, spots, title=title, standing_alone=standing_alone, name=f"f{known.finding.id[:8]}")


def _outlines(body: Body | None) -> Iterator[Outline]:
    if isinstance(body, Curfew):
        for place in body.places:
            yield Outline(place.name, "home", place.area)
    elif isinstance(body, Zone):
        yield Outline(body.name, body.zone_kind.value, body.area, float(body.warn_m))
    else:  # whatever else has a place is drawn as one
        area = getattr(body, "area", None)
        listed = [getattr(body, "place", None), *getattr(body, "places", ())]
        places: list[tuple[str, Area]] = [(one.name, one.area) for one in listed if isinstance(one, Place)]
        if isinstance(area, Circle | Polygon):
            places.append((str(getattr(body, "name", "the place ordered")), area))
        for name, one in places:
            yield Outline(name, "place", one)


def _spots(known: Rederived) -> list[Spot]:
    """Numbered as the rows of the arithmetic, or in order of time where there is none."""
    if known.worked is not None:
        numbers = {step.fact_id: n for n, step in enumerate(known.worked.steps, known.worked.left_out + 1)}
        fixes = [fix for fix in known.fixes if fix.id in numbers]
    else:
        fixes = list(known.fixes[-ROWS_SHOWN:])
        numbers = {fix.id: n for n, fix in enumerate(fixes, 1)}
    return [_spot(fix, numbers[fix.id], known) for fix in fixes]


def _spot(fix: Fix, number: int, known: Rederived) -> Spot:
    evidence = known.finding.evidence
    mark = Mark.NAMED if fix.id in evidence.fact_ids else Mark.PLAIN
    if known.worked is not None and fix.at_ms == known.worked.numbers["last_certain_ms"]:
        mark = Mark.DECIDING
    at = clock(fix.at_ms, known.person.time_zone)
    return Spot(number, fix.at_ms, (fix.lon_deg, fix.lat_deg), fix.accuracy_m, at, mark)
