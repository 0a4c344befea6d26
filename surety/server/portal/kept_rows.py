"""What is kept of the person, and when it is erased, in their language."""

from collections.abc import Mapping

from surety.server.cases.models import Person
from surety.server.portal import times
from surety.server.portal.languages import noop, say
from surety.server.records.queries import what_goes_when

KINDS: Mapping[str, str] = {
    "case": noop("Your name, contact, orders, findings, alerts, decisions and the rest of your file"),
    "photo_matched": noop("Photos that matched"),
    "photo_not_matched": noop("Photos that the machine did not match"),
    "photo_not_person": noop("Photos that two people found to show somebody else"),
    "photo_waiting": noop("Photos on which nobody has decided"),
    "photo_without_decision": noop("Photos without a decision"),
    "enrolled_image": noop("Pictures of you with which photos are compared"),
    "trail": noop("Where you were, if your order says that it is kept"),
    "positions_verdict_only": noop("Where you were, otherwise"),
}


def rows(person: Person, now_ms: int) -> list[dict[str, str]]:
    """Each kind with when it goes, the next first."""
    found = []
    for one in what_goes_when(person.pk, now_ms):
        if one.due_ms is None:
            goes = say("each day, what is older than {number} days", number=one.days)
        else:
            goes = say("on {date}", date=times.date(one.due_ms, person.time_zone))
        held = one.held_until_ms
        found.append(
            {
                "what": say(KINDS[one.kind]) + (f" ({one.number})" if one.number else ""),
                "goes": goes,
                "held": say("A legal hold keeps it until {date}.", date=times.date(held, person.time_zone))
                if held
                else "",
            }
        )
    return found
