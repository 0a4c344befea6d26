"""What the form of a check-in duty holds: from the fields posted to a duty of the rules, and back.

Its times are the form's timetable and its pauses the exceptions, as for every other condition. Exemptions are written
one a line: "Work mon-fri 09:00-17:00". All times are on the person's clocks.
"""

import re
from collections.abc import Iterable, Mapping

import msgspec
from django.http import QueryDict

from surety.rules.conditions import Body, CheckInDuty, Exemption, Row, Timetable, Weekday
from surety.server.cases.checks import check_body
from surety.server.errors import InvalidError

HOW = (
    ("unforeseen", "At times that nobody can foresee"),
    ("fixed", "At fixed times"),
)
_HOUR = r"(?:[01]\d|2[0-3]):[0-5]\d"
_DAY = r"[a-z]{3}(?:-[a-z]{3})?"
_DAYS = rf"every day|{_DAY}(?:, ?{_DAY})*"
_TIMES = rf"(?P<start>{_HOUR}) ?(?:-|to) ?(?P<end>{_HOUR}|24:00)"
_LINE = re.compile(rf"(?P<name>\S.*?),? (?P<days>{_DAYS}) {_TIMES}", re.IGNORECASE)
_LONGEST = 200  # letters of a line
_WEEK = tuple(Weekday)
_SENTENCE = 'Line {} of the exemptions is "{}"; write what it is, the days and the times: Work mon-fri 09:00-17:00.'


class CheckInFields(msgspec.Struct):
    """What only a check-in duty has, as typed."""

    per_day: str = "3"
    how: str = "unforeseen"
    fixed: str = ""
    response: str = "30"
    late: str = "24"
    apart: str = "60"
    exempt: str = ""


def of_post(post: QueryDict) -> CheckInFields:
    """What was posted, as typed."""

    def text(name: str) -> str:
        return str(post.get(name, "")).strip()

    return CheckInFields(
        per_day=text("per_day"),
        how=text("how") or "unforeseen",
        fixed=text("fixed"),
        response=text("response"),
        late=text("late"),
        apart=text("apart"),
        exempt=str(post.get("exempt", "")).strip(),
    )


def body_of(fields: CheckInFields, table: Mapping[str, object], time_zone: str) -> Body:
    """The duty that the fields say. Raises InvalidError with one sentence and the field."""
    if not (table["rows"] or table["one_offs"]):
        raise InvalidError("Give at least one time in which photographs may be asked for.", field="rows")
    fixed = _fixed(fields.fixed) if fields.how == "fixed" else ()
    per_day = _number(fields.per_day, "per_day", "how many photographs a day are asked for", 0, 5)
    if fields.how == "fixed" and len(fixed) != per_day:
        raise InvalidError(f"Give {per_day} fixed times, as so many are asked for a day.", field="fixed")
    return check_body(
        {
            "kind": "check_in",
            "per_day": per_day,
            "response_s": 60 * _number(fields.response, "response", "the minutes to answer", 5, 1_440),
            "late_until_s": 3_600 * _number(fields.late, "late", "the hours in which it may come late", 0, 72),
            "apart_s": 60 * _number(fields.apart or "0", "apart", "the minutes between two questions", 0, 720),
            "timetable": table,
            "fixed": fixed,
            "exempt": msgspec.to_builtins(_exemptions(fields.exempt, time_zone)),
        }
    )


def _number(text: str, field: str, what: str, least: int, most: int) -> int:
    if not text.isdigit() or not least <= int(text) <= most:
        raise InvalidError(f"Write {what} as a whole number from {least} to {most:,}.", field=field)
    return int(text)


def _fixed(text: str) -> tuple[str, ...]:
    found = [one for one in re.split(r"[,;\s]+", text) if one]
    for one in found:
        if not re.fullmatch(_HOUR, one):
            raise InvalidError(f'"{one}" is not a time; write the fixed times as 09:00, 14:30.', field="fixed")
    return tuple(sorted(set(found)))


def _exemptions(text: str, time_zone: str) -> tuple[Exemption, ...]:
    """The exemptions that lines of text say; lines with the same name are one."""
    rows: dict[str, list[Row]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not (words := " ".join(line.split())):
            continue
        match = _LINE.fullmatch(words) if len(words) <= _LONGEST else None
        days = _days(match["days"]) if match else ()
        if match is None or not days:
            raise InvalidError(_SENTENCE.format(number, words[:60]), field="exempt")
        rows.setdefault(match["name"][:64], []).extend(Row(day, match["start"], match["end"]) for day in days)
    return tuple(Exemption(name, Timetable(time_zone, tuple(found))) for name, found in rows.items())


def _days(text: str) -> tuple[Weekday, ...]:
    """The days of "mon-fri, sun"; none where a word is no day."""
    found: list[Weekday] = []
    for part in text.lower().replace("every day", "mon-sun").split(","):
        first, _, last = part.strip().partition("-")
        try:
            low, high = _WEEK.index(Weekday(first)), _WEEK.index(Weekday(last or first))
        except ValueError:
            return ()
        found += [_WEEK[(low + n) % 7] for n in range((high - low) % 7 + 1)]
    return tuple(dict.fromkeys(found))


# --- and back ------------------------------------------------------------------------------------------------------


def of_body(body: CheckInDuty) -> CheckInFields:
    """The form that says this duty."""
    return CheckInFields(
        per_day=str(body.per_day),
        how="fixed" if body.fixed else "unforeseen",
        fixed=", ".join(body.fixed),
        response=str(body.response_s // 60),
        late=str(body.late_until_s // 3_600),
        apart=str(body.apart_s // 60),
        exempt="\n".join(line for one in body.exempt for line in _lines(one)),
    )


def _lines(exemption: Exemption) -> Iterable[str]:
    hours: dict[tuple[str, str], list[Weekday]] = {}
    for row in exemption.timetable.rows:
        hours.setdefault((row.start, row.end), []).append(row.day)
    for (start, end), days in hours.items():
        yield f"{exemption.name} {_days_text(days)} {start}-{end}"


def _days_text(days: list[Weekday]) -> str:
    places = sorted({_WEEK.index(day) for day in days})
    if len(places) == 7:
        return "every day"
    if len(places) > 2 and places[-1] - places[0] == len(places) - 1:
        return f"{_WEEK[places[0]]}-{_WEEK[places[-1]]}"
    return ", ".join(str(_WEEK[place]) for place in places)
