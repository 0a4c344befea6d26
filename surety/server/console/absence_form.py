"""What the form of an absence holds: from the fields posted to an absence of the rules, and back.

Leave once is a day and time from which and until which; leave that recurs is the form's timetable, as for every other
condition. Times are on the person's clocks.
"""

import re
from collections.abc import Iterable, Mapping

import msgspec
from django.http import QueryDict

from surety.rules.conditions import Absence, Body
from surety.server.cases.checks import check_body
from surety.server.console.case_access import input_ms
from surety.server.errors import InvalidError

_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d")
_INDEX = re.compile(r"span-(\d{1,4})-")
KINDS = (
    ("authorised_absence", "Leave: the person need not be where they are ordered to be"),
    ("suspension", "Suspension: conditions are not asked at all"),
)


class SpanFields(msgspec.Struct):
    """Leave once."""

    index: int
    start: str = ""
    end: str = ""


class AbsenceFields(msgspec.Struct):
    """What only an absence has, as typed. `always`: for as long as it is in force, without any times."""

    kind: str = "authorised_absence"
    reason: str = ""
    spans: list[SpanFields] = []
    applies_to: list[str] = []
    always: bool = False


def of_post(post: QueryDict) -> AbsenceFields:
    """What was posted, as typed."""
    indexes = sorted({int(match[1]) for name in post if (match := _INDEX.match(name))})[:200]
    spans = [SpanFields(i, *(_text(post, f"span-{i}-{part}") for part in ("start", "end"))) for i in indexes]
    return AbsenceFields(
        kind=_text(post, "absence_kind"),
        reason=_text(post, "absence_reason"),
        spans=[span for span in spans if span.start or span.end],
        applies_to=[name.strip() for name in post.getlist("applies_to") if name.strip()],
        always=bool(post.get("always")),
    )


def _text(post: QueryDict, name: str) -> str:
    return str(post.get(name, "")).strip()


def body_of(fields: AbsenceFields, table: Mapping[str, object]) -> Body:
    """The absence that the fields say. Raises InvalidError with one sentence and the field."""
    spans = [_span(span) for span in fields.spans]
    recurs = bool(table["rows"] or table["one_offs"])
    if not (spans or recurs or fields.always):
        raise InvalidError("Give the days and times of the absence, or say that it holds until ended.", field="spans")
    if fields.always and (spans or recurs):
        raise InvalidError(
            "An absence that holds until ended has no times; leave one or the other empty.", field="always"
        )
    raw = {"kind": "absence", "absence_kind": fields.kind, "timetable": table, "spans": spans}
    return check_body(raw | {"applies_to": fields.applies_to, "reason": fields.reason})


def _span(span: SpanFields) -> dict[str, str]:
    for text in (span.start, span.end):
        if not _MOMENT.fullmatch(text[:16]):
            raise InvalidError("Leave once needs the day and time from which and until which.", field="spans")
    return {"start": span.start[:16], "end": span.end[:16]}


def of_body(body: Absence) -> AbsenceFields:
    """The form that says this absence."""
    return AbsenceFields(
        kind=body.absence_kind.value,
        reason=body.reason,
        spans=[
            SpanFields(i, _moment(one.start, "00:00"), _moment(one.end, "23:59")) for i, one in enumerate(body.spans)
        ],
        applies_to=list(body.applies_to),
        always=not (body.spans or body.timetable.rows or body.timetable.one_offs),
    )


def _moment(text: str, edge: str) -> str:
    return text[:16] if "T" in text else f"{text}T{edge}"


def first_new_ms(spans: Iterable[SpanFields], before: Body | None, time_zone: str) -> int | None:
    """When the earliest leave begins that the version before did not have: an absence has to be in force by then."""
    known = {(one.start[:16], one.end[:16]) for one in before.spans} if isinstance(before, Absence) else set()
    new = [span.start for span in spans if (span.start[:16], span.end[:16]) not in known and span.start]
    return min((input_ms(start, time_zone) for start in new), default=None)


def blank(fields: AbsenceFields, count: int) -> list[SpanFields]:
    """Empty lines after those that are filled in."""
    first = max((span.index for span in fields.spans), default=-1) + 1
    return [SpanFields(first + i) for i in range(count)]
