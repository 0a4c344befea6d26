"""How often a code may be asked for, and how often a wrong one given; the same whether or not a reference exists.

Six digits, five tries a code and eight codes a day: who guesses for a day has a chance of 1 in 25,000 with one person.
"""

import hashlib
import hmac
from typing import NamedTuple

from django.conf import settings

from surety.clock import parse_clock
from surety.server.portal.models import Attempt

MINUTE_MS = 60_000
HOUR_MS, DAY_MS = 60 * MINUTE_MS, 1_440 * MINUTE_MS


class Limit(NamedTuple):
    """At most so many within a time."""

    most: int
    within_ms: int


ASKED, WRONG = "asked", "wrong"
OF_A_PERSON = (Limit(3, 15 * MINUTE_MS), Limit(8, DAY_MS))
OF_AN_ADDRESS = {ASKED: (Limit(20, HOUR_MS),), WRONG: (Limit(30, HOUR_MS),)}


def machine_ms() -> int:
    """The machine's time: codes and sessions go by it, also where the domain's clock runs faster."""
    return parse_clock("system").now_ms()


def keyed(*parts: str) -> str:
    """A hash that only this installation can make: six digits would soon be guessed from a plain one."""
    text = "\x00".join(("portal", *parts))
    return hmac.new(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


def person_may_ask(reference: str, at_ms: int) -> bool:
    """Whether another code may be sent for a reference, which counts as asked, be it anybody's or not."""
    return _counted(ASKED, "reference", reference, OF_A_PERSON, at_ms)


def address_may(kind: str, address: str, at_ms: int) -> bool:
    """Whether an address may ask for a code, or try one, once more. Only asking counts here; see `note_wrong`."""
    if kind == ASKED:
        return _counted(kind, "address", address, OF_AN_ADDRESS[kind], at_ms)
    return _within(kind, keyed("address", address), OF_AN_ADDRESS[kind], at_ms)


def note_wrong(address: str, at_ms: int) -> None:
    """Count a wrong code of an address."""
    Attempt.objects.create(kind=WRONG, subject_hmac=keyed("address", address), at_ms=at_ms)


def _counted(kind: str, what: str, name: str, limits: tuple[Limit, ...], at_ms: int) -> bool:
    subject = keyed(what, name)
    if not _within(kind, subject, limits, at_ms):
        return False
    Attempt.objects.create(kind=kind, subject_hmac=subject, at_ms=at_ms)
    return True


def _within(kind: str, subject: str, limits: tuple[Limit, ...], at_ms: int) -> bool:
    made = Attempt.objects.filter(kind=kind, subject_hmac=subject)
    return all(made.filter(at_ms__gt=at_ms - one.within_ms).count() < one.most for one in limits)
