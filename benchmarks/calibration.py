"""Whether the probability of being inside means what it says: how often it was so, where that is known.

Takes every fix for which the truth is certain for two minutes around it (three about a departure from home), and
compares the probability then with the truth. One fix a case, bin and ten minutes counts, as errors last for minutes.
`python -m benchmarks calibration` draws docs/reliability.svg, in which there is no place and no trail.
"""

import math
from functools import cache

import numpy as np
from rich.table import Table

from benchmarks import intervals, traces
from surety.rules import kernel, presence
from surety.rules.presence import MODES

EDGES = (0.0, 0.02, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 0.98, 1.0)
CERTAIN_S, LEAVING_S, AWAY_S = 120.0, 180.0, 1_800.0  # the margins that the scorer has, and how long it looks
ALONE_S = 600.0  # errors ten minutes apart are all but independent (.07)
DRAWING = traces.CHECKOUT / "docs" / "reliability.svg"


def known(kind, case):
    """Spans in which a person surely was inside, and surely was not: (from, to, truth)."""
    if kind == "zones":
        yield from ((p + CERTAIN_S, q - CERTAIN_S, True) for p, q, _ in case["entries"])
        yield from ((p, q, False) for p, q in case["outside"])
        return
    begin, end = case["at_home"]
    yield begin, end - LEAVING_S if case["left_at"] else end, True
    if case["left_at"]:
        yield case["left_at"] + LEAVING_S, case["left_at"] + AWAY_S, False


def _log_odds(packed, track):
    """The evidence after each fix, a row a fix."""
    evidence, after = presence.fresh(packed), np.empty((len(track), len(packed)))
    for n, (t, lat, lon, radius) in enumerate(track.tolist()):
        presence.observe(evidence, packed, round(t * 1000), lat, lon, radius, kernel.UNTOLD)
        after[n] = evidence[:, kernel.LOG_ODDS]
    return after


def samples(kind, thin_s, modes=MODES, wanted=None):
    """Probability said and truth, a row each, one a case, bin and ten minutes."""
    truth, rows = {case["case"]: case for case in traces.truth(kind)}, set()
    for tasks, track in traces.watched(kind, thin_s):
        chosen = [task for task in tasks if wanted is None or wanted(truth[task.case])]
        if not chosen or not len(track):
            continue
        packed = presence.pack([(task.area, task.mode) for task in chosen], modes)
        said = 1 / (1 + np.exp(-_log_odds(packed, track)))
        for i, task in enumerate(chosen):
            for begin, end, inside in known(kind, truth[task.case]):
                at = np.flatnonzero((track[:, 0] >= begin) & (track[:, 0] <= end))
                block, bins = track[at, 0] // ALONE_S, np.digitize(said[at, i], EDGES[1:-1])
                first = np.unique(np.column_stack([block, bins]), axis=0, return_index=True)[1]
                rows.update((task.case, int(n), float(said[n, i]), inside) for n in at[first])
    return np.array([(said, inside) for _, _, said, inside in sorted(rows)]).reshape(-1, 2)


def reliability(rows):
    """One row a bin that has any: mean said, how often inside, how many, and the interval."""
    bins = np.digitize(rows[:, 0], EDGES[1:-1])
    for n in np.unique(bins):
        part = rows[bins == n]
        hits, trials = int(part[:, 1].sum()), len(part)
        yield {
            "from": EDGES[n],
            "to": EDGES[n + 1],
            "said": float(part[:, 0].mean()),
            "was": hits / trials,
            "inside": hits,
            "fixes": trials,
            "was_95": intervals.binomial(hits, trials),
        }


@cache
def measured(kind, thin_s):
    return list(reliability(samples(kind, thin_s)))


def _row(kind, thin_s, part):
    name = f"calibration: {kind}, {traces.RATE_WORDS[thin_s]}, said {part['from']:.2f} to {part['to']:.2f}"
    return part | {"name": name, "value": part["was"], "kind": kind, "thin_s": thin_s}


def tables(rows):
    """The rows as they are read."""
    if "kind" not in rows[0]:
        return
    table = Table(title="Probability of being inside", title_justify="left")
    for column in ("cases", "said", "on average", "was inside", "95 %", "fixes"):
        table.add_column(column, justify="left" if column == "cases" else "right")
    for row in rows:
        low, high = row["was_95"]
        table.add_row(
            f"{row['kind']}, {traces.RATE_WORDS[row['thin_s']]}",
            f"{row['from']:.2f} to {row['to']:.2f}",
            f"{row['said']:.3f}",
            f"{row['was']:.4f}",
            f"{low:.4f} to {high:.4f}",
            f"{row['fixes']:,}",
        )
    yield table


def measure():
    """Rows of what was said and what was so; the drawing is written anew where a checkout can be written to."""
    if (skipped := traces.skipped("calibration")) is not None:
        return skipped
    DRAWING.write_text(_drawing(), encoding="utf-8")
    return [_row(k, s, part) for k in traces.KINDS for s in traces.RATES_S for part in measured(k, s)]


# --- the drawing ---------------------------------------------------------------------------------------------------

SIDE, LEFT, TOP, GAP = 300, 60, 40, 80
COLOURS = {0.0: "#0b5cad", 60.0: "#b3541e"}
WORDS = {"zones": "Inside an exclusion zone", "home": "Inside the home area"}


def _drawing():
    width = 2 * LEFT + 2 * SIDE + GAP
    height = TOP + SIDE + 70
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">',
        '<g font-family="sans-serif" font-size="11">',
        "<title>How often a person was inside, by the probability that was said</title>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for column, kind in enumerate(traces.KINDS):
        parts += _panel(kind, LEFT + column * (SIDE + GAP))
    return "\n".join([*parts, "</g></svg>", ""])


def _panel(kind, left):
    bottom = TOP + SIDE
    yield f'<text x="{left}" y="{TOP - 14}" font-size="13">{WORDS[kind]}</text>'
    yield f'<path d="M{left} {TOP}V{bottom}H{left + SIDE}" fill="none" stroke="#444"/>'
    yield f'<path d="M{left} {bottom}L{left + SIDE} {TOP}" stroke="#999" stroke-dasharray="4 4"/>'
    for share in (0, 0.25, 0.5, 0.75, 1):
        x, y = left + share * SIDE, bottom - share * SIDE
        yield f'<text x="{x}" y="{bottom + 16}" text-anchor="middle">{share}</text>'
        yield f'<text x="{left - 8}" y="{y + 4}" text-anchor="end">{share}</text>'
    yield f'<text x="{left + SIDE / 2}" y="{bottom + 34}" text-anchor="middle">probability said</text>'
    yield (
        f'<text transform="translate({left - 38} {bottom - SIDE / 2}) rotate(-90)" '
        'text-anchor="middle">share that was inside</text>'
    )
    for shift, thin_s in enumerate(traces.RATES_S):
        yield from _points(kind, thin_s, left + 4 * shift - 2)
        yield f'<circle cx="{left + 8 + 110 * shift}" cy="{bottom + 52}" r="4" fill="{COLOURS[thin_s]}"/>'
        yield f'<text x="{left + 18 + 110 * shift}" y="{bottom + 56}">{traces.RATE_WORDS[thin_s]}</text>'


def _points(kind, thin_s, left):
    bottom = TOP + SIDE
    for part in measured(kind, thin_s):
        x, y = left + part["said"] * SIDE, bottom - part["was"] * SIDE
        low, high = (bottom - bound * SIDE for bound in part["was_95"])
        radius = 2 + min(3.0, math.log10(part["fixes"]))
        yield f'<path d="M{x:.1f} {low:.1f}V{high:.1f}" stroke="{COLOURS[thin_s]}"/>'
        yield (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{COLOURS[thin_s]}">'
            f"<title>said {part['said']:.3f}, was {part['was']:.3f} of {part['fixes']}</title></circle>"
        )
