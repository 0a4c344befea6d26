"""A calendar file as components and their properties, before any of it means anything.

The library unfolds the lines and splits them; the tree is built here, because the library's own would keep every time
zone of every file it has seen, and expand the zones' rules without end.
"""

from typing import NamedTuple

from icalendar.parser import Contentline, Contentlines

from surety.ical.errors import CalendarError

MAX_BYTES = 1_000_000  # ten years of nights are a third of it
_DEEPEST = 4  # a calendar, its zone, the zone's part; one more for what others invent


class Property(NamedTuple):
    """One line: NAME;PARAM=...:value."""

    name: str
    parameters: dict[str, str]
    value: str


class Component(NamedTuple):
    """What stands between BEGIN and END."""

    name: str
    properties: list[Property]
    parts: list["Component"]

    def all(self, name: str) -> list[Property]:
        """Every property of that name."""
        return [one for one in self.properties if one.name == name]

    def text(self, name: str) -> str:
        """The value of the first property of that name, or nothing."""
        return next((one.value for one in self.properties if one.name == name), "")


def parse(data: bytes) -> list[Component]:
    """The calendars of a file. Raises CalendarError where it is none, or larger than MAX_BYTES."""
    if len(data) > MAX_BYTES:
        raise CalendarError(f"the calendar is larger than {MAX_BYTES // 1_000_000} MB; export a shorter time of it")
    try:
        # The library has no types for its parsers.
        lines = Contentlines.from_ical(data.decode("utf-8-sig"))  # type: ignore[no-untyped-call]
    except UnicodeDecodeError:
        raise CalendarError("the file is no calendar: it is not text in UTF-8; export it as iCalendar (.ics)") from None
    top = Component("", [], [])
    open_: list[Component] = [top]
    for line in lines:
        if line.strip():
            _take(open_, line)
    calendars = [part for part in top.parts if part.name == "VCALENDAR"]
    if len(open_) > 1 or not calendars:
        raise CalendarError("the file is no whole calendar (BEGIN:VCALENDAR to END:VCALENDAR); export it as .ics again")
    return calendars


def _take(open_: list[Component], line: Contentline) -> None:
    """One line more: it opens a component, closes the last one, or is a property of it."""
    try:
        name, parameters, value = line.parts()
    except ValueError:
        raise CalendarError(f'the line "{line[:40]}" of the calendar cannot be read; export it as .ics again') from None
    name, value = str(name).upper(), str(value)
    if name == "BEGIN" and len(open_) <= _DEEPEST:
        component = Component(value.upper(), [], [])
        open_[-1].parts.append(component)
        open_.append(component)
    elif name == "END" and len(open_) > 1 and open_[-1].name == value.upper():
        open_.pop()
    elif name in ("BEGIN", "END") or len(open_) == 1:
        raise CalendarError(f'the line "{line[:40]}" of the calendar is out of place; export it as .ics again')
    else:
        known = {str(key).upper(): str(text) for key, text in parameters.items()}
        open_[-1].properties.append(Property(name, known, value))
