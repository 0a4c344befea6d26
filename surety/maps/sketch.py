"""A map of what was recorded around one finding, as SVG that stands alone: on paper, in a file, without a script.

North is up. Areas have an outline, a pattern and a word; positions their number in order of time and the error that the
device claimed as a circle. Nothing is drawn where nothing was recorded: a line joins only positions that follow each
other closely. Shapes tell what colours tell: a dot, a square for what the finding names, a star for what decided.
"""

import enum
import math
from collections.abc import Sequence
from html import escape
from itertools import pairwise

import msgspec

from surety.maps.plane import Plane, Size
from surety.rules.conditions import Area, Circle, Point, Polygon

GAP_MS = 5 * 60_000  # over five minutes without a position is missing data
_LABEL_APART = 15.0  # labels nearer than this would not be read
_FAR_M = 200_000.0  # an error circle wider than this says nothing but that


class Mark(enum.IntEnum):
    """What a position is to the finding; a greater one is drawn over a lesser."""

    PLAIN = 0
    NAMED = 1
    DECIDING = 2


class Spot(msgspec.Struct, frozen=True):
    """A position: its number in the table beside the map, and what the device claimed."""

    number: int
    at_ms: int
    place: Point  # (lon, lat)
    accuracy_m: float | None
    text: str  # its time, as it is read
    mark: Mark = Mark.PLAIN


class Outline(msgspec.Struct, frozen=True):
    """An area that counts: `role` is home, exclusion, inclusion or place; `buffer_m` a border around it that warns."""

    name: str
    role: str
    area: Area
    buffer_m: float = 0.0


class Words(msgspec.Struct, frozen=True):
    """What a drawing says in another language. `without` has {number} for minutes; `all` describes the whole."""

    position: str
    error: str
    without: str
    all: str


def draw(
    outlines: Sequence[Outline],
    spots: Sequence[Spot],
    *,
    title: str,
    standing_alone: bool = True,
    name: str = "sketch",
    said: Words | None = None,
    gap_ms: int = GAP_MS,
) -> str:
    """The SVG. `standing_alone`: with its own colours for light and dark; otherwise the page's style sheet has them.

    `name` begins the ids within, which must differ between two drawings on one page. `said`: in another language.
    `gap_ms`: from how long without a position on that is a gap; more where not every position is drawn.
    """
    size = Size()
    shown = [spot for spot in spots if spot.accuracy_m is None or spot.accuracy_m <= _FAR_M]
    plane = Plane([o.area for o in outlines], [(s.place, min(s.accuracy_m or 0.0, 500.0)) for s in shown], size)
    view = f'viewBox="0 0 {size.width:g} {size.height + 44:g}" role="img"'
    words = escape(said.all if said else describe(outlines, spots))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="sketch" {view} aria-labelledby="{name}-title {name}-desc">',
        f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{words}</desc>',
        f"<style>{_STYLE}</style>" if standing_alone else "",
        _patterns(name),
        f'<rect class="sketch-ground" width="{size.width:g}" height="{size.height + 44:g}"/>',
        f'<clipPath id="{name}-frame"><rect width="{size.width:g}" height="{size.height:g}"/></clipPath>',
        f'<g clip-path="url(#{name}-frame)">',
        *(_outline(plane, outline, name) for outline in outlines),
        *(_error_circle(plane, spot) for spot in shown),
        *(_way(plane, a, b, gap_ms, said) for a, b in pairwise(shown)),
        *(_symbol(plane.units(spot.place), spot.mark) for spot in sorted(shown, key=lambda one: one.mark)),
        *_labels(plane, outlines, shown),
        "</g>",
        _scale_bar(plane),
        _north(size),
        _legend(size, outlines, spots, said),
        "</svg>",
    ]
    return "".join(parts)


def describe(outlines: Sequence[Outline], spots: Sequence[Spot]) -> str:
    """What the picture shows, for whoever cannot see it."""
    areas = ", ".join(f'{_ROLES.get(o.role, "area")} "{o.name}"' for o in outlines)
    if not spots:
        return f"{areas or 'No area'}; no position was recorded in this time."
    deciding = [spot for spot in spots if spot.mark is Mark.DECIDING]
    gaps = sum(b.at_ms - a.at_ms > GAP_MS for a, b in pairwise(spots))
    decided = f" Position {deciding[-1].number} of {deciding[-1].text} decided." if deciding else ""
    broken = f" {gaps} gap{'' if gaps == 1 else 's'} of over five minutes." if gaps else ""
    count = "One position" if len(spots) == 1 else f"{len(spots)} positions"
    return f"{count} from {spots[0].text} to {spots[-1].text}; {areas or 'no area'}.{decided}{broken}"


# --- areas

_ROLES = {
    "home": "home",
    "exclusion": "exclusion zone",
    "inclusion": "inclusion zone",
    "restriction": "restriction zone",
    "place": "place",
}


def _patterns(name: str) -> str:
    lines = "".join(
        f'<pattern id="{name}-{role}" width="{step}" height="{step}" patternUnits="userSpaceOnUse"'
        f' patternTransform="rotate({turn})"><path class="sketch-{role}" d="M0 0V{step}" stroke-width="1.6"/></pattern>'
        for role, step, turn in (
            ("exclusion", 9, 45),
            ("inclusion", 14, -45),
            ("restriction", 14, 20),
            ("home", 12, 0),
            ("place", 16, 90),
        )
    )
    return f"<defs>{lines}</defs>"


def _outline(plane: Plane, outline: Outline, name: str) -> str:
    role = outline.role if outline.role in _ROLES else "place"
    shape = _shape(plane, outline.area)
    border = ""
    if outline.buffer_m > 0:
        wide = 2 * plane.length(outline.buffer_m)
        border = (
            f'<{shape} class="sketch-buffer sketch-{role}" stroke-width="{wide}" stroke-linejoin="round"/>'
            f'<{shape} class="sketch-ground"/>'
        )
    return f'{border}<{shape} class="sketch-area sketch-{role}" fill="url(#{name}-{role})"/>'


def _shape(plane: Plane, area: Area) -> str:
    if isinstance(area, Circle):
        x, y = plane.units((area.lon_deg, area.lat_deg))
        return f'circle cx="{x}" cy="{y}" r="{plane.length(area.radius_m)}"'
    rings = " ".join(_ring(plane, ring) for ring in (area.ring, *area.holes))
    return f'path fill-rule="evenodd" d="{rings}"'


def _ring(plane: Plane, ring: Sequence[Point]) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in (plane.units(corner) for corner in ring)) + "Z"


# --- positions


def _error_circle(plane: Plane, spot: Spot) -> str:
    if spot.accuracy_m is None:
        return ""
    x, y = plane.units(spot.place)
    kind = " sketch-deciding" if spot.mark is Mark.DECIDING else ""
    return f'<circle class="sketch-error{kind}" cx="{x}" cy="{y}" r="{plane.length(spot.accuracy_m)}"/>'


def _way(plane: Plane, before: Spot, after: Spot, gap_ms: int, said: Words | None) -> str:
    """A line between two positions that follow each other; a gap is left open, with its length where there is room."""
    a, b = plane.units(before.place), plane.units(after.place)
    wait_ms = after.at_ms - before.at_ms
    if wait_ms <= gap_ms:
        return f'<path class="sketch-way" d="M{a[0]} {a[1]}L{b[0]} {b[1]}"/>'
    if math.dist(a, b) < 90:
        return ""
    x, y = (a[0] + b[0]) / 2, (a[1] + b[1]) / 2
    words = (said.without if said else "{number} min without a record").format(number=round(wait_ms / 60_000))
    return f'<text class="sketch-text sketch-quiet" x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{words}</text>'


def _symbol(at: tuple[float, float], mark: Mark) -> str:
    x, y = at
    if mark is Mark.DECIDING:
        points = (_star(x, y, 11.0 if i % 2 == 0 else 5.0, i) for i in range(10))
        return f'<polygon class="sketch-spot sketch-deciding" points="{" ".join(points)}"/>'
    if mark is Mark.NAMED:
        return f'<rect class="sketch-spot sketch-named" x="{x - 5:.1f}" y="{y - 5:.1f}" width="10" height="10"/>'
    return f'<circle class="sketch-spot" cx="{x}" cy="{y}" r="3.2"/>'


def _star(x: float, y: float, radius: float, corner: int) -> str:
    angle = math.pi * corner / 5 - math.pi / 2
    return f"{x + radius * math.cos(angle):.1f},{y + radius * math.sin(angle):.1f}"


def _labels(plane: Plane, outlines: Sequence[Outline], spots: Sequence[Spot]) -> list[str]:
    """Numbers where they can be read: what decided first, then what is named, then the others from the latest back."""
    taken: list[tuple[float, float]] = []
    drawn = []
    for spot in sorted(spots, key=lambda one: (one.mark, one.at_ms), reverse=True):
        x, y = plane.units(spot.place)
        at = (x + (13 if spot.mark is Mark.DECIDING else 8), y - 7)
        if all(math.dist(at, other) >= _LABEL_APART for other in taken):
            taken.append(at)
            drawn.append(
                f'<text class="sketch-text sketch-number" x="{at[0]:.1f}" y="{at[1]:.1f}">{spot.number}</text>'
            )
    for outline in outlines:
        x, y = plane.units(_top(outline.area))
        y = min(max(y - 6, 14), plane.size.height - 8)
        x = min(max(x, 60), plane.size.width - 60)
        words = escape(outline.name)
        drawn.append(
            f'<text class="sketch-text sketch-name" x="{x:.1f}" y="{y:.1f}" text-anchor="middle">{words}</text>'
        )
    return drawn


def _top(area: Area) -> Point:
    """About the northernmost point of an area, above which its name stands."""
    if isinstance(area, Polygon):
        return max(area.ring, key=lambda corner: corner[1])
    return area.lon_deg, min(90.0, area.lat_deg + math.degrees(area.radius_m / 6_371_000))


# --- what every map has


def _scale_bar(plane: Plane) -> str:
    metres = plane.scale_bar_m()
    length, y = plane.length(metres), plane.size.height - 14
    words = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    return (
        f'<path class="sketch-rule" d="M16 {y - 6}V{y}H{16 + length}V{y - 6}"/>'
        f'<text class="sketch-text" x="{22 + length:.1f}" y="{y}">{words}</text>'
    )


def _north(size: Size) -> str:
    x = size.width - 24
    return (
        f'<path class="sketch-north" d="M{x} 14l8 22l-8 -6l-8 6Z"/>'
        f'<text class="sketch-text" x="{x}" y="52" text-anchor="middle">N</text>'
    )


def _legend(size: Size, outlines: Sequence[Outline], spots: Sequence[Spot], said: Words | None) -> str:
    y = size.height + 24
    entries = [(mark, words) for mark, words in _LEGEND if any(spot.mark is mark for spot in spots)]
    parts, x = [], 20.0
    error = escape(said.error if said else "error that the device claims")
    for mark, english in entries:
        words = escape(said.position) if said and mark is Mark.PLAIN else english
        parts.append(f'{_symbol((x, y), mark)}<text class="sketch-text" x="{x + 15:.1f}" y="{y + 4}">{words}</text>')
        x += 34 + 6.6 * len(words)
    if spots:
        parts.append(f'<circle class="sketch-error" cx="{x + 4:.1f}" cy="{y}" r="8"/>')
        parts.append(f'<text class="sketch-text" x="{x + 19:.1f}" y="{y + 4}">{error}</text>')
        x += 220
    if any(outline.buffer_m > 0 for outline in outlines):
        parts.append(f'<text class="sketch-text" x="{x:.1f}" y="{y + 4}">pale border: warns only</text>')
    return "".join(parts)


_LEGEND = (
    (Mark.DECIDING, "decided"),
    (Mark.NAMED, "named in the finding"),
    (Mark.PLAIN, "position"),
)

# Light first; a reader that knows no media queries (a PNG renderer) stays with it.
_STYLE = """
.sketch-ground{fill:#fff}.sketch-text{font:12px sans-serif;fill:#15191d}.sketch-quiet{fill:#515a62;font-style:italic}
.sketch-number,.sketch-name{font-weight:bold;paint-order:stroke;stroke:#fff;stroke-width:3px}
.sketch-area{stroke-width:2.5}.sketch-buffer{fill:none;stroke-opacity:.18}
.sketch-exclusion{stroke:#a8122d}.sketch-inclusion{stroke:#0b5f48}.sketch-restriction{stroke:#8a4b00}.sketch-home{stroke:#1f4e99}.sketch-place{stroke:#515a62}
.sketch-error{fill:#3d2b80;fill-opacity:.06;stroke:#3d2b80;stroke-opacity:.45}
.sketch-error.sketch-deciding{stroke:#8a4b00;stroke-opacity:1;stroke-dasharray:5 3;fill:none}
.sketch-way{fill:none;stroke:#3d2b80;stroke-width:1.5}.sketch-spot{fill:#3d2b80;stroke:#fff;stroke-width:1}
.sketch-spot.sketch-named{fill:#1f4e99}.sketch-spot.sketch-deciding{fill:#8a4b00}
.sketch-rule,.sketch-north{fill:none;stroke:#15191d;stroke-width:1.5}.sketch-north{fill:#15191d}
@media (prefers-color-scheme:dark){.sketch-ground{fill:#1a2128}.sketch-text{fill:#e8edf1}.sketch-quiet{fill:#a3b0bb}
.sketch-number,.sketch-name{stroke:#1a2128}.sketch-exclusion{stroke:#ff8f96}.sketch-inclusion{stroke:#6fd0ac}.sketch-restriction{stroke:#f6b84e}
.sketch-home{stroke:#93bbff}.sketch-place{stroke:#a3b0bb}.sketch-error{fill:#c3b5ff;stroke:#c3b5ff}
.sketch-error.sketch-deciding{stroke:#f6b84e}.sketch-way{stroke:#c3b5ff}.sketch-spot{fill:#c3b5ff;stroke:#1a2128}
.sketch-spot.sketch-named{fill:#93bbff}.sketch-spot.sketch-deciding{fill:#f6b84e}
.sketch-rule,.sketch-north{stroke:#e8edf1}.sketch-north{fill:#e8edf1}}
"""
