"""The ROC and DET curves as SVG, drawn by matplotlib in this process; nothing in them is loaded from anywhere."""

import io
import re
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

from surety.faces.evaluation.report import Compared

INK, SOFT = "#888888", "#888888"  # both legible on a light and on a dark ground (contrast 3.5 and 5.9)
LINES = (("#1d70b8", "-"), ("#b35900", "--"))  # told apart by the dashes too
PROBITS = (1e-5, 1e-4, 1e-3, 0.01, 0.05, 0.2, 0.5)


def roc(compared: Sequence[Compared]) -> str:
    """True match rate over FMR, on a logarithmic scale."""
    figure, axes = _axes("False match rate (FMR)", "True match rate (1 - FNMR)")
    for one, (colour, dash) in zip(compared, LINES, strict=True):
        if one.curve:
            rates, missed = zip(*one.curve, strict=True)
            axes.plot(rates, [1 - value for value in missed], dash, color=colour, label=one.name)
    axes.set_xscale("log")
    axes.set_ylim(top=1.002)
    return _svg("roc", figure, axes, "ROC: share of pairs of one person that match, over the false match rate")


def det(compared: Sequence[Compared]) -> str:
    """FNMR over FMR, both on the scale of the normal distribution (Martin et al. 1997)."""
    figure, axes = _axes("False match rate (FMR)", "False non-match rate (FNMR)")
    for one, (colour, dash) in zip(compared, LINES, strict=True):
        points = [(x, y) for x, y in one.curve if 0 < x < 1 and 0 < y < 1]
        if points:
            axes.plot(
                *zip(*((_probit(x), _probit(y)) for x, y in points), strict=True), dash, color=colour, label=one.name
            )
    for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        axis.set_ticks([_probit(share) for share in PROBITS], labels=[f"{share * 100:g} %" for share in PROBITS])
        axis.set_view_interval(low, high, ignore=True)  # where the curves are, and not where a mark would be
    return _svg("det", figure, axes, "DET: false non-match rate over false match rate")


def _probit(share: float) -> float:
    return NormalDist().inv_cdf(share)


def _axes(across: str, up: str) -> tuple[Any, Any]:
    import matplotlib as mpl  # noqa: PLC0415 - takes a second to load
    from matplotlib.figure import Figure  # noqa: PLC0415 - the same

    with mpl.rc_context({"svg.fonttype": "none", "font.family": "sans-serif", "svg.hashsalt": "surety"}):
        figure = Figure(figsize=(7, 4.5), facecolor="none", layout="tight")
        axes = figure.subplots()
    axes.set_facecolor("none")
    axes.set_xlabel(across, color=INK)
    axes.set_ylabel(up, color=INK)
    axes.tick_params(colors=INK)
    axes.grid(visible=True, color=SOFT, alpha=0.25, linewidth=0.6)
    for spine in axes.spines.values():
        spine.set_color(SOFT)
    return figure, axes


def _svg(name: str, figure: Any, axes: Any, words: str) -> str:
    """The figure for a page that has several: its ids begin with the name."""
    import matplotlib as mpl  # noqa: PLC0415 - takes a second to load

    if axes.lines:
        axes.legend(loc="best", frameon=False, labelcolor=INK)
    else:
        axes.text(
            0.5, 0.5, "Nothing to draw: too few pairs, or no error", transform=axes.transAxes, ha="center", color=INK
        )
    file = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "surety"}):
        figure.savefig(file, format="svg", metadata=nothing)
    drawn = file.getvalue()
    drawn = re.sub(
        r"<metadata>.*?</metadata>| xmlns(?::xlink)?=\"[^\"]*\"", "", drawn[drawn.index("<svg") :], flags=re.DOTALL
    )
    drawn = re.sub(r'(\bid="|"#|\(#)', rf"\1{name}-", drawn)
    return drawn.replace("<svg ", f'<svg role="img" aria-label="{words}" ', 1)
