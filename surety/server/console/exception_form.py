"""The exceptions of a timetable in a form: one a line, typed, picked with the dates beside them, or read from a file.

"2026-12-25 Christmas Day" is a whole day, "2026-12-24 18:00 to 2026-12-26 12:00 Leave" a time. All local, but for a
time with a Z, which is UTC: so a file can name the second of two showings of an hour. What it is for stands after a
space, or after a colon where it begins like a time ("2026-05-01: 1st of May").
"""

import re
from collections.abc import Iterable

from django.core.files.uploadedfile import UploadedFile

from surety.ical import timetables
from surety.ical.errors import CalendarError
from surety.ical.lines import MAX_BYTES
from surety.rules.conditions import Pause
from surety.rules.intervals import Span
from surety.server.errors import InvalidError

_DAY, _TIME = r"\d{4}-\d{2}-\d{2}", r"(?:[01]\d|2[0-3]):[0-5]\dZ?"
_START = rf"(?P<day>{_DAY})(?:[ T](?P<time>{_TIME}))?"
_END = rf"(?P<last>{_DAY})(?:[ T](?P<until>{_TIME}))?|(?P<same>{_TIME})"
_NAME = r"(?: ?[:,] ?(?P<any>.*)| (?P<name>(?!\d|to )\S.*))"  # after a sign, one that begins like a time too
_LINE = re.compile(rf"{_START}(?: to (?:{_END}))?(?:{_NAME})?")
_LIKE_A_TIME = re.compile(r"\d|to |[:,]")
_DATE_LENGTH = len("2026-12-25")
_SENTENCE = 'Line {} of the exceptions is "{}"; write 2026-12-25, or 2026-12-24 18:00 to 2026-12-26 12:00.'


def pauses_of(text: str) -> tuple[Pause, ...]:
    """The exceptions that lines of text say. Raises InvalidError with the line."""
    lines = [(number, " ".join(line.split())) for number, line in enumerate(text.splitlines(), 1)]
    return tuple(_pause(number, line) for number, line in lines if line)


def _pause(number: int, line: str) -> Pause:
    match = _LINE.fullmatch(line)
    if match is None or (match["time"] and not (match["last"] or match["same"])):
        raise InvalidError(_SENTENCE.format(number, line[:60]), field="exceptions")
    end = _moment(match["last"] or match["day"], match["until"] or match["same"])
    return Pause(_moment(match["day"], match["time"]), end, (match["name"] or match["any"] or "")[:120])


def _moment(day: str, time: str | None) -> str:
    return f"{day}T{time}" if time else day


def text_of(pauses: Iterable[Pause]) -> str:
    """Exceptions as lines of text."""
    return "\n".join(_line(pause) for pause in pauses)


def _line(pause: Pause) -> str:
    start, end = pause.start.replace("T", " "), pause.end.replace("T", " ")
    if len(start) > _DATE_LENGTH and end.startswith(f"{start[:_DATE_LENGTH]} "):
        end = end[_DATE_LENGTH + 1 :]  # on the same day
    when = start if start == end else f"{start} to {end}"
    return f"{when}: {pause.name}" if _LIKE_A_TIME.match(pause.name) else f"{when} {pause.name}".strip()


def with_file(text: str, file: UploadedFile, time_zone: str, term: Span) -> tuple[str, int]:
    """The text with the events of a calendar file (.ics) that meet `term`, and how many of them are new.

    Raises InvalidError with one sentence.
    """
    if file.size is None or file.size > MAX_BYTES:
        raise InvalidError("The calendar file is larger than 1 MB; export a shorter time of it.", field="calendar")
    there = pauses_of(text)
    try:
        found = timetables.exceptions(file.read(), time_zone, term)
    except CalendarError as error:
        sentence = f"{str(error)[0].upper()}{str(error)[1:]}."
        raise InvalidError(f"The calendar file cannot be used. {sentence}", field="calendar") from None
    new = [pause for pause in found if pause not in there]
    return text_of([*there, *new]), len(new)
