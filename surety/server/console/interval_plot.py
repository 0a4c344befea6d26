"""Shares or times with their intervals as an SVG that the server draws: no script, and its words in the table below."""

from collections.abc import Sequence

import msgspec
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, ROW = 720, 30
LEFT, RIGHT, TOP, BOTTOM = 270, 24, 8, 30


class Bar(msgspec.Struct, frozen=True):
    """One row: a value with its bounds; all None where it is not told."""

    words: str
    value: float | None = None
    low: float | None = None
    high: float | None = None


def interval_plot(title: str, bars: Sequence[Bar], *, most: float, unit: str) -> SafeString:
    """A row a bar, from 0 to `most`; `unit` "%" for shares, else written after each mark of the axis."""
    height = TOP + ROW * len(bars) + BOTTOM
    told = sum(bar.value is not None for bar in bars)
    return format_html(
        '<svg class="chart interval-plot" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>',
        WIDTH,
        height,
        f"{title}: {told} of {len(bars)} figures, each with its 95 % interval. The table below tells them.",
        _axis(height, most, unit),
        format_html_join("", "{}", ((_row(bar, place, most),) for place, bar in enumerate(bars))),
    )


def _x(value: float, most: float) -> float:
    return round(LEFT + min(1.0, max(0.0, value / most)) * (WIDTH - LEFT - RIGHT), 1)


def _axis(height: int, most: float, unit: str) -> SafeString:
    marks = [most * part / 4 for part in range(5)]
    words = [f"{mark:.0%}" if unit == "%" else f"{mark:g} {unit}" for mark in marks]
    return format_html_join(
        "",
        '<path class="chart-grid" d="M{} {}V{}"/><text class="chart-text" x="{}" y="{}" text-anchor="middle">{}</text>',
        (
            (_x(mark, most), TOP, height - BOTTOM + 4, _x(mark, most), height - 10, text)
            for mark, text in zip(marks, words, strict=True)
        ),
    )


def _row(bar: Bar, place: int, most: float) -> SafeString:
    y = TOP + ROW * place + ROW // 2
    label = format_html(
        '<text class="chart-text" x="{}" y="{}" text-anchor="end">{}</text>', LEFT - 12, y + 4, bar.words
    )
    if bar.value is None or bar.low is None or bar.high is None:
        words = '<text class="chart-text chart-untold" x="{}" y="{}">too few to tell</text>'
        return format_html("{}{}", label, format_html(words, LEFT + 8, y + 4))
    x, low, high = (_x(value, most) for value in (bar.value, bar.low, bar.high))
    return format_html(
        '{}<path class="chart-span" d="M{} {}H{}M{} {}v10M{} {}v10"/><circle class="chart-dot" cx="{}" cy="{}" r="5"/>',
        *(label, low, y, high, low, y - 5, high, y - 5, x, y),
    )
