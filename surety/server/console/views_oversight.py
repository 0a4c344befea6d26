"""Oversight of check-ins: plots with intervals, a table under each, and what every figure counts."""

import math
from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from surety.server.accounts.permissions import requires
from surety.server.checkins import oversight
from surety.server.checkins.oversight import Share, Wait
from surety.server.console.interval_plot import Bar, interval_plot
from surety.server.timekeeping import now_ms

DAYS = (7, 30, 90, 365)
DAY_MS = 86_400_000


@require_safe
@requires("oversight.read")
def check_ins(request: HttpRequest) -> HttpResponse:
    """The page, for the last 7, 30, 90 or 365 days."""
    raw, now = request.GET.get("days", ""), now_ms()
    days = int(raw) if raw.isdigit() and int(raw) in DAYS else 30
    found = oversight.figures(now - days * DAY_MS, now)
    groups = list(dict.fromkeys(share.group for share in found.controls))
    context = {
        "figures": found,
        "days": days,
        "choices": DAYS,
        "least": oversight.LEAST,
        "definitions": [(key, *told) for key, told in oversight.DEFINITIONS.items()],
        "now": now,
        "shares_plot": _shares("How check-ins are decided", found.shares),
        "shares": [_row(share) for share in found.shares],
        "waits_plot": _waits(found.waits),
        "waits": [_wait_row(wait) for wait in found.waits],
        "controls": [
            {
                "group": group,
                "plot": _shares(f"Control cases, {group}", [one for one in found.controls if one.group == group]),
                "rows": [_row(one) for one in found.controls if one.group == group],
            }
            for group in groups
        ],
    }
    return render(request, "console/oversight.html", context)


def _shares(title: str, shares: Sequence[Share]) -> str:
    bars = [Bar(one.name, one.share, *one.bounds) if one.told else Bar(one.name) for one in shares]
    return interval_plot(title, bars, most=1.0, unit="%")


def _row(share: Share) -> dict[str, str]:
    row = {"name": share.name, "definition": share.definition, "called": oversight.DEFINITIONS[share.definition][0]}
    if not share.told:
        return row | {"count": f"of fewer than {oversight.LEAST}", "share": "too few to tell", "bounds": ""}
    low, high = share.bounds
    return row | {
        "count": f"{share.hits:,} of {share.trials:,}",
        "share": f"{share.share:.1%}",
        "bounds": f"{low:.1%} to {high:.1%}",
    }


def _waits(waits: Sequence[Wait]) -> str:
    bars = [Bar(one.name, one.minutes, one.low, one.high) if one.told else Bar(one.name) for one in waits]
    longest = max((one.high for one in waits if one.told), default=60.0)
    return interval_plot("Time to decision", bars, most=_round_up(longest), unit="min")


def _round_up(minutes: float) -> float:
    """A round number for the end of an axis that is parted in four."""
    step = 10.0 ** math.floor(math.log10(max(minutes, 4.0)))
    return next(step * many for many in (1.0, 2.0, 4.0, 8.0, 10.0) if step * many >= minutes)


def _wait_row(wait: Wait) -> dict[str, str]:
    row = {"name": wait.name, "definition": "time", "called": oversight.DEFINITIONS["time"][0]}
    if not wait.told:
        return row | {"count": f"fewer than {oversight.LEAST}", "share": "too few to tell", "bounds": ""}
    return row | {
        "count": f"{wait.number:,}",
        "share": f"{wait.minutes:.0f} min",
        "bounds": f"{wait.low:.0f} to {wait.high:.0f} min",
    }
