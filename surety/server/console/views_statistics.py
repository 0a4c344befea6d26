"""Statistics for inspectors and the public: plots with intervals, a table under each, and the same as CSV."""

import csv

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from surety.server.accounts.permissions import requires
from surety.server.checkins.oversight import LEAST
from surety.server.console.views_oversight import (
    DAY_MS,
    DAYS,
    chosen_days,
    share_row,
    shares_plot,
    wait_row,
    waits_plot,
)
from surety.server.oversight import figures
from surety.server.oversight.definitions import DEFINITIONS
from surety.server.oversight.figures import Section
from surety.server.timekeeping import now_ms


@require_safe
@requires("oversight.read")
def statistics(request: HttpRequest) -> HttpResponse:
    """The page, for the last 7, 30, 90 or 365 days."""
    days, now = chosen_days(request), now_ms()
    found = figures.statistics(now - days * DAY_MS, now)
    context = {
        "found": found,
        "days": days,
        "choices": DAYS,
        "least": LEAST,
        "now": now,
        "sections": [_shown(section) for section in found.sections],
        "definitions": [(key, *told) for key, told in DEFINITIONS.items()],
    }
    return render(request, "console/statistics.html", context)


def _shown(section: Section) -> dict[str, object]:
    if section.waits:
        rows = [wait_row(one) | _called("clear") for one in section.waits]
        return {"section": section, "plot": waits_plot(section.waits), "rows": rows, "value": "Time"}
    rows = [share_row(one, called=DEFINITIONS[one.definition][0]) for one in section.shares]
    return {"section": section, "plot": shares_plot(section.title, section.shares), "rows": rows, "value": "Share"}


def _called(key: str) -> dict[str, str]:
    return {"definition": key, "called": DEFINITIONS[key][0]}


@require_safe
@requires("oversight.read")
def statistics_csv(request: HttpRequest) -> HttpResponse:
    """The same figures as CSV: what is not told on the page is not told here either."""
    days, now = chosen_days(request), now_ms()
    found = figures.statistics(now - days * DAY_MS, now)
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="statistics-{days}-days.csv"'
    out = csv.writer(answer)
    out.writerow(["section", "figure", "value", "unit", "low_95", "high_95", "hits", "of", "what_it_counts"])
    for section in found.sections:
        out.writerows([[plain(cell) for cell in line] for line in _lines(section)])
    return answer


def plain(cell: object) -> object:
    """A cell that no spreadsheet takes for a formula: names of models and groups are what somebody typed."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _lines(section: Section) -> list[list[object]]:
    lines: list[list[object]] = []
    for one in section.shares:
        told = [f"{one.share:.4f}", "share", *(f"{bound:.4f}" for bound in one.bounds), one.hits, one.trials]
        untold = ["", "share", "", "", "", f"fewer than {LEAST}"]
        words = DEFINITIONS[one.definition][1]
        lines.append([section.title, one.name, *(told if one.told else untold), words])
    for wait in section.waits:
        told = [f"{wait.minutes:.1f}", "minutes", f"{wait.low:.1f}", f"{wait.high:.1f}", "", wait.number]
        untold = ["", "minutes", "", "", "", f"fewer than {LEAST}"]
        lines.append([section.title, wait.name, *(told if wait.told else untold), DEFINITIONS["clear"][1]])
    return lines
