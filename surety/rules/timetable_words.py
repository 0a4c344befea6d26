"""Says a timetable in plain words: its week, its dates, what it leaves out.

"Monday to Friday 19:00-07:00 from Tue 3 Nov 2026; all day on Sat 7 Nov 2026 (Europe/London), except all day Fri 25 Dec
2026 (Christmas Day)". Dates that follow one another are told as one stretch; a long list is cut and its rest counted.
"""

import datetime as dt
from collections.abc import Iterator, Sequence

from surety.rules import schedule
from surety.rules.conditions import OneOff, Pause, Row, Timetable, Weekday
from surety.rules.phrases import abbreviation

_DAYS = {
    Weekday.MON: "Monday",
    Weekday.TUE: "Tuesday",
    Weekday.WED: "Wednesday",
    Weekday.THU: "Thursday",
    Weekday.FRI: "Friday",
    Weekday.SAT: "Saturday",
    Weekday.SUN: "Sunday",
}
_MOST = 12  # of a list, before the rest is counted: more is not read by anybody
_DATE_LENGTH = len("2026-11-23")
_DAY = dt.timedelta(days=1)


def timetable(table: Timetable) -> str:
    """When a timetable is active, as the end of a sentence that begins with what is asked."""
    always = not table.rows and not table.one_offs
    bounds = dates(table)
    parts = ["at all times" + bounds] if always else _weekly(table.rows, bounds)
    parts += one_offs(table.one_offs)
    zone = "" if always and not bounds and not table.exceptions else f" ({table.zone})"
    left_out = exceptions(table)
    return f"{'; '.join(parts)}{zone}{', except ' + ', '.join(left_out) if left_out else ''}"


def dates(table: Timetable) -> str:
    """The first and the last date, each with its word and a space before it; nothing where there is none."""
    first, last = table.from_date, table.until_date
    if first is not None and first == last:
        return f" on {date(first)} only"
    begins = "" if first is None else f" from {date(first)}"
    until = "until" if first is None else "to"
    return begins + ("" if last is None else f" {until} {date(last)}")


def one_offs(found: Sequence[OneOff]) -> list[str]:
    """Single windows: "on Tue 3 Nov 2026 22:00-24:00"; days of lockdown in a row are one stretch."""
    ordered = sorted(found, key=lambda one: (one.date, one.start))
    texts: list[str] = []
    for group in _stretches(ordered):
        first, last = group[0], group[-1]
        if len(group) > 1:
            texts.append(f"all day from {date(first.date)} to {date(last.date)}{_at(first.place)}")
        else:
            texts.append(_on(f"on {date(first.date)}", _hours(first)) + _at(first.place))
    return _cut(texts, ordered[-1].date if ordered else "")


def exceptions(table: Timetable) -> list[str]:
    """What the timetable leaves out, one text each; the same hours of several days for the same reason are one."""
    ordered = sorted(table.exceptions, key=lambda pause: (pause.start, pause.end))
    groups: dict[tuple[str, str], list[Pause]] = {}
    for pause in ordered:
        hours = _hours_of_a_day(pause)
        groups.setdefault((hours, pause.name) if hours else (pause.start, pause.end), []).append(pause)
    last = max((pause.end[:_DATE_LENGTH] for pause in ordered), default="")
    return _cut([_together(hours, pauses, table.zone) for (hours, _), pauses in groups.items()], last)


def pause_words(pause: Pause, time_zone: str) -> str:
    """One exception, or one absence: "18:00-20:00 on Fri 25 Dec 2026 (Wedding)"."""
    return _together(_hours_of_a_day(pause), [pause], time_zone)


def _together(hours: str, pauses: list[Pause], time_zone: str) -> str:
    """Exceptions at the same hours of days: "all day Fri 25 Dec 2026 (Christmas Day)"; or one of another kind."""
    first = pauses[0]
    name = f" ({first.name})" if first.name else ""
    if not _hours_of_a_day(first):
        return f"{_stretch(first, time_zone)}{name}"
    dates = _cut([date(pause.start[:_DATE_LENGTH]) for pause in pauses], pauses[-1].start[:_DATE_LENGTH])
    return f"{hours} {'' if hours == 'all day' else 'on '}{', '.join(dates)}{name}"


def _hours_of_a_day(pause: Pause) -> str:
    """ "all day" or "18:00-02:00", where an exception is of one date as a row would be; otherwise nothing."""
    if len(pause.start) == len(pause.end) == _DATE_LENGTH:
        return "all day" if pause.start == pause.end else ""
    (day, start), (last, end) = (_split(text) for text in (pause.start, pause.end))
    days = dt.date.fromisoformat(last) - dt.date.fromisoformat(day)
    as_a_row = bool(start and end) and (days == _DAY * (end <= start))
    return f"{start}-{end}" if as_a_row and not (start + end).count("Z") else ""


def _split(text: str) -> tuple[str, str]:
    return text[:_DATE_LENGTH], text[_DATE_LENGTH + 1 :]


def _stretch(pause: Pause, time_zone: str) -> str:
    if len(pause.start) == len(pause.end) == _DATE_LENGTH:
        return f"all day from {date(pause.start)} to {date(pause.end)}"
    return f"{_moment(pause.start, '00:00', time_zone)} to {_moment(pause.end, '24:00', time_zone)}"


def date(text: str) -> str:
    """A date: "Fri 25 Dec 2026"."""
    day = dt.date.fromisoformat(text)
    return f"{day:%a} {day.day} {day:%b %Y}"


def _weekly(rows: Sequence[Row], bounds: str) -> list[str]:
    grouped: dict[tuple[str, str], list[Weekday]] = {}
    for row in rows:
        grouped.setdefault((_hours(row), row.place), []).append(row.day)
    texts = [_on(_days(days), hours) + _at(place) for (hours, place), days in grouped.items()]
    return [*texts[:-1], texts[-1] + bounds] if texts else []


def _hours(row: Row | OneOff) -> str:
    """ "19:00-07:00", or "all day" where that is a calendar day from its beginning to its end."""
    return "all day" if _is_whole(row) else f"{row.start}-{row.end}"


def _on(day: str, hours: str) -> str:
    return f"{hours} {day}" if hours == "all day" else f"{day} {hours}"


def _is_whole(row: Row | OneOff) -> bool:
    return row.start == "00:00" and row.end in ("24:00", "00:00")


def _stretches(ordered: Sequence[OneOff]) -> Iterator[list[OneOff]]:
    """Whole days at the same place that follow one another, together; everything else by itself."""
    group: list[OneOff] = []
    for one in ordered:
        if group and _follows(group[-1], one):
            group.append(one)
        else:
            if group:
                yield group
            group = [one]
    if group:
        yield group


def _follows(one: OneOff, other: OneOff) -> bool:
    whole = _is_whole(one) and _is_whole(other) and one.place == other.place
    return whole and dt.date.fromisoformat(one.date) + _DAY == dt.date.fromisoformat(other.date)


def _cut(texts: list[str], last: str) -> list[str]:
    if len(texts) <= _MOST:
        return texts
    return [*texts[: _MOST - 1], f"and {len(texts) - _MOST + 1} more, the last on {date(last)}"]


def _moment(text: str, edge: str, time_zone: str) -> str:
    day, hour = _split(text)
    if not hour.endswith("Z"):
        return f"{date(day)} {hour or edge}"
    local = (dt.datetime.fromisoformat(text)).astimezone(schedule.zone(time_zone))
    return f"{date(str(local.date()))} {local:%H:%M} {abbreviation(local)}"


def _days(days: list[Weekday]) -> str:
    order = list(Weekday)
    places = sorted({order.index(day) for day in days})
    if len(places) == 7:
        return "every day"
    if len(places) > 2 and places[-1] - places[0] == len(places) - 1:
        return f"{_DAYS[order[places[0]]]} to {_DAYS[order[places[-1]]]}"
    return ", ".join(_DAYS[order[place]] for place in places)


def _at(place: str) -> str:
    return f" at {place}" if place else ""
