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
    days, now = chosen_days(request), now_ms()
    found = oversight.figures(now - days * DAY_MS, now)
    groups = list(dict.fromkeys(share.group for share in found.controls))
    context = {
        "figures": found,
        "days": days,
        "choices": DAYS,
        "least": oversight.LEAST,
        "definitions": [(key, *told) for key, told in oversight.DEFINITIONS.items()],
        "now": now,
        "shares_plot": shares_plot("How check-ins are decided", found.shares),
        "shares": [share_row(share) for share in found.shares],
        "waits_plot": waits_plot(found.waits),
        "waits": [wait_row(wait) for wait in found.waits],
        "controls": [
            {
                "group": group,
                "plot": shares_plot(f"Control cases, {group}", [one for one in found.controls if one.group == group]),
                "rows": [share_row(one) for one in found.controls if one.group == group],
            }
            for group in groups
        ],
    }
    return render(request, "console/oversight.html", context)


def chosen_days(request: HttpRequest) -> int:
    """How many days back the page looks: one of DAYS."""
    raw = request.GET.get("days", "")
    return int(raw) if raw.isdigit() and int(raw) in DAYS else 30


def shares_plot(title: str, shares: Sequence[Share]) -> str:
    """The shares with their intervals."""
    bars = [Bar(one.name, one.share, *one.bounds) if one.told else Bar(one.name) for one in shares]
    return interval_plot(title, bars, most=1.0, unit="%")


def share_row(share: Share, called: str = "") -> dict[str, str]:
    """A share as a row of the table; `called`: what its definition is called, where it is not of this page."""
    name = called or oversight.DEFINITIONS[share.definition][0]
    row = {"name": share.name, "definition": share.definition, "called": name}
    if not share.told:
        return row | {"count": f"of fewer than {oversight.LEAST}", "share": "too few to tell", "bounds": ""}
    low, high = share.bounds
    return row | {
        "count": f"{share.hits:,} of {share.trials:,}",
        "share": f"{share.share:.1%}",
        "bounds": f"{low:.1%} to {high:.1%}",
    }


def waits_plot(waits: Sequence[Wait]) -> str:
    """The times with their intervals."""
    bars = [Bar(one.name, one.minutes, one.low, one.high) if one.told else Bar(one.name) for one in waits]
    longest = max((one.high for one in waits if one.told), default=60.0)
    return interval_plot("Time to decision", bars, most=_round_up(longest), unit="min")


def _round_up(minutes: float) -> float:
    """A round number for the end of an axis that is parted in four."""
    step = 10.0 ** math.floor(math.log10(max(minutes, 4.0)))
    return next(step * many for many in (1.0, 2.0, 4.0, 8.0, 10.0) if step * many >= minutes)


def wait_row(wait: Wait) -> dict[str, str]:
    """A time as a row of the table."""
    row = {"name": wait.name, "definition": "time", "called": oversight.DEFINITIONS["time"][0]}
    if not wait.told:
        return row | {"count": f"fewer than {oversight.LEAST}", "share": "too few to tell", "bounds": ""}
    return row | {
        "count": f"{wait.number:,}",
        "share": f"{wait.minutes:.0f} min",
        "bounds": f"{wait.low:.0f} to {wait.high:.0f} min",
    }
