"""The probability over time as an SVG drawn by the server: it prints, needs no script, and has its words beside it."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from surety.server.console.case_access import local
from surety.server.console.recorded import GAP_MS, Course, Probability, Stretch

WIDTH, HEIGHT = 760, 250
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 14, 34
_HOURS = (1, 2, 3, 6, 12, 24)  # steps of the time axis: the first that gives at most nine marks


class _Scale:
    """From instants and probabilities to the picture's units."""

    def __init__(self, from_ms: int, to_ms: int) -> None:
        self.from_ms, self.to_ms = from_ms, max(to_ms, from_ms + 1)

    def x(self, at_ms: int) -> float:
        share = (at_ms - self.from_ms) / (self.to_ms - self.from_ms)
        return round(LEFT + min(1, max(0, share)) * (WIDTH - LEFT - RIGHT), 1)

    def y(self, p: float) -> float:
        return round(TOP + (1 - p) * (HEIGHT - TOP - BOTTOM), 1)


def probability_chart(
    course: Course, duties: Sequence[Stretch], from_ms: int, to_ms: int, at_ms: int, time_zone: str
) -> SafeString:
    """Probability of being inside, thresholds, when the condition was to be kept, gaps, and the finding's instant."""
    scale = _Scale(from_ms, to_ms)
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-labelledby="chart-title chart-words">'
        '<title id="chart-title">Probability of being inside, over time</title><desc id="chart-words">{}</desc>'
        "{}{}{}{}{}{}</svg>",
        WIDTH,
        HEIGHT,
        _words(course),
        _duties(scale, duties),
        _gaps(scale, course.points),
        _axes(scale, time_zone),
        _thresholds(scale, course),
        _line(scale, course.points),
        _event(scale, at_ms),
    )


def _words(course: Course) -> str:
    if not course.points:
        return "No position was recorded in this window."
    low, high = (pick(course.points, key=lambda point: point.p_inside) for pick in (min, max))
    return (
        f"{len(course.points)} positions; lowest {low.p_inside:.2f}, highest {high.p_inside:.2f}. The table tells each."
    )


def _duties(scale: _Scale, duties: Sequence[Stretch]) -> SafeString:
    rects = ((scale.x(d.from_ms), TOP, scale.x(d.to_ms) - scale.x(d.from_ms), HEIGHT - TOP - BOTTOM) for d in duties)
    return format_html_join("", '<rect class="chart-duty" x="{}" y="{}" width="{}" height="{}"/>', rects)


def _gaps(scale: _Scale, points: Sequence[Probability]) -> SafeString:
    times = [scale.from_ms, *(point.at_ms for point in points), scale.to_ms]
    gaps = [(a, b) for a, b in pairwise(times) if b - a > GAP_MS]
    rects = ((scale.x(a), TOP, scale.x(b) - scale.x(a), HEIGHT - TOP - BOTTOM) for a, b in gaps)
    return format_html_join("", '<rect class="chart-gap" x="{}" y="{}" width="{}" height="{}"/>', rects)


def _axes(scale: _Scale, time_zone: str) -> SafeString:
    across = format_html_join(
        "",
        '<path class="chart-grid" d="M{} {}H{}"/><text class="chart-text" x="{}" y="{}" text-anchor="end">{}</text>',
        ((LEFT, scale.y(p), WIDTH - RIGHT, LEFT - 6, scale.y(p) + 4, f"{p:.0%}") for p in (0, 0.25, 0.5, 0.75, 1)),
    )
    along = format_html_join(
        "",
        '<path class="chart-grid" d="M{} {}v5"/><text class="chart-text" x="{}" y="{}" text-anchor="middle">{}</text>',
        (
            (scale.x(at), HEIGHT - BOTTOM, scale.x(at), HEIGHT - BOTTOM + 18, f"{local(at, time_zone):%H:%M}")
            for at in _marks(scale, time_zone)
        ),
    )
    return format_html("{}{}", across, along)


def _marks(scale: _Scale, time_zone: str) -> Iterator[int]:
    hours = (scale.to_ms - scale.from_ms) / 3_600_000
    step_min = next((60 * step for step in _HOURS if hours / step <= 9), 24 * 60) if hours > 3 else 30
    at = scale.from_ms - scale.from_ms % 60_000
    while at <= scale.to_ms:
        there = local(at, time_zone)
        if at >= scale.from_ms and (there.hour * 60 + there.minute) % step_min == 0:
            yield at
        at += 60_000


def _thresholds(scale: _Scale, course: Course) -> SafeString:
    lines = [
        (course.enter_at, f"inside from {course.enter_at:.0%}"),
        (course.leave_at, f"outside to {course.leave_at:.0%}"),
    ]
    return format_html_join(
        "",
        '<path class="chart-threshold" d="M{} {}H{}"/>'
        '<text class="chart-text" x="{}" y="{}" text-anchor="end">{}</text>',
        (
            (LEFT, scale.y(p), WIDTH - RIGHT, WIDTH - RIGHT - 4, scale.y(p) + (-5 if p < 0.9 else 13), text)
            for p, text in lines
        ),
    )


def _line(scale: _Scale, points: Sequence[Probability]) -> SafeString:
    """Broken at every gap: what was not recorded is not drawn."""
    path, before = [], None
    for point in points:
        joined = before is not None and point.at_ms - before <= GAP_MS
        path.append(f"{'L' if joined else 'M'}{scale.x(point.at_ms)} {scale.y(point.p_inside)}")
        before = point.at_ms
    dots = format_html_join(
        "",
        '<circle class="chart-dot" cx="{}" cy="{}" r="2.2"/>',
        ((scale.x(p.at_ms), scale.y(p.p_inside)) for p in points),
    )
    return format_html('<path class="chart-line" d="{}"/>{}', "".join(path), dots)


def _event(scale: _Scale, at_ms: int) -> SafeString:
    x = scale.x(at_ms)
    end = "end" if x > WIDTH / 2 else "start"
    return format_html(
        '<path class="chart-event" d="M{} {}V{}"/>'
        '<text class="chart-text chart-event-text" x="{}" y="{}" text-anchor="{}">the finding</text>',
        x,
        TOP,
        HEIGHT - BOTTOM,
        x + (-5 if end == "end" else 5),
        HEIGHT - BOTTOM - 6,
        end,
    )
