"""What the pages about one person share: who may, what time it is, and refusals as pages."""

import datetime as dt
import zoneinfo
from collections.abc import Callable
from functools import update_wrapper
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from surety.rules import words
from surety.server.accounts.models import User
from surety.server.errors import NotAllowedError, NotFoundError
from surety.server.timekeeping import now_ms

P = ParamSpec("P")
__all__ = [
    "ago_text",
    "clock_text",
    "full_text",
    "input_ms",
    "input_text",
    "local",
    "now_ms",
    "refusals_as_pages",
    "safe_name",
    "user_of",
]


def user_of(request: HttpRequest) -> User:
    """The user who asks. Behind `requires` there always is one."""
    if not isinstance(request.user, User):
        raise PermissionDenied("Log in first.")
    return request.user


def refusals_as_pages(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Answer 404 for what is not there or out of reach, and 403 for what the user may not do."""

    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except NotFoundError as error:
            raise Http404(error.sentence) from error
        except NotAllowedError as error:
            raise PermissionDenied(error.sentence) from error

    return update_wrapper(guarded, view)


def local(at_ms: int, time_zone: str) -> dt.datetime:
    """An instant on the clocks of a zone."""
    return dt.datetime.fromtimestamp(at_ms / 1000, tz=zoneinfo.ZoneInfo(time_zone))


def clock_text(at_ms: int, time_zone: str) -> str:
    """An instant to the second with its date, for tables: "Mon 23 Nov 21:04:07"."""
    there = local(at_ms, time_zone)
    return f"{there:%a} {there.day} {there:%b %H:%M:%S}"


def full_text(at_ms: int | None, time_zone: str) -> str:
    """An instant with date and zone, or "none"."""
    return "none" if at_ms is None else words.local_time(at_ms, time_zone)


def ago_text(at_ms: int, now: int) -> str:
    """How long ago, roughly: "6 min ago"."""
    minutes = (now - at_ms) // 60_000
    if minutes < 1:
        return "just now" if now >= at_ms else "in the future"
    if minutes < 120:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 48 * 60 else f"{minutes // 1440} days ago"


def input_text(at_ms: int, time_zone: str) -> str:
    """An instant as a datetime-local field holds it."""
    return local(at_ms, time_zone).strftime("%Y-%m-%dT%H:%M")


def input_ms(text: str, time_zone: str) -> int:
    """What a datetime-local field holds, in milliseconds; of a doubled hour the first. ValueError: no time at all."""
    there = dt.datetime.fromisoformat(text.strip())
    if there.tzinfo is None:
        there = there.replace(tzinfo=zoneinfo.ZoneInfo(time_zone))
    return int(there.timestamp() * 1000)


def safe_name(reference: str) -> str:
    """A reference as part of a file's name."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in reference)
