"""The only reader of alerts for pages: the desk's list, one alert, and what changed since."""

from collections.abc import Iterable

import msgspec
from django.db.models import Count, Max, Q, QuerySet

from surety.server.accounts.models import User
from surety.server.accounts.permissions import may, people_for
from surety.server.alerts.models import Alert, AlertEvent, Incident, IncidentPerson, Part, Severity, Status
from surety.server.cases import names
from surety.server.cases.models import Person
from surety.server.errors import NotFoundError
from surety.server.records import vault

UNRESOLVED = (Status.OPEN, Status.ACKNOWLEDGED, Status.AWAITING_SECOND)


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts the desk shows. `owner`: "any", "me", "nobody", or a user's id. `cleared` None: both."""

    statuses: tuple[str, ...] = UNRESOLVED
    severities: tuple[int, ...] = ()
    owner: str = "any"
    region: str = ""
    person_id: str = ""
    kinds: tuple[str, ...] = ()
    cleared: bool | None = None


def visible(user: User) -> QuerySet[Alert]:
    """Every alert that the user may see at all."""
    return Alert.objects.filter(person__in=people_for(user, "cases.view"))


def desk(user: User, chosen: Filter | None = None) -> QuerySet[Alert]:
    """The alerts to work on: most severe first, then whose time is up first. Slice it to page."""
    chosen = chosen or Filter()
    found = visible(user).filter(status__in=chosen.statuses, folded=False)
    if chosen.severities:
        found = found.filter(severity__in=chosen.severities)
    if chosen.kinds:
        found = found.filter(kind__in=chosen.kinds)
    if chosen.region:
        found = found.filter(person__region=chosen.region)
    if chosen.person_id:
        found = found.filter(person_id=chosen.person_id)
    if chosen.cleared is not None:
        found = found.filter(cleared_ms__isnull=not chosen.cleared)
    return in_order(found.filter(_owned(chosen.owner, user)))


def in_order(found: QuerySet[Alert]) -> QuerySet[Alert]:
    """The desk's order, with the person and the owner at hand."""
    return found.select_related("person", "owner", "decided_by").order_by("severity", "due_ms", "at_ms", "pk")


def opened(found: Iterable[Alert]) -> list[Alert]:
    """These alerts, with the keys of their people at hand: what they say is opened without a query each."""
    listed = list(found)
    vault.warm(alert.person_id for alert in listed)
    return listed


def _owned(owner: str, user: User) -> Q:
    if owner == "any":
        return Q()
    if owner == "nobody":
        return Q(owner=None)
    return Q(owner_id=user.pk if owner == "me" else int(owner) if owner.isdigit() else -1)


def order_reason(alert: Alert, now_ms: int) -> str:
    """Why an alert stands where it stands, in words: its severity, then how much time is left."""
    left_min = (alert.due_ms - now_ms) // 60_000
    when = f"due in {_minutes(left_min)}" if left_min >= 0 else f"overdue by {_minutes(-left_min)}"
    return f"{Severity(alert.severity).label}, {when}"


def _minutes(count: int) -> str:
    if count < 120:
        return f"{count} min"
    return f"{count // 60} h" if count < 48 * 60 else f"{count // 1440} days"


def alert(alert_id: str, user: User) -> Alert:
    """One alert with its person and people. Raises NotFoundError also when the user may not see it."""
    related = ("person", "owner", "decided_by", "confirmed_by", "incident")
    found = Alert.objects.filter(pk=alert_id).select_related(*related).first()
    if found is None or not may(user, "cases.view", found.person):
        raise NotFoundError("There is no such alert among those you may see.")
    return found


def events(alert_id: str) -> list[AlertEvent]:
    """Everything that happened to an alert, the oldest first."""
    return list(AlertEvent.objects.filter(alert_id=alert_id).select_related("alert").order_by("pk"))


def events_of_episode(episode_id: str) -> list[AlertEvent]:
    """Everything that happened to the alert about one thing, the oldest first; nothing where none was opened."""
    return list(AlertEvent.objects.filter(alert__parts__episode_id=episode_id).select_related("alert").order_by("pk"))


def parts(alert_id: str) -> list[Part]:
    """Every episode that an alert is about, the most urgent first."""
    return list(
        Part.objects.filter(alert_id=alert_id).select_related("alert").order_by("severity", "at_ms", "finding_id")
    )


def of_person(person_id: str) -> QuerySet[Alert]:
    """A person's alerts, the latest first."""
    found = Alert.objects.filter(person_id=person_id).select_related("person", "owner")
    return found.order_by("-at_ms", "pk")


class Changes(msgspec.Struct, frozen=True):
    """What the live feed sends: the alerts that changed, and the position to ask from next."""

    last_event_id: int
    alerts: tuple[Alert, ...]


def last_event_id() -> int:
    """The feed's end now: where a page that was just drawn starts to listen."""
    return AlertEvent.objects.aggregate(last=Max("pk"))["last"] or 0


def changes_since(event_id: int, user: User, limit: int = 200) -> Changes:
    """The alerts that changed after an event, as they stand now, and how far this answer reaches.

    Ids grow in the order of commits (the audit log's head is held while an event is written), so none is missed.
    An answer that reaches its limit is followed by another from its `last_event_id`.
    """
    rows = list(AlertEvent.objects.filter(pk__gt=event_id).order_by("pk").values_list("pk", "alert_id")[:limit])
    if not rows:
        return Changes(event_id, ())
    found = in_order(visible(user).filter(pk__in={alert_id for _, alert_id in rows}))
    return Changes(rows[-1][0], tuple(opened(found)))


def counts(user: User) -> dict[Severity, int]:
    """How many unresolved alerts and incidents of each severity the user may see on the desk."""
    tally = dict.fromkeys(Severity, 0)
    for found in (visible(user).filter(folded=False), visible_incidents(user)):
        unresolved = found.filter(status__in=UNRESOLVED).order_by().values_list("severity").annotate(Count("pk"))
        for severity, count in unresolved:
            tally[Severity(severity)] += count
    return tally


# --- incidents --------------------------------------------------------------------------------------------------


class TouchedPerson(msgspec.Struct, frozen=True):
    """Somebody whom an incident touches. `well_ms`: when their device was well again; `alert`: what it folded."""

    person: Person
    since_ms: int
    well_ms: int | None
    alert: Alert | None


def visible_incidents(user: User) -> QuerySet[Incident]:
    """Every incident that touches somebody whom the user may see."""
    people = IncidentPerson.objects.filter(person__in=people_for(user, "cases.view"))
    return Incident.objects.filter(pk__in=people.values("incident_id"))


def incidents(user: User, chosen: Filter) -> list[Incident]:
    """Those to work on that fit a filter, whose time is up first; `touched`: the people that the user sees."""
    found = visible_incidents(user).filter(status__in=chosen.statuses)
    if chosen.severities:
        found = found.filter(severity__in=chosen.severities)
    if chosen.kinds or chosen.person_id:
        return []
    if chosen.region:
        touching = IncidentPerson.objects.filter(person__region=chosen.region)
        found = found.filter(pk__in=touching.values("incident_id"))
    if chosen.cleared is not None:
        found = found.filter(ended_ms__isnull=not chosen.cleared)
    seen = Count("people", filter=Q(people__person__in=people_for(user, "cases.view")), distinct=True)
    listed = found.filter(_owned(chosen.owner, user)).select_related("owner").annotate(touched=seen)
    return list(listed.order_by("severity", "due_ms", "pk"))


def incident(incident_id: str, user: User) -> Incident:
    """One incident. Raises NotFoundError also when it touches nobody whom the user may see."""
    found = visible_incidents(user).filter(pk=incident_id).select_related("owner").first()
    if found is None:
        raise NotFoundError("There is no such incident among those you may see.")
    return found


def touched_people(found: Incident, user: User) -> list[TouchedPerson]:
    """The people whom an incident touches and the user may see, those who are not well first."""
    rows = found.people.filter(person__in=people_for(user, "cases.view")).select_related("person")
    alerts = {one.person_id: one for one in found.alerts.select_related("owner").order_by("opened_ms", "pk")}
    told = [
        TouchedPerson(row.person, row.since_ms, one.cleared_ms if (one := alerts.get(row.person_id)) else None, one)
        for row in rows
    ]
    place = {person.pk: number for number, person in enumerate(names.in_order(one.person for one in told))}
    return sorted(told, key=lambda one: (one.well_ms is not None, place[one.person.pk]))


def incident_events(incident_id: str) -> list[AlertEvent]:
    """Everything that happened to an incident, the oldest first."""
    return list(AlertEvent.objects.filter(incident_id=incident_id).order_by("pk"))


def notes_about(person_id: str, since_ms: int, other_than: str) -> list[AlertEvent]:
    """What people wrote about a person's other alerts lately, newest first: a note there may explain this one."""
    found = AlertEvent.objects.filter(alert__person_id=person_id, at_ms__gte=since_ms, actor__isnull=False)
    told = found.exclude(alert_id=other_than).exclude(text="").select_related("alert")
    return list(told.order_by("-pk")[:5])
