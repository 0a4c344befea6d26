"""How often detectors of breaches are wrong, and how late, on real traces with known truth: ours and simpler ones.

Ours is the one that findings come from, run as `surety replay --cases` runs it. The others are what trackers do, and
the published starting point of ours. All are judged by the scorer that comes with the traces.
"""

import math
from collections import defaultdict
from functools import cache
from typing import NamedTuple

import numba
import numpy as np
from rich.table import Table

from benchmarks import intervals, traces
from surety.replay import cases
from surety.rules import kernel, presence
from surety.rules.presence import Mode

SHOWN_S, SHOWN_M = 600.0, 500.0  # within ten minutes a fix that claims this radius or better
WORST_M = {"zones": 50.0, "home": 100.0}  # claimed radius beyond which trackers drop a fix
CLAIMED_M = 50.0  # where a device claims nothing, as kernel.DEFAULT_ACCURACY_M
compiled = numba.njit(error_model="numpy")


# --- what a fix says by itself: 1 in breach, -1 not, 0 nothing -----------------------------------------------------


class Said(NamedTuple):
    """What the fixes of a case claim, an entry each: metres past the edge on the side of a breach, and the radius."""

    deep_m: np.ndarray
    claimed_m: np.ndarray
    worst_m: float


def gated(said):
    """Vague fixes are dropped."""
    return np.where(said.claimed_m > said.worst_m, 0, np.where(said.deep_m > 0, 1, -1))


def circle_clear(said):
    """In breach where the whole reported circle is; over where its centre no longer is."""
    return np.where(said.deep_m >= said.claimed_m, 1, np.where(said.deep_m > 0, 0, -1))


def consecutive(number):
    def words(said):
        """In breach after so many fixes in a row; over with the first one that is not."""
        place = np.arange(len(said.deep_m))
        run = place - np.maximum.accumulate(np.where(said.deep_m > 0, -1, place))
        return np.where(said.deep_m <= 0, -1, np.where(run >= number, 1, 0))

    return words


@compiled
def _held(words):
    """The last word that said something."""
    state, now = np.zeros(len(words), dtype=np.bool_), False
    for n in range(len(words)):
        now = now if words[n] == 0 else words[n] > 0
        state[n] = now
    return state


# --- the published starting point ----------------------------------------------------------------------------------


@compiled
def bounded_evidence(t, inside_m, sigma_m, area_m2, home):
    """Bounded evidence as published: m = 2; zones alert at .8 and clear at .3, homes at .95 and .5 of being away."""
    rest, enter, leave = (3.0, 0.0, math.log(0.05 / 0.95)) if home else (-3.0, math.log(4.0), math.log(3 / 7))
    radius = math.sqrt(area_m2 / math.pi)
    wide, world_m2 = 150.0, math.pi * 5_000.0**2
    big_m2 = math.pi * (radius + wide) ** 2
    state, odds, inside = np.zeros(len(t), dtype=np.bool_), rest, home
    for n in range(len(t)):
        s = sigma_m[n]
        p_in = min(kernel.student4(inside_m[n] / s), 1 - (1 + radius**2 / (4 * s * s)) ** -2)
        p_big = min(kernel.student4((inside_m[n] + wide) / s), 1 - (1 + (radius + wide) ** 2 / (4 * s * s)) ** -2)
        if_in = 0.99 * p_in / area_m2 + 0.01 / world_m2
        if_out = 0.99 * (0.5 * max(p_big - p_in, 0.0) / (big_m2 - area_m2) + 0.5 / world_m2) + 0.01 / world_m2
        wait = 30.0 if n == 0 else t[n] - t[n - 1]
        if wait > 30:
            odds = rest + (odds - rest) * math.exp((30 - wait) / 3600)
        weight = (1 - math.exp(-min(wait, 30.0) / 20)) / (1 + (s / (radius + 100)) ** 2)
        odds += weight * (rest + 2 * math.log(if_in / if_out) - odds)
        inside = True if odds >= enter else False if odds <= leave else inside
        state[n] = inside != home
    return state


@compiled
def _clearances(areas, blocks, corners, lats, lons):
    inside_m = np.empty((len(areas), len(lats)))
    for n in range(len(lats)):
        x, y, z = kernel.earth_centred(lats[n], lons[n])
        for i in range(len(areas)):
            inside_m[i, n] = kernel.clearance(areas[i], blocks, corners, x, y, z)
    return inside_m


# --- all of them over all cases ------------------------------------------------------------------------------------

SIMPLE = {
    "2 consecutive": consecutive(2),
    "3 consecutive": consecutive(3),
    "5 consecutive": consecutive(5),
    "accuracy-gated": gated,
    "circle clear of the edge": circle_clear,
}
EVIDENCE, OURS = "bounded evidence, as published", "Surety"


@cache
def alerts(kind, thin_s):
    """Intervals by detector and case, as the scorer takes them."""
    found = defaultdict(dict)
    found["per fix"] = traces.per_fix(kind, thin_s)
    for tasks, track in traces.watched(kind, thin_s):
        packed = presence.pack([(task.area, task.mode) for task in tasks])
        every_inside_m = _clearances(
            packed.areas, packed.blocks, packed.corners, track[:, 1].copy(), track[:, 2].copy()
        )
        claimed_m = np.where(np.isnan(track[:, 3]), CLAIMED_M, track[:, 3])
        sigma_m = np.array([kernel.scale_of(radius) for radius in claimed_m])
        for task, area, inside_m in zip(tasks, packed.areas, every_inside_m, strict=True):
            home = task.mode is Mode.HOME
            said = Said(-inside_m if home else inside_m, claimed_m, WORST_M[kind])
            states = {name: _held(words(said)) for name, words in SIMPLE.items()}
            states[EVIDENCE] = bounded_evidence(track[:, 0].copy(), inside_m, sigma_m, area[kernel.AREA_M2], home)
            for name, state in states.items():
                found[name][task.case] = traces.scorer().intervals(track[:, 0], state)
        for breach in cases.breaches(tasks, track):
            found[OURS].setdefault(breach.case, []).append((breach.since, breach.until))
    return found


def shown(kind, case):
    """Whether any fix in the ten minutes after a departure was good enough to show it; True of all other cases."""
    if kind == "zones" or not case["left_at"]:
        return True
    track = next(track for tasks, track in traces.watched(kind) if tasks[0].case == case["case"])
    after = track[(track[:, 0] >= case["left_at"]) & (track[:, 0] <= case["left_at"] + SHOWN_S)]
    return bool((after[:, 3] <= SHOWN_M).any())


def _row(kind, thin_s, name, figures, rule):
    low, high = (bound / figures.exposure_days for bound in intervals.poisson(figures.false))
    return {
        "name": f"{kind}, {traces.RATE_WORDS[thin_s]}: {name}",
        "value": figures.false,
        "unit": "false alerts",
        "detector": name,
        "kind": kind,
        "thin_s": thin_s,
        "exposure_days": figures.exposure_days,
        "false_a_day": figures.false / figures.exposure_days,
        "false_a_day_95": (low, high),
        "recall": figures.recall,
        "events": figures.events,
        "recall_of_rule": figures.recall / rule.recall,
        "added_delay_p50_s": figures.delay_s(0.5) - rule.delay_s(0.5),
        "added_delay_p95_s": figures.delay_s(0.95) - rule.delay_s(0.95),
        "added_delay_p95_shown_s": _shown_p95_s(kind, thin_s, name) - _shown_p95_s(kind, thin_s, "per fix"),
    }


def _shown_p95_s(kind, thin_s, name):
    return traces.judge(kind, alerts(kind, thin_s)[name], thin_s, lambda case: shown(kind, case)).delay_s(0.95)


def measure():
    """One row a kind of case, rate of fixes and detector; the delays are those beyond the per-fix rule's."""
    if (skipped := traces.skipped("detectors")) is not None:
        return skipped
    rows = []
    for kind in traces.KINDS:
        for thin_s in traces.RATES_S:
            rule = traces.judge(kind, alerts(kind, thin_s)["per fix"], thin_s)
            for name in ("per fix", *SIMPLE, EVIDENCE, OURS):
                figures = traces.judge(kind, alerts(kind, thin_s)[name], thin_s)
                rows.append(_row(kind, thin_s, name, figures, rule))
    return rows


def tables(rows):
    """The rows as they are read: false alerts in a hundred zone-days or wearer-days, recall, added delay."""
    if "kind" not in rows[0]:
        return
    for kind in traces.KINDS:
        for thin_s in traces.RATES_S:
            part = [row for row in rows if (row["kind"], row["thin_s"]) == (kind, thin_s)]
            whose, events = ("zone-days", "entries") if kind == "zones" else ("wearer-days", "departures")
            size = f"{part[0]['exposure_days']:,.0f} {whose}, {part[0]['events']} {events}"
            table = Table(title=f"{kind}, {traces.RATE_WORDS[thin_s]}: {size}", title_justify="left")
            table.add_column("detector")
            for column in (
                "false alerts",
                f"in 100 {whose} (95 %)",
                "recall",
                "added delay p50",
                "p95",
                "p95 if shown",
            ):
                table.add_column(column, justify="right")
            for row in part:
                low, high = row["false_a_day_95"]
                table.add_row(
                    row["detector"],
                    str(row["value"]),
                    f"{100 * row['false_a_day']:.2f} ({100 * low:.2f} to {100 * high:.2f})",
                    f"{row['recall']:.3f}",
                    f"{row['added_delay_p50_s']:+.0f} s",
                    f"{row['added_delay_p95_s']:+.0f} s",
                    f"{row['added_delay_p95_shown_s']:+.0f} s",
                )
            yield table
