"""Whether the estimator's settings would have been found without the cases that they are then judged on.

Settings of a grid are judged on some days (or phones) and the best of them on the others, over and over. Takes some
minutes and is no part of `make bench`: `python -m benchmarks select`. What came of it stands in docs/adr/0005.
"""

import itertools
from collections import defaultdict
from functools import cache

import numpy as np

from benchmarks import traces
from benchmarks.traces import RATES_S, Figures
from surety.replay import cases
from surety.rules.presence import MODES, Mode

MODE = {"zones": Mode.EXCLUSION, "home": Mode.HOME}
# Around the published starting point, wide enough that figures get worse on every side. The outermost values are there
# to tell what lies beside the others, and are not chosen.
GRID = {
    "zones": {
        "enter_p": (0.5, 0.7, 0.8, 0.9, 0.95),
        "clear_sigmas": (0.0, 0.5, 1.0, 1.5, 2.0),
        "ring_m": (25.0, 50.0, 100.0, 150.0, 200.0),
    },
    "home": {
        "gain": (1.5, 1.75, 2.0, 2.25, 2.5),
        "calm_s_per_m": (1.5, 2.0, 2.5, 3.0, 3.5),
        "settled_s": (30.0, 45.0, 60.0, 75.0, 90.0),
    },
}
DELAY_TARGET_S = {"zones": 20.0, "home": 60.0}
MISSED_TARGET = 0.02  # of what the per-fix rule catches
FREE = 0.75  # a delay or a miss within three quarters of its target is as good as none: safety comes before haste
SPLITS = 50


def alerts(kind, thin_s, settings):
    """Intervals by case under these settings, as the scorer takes them."""
    found = defaultdict(list)
    for tasks, track in traces.watched(kind, thin_s):
        for breach in cases.breaches(tasks, track, {**MODES, MODE[kind]: settings}):
            found[breach.case].append((breach.since, breach.until))
    return found


def group_of(case):
    return traces.day_of(case), traces.phone_of(case)


@cache
def groups(kind):
    return sorted({group_of(case) for case in traces.truth(kind)})


def by_group(kind, thin_s, intervals):
    """The scorer's figures of each day and phone by themselves, so that any of them can be put together."""
    return {
        group: traces.judge(kind, intervals, thin_s, lambda case, group=group: group_of(case) == group)
        for group in groups(kind)
    }


@cache
def outcomes(kind):
    """Of every setting of the grid, and of the per-fix rule (None), by rate: figures by group."""
    names, values = zip(*GRID[kind].items(), strict=True)
    found = {None: {s: by_group(kind, s, traces.per_fix(kind, s)) for s in RATES_S}}
    for point in itertools.product(*values):
        settings = MODES[MODE[kind]]._replace(**dict(zip(names, point, strict=True)))
        found[point] = {s: by_group(kind, s, alerts(kind, s, settings)) for s in RATES_S}
    return found


def together(parts):
    parts = list(parts)
    delays = [delay for part in parts for delay in part.delays_s]
    return Figures(*(sum(part[n] for part in parts) for n in range(4)), delays)


def figures(kind, point, thin_s, chosen):
    """A setting's figures over the chosen groups."""
    of = outcomes(kind)[point][thin_s]
    return together(of[group] for group in chosen)


def cost(kind, point, chosen):
    """False alerts, misses and delay, each as a share of what its target allows, added up over both rates."""
    total = 0.0
    for thin_s in RATES_S:
        ours, rule = figures(kind, point, thin_s, chosen), figures(kind, None, thin_s, chosen)
        allowed = rule.false / 50 if kind == "zones" else ours.exposure_days / 100
        total += ours.false / max(allowed, 0.5)
        total += max(0.0, (1 - ours.recall / rule.recall) / MISSED_TARGET - FREE)
        total += max(0.0, (ours.delay_s(0.5) - rule.delay_s(0.5)) / DELAY_TARGET_S[kind] - FREE)
    return total


def choose(kind, chosen):
    """The setting whose neighbourhood in the grid costs least: a best point alone is luck."""
    values = list(GRID[kind].values())
    costs = np.array([cost(kind, point, chosen) for point in itertools.product(*values)])
    smooth = costs.reshape([len(of) for of in values])
    for axis in range(len(values)):
        before, at, after = (np.take(smooth, np.arange(1, len(values[axis]) - 1) + step, axis) for step in (-1, 0, 1))
        smooth = (before + 2 * at + after) / 4
    best = np.unravel_index(np.argmin(smooth), smooth.shape)
    return tuple(of[n + 1] for of, n in zip(values, best, strict=True))


def leaving_out(kind, key):
    """Each day (key 0) or phone (key 1) judged by what was chosen on all others: (held out, chosen point)."""
    for part in sorted({group[key] for group in groups(kind)}):
        rest = [group for group in groups(kind) if group[key] != part]
        yield [group for group in groups(kind) if group[key] == part], choose(kind, rest)


def halves(kind):
    """Random halves of the days, each judged by what was chosen on the other half."""
    days, rng = sorted({group[0] for group in groups(kind)}), np.random.default_rng(5)
    for _ in range(SPLITS):
        first = set(rng.permutation(days)[: len(days) // 2])
        for inside in (True, False):
            held = [group for group in groups(kind) if (group[0] in first) == inside]
            yield held, choose(kind, [group for group in groups(kind) if group not in held])


def _row(kind, thin_s, how, ours, rule):
    return {
        "name": f"{kind}, {traces.RATE_WORDS[thin_s]}, {how}",
        "value": ours.false,
        "unit": "false alerts",
        "baseline": f"rule {rule.false}; {ours.caught}/{ours.events} caught (rule {rule.caught}); "
        f"p50 {ours.delay_s(0.5) - rule.delay_s(0.5):+.0f} s, p95 {ours.delay_s(0.95) - rule.delay_s(0.95):+.0f} s",
    }


def _held_out(kind, thin_s, splits):
    """All held-out parts put together, each with its own settings."""
    ours = together(figures(kind, point, thin_s, held) for held, point in splits)
    return ours, together(figures(kind, None, thin_s, held) for held, _ in splits)


def _over_halves(kind, thin_s, splits):
    parts = [(figures(kind, point, thin_s, held), figures(kind, None, thin_s, held)) for held, point in splits]
    added = [ours.delay_s(0.5) - rule.delay_s(0.5) for ours, rule in parts]
    row = _row(kind, thin_s, f"{SPLITS} random halves of the days, mean of a half", *_held_out(kind, thin_s, splits))
    low, high = np.quantile(added, [0.05, 0.95])
    recalls = [ours.recall / rule.recall for ours, rule in parts]
    most = np.quantile([ours.false for ours, _ in parts], 0.95)
    return row | {
        "value": row["value"] / len(parts),
        "baseline": f"rule {sum(rule.false for _, rule in parts) / len(parts):.1f}; 95 % of halves have at most "
        f"{most:.0f}; recall of the rule's {np.mean(recalls):.3f} (5 %: {np.quantile(recalls, 0.05):.3f}); "
        f"added p50 {np.median(added):+.0f} s ({low:+.0f} to {high:+.0f})",
    }


def measure():
    """Rows of held-out figures, by how the cases were parted; the settings chosen; and what ships."""
    if (skipped := traces.skipped("select")) is not None:
        return skipped
    rows = []
    for kind in traces.KINDS:
        point = choose(kind, groups(kind))
        ships = tuple(getattr(MODES[MODE[kind]], name) for name in GRID[kind])
        rows += [
            {
                "name": f"{kind}: chosen on all days",
                "value": None,
                "baseline": str(dict(zip(GRID[kind], point, strict=True))),
            },
            {"name": f"{kind}: what ships", "value": None, "baseline": str(dict(zip(GRID[kind], ships, strict=True)))},
        ]
        by_day, by_phone, by_half = list(leaving_out(kind, 0)), list(leaving_out(kind, 1)), list(halves(kind))
        for thin_s in RATES_S:
            rule = figures(kind, None, thin_s, groups(kind))
            rows += [
                _row(kind, thin_s, "what ships, all cases", figures(kind, ships, thin_s, groups(kind)), rule),
                _row(kind, thin_s, "each day by the others", *_held_out(kind, thin_s, by_day)),
                _row(kind, thin_s, "each phone by the others", *_held_out(kind, thin_s, by_phone)),
                _over_halves(kind, thin_s, by_half),
            ]
    return rows
