"""What a watch or a message says, in the person's language: one JSON file a language, each as complete as English.

Where there is no file of a language, English is said. Names of zones and places stand as they were recorded.
"""

import functools
import json
from collections.abc import Mapping
from pathlib import Path

from surety.rules.phrases import on_clock

_FOLDER = Path(__file__).with_name("lang")
ENGLISH = "en"


@functools.cache
def languages() -> tuple[str, ...]:
    """The languages of which there is a file."""
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.json")))


@functools.cache
def catalogue(tag: str) -> Mapping[str, str]:
    """The words of a language such as "es" or "es-MX"."""
    base = tag.lower().replace("_", "-").split("-")[0]
    found: dict[str, str] = json.loads(
        (_FOLDER / f"{base if base in languages() else ENGLISH}.json").read_text("utf-8")
    )
    return found


def say(tag: str, key: str, **values: str) -> str:
    """The words for `key`, with `{name}` filled in."""
    return catalogue(tag)[key].format(**values)


def number(tag: str, noun: str, count: int) -> str:
    """A number of things: "3 times"."""
    return say(tag, f"{noun}.{'one' if count == 1 else 'other'}", count=str(count))


def span(tag: str, seconds: int) -> str:
    """A length of time that was ordered: "30 minutes"."""
    return number(tag, "hours", seconds // 3_600) if seconds % 3_600 == 0 else number(tag, "minutes", seconds // 60)


def either(tag: str, names: list[str]) -> str:
    """ "home, work or school"."""
    if len(names) < 2:
        return "".join(names)
    return say(tag, "or", one=", ".join(names[:-1]), other=names[-1])


def clock(at_ms: int, time_zone: str) -> str:
    """An instant as the person's clock shows it: "14:30"."""
    return f"{on_clock(at_ms, time_zone):%H:%M}"
