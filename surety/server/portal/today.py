"""The first page: what is asked today, whether the person is where they are to be, and whether a photo is asked."""

from typing import NamedTuple

from surety.rules.conditions import ConditionSet, Curfew, Zone, ZoneKind
from surety.rules.presence import Presence
from surety.server.cases import queries as cases
from surety.server.cases.models import Person
from surety.server.checkins.models import CheckIn, Stands
from surety.server.console import recorded
from surety.server.portal import duties, times
from surety.server.portal.languages import say

FRESH_MS = 15 * 60_000  # a fix older than this does not tell where somebody is now


class Line(NamedTuple):
    """One duty of today: what, when, whether now, and where the person is as far as that is known."""

    words: str
    when: str
    now: bool
    where: str
    certain: bool


def lines(person: Person, known: ConditionSet, now_ms: int) -> list[Line]:
    """Today's duties, what holds now first."""
    zone = person.time_zone
    found = []
    for duty in duties.of_day(known, times.midnight(now_ms, zone), now_ms, zone):
        where, certain = _where(person, duty, now_ms) if duty.now else ("", False)
        found.append(Line(duty.words, duty.when, duty.now, where, certain))
    return found


def _where(person: Person, duty: duties.Duty, now_ms: int) -> tuple[str, bool]:
    """Inside, outside or not known, as the rules hold it from what the device told last."""
    body = duty.condition.body
    if not isinstance(body, Curfew | Zone):
        return "", False
    course = recorded.course(body, person.pk, now_ms - FRESH_MS, now_ms)
    last = course.points[-1] if course is not None and course.points else None
    if last is None or last.held is Presence.UNKNOWN:
        return say("We cannot tell now where you are. That is no breach."), False
    if last.held is Presence.INSIDE:
        return say("You are inside."), not isinstance(body, Zone) or body.zone_kind is ZoneKind.INCLUSION
    return say("You are outside."), isinstance(body, Zone) and body.zone_kind is not ZoneKind.INCLUSION


def photo_line(person: Person, now_ms: int) -> tuple[str, bool]:
    """Whether a photo is asked for now, in words; and whether it is."""
    asked = CheckIn.objects.filter(person=person, stands=Stands.ASKED, asked_ms__lte=now_ms, late_until_ms__gt=now_ms)
    first = asked.order_by("due_ms").first()
    if first is None:
        return say("No photo is asked of you now."), False
    return say("A photo is asked of you. Send it with your watch or phone by {time}.",
               time=times.clock(first.due_ms, person.time_zone)), True  # fmt: skip


def officers(person: Person) -> list[str]:
    """Whom to call."""
    return [str(one) for one in cases.officers_of(person.pk)]
