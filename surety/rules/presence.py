"""Decides what the evidence over time says: a person is INSIDE an area, OUTSIDE it, or that is UNKNOWN.

The estimator and its figures are told in docs/adr/0005-presence-estimator.md. Live use (`observe`, one fix, every
area of one person) and batch use (`run`) go through the same compiled arithmetic in kernel.py.
"""

import dataclasses
import enum
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from surety.rules import kernel
from surety.rules.conditions import Area, Polygon
from surety.rules.facts import Source
from surety.rules.kernel import Floats
from surety.rules.packing import grow, lay_flat

SOURCE_CODES = {
    Source.GNSS: kernel.GNSS,
    Source.FUSED: kernel.FUSED,
    Source.WIFI: kernel.WIFI,
    Source.CELL: kernel.CELL,
    Source.UNKNOWN: kernel.UNTOLD,
}
TRANSITION = np.dtype([("fix", np.int64), ("area", np.int32), ("presence", np.int8), ("p_inside", np.float64)])
_NONE: npt.NDArray[np.intp] = np.zeros(0, dtype=np.intp)
_NONE.setflags(write=False)


class Presence(enum.IntEnum):
    """What is held to be so. UNKNOWN until an informative fix; a fix's age is the caller's to judge."""

    UNKNOWN = kernel.UNKNOWN
    OUTSIDE = kernel.OUTSIDE
    INSIDE = kernel.INSIDE


_PRESENCES = tuple(Presence)


class Mode(enum.IntEnum):
    """What the area is for, which sets where the evidence rests and what it takes to move it."""

    EXCLUSION = 0
    HOME = 1
    INCLUSION = 2
    RESTRICTION = 3


@dataclasses.dataclass(frozen=True, slots=True)
class PackedAreas:
    """Areas of one person, ready for the arithmetic; read-only and safe to share between threads."""

    areas: Floats
    blocks: Floats
    corners: Floats

    def __len__(self) -> int:
        return len(self.areas)


class Reading(msgspec.Struct, frozen=True):
    """The state of one area: presence held, probability at the asked instant, and the last informative fix.

    `clearance_m` (inside positive) and `sigma_m` are of that fix; NaN before the first one. `since_ms`: since when
    that presence was held with an informative fix at least every five minutes; after a longer gap it begins anew.
    """

    presence: Presence
    p_inside: float
    last_informative_ms: int | None
    clearance_m: float
    sigma_m: float
    since_ms: int | None = None


def _log_odds(p: float) -> float:
    return math.log(p / (1 - p))


class Settings(NamedTuple):
    """What a mode presumes and what it takes to move it (docs/adr/0005-presence-estimator.md gives the reasons)."""

    rest: float  # log-odds without evidence: nobody is presumed in breach
    gain: float  # how far a fix's log-likelihood ratio moves the log-odds from rest
    enter_p: float  # probability of being inside at which INSIDE is concluded
    leave_p: float  # and OUTSIDE
    clear_sigmas: float  # how far past the edge, in its own error scales, the fix must lie that concludes a breach
    ring_m: float  # how far around the area a person outside is likely to be
    lasts_s: float  # how long any error lasts
    calm_s_per_m: float  # how long it lasts for each metre of its scale, where that is longer
    settled_s: float  # the longest time that one fix may speak for


_AT_HOME = Settings(
    rest=3.0,
    gain=2.0,
    enter_p=0.5,
    leave_p=0.05,
    clear_sigmas=1.0,
    ring_m=150.0,
    lasts_s=20.0,
    calm_s_per_m=2.5,
    settled_s=60.0,
)
_ELSEWHERE = Settings(
    rest=-3.0,
    gain=2.0,
    enter_p=0.8,
    leave_p=0.3,
    clear_sigmas=1.0,
    ring_m=100.0,
    lasts_s=20.0,
    calm_s_per_m=0.0,
    settled_s=60.0,
)
MODES = {
    Mode.EXCLUSION: _ELSEWHERE,
    Mode.HOME: _AT_HOME,
    Mode.INCLUSION: _AT_HOME,
    Mode.RESTRICTION: _ELSEWHERE,
}


def pack(
    areas: Sequence[tuple[Area, Mode]], modes: Mapping[Mode, Settings] = MODES, grown_m: Sequence[float] = ()
) -> PackedAreas:
    """Areas with their modes, laid flat once so that each fix costs little; each grown by its `grown_m`, if any."""
    rows, blocks, corners = lay_flat([area for area, _ in areas])
    for row, (_, mode), grow_m in zip(rows, areas, grown_m or [0.0] * len(areas), strict=True):
        chosen = modes[mode]
        row[kernel.PASSABLE] = mode is Mode.EXCLUSION and not grow_m
        grow(row, blocks, corners, grow_m)
        row[kernel.REST], row[kernel.GAIN] = chosen.rest, chosen.gain
        row[kernel.ENTER_AT], row[kernel.LEAVE_AT] = _log_odds(chosen.enter_p), _log_odds(chosen.leave_p)
        row[kernel.CALM_S_PER_M], row[kernel.LASTS_S] = chosen.calm_s_per_m, chosen.lasts_s
        row[kernel.SETTLED_S] = chosen.settled_s
        breach = kernel.ENTER_SIGMAS if chosen.rest < 0 else kernel.LEAVE_SIGMAS  # it is what is not presumed
        row[breach] = chosen.clear_sigmas
        radius = math.sqrt(row[kernel.AREA_M2] / math.pi)
        wide = radius + max(chosen.ring_m, 0.01 * radius)
        row[kernel.HALF_RADIUS_M], row[kernel.SOFT_M] = radius / 2, radius + 100
        row[kernel.RING_M2] = math.pi * wide**2 - row[kernel.AREA_M2]
    for array in (rows, blocks, corners):
        array.setflags(write=False)
    return PackedAreas(rows, blocks, corners)


def fresh(packed: PackedAreas) -> Floats:
    """Evidence before any fix, one row an area. Plain float64: `tobytes` keeps it, `frombuffer` brings it back."""
    evidence = np.full((len(packed), kernel.EVIDENCE_COLUMNS), np.nan)
    evidence[:, kernel.LOG_ODDS] = packed.areas[:, kernel.REST]
    evidence[:, kernel.RESTS_AT] = packed.areas[:, kernel.REST]
    evidence[:, kernel.PRESENCE] = kernel.UNKNOWN
    evidence[:, kernel.CHANGED] = 0.0
    return evidence


def nowhere() -> Floats:
    """The last good fix before there is any: plain float64, kept as bytes like the evidence."""
    return np.full(kernel.BEFORE_COLUMNS, np.nan)


def observe(
    evidence: Floats, packed: PackedAreas, at_ms: int, lat_deg: float, lon_deg: float, accuracy_m: float, source: int
) -> npt.NDArray[np.intp]:
    """Take one fix, in order of time, into `evidence` (changed in place); the areas whose presence changed.

    `accuracy_m` is NaN where the device claims none; `source` is one of `SOURCE_CODES`.
    """
    return take(evidence, packed, nowhere(), at_ms, lat_deg, lon_deg, accuracy_m, source)[0]


def take(
    evidence: Floats,
    packed: PackedAreas,
    before: Floats,
    at_ms: int,
    lat_deg: float,
    lon_deg: float,
    accuracy_m: float,
    source: int,
) -> tuple[npt.NDArray[np.intp], int]:
    """As `observe`, and the bits of what is odd about the way from the last good fix (`before`, changed in place)."""
    numbers = float(at_ms), float(lat_deg), float(lon_deg), float(accuracy_m)  # an int would be compiled for anew
    changed, odd = kernel.observe_fix(
        evidence, packed.areas, packed.blocks, packed.corners, before, *numbers, int(source)
    )
    return (np.flatnonzero(evidence[:, kernel.CHANGED]) if changed else _NONE), odd


def observe_apart(
    evidence: Floats, packed: PackedAreas, at_ms: int, place: tuple[float, float], sigma_m: float, source: int
) -> None:
    """Take one position (lat, lon) into the evidence row of the only area of `packed`, which is itself uncertain.

    `sigma_m` is the error scale of position and area together; else as `observe`.
    """
    there = kernel.earth_centred(*place)
    numbers = float(at_ms), float(sigma_m), int(source)
    kernel.observe_apart(evidence, packed.areas[0], packed.blocks, packed.corners, there, *numbers)


def read(evidence: Floats, i: int, at_ms: int) -> Reading:
    """The state of area `i` at an instant not before its last fix: what is held, and how probable it still is."""
    row = evidence[i].tolist()
    last_ms, informative_ms = row[kernel.LAST_MS], row[kernel.INFORMATIVE_MS]
    wait_s = 0.0 if math.isnan(last_ms) else (at_ms - last_ms) / 1000
    log_odds = kernel.faded(row[kernel.LOG_ODDS], row[kernel.RESTS_AT], wait_s)
    certain = not math.isnan(informative_ms)
    return Reading(
        _PRESENCES[int(row[kernel.PRESENCE])],
        _p(log_odds),
        int(informative_ms) if certain else None,
        row[kernel.CLEARANCE_M],
        row[kernel.SIGMA_M],
        int(row[kernel.SINCE_MS]) if certain else None,
    )


def informative_ms(evidence: Floats, i: int) -> int | None:
    """When the last informative fix of area `i` was, as `read` tells it; None before the first one."""
    at_ms = evidence.item(i, kernel.INFORMATIVE_MS)
    return int(at_ms) if at_ms == at_ms else None  # noqa: PLR0124 - not a number is not itself


class Columns(NamedTuple):
    """Fixes in order of time, one array each."""

    at_ms: npt.NDArray[np.int64]
    lat_deg: Floats
    lon_deg: Floats
    accuracy_m: Floats  # NaN where the device claims none
    source: npt.NDArray[np.int64]  # of SOURCE_CODES

    @classmethod
    def of(
        cls,
        at_ms: npt.ArrayLike,
        lat_deg: npt.ArrayLike,
        lon_deg: npt.ArrayLike,
        accuracy_m: npt.ArrayLike,
        source: npt.ArrayLike,
    ) -> "Columns":
        """From anything like an array, as the compiled code takes them."""
        return cls(
            np.ascontiguousarray(at_ms, dtype=np.int64),
            np.ascontiguousarray(lat_deg, dtype=np.float64),
            np.ascontiguousarray(lon_deg, dtype=np.float64),
            np.ascontiguousarray(accuracy_m, dtype=np.float64),
            np.ascontiguousarray(source, dtype=np.int64),
        )


class Limits(NamedTuple):
    """When something falls due though nothing changes: at an instant, so long after an area's last informative fix
    (one number an area), and so long after any fix."""

    wake_ms: float
    unseen_ms: Floats
    silent_ms: float


def no_limits(packed: PackedAreas) -> Limits:
    """Nothing falls due."""
    return Limits(math.inf, np.full(len(packed), math.inf), math.inf)


def run_quiet(
    evidence: Floats, packed: PackedAreas, before: Floats, fixes: Columns, span: tuple[int, int], limits: Limits
) -> int:
    """Take the fixes of a span up to before the first one that changes a presence, has an odd way or comes when
    something is due; which one that is, or the span's end. Same as `take` each."""
    return kernel.run_quiet(
        evidence,
        packed.areas,
        packed.blocks,
        packed.corners,
        before,
        fixes.at_ms,
        fixes.lat_deg,
        fixes.lon_deg,
        fixes.accuracy_m,
        fixes.source,
        *span,
        float(limits.wake_ms),
        limits.unseen_ms,
        float(limits.silent_ms),
    )


def run(
    evidence: Floats,
    packed: PackedAreas,
    at_ms: npt.ArrayLike,
    lat_deg: npt.ArrayLike,
    lon_deg: npt.ArrayLike,
    accuracy_m: npt.ArrayLike,
    source: npt.ArrayLike,
) -> npt.NDArray[np.void]:
    """Take many fixes, in order of time; every change of presence as rows of `TRANSITION`. Same as `observe` each."""
    fixes, before, limits = Columns.of(at_ms, lat_deg, lon_deg, accuracy_m, source), nowhere(), no_limits(packed)
    found: list[tuple[int, int, int, float]] = []
    n, end = 0, len(fixes.at_ms)
    while (n := run_quiet(evidence, packed, before, fixes, (n, end), limits)) < end:
        changed, _ = take(evidence, packed, before, *(column[n] for column in fixes))
        found += [(n, i, int(evidence[i, kernel.PRESENCE]), _p(evidence[i, kernel.LOG_ODDS])) for i in changed]
        n += 1
    return np.array(found, dtype=TRANSITION)


def _p(log_odds: float) -> float:
    return 1 / (1 + math.exp(-log_odds))


def warm_up() -> None:
    """Compile (seconds), or load from the cache (a fraction of one), all that the rules use: no fix waits then."""
    packed = pack([(Polygon(((0.0, 0.0), (0.001, 0.0), (0.0, 0.001))), Mode.HOME)])
    evidence = fresh(packed)
    observe(evidence, packed, 0, 0.0, 0.0, math.nan, kernel.UNTOLD)
    read(evidence, 0, 0)
    run(evidence, packed, [0], [0.0], [0.0], [math.nan], [kernel.UNTOLD])
    place = kernel.earth_centred(0.0, 0.0)
    observe_apart(evidence[0], packed, 0, (0.0, 0.0), 10.0, kernel.UNTOLD)
    kernel.geodetic(*place)
    kernel.clearance(packed.areas[0], packed.blocks, packed.corners, *place)
    kernel.crossing_of(packed.areas[0], packed.blocks, packed.corners, place, place)
