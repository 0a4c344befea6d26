"""How a finding was worked out, for the evidence page: the finding derived again, its arithmetic, its map."""

import logging

from django.utils.safestring import SafeString, mark_safe

from surety.server.monitoring.explain import Rederived, rederive
from surety.server.monitoring.explain_report import report
from surety.server.monitoring.sketching import sketch
from surety.server.monitoring.working_words import COLUMNS, READING

logger = logging.getLogger(__name__)
Window = tuple[int, int]


def worked_out(finding_id: str) -> Rederived | None:
    """The finding derived again from what is stored; None when the rules fail on it, which the page then says."""
    try:
        return rederive(finding_id)
    except Exception:  # the boundary around one section: the rest of the page must be readable all the same
        logger.exception("finding %s could not be derived again", finding_id)
        return None


def window_of(known: Rederived | None, window: Window) -> Window:
    """The window whose positions a page shows together with the arithmetic."""
    return window if known is None else (min(window[0], known.window[0]), max(window[1], known.window[1]))


def working_context(known: Rederived | None) -> dict[str, object]:
    """What the section needs."""
    if known is None:
        return {"working": None}
    return {
        "working": report(known),
        "working_columns": COLUMNS,
        "working_reading": READING,
        "working_map": _safe(sketch(known, standing_alone=False)),
    }


def _safe(svg: str) -> SafeString:
    return mark_safe(svg)  # noqa: S308 - surety/maps escapes every text it is given
