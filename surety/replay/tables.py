"""Traces as lines: plain CSV (with any of the usual column names), Traccar's CSV, and GeoLife .plt."""

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO, TextIO

from surety.replay.reading import BadLine, Read, Unreadable, fix, instant, optional, report, source_of
from surety.rules.facts import Fix, Source

_NAMES = {
    "time": ("time", "t", "timestamp", "datetime", "at", "fixtime", "devicetime", "tst", "utc", "epoch"),
    "date": ("date",),
    "lat": ("lat", "latitude", "y", "lat_deg"),
    "lon": ("lon", "lng", "long", "longitude", "x", "lon_deg"),
    "accuracy": ("accuracy", "acc", "accuracy_m", "horizontal_accuracy", "radius", "precision"),
    "source": ("source", "provider", "src", "mechanism"),
    "battery": ("battery", "batt", "battery_pct", "batterylevel", "battery_level"),
    "valid": ("valid",),
    "mock": ("mock", "is_mock", "ismock"),
}
_YES, _NO = ("1", "true", "yes", "y"), ("0", "false", "no", "n")
_PLT_HEADER_LINES = 6
_PLT_COLUMNS = 7


def _text(stream: BinaryIO) -> TextIO:
    return io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="")


def read_csv(stream: BinaryIO, device: str) -> Read:
    """A CSV file with a header. Columns are known by name; the order does not matter."""
    with _text(stream) as text:
        header = text.readline()
        delimiter = max(",;\t", key=header.count)
        columns = _columns(next(csv.reader([header], delimiter=delimiter), []))
        missing = [name for name in ("time", "lat", "lon") if name not in columns]
        if missing:
            wanted = "; ".join(f"{name} ({', '.join(_NAMES[name][:3])})" for name in missing)
            yield BadLine(1, f"no column for {wanted}; a header with these names was expected")
            return
        for line, row in _rows(text, delimiter):
            if isinstance(row, str):
                yield BadLine(line, row)
            elif row:
                yield from _row(row, columns, line, device)


def _rows(text: TextIO, delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """Each row after the header with its line; a sentence in place of a row that is no CSV."""
    rows = csv.reader(text, delimiter=delimiter)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield rows.line_num + 1, f"this is not CSV ({error})"
            continue
        yield rows.line_num + 1, row


def _columns(header: list[str]) -> dict[str, int]:
    plain = [name.strip().strip('"').lower().replace(" ", "_") for name in header]
    found = {}
    for name, known in _NAMES.items():
        places = [plain.index(word) for word in known if word in plain]
        if places:
            found[name] = places[0]
    return found


def _row(row: list[str], columns: dict[str, int], line: int, device: str) -> Read:
    def cell(name: str) -> str:
        place = columns.get(name, len(row))
        return row[place].strip() if place < len(row) else ""

    try:
        at_ms = instant(f"{cell('date')} {cell('time')}".strip())
        if cell("valid").lower() not in _NO:
            mock = cell("mock").lower() in _YES
            yield fix(device, at_ms, cell("lat"), cell("lon"), cell("accuracy"), source_of(cell("source")), mock=mock)
        battery = optional(cell("battery"), "the battery", 0, 100)
        if battery is not None:
            yield report(device, at_ms, battery)
    except Unreadable as error:
        yield BadLine(line, str(error))


def read_plt(stream: BinaryIO, device: str) -> Read:
    """A GeoLife trajectory: six lines of header, then latitude, longitude, 0, feet, days, date, time (UTC)."""
    with _text(stream) as lines:
        for line, text in enumerate(lines, start=1):
            if line > _PLT_HEADER_LINES and text.strip():
                yield _plt_point(text.strip().split(","), line, device)


def _plt_point(cells: list[str], line: int, device: str) -> Fix | BadLine:
    if len(cells) < _PLT_COLUMNS:
        wanted = "latitude, longitude, 0, altitude, days, date and time"
        return BadLine(line, f"{len(cells)} values; {wanted} were expected")
    try:
        return fix(device, instant(f"{cells[5]} {cells[6]}"), cells[0], cells[1], None, Source.GNSS)
    except Unreadable as error:
        return BadLine(line, str(error))
