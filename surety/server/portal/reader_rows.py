"""Who looked at what of the person, when and why: from the audit log, by role, or by name where the agency says so."""

from collections.abc import Mapping

from django.conf import settings
from django.db.models import Q

from surety.server.accounts.models import Role
from surety.server.audit.actions import SYSTEM_NAME
from surety.server.audit.models import Entry
from surety.server.audit.words import detail_of
from surety.server.cases.models import Person
from surety.server.portal import times
from surety.server.portal.codes import BY_THEMSELVES
from surety.server.portal.languages import noop, say
from surety.server.portal.record_rows import role_words

SHOWN = 60
READINGS: Mapping[str, str] = {
    "trail.read": noop("Where you were"),
    "photograph.shown": noop("A photo of you"),
    "photographs.opened": noop("Photos of you"),
    "photographs.uncovered": noop("Photos of you"),
    "calendar.downloaded": noop("The calendar of your duties"),
    "portal.code_made": noop("A code on paper for this page was made"),
    "portal.logged_in": noop("This page was opened"),
}
OTHER = noop("Your file")


def rows(person: Person) -> list[dict[str, str]]:
    """The latest readings: what, when, by whom, why, and of which time."""
    what = Q(action__in=READINGS) | Q(action__endswith=".read") | Q(action__startswith="glass.")
    entries = Entry.objects.filter(what, person_id=person.pk).exclude(action="protected.read").order_by("-seq")
    return [_row(one, person) for one in entries[:SHOWN]]


def _row(entry: Entry, person: Person) -> dict[str, str]:
    detail = detail_of(entry)
    return {
        "what": say(READINGS.get(entry.action, OTHER)),
        "when": times.moment(entry.at_ms, person.time_zone),
        "who": _who(entry),
        "why": "" if entry.actor_name == BY_THEMSELVES else str(detail.get("purpose") or detail.get("reason") or ""),
        "window": _window(detail, person.time_zone),
    }


def _who(entry: Entry) -> str:
    if entry.actor_name == BY_THEMSELVES:
        return say("You")
    if entry.actor_id is None and entry.actor_name == SYSTEM_NAME:
        return say("The system itself")
    if entry.actor_id is None:  # at the machine's command line: somebody did, and the log has their name
        return f"{role_words(Role.ADMINISTRATOR)}, {settings.SURETY.agency_name}"
    named = f" ({entry.actor_name})" if settings.SURETY.portal_names else ""
    return f"{role_words(entry.actor_role)}, {settings.SURETY.agency_name}{named}"


def _window(detail: dict[str, object], zone: str) -> str:
    start, end = detail.get("from_ms"), detail.get("to_ms")
    if not isinstance(start, int) or not isinstance(end, int):
        return ""
    return say("from {start} to {end}", start=times.moment(start, zone), end=times.moment(end, zone))
