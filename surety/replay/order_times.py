"""The times of an order file: weekly lines, dates, and what a calendar file adds or leaves out."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec

from surety.ical import timetables
from surety.ical.errors import CalendarError
from surety.ical.lines import MAX_BYTES
from surety.replay.errors import InputError, read_bytes
from surety.replay.yaml_text import Text, Where
from surety.rules import schedule
from surety.rules.conditions import LocalDate, LocalTime, Moment, OneOff, Pause, Row, Timetable, Weekday
from surety.rules.intervals import Span


class Time(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of every week."""

    days: str | tuple[str, ...]
    start: LocalTime
    end: LocalTime
    place: str = ""


class Date(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A window of one date, or all events of a calendar file as such windows."""

    date: LocalDate | None = None
    start: LocalTime | None = None
    end: LocalTime | None = None
    ics: str | None = None
    place: str = ""


class Excepted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A time in which the condition does not apply: a date, a stretch, or all events of a calendar file."""

    date: LocalDate | None = None
    begins: Moment | None = msgspec.field(default=None, name="from")
    ends: Moment | None = msgspec.field(default=None, name="to")
    ics: str | None = None
    name: Annotated[str, msgspec.Meta(max_length=120)] = ""


class Times(msgspec.Struct, frozen=True):
    """All that a condition may say of when it holds."""

    times: tuple[Time, ...]
    dates: tuple[Date, ...]
    from_date: LocalDate | None
    until_date: LocalDate | None
    exceptions: tuple[Excepted, ...] | Excepted


class TimesReader:
    """Times as written, on their way to a timetable. `term`: when the condition holds; None: its start is open."""

    def __init__(self, text: Text, where: Where, time_zone: str, term: Span | None) -> None:
        self._text, self._where, self._zone, self._term = text, where, time_zone, term

    def timetable(self, written: Times) -> Timetable:
        """The timetable. Raises InputError with the line."""
        rows = [
            Row(day, time.start, time.end, time.place)
            for i, time in enumerate(written.times)
            for day in self._days((*self._where, "times", i, "days"), time.days)
        ]
        one_offs = [
            one for i, date in enumerate(written.dates) for one in self._dates((*self._where, "dates", i), date)
        ]
        table = Timetable(self._zone, tuple(rows), tuple(one_offs), written.from_date, written.until_date)
        self._check((*self._where, "until_date"), table)
        return msgspec.structs.replace(table, exceptions=self.pauses("exceptions", written.exceptions))

    def _dates(self, where: Where, date: Date) -> tuple[OneOff, ...]:
        if date.ics is not None and date.date is date.start is date.end is None:
            data = self._calendar(where, date.ics)
            with self._told(date.ics):
                return timetables.one_offs(data, self._zone, self._term, date.place)
        if date.ics is not None or date.date is None or date.start is None or date.end is None:
            raise self._text.error(where, "one of `dates` needs `date`, `start` and `end`, or `ics` alone")
        one_off = OneOff(date.date, date.start, date.end, date.place)
        self._check((*where, "date"), Timetable(self._zone, (), (one_off,)))
        return (one_off,)

    def pauses(self, part: str, written: tuple[Excepted, ...] | Excepted) -> tuple[Pause, ...]:
        """Stretches of time, as the part of a condition that is called `part` names them. Raises InputError."""
        where = (*self._where, part)
        if isinstance(written, Excepted):
            return self._excepted(part, where, written)
        return tuple(pause for i, one in enumerate(written) for pause in self._excepted(part, (*where, i), one))

    def _excepted(self, part: str, where: Where, one: Excepted) -> tuple[Pause, ...]:
        stretch = one.begins is not None and one.ends is not None
        if (one.begins is None) != (one.ends is None) or [one.date is not None, stretch, one.ics is not None].count(
            True
        ) != 1:
            raise self._text.error(where, f"one of `{part}` needs either `date`, or `from` and `to`, or `ics`")
        if one.ics is not None:
            data = self._calendar(where, one.ics)
            with self._told(one.ics):
                found = timetables.exceptions(data, self._zone, self._term)
            return tuple(Pause(pause.start, pause.end, pause.name or one.name) for pause in found)
        pause = Pause(one.begins or one.date or "", one.ends or one.date or "", one.name)
        self._check(where, Timetable(self._zone, exceptions=(pause,)))
        return (pause,)

    def _calendar(self, where: Where, name: str) -> bytes:
        try:
            return read_bytes(self._beside(name), MAX_BYTES)
        except InputError as error:
            raise self._text.error((*where, "ics"), str(error)) from None

    def _beside(self, name: str) -> Path:
        """A file beside the order file, where its name says no other place."""
        return self._text.file.parent / name

    @contextlib.contextmanager
    def _told(self, name: str) -> Iterator[None]:
        try:
            yield
        except CalendarError as error:
            raise InputError(self._beside(name), None, str(error)) from None

    def _days(self, where: Where, written: str | tuple[str, ...]) -> list[Weekday]:
        text = written if isinstance(written, str) else ", ".join(written)
        week = list(Weekday)
        found: list[Weekday] = []
        for part in text.lower().split(","):
            first, _, last = part.strip().partition("-")
            if first in ("every day", "daily"):
                first, last = "mon", "sun"
            try:
                low, high = week.index(Weekday(first[:3])), week.index(Weekday((last or first)[:3]))
            except ValueError:
                raise self._text.error(
                    where, f'"{part.strip()}" is no day; write mon, mon-fri, "mon, wed" or "every day"'
                ) from None
            found += [week[(low + n) % 7] for n in range((high - low) % 7 + 1)]
        return found

    def _check(self, where: Where, table: Timetable) -> None:
        try:
            schedule.check(table)
        except schedule.TimetableError as error:
            raise self._text.error(where, str(error)) from None
