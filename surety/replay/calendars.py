"""`surety calendar`: what an order asks as a calendar file, and a calendar file as part of an order.

The rules take a moment to load, so they are imported where they are used: `surety --help` need not wait for them.
"""

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surety.clock import SystemClock
from surety.replay.errors import InputError, read_bytes

if TYPE_CHECKING:
    from surety.rules.conditions import OneOff, Pause
    from surety.rules.intervals import Span

Arg, Opt = typer.Argument, typer.Option
_DATE_HELP = "such as 2026-11-23, local to the zone"


def export(
    order: Annotated[Path, Arg(metavar="ORDER.yaml", help="What was ordered; see docs/replay.md.")],
    *,
    begins: Annotated[str, Opt("--from", help=f"First date, {_DATE_HELP}; the order's start where left out.")] = "",
    ends: Annotated[str, Opt("--to", help="Last date; the order's end, at most two years on, where left out.")] = "",
) -> None:
    """Print an order's curfews and zones as an iCalendar file, for a phone or a diary.

    surety calendar export docs/examples/order.yaml > duties.ics
    """
    from surety.ical import writing  # noqa: PLC0415 - slow to load, see above
    from surety.replay import orders  # noqa: PLC0415 - the same

    try:
        found = orders.read_order(order)
    except InputError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    term = _term(begins, ends, found.time_zone, found.from_ms)
    if term is None:
        raise typer.BadParameter("the order says no start; give the first date with --from")
    person = found.conditions.person_id
    stamp_ms = SystemClock().now_ms()
    typer.echo(
        writing.calendar_of(found.conditions.conditions, person, f"Duties of {person}", term, stamp_ms), nl=False
    )


def read(
    calendar: Annotated[Path, Arg(metavar="CALENDAR.ics", help="An iCalendar file.")],
    time_zone: Annotated[str, Opt("--zone", help="The order's time zone, an IANA name.")],
    *,
    begins: Annotated[str, Opt("--from", help=f"First date that matters, {_DATE_HELP}.")] = "",
    ends: Annotated[str, Opt("--to", help="Last date that matters; two years on where left out.")] = "",
    as_dates: Annotated[bool, Opt("--dates", help="As `dates` of a condition instead of `exceptions`.")] = False,
) -> None:
    """Print the events of a calendar as `exceptions` (or `dates`) of an order file, so that they can be looked at.

    The order file may also name the calendar itself: see docs/calendar.md.
    """
    from surety.ical import timetables  # noqa: PLC0415 - slow to load, see above
    from surety.ical.errors import CalendarError  # noqa: PLC0415 - the same
    from surety.ical.lines import MAX_BYTES  # noqa: PLC0415 - the same

    try:
        data, term = read_bytes(calendar, MAX_BYTES), _term(begins, ends, time_zone, None)
        try:
            if as_dates:
                _print("dates", map(_date_line, timetables.one_offs(data, time_zone, term)))
            else:
                _print("exceptions", map(_exception_line, timetables.exceptions(data, time_zone, term)))
        except CalendarError as error:
            raise InputError(calendar, None, str(error)) from None
    except InputError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


def _term(begins: str, ends: str, time_zone: str, otherwise_ms: int | None) -> "Span | None":
    from surety.rules import schedule  # noqa: PLC0415 - slow to load, see above
    from surety.rules.intervals import Span  # noqa: PLC0415 - the same

    try:
        schedule.zone(time_zone)
    except schedule.TimetableError as error:
        raise typer.BadParameter(f"--zone: {error}") from None

    def midnight(written: str, option: str, days: int) -> int:
        try:
            return schedule.first_showing(time_zone, dt.date.fromisoformat(written).toordinal() + days, 0)
        except (ValueError, OverflowError):
            raise typer.BadParameter(f'{option} is "{written}"; write a date such as 2026-11-23') from None

    end = midnight(ends, "--to", 1) if ends else schedule.END
    start = midnight(begins, "--from", 0) if begins else otherwise_ms
    if start is not None and end <= start:
        raise typer.BadParameter("--to must not lie before --from")
    return None if start is None else Span(start, end)


def _print(name: str, lines: Iterable[str]) -> None:
    typer.echo(f"{name}:")
    for line in lines:
        typer.echo(f"  - {{{line}}}")


def _exception_line(pause: "Pause") -> str:
    when = f"date: {pause.start}" if pause.start == pause.end else f"from: {pause.start}, to: {pause.end}"
    return f"{when}, name: {_quoted(pause.name)}" if pause.name else when


def _date_line(one: "OneOff") -> str:
    return f"date: {one.date}, start: {one.start}, end: {one.end}"


def _quoted(text: str) -> str:
    """A text as YAML, in single quotes; what is no letter, such as a bell, is left out."""
    return "'" + "".join(letter for letter in text if letter.isprintable()).replace("'", "''") + "'"
