"""The result as one HTML file with a map: inline SVG and style, nothing loaded from anywhere, no script.

The trail is a line only where fixes follow one another closely; a gap is a gap. Numbered marks are the places at which
findings were made, as in the list below the map.
"""

import importlib.resources
import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

from surety.replay.evaluate import Result
from surety.replay.output import visits_of
from surety.rules import visits, words
from surety.rules.conditions import Area, Attendance, Circle, Condition, Curfew, Zone, ZoneKind
from surety.rules.facts import Fix, Source
from surety.rules.findings import Certainty, Finding

WIDTH, HEIGHT, MARGIN = 960.0, 640.0, 24.0
GAP_MS = 300_000  # more than five minutes between fixes is missing data, not a path
MOST_POINTS = 20_000  # of the trail; more would only make the file slow to open
_VAGUE = (Source.CELL, Source.WIFI)
_M_PER_DEGREE = 111_195.0
_MARKS = {Certainty.ESTABLISHED: "●", Certainty.PROBABLE: "◐", Certainty.POSSIBLE: "○"}


class _Shape(NamedTuple):
    name: str
    css: str
    area: Area


class _Plane:
    """Places on the page: metres about the middle of everything shown, north up."""

    def __init__(self, points: Sequence[tuple[float, float]]) -> None:
        self._lon0 = points[0][0] if points else 0.0
        lons = [self._near(lon) for lon, _ in points] or [0.0]
        lats = [lat for _, lat in points] or [0.0]
        self._middle = ((min(lons) + max(lons)) / 2, (min(lats) + max(lats)) / 2)
        self._shrink = max(0.01, math.cos(math.radians(self._middle[1])))
        width = max((max(lons) - min(lons)) * self._shrink, 1e-4)
        height = max(max(lats) - min(lats), 1e-4)
        self.scale = min((WIDTH - 2 * MARGIN) / width, (HEIGHT - 2 * MARGIN) / height)

    def _near(self, lon: float) -> float:
        """The longitude that lies within half a turn of the first, so that the antimeridian cuts nothing."""
        return self._lon0 + (lon - self._lon0 + 180) % 360 - 180

    def at(self, lon: float, lat: float) -> tuple[float, float]:
        x = WIDTH / 2 + (self._near(lon) - self._middle[0]) * self._shrink * self.scale
        return x, HEIGHT / 2 - (lat - self._middle[1]) * self.scale

    def metres(self, length: float) -> float:
        return length / _M_PER_DEGREE * self.scale


def render(result: Result) -> str:
    """The whole page."""
    fixes = [fact for fact in result.facts if isinstance(fact, Fix) and not fact.mock]
    shapes = _shapes(result.conditions.conditions)
    style = importlib.resources.files("surety.replay").joinpath("page.css").read_text()
    title = f"Replay: {escape(result.conditions.person_id)}"
    span = f"{_time(result, fixes[0].at_ms)} to {_time(result, result.until_ms)}" if fixes else "no positions"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{style}</style></head><body>'
        f"<h1>{title}</h1><p>{len(fixes):,} positions, {escape(span)}.</p>"
        f"{_map(result, fixes, shapes)}{_orders(result)}{_findings(result)}{_visits(result)}</body></html>\n"
    )


def _shapes(conditions: Iterable[Condition]) -> list[_Shape]:
    found: dict[_Shape, None] = {}  # versions repeat areas; each is drawn once
    for condition in conditions:
        body = condition.body
        if isinstance(body, Curfew):
            found.update(dict.fromkeys(_Shape(place.name, "keep", place.area) for place in body.places))
        elif isinstance(body, Attendance):
            found[_Shape(body.place.name, "keep", body.place.area)] = None
        elif isinstance(body, Zone):
            css = {ZoneKind.EXCLUSION: "exclusion", ZoneKind.RESTRICTION: "restriction"}.get(body.zone_kind, "keep")
            found[_Shape(body.name, css, body.area)] = None
    return list(found)


def _map(result: Result, fixes: list[Fix], shapes: list[_Shape]) -> str:
    shown = fixes[:: max(1, math.ceil(len(fixes) / MOST_POINTS))]
    corners = [corner for shape in shapes for corner in _corners(shape.area)]
    plane = _Plane([*((fix.lon_deg, fix.lat_deg) for fix in shown), *corners])
    sharp = [fix for fix in shown if fix.source not in _VAGUE]
    parts = _trail(sharp, plane, GAP_MS if len(shown) == len(fixes) else GAP_MS * 2)
    parts += [_vague(fix, plane) for fix in shown if fix.source in _VAGUE]
    parts += [_drawn(shape, plane) for shape in shapes]
    parts += _marks(result.findings, fixes, plane)
    label = "Map of the areas of the order, the recorded trail and the places of the findings, north up"
    return (
        f'<figure><svg viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" role="img" aria-label="{label}">{"".join(parts)}'
        f"{_ruler(plane)}</svg><figcaption>Red, solid edge: stay out. Orange, dashed and dotted: do not stay. "
        "Green, dashed edge: be there or stay within. "
        "Hollow dots are cell or Wi-Fi guesses. The line is broken where more than five minutes passed without a "
        "better position.</figcaption></figure>"
    )


def _corners(area: Area) -> list[tuple[float, float]]:
    if isinstance(area, Circle):
        up = area.radius_m / _M_PER_DEGREE
        aside = up / max(0.01, math.cos(math.radians(area.lat_deg)))
        return [(area.lon_deg - aside, area.lat_deg - up), (area.lon_deg + aside, area.lat_deg + up)]
    return list(area.ring)


def _drawn(shape: _Shape, plane: _Plane) -> str:
    area = shape.area
    if isinstance(area, Circle):
        x, y = plane.at(area.lon_deg, area.lat_deg)
        radius = plane.metres(area.radius_m)
        drawn, top = f'<circle class="{shape.css}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/>', y - radius
    else:
        rings = [[plane.at(*corner) for corner in ring] for ring in (area.ring, *area.holes)]
        path = "".join(f"M{' '.join(f'{x:.1f},{y:.1f}' for x, y in ring)}Z" for ring in rings)
        drawn = f'<path class="{shape.css}" fill-rule="evenodd" d="{path}"/>'
        x, top = sum(x for x, _ in rings[0]) / len(rings[0]), min(y for _, y in rings[0])
    return f'{drawn}<text class="name" x="{x:.1f}" y="{top - 4:.1f}">{escape(shape.name)}</text>'


def _trail(fixes: list[Fix], plane: _Plane, gap_ms: int) -> list[str]:
    runs: list[list[Fix]] = []
    for fix in fixes:
        if runs and fix.at_ms - runs[-1][-1].at_ms <= gap_ms:
            runs[-1].append(fix)
        else:
            runs.append([fix])
    return [_run(run, plane) for run in runs]


def _run(run: list[Fix], plane: _Plane) -> str:
    points = [plane.at(fix.lon_deg, fix.lat_deg) for fix in run]
    if len(points) == 1:
        return f'<circle class="dot" cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="2"/>'
    return f'<polyline class="trail" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'


def _vague(fix: Fix, plane: _Plane) -> str:
    """A cell or Wi-Fi guess: a hollow dot that belongs to no line."""
    x, y = plane.at(fix.lon_deg, fix.lat_deg)
    return f'<circle class="vague" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>'


def _marks(findings: Iterable[Finding], fixes: list[Fix], plane: _Plane) -> list[str]:
    places = {fix.id: (fix.lon_deg, fix.lat_deg) for fix in fixes}
    found = []
    for number, finding in enumerate(findings, start=1):
        named = [places[name] for name in finding.evidence.fact_ids if name in places]
        if named:
            x, y = plane.at(*named[-1])
            mark = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9"/><text x="{x:.1f}" y="{y:.1f}">{number}</text>'
            found.append(f'<g class="mark">{mark}</g>')
    return found


def _ruler(plane: _Plane) -> str:
    length = next((m for m in (10_000, 5_000, 1_000, 500, 100, 50, 10) if plane.metres(m) <= WIDTH / 4), 10)
    end = MARGIN + plane.metres(length)
    name = f"{length // 1000} km" if length >= 1000 else f"{length} m"
    y = HEIGHT - MARGIN
    bar = f'<path d="M{MARGIN} {y}H{end:.1f}" stroke="currentColor" stroke-width="2"/>'
    return f'{bar}<text class="name" x="{(MARGIN + end) / 2:.1f}" y="{y - 6}">{name}</text>'


def _orders(result: Result) -> str:
    lines = dict.fromkeys(words.describe(condition.body) for condition in result.conditions.conditions)
    return f"<h2>What was ordered</h2><ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"


def _findings(result: Result) -> str:
    if not result.findings:
        return "<h2>Findings</h2><p>None.</p>"
    rows = "".join(_row(number, finding, result) for number, finding in enumerate(result.findings, start=1))
    head = "<tr><th>No.</th><th>When</th><th>What</th><th>Certainty</th></tr>"
    return f"<h2>Findings</h2><table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def _visits(result: Result) -> str:
    found = visits_of(result)
    if not found:
        return ""
    told = ((one.certainty, visits.sentence(one, result.conditions, result.order.time_zone)) for one in found)
    rows = "".join(f"<li>{_MARKS[sure]} {escape(said)} ({sure.value})</li>" for sure, said in told)
    return f"<h2>Visits and absences</h2><ul>{rows}</ul>"


def _row(number: int, finding: Finding, result: Result) -> str:
    zone = result.order.time_zone
    said = escape(words.sentence(finding, result.conditions, zone))
    told = "".join(f"<li>{escape(line)}</li>" for line in words.explanation(finding, result.conditions, zone))
    what = f"{said}<details><summary>How this is concluded</summary><ul>{told}</ul></details>"
    sure = f"{_MARKS[finding.certainty]} {finding.certainty.value}"
    return f"<tr><td>{number}</td><td>{escape(_time(result, finding.at_ms))}</td><td>{what}</td><td>{sure}</td></tr>"


def _time(result: Result, at_ms: int) -> str:
    return words.local_time(at_ms, result.order.time_zone)
