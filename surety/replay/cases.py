"""Runs the presence estimator over cases with known truth, and writes what an observer would have been alerted to.

Two pairs of files (gzip or plain): exclusion zones as JSON lines {"case", "trace", "zone"} with fixes keyed by
"trace", and homes as one JSON array of {"case", "home", "radius_m"} with fixes keyed by "case". The fixes are CSV with
the columns t (epoch seconds), lat, lon, accuracy_m (may be empty). No truth in the files is read.
"""

import contextlib
import csv
import gzip
import itertools
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Annotated, NamedTuple, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from surety.replay.errors import InputError
from surety.rules import kernel, presence
from surety.rules.conditions import Area, Circle, Point, Polygon
from surety.rules.presence import Mode, Presence

Columns = npt.NDArray[np.float64]
Kind = TypeVar("Kind")
_FIELDS = ("t", "lat", "lon", "accuracy_m")


class ZoneCase(msgspec.Struct):
    """One exclusion zone to be watched along one trace."""

    case: str
    trace: str
    zone: Annotated[tuple[Point, ...], msgspec.Meta(min_length=3)]


class HomeCase(msgspec.Struct):
    """One stay at one home, which the person may leave."""

    case: str
    home: Point
    radius_m: Annotated[float, msgspec.Meta(gt=0)]


class Task(NamedTuple):
    """A case with the trace it is about and the area to watch there."""

    case: str
    trace: str
    area: Area
    mode: Mode


class Breach(NamedTuple):
    """An interval in which a task's area was held to be in breach; `until` is None where the fixes end in it."""

    case: str
    since: float
    until: float | None


class Totals(NamedTuple):
    """What a run went through."""

    cases: int
    fixes: int
    alerts: int


def score(cases: Path, fixes: Path, alerts: Path, thin_s: float = 0.0) -> Totals:
    """Watch every case over its fixes and write the breaches held, one JSON object a line, to `alerts`.

    `thin_s` keeps the last fix of each bin of that many seconds. Raises InputError for a file it cannot use.
    """
    done, given, written = 0, 0, 0
    with alerts.open("w", encoding="utf-8") as out:
        for tasks, track in watched(cases, fixes, thin_s):
            for breach in breaches(tasks, track):
                out.write(json.dumps({"case": breach.case, "from": breach.since, "to": breach.until}) + "\n")
                written += 1
            done, given = done + len(tasks), given + len(track)
    return Totals(done, given, written)


def watched(cases: Path, fixes: Path, thin_s: float = 0.0) -> Iterator[tuple[list[Task], Columns]]:
    """The tasks of one trace after the other, with its fixes. Raises InputError for a file it cannot use."""
    homes = _is_array(cases)
    tracks = read_fixes(fixes, "case" if homes else "trace", thin_s)
    for trace, group in itertools.groupby(_tasks(cases, homes=homes), key=lambda task: task.trace):
        yield list(group), tracks.get(trace, np.zeros((0, 4)))


def read_fixes(path: Path, key: str, thin_s: float = 0.0) -> dict[str, Columns]:
    """Fixes of each trace in order of time: rows of epoch seconds, latitude, longitude, claimed radius or NaN."""
    rows: dict[str, list[tuple[float, ...]]] = {}
    with _text(path) as handle:
        reader = csv.DictReader(handle)
        wanted = (key, *_FIELDS)
        if reader.fieldnames is None or not set(wanted) <= set(reader.fieldnames):
            raise InputError(path, 1, f"the columns {', '.join(wanted)} were expected")
        for row in reader:
            rows.setdefault(row[key], []).append(_fix(path, reader.line_num, row))
    return {name: _thinned(np.array(sorted(part)), thin_s) for name, part in rows.items()}


def _fix(path: Path, line: int, row: dict[str, str]) -> tuple[float, ...]:
    try:
        fix = tuple(float(row[name] or ("nan" if name == "accuracy_m" else "")) for name in _FIELDS)
    except (TypeError, ValueError):
        raise InputError(path, line, "numbers for t, lat, lon and accuracy_m were expected") from None
    if not (abs(fix[1]) <= 90 and abs(fix[2]) <= 180 and 0 <= fix[0] < 1e11):
        raise InputError(path, line, "epoch seconds, a latitude up to 90 and a longitude up to 180 were expected")
    return fix


def _thinned(fixes: Columns, step_s: float) -> Columns:
    if not step_s:
        return fixes
    bins = fixes[:, 0] // step_s
    last: Columns = fixes[np.append(bins[1:] != bins[:-1], True)]
    return last


def breaches(
    tasks: Sequence[Task], track: Columns, modes: Mapping[Mode, presence.Settings] = presence.MODES
) -> Iterator[Breach]:
    """The intervals in which each task's area was held to be entered (exclusion) or left (home)."""
    packed = presence.pack([(task.area, task.mode) for task in tasks], modes)
    at_ms, sources = np.rint(track[:, 0] * 1000), np.full(len(track), kernel.UNTOLD)
    found = presence.run(presence.fresh(packed), packed, at_ms, track[:, 1], track[:, 2], track[:, 3], sources)
    found = found[np.argsort(found["area"], kind="stable")]
    ends = np.searchsorted(found["area"], np.arange(len(tasks) + 1))
    for number, task in enumerate(tasks):
        adverse = Presence.INSIDE if task.mode is Mode.EXCLUSION else Presence.OUTSIDE
        since: float | None = None
        for row in found[ends[number] : ends[number + 1]]:
            held, at = int(row["presence"]) == adverse, float(track[row["fix"], 0])
            if held and since is None:
                since = at
            elif not held and since is not None:
                yield Breach(task.case, since, at)
                since = None
        if since is not None:
            yield Breach(task.case, since, None)


def _tasks(path: Path, *, homes: bool) -> Iterator[Task]:
    if homes:
        for home in _decoded(path, None, _read(path), list[HomeCase]):
            area = Circle(home.home[1], home.home[0], home.radius_m)
            yield Task(home.case, home.case, area, Mode.HOME)
        return
    with _text(path) as handle:
        for line, text in enumerate(handle, 1):
            if text.strip():
                zone = _decoded(path, line, text, ZoneCase)
                yield Task(zone.case, zone.trace, Polygon(zone.zone), Mode.EXCLUSION)


def _decoded(path: Path, line: int | None, text: str, kind: type[Kind]) -> Kind:
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise InputError(path, line, f"a case was expected: {error}") from None


@contextlib.contextmanager
def _text(path: Path) -> Iterator[IO[str]]:
    """The file as text lines, unpacked where it is gzip; whatever keeps it from being read is an InputError."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rt", encoding="utf-8") if packed else path.open(encoding="utf-8") as handle:
            yield handle
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise InputError(path, None, f"cannot be read ({error})") from None


def _is_array(path: Path) -> bool:
    with _text(path) as handle:
        return handle.read(64).lstrip().startswith("[")


def _read(path: Path) -> str:
    with _text(path) as handle:
        return handle.read()
