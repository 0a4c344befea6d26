"""The only writer of incidents: faults of many devices at once, and the alerts that stand under them.

What is one event is decided by `rules.fleet` from what devices did, never from where anybody was. `watch` reads the
silences that stand on the desk, opens an incident once, adds whom it touches, folds under it the alerts that it
explains, and gives back those of people who still are silent when it ends. It may be called at any time and again: it
compares what is stored with what is so. It runs in the worker of partition 0 alone, and each call is one transaction.

Nothing here closes an alert: what cleared by itself stays under its incident until a person resolves that.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from django.db import IntegrityError, transaction

from surety.rules import fleet
from surety.rules.findings import Cause, Kind
from surety.rules.fleet import CommonCause, Symptom, Trouble
from surety.server.accounts.models import User
from surety.server.accounts.permissions import check_may, people_for
from surety.server.alerts.models import Alert, AlertEvent, Incident, IncidentPerson, Outcome, Part, Severity, Status
from surety.server.alerts.policy import explained_by, rule_for
from surety.server.alerts.queries import visible_incidents
from surety.server.audit import actions as audit
from surety.server.audit.actions import Happening
from surety.server.cases.queries import watched_devices
from surety.server.errors import ConflictError, InvalidError, NotFoundError

MACHINE_NAME = "Surety (rules)"
DUE_MS = 30 * 60_000  # somebody asks the operator of the network, or who made the devices
_CHUNK = 500
logger = logging.getLogger(__name__)


def watch(now_ms: int) -> None:
    """Bring the incidents up to now."""
    if not _needed(now_ms):
        return
    try:
        with transaction.atomic():
            _watch(now_ms)
    except IntegrityError:  # another process decided the same at the same time; what it stored is looked at next time
        logger.warning("an incident was opened by another process")


def _needed(now_ms: int) -> bool:
    """Whether there may be anything to decide: most of the time one cheap look says no."""
    if Incident.objects.filter(open_key__isnull=False).exists():
        return True
    lately = Part.objects.filter(
        kind__in=fleet.SYMPTOM_OF, since_ms__gt=now_ms - fleet.LOOK_BACK_MS, cleared_ms=None, fell_away_ms=None
    )
    return lately[: fleet.LEAST_DEVICES].count() >= fleet.LEAST_DEVICES


def _watch(now_ms: int) -> None:
    events = _Events(now_ms)
    troubles = _troubles(now_ms)
    known = {one.open_key: one for one in Incident.objects.select_for_update().filter(open_key__isnull=False)}
    fresh = _not_yet_explained(troubles, now_ms)
    since = {(one.symptom, one.person_id): one.since_ms for one in fresh}
    for cause in fleet.decide(watched_devices(now_ms), _with_history(fresh, troubles), now_ms):
        key = f"{cause.symptom}:{cause.group.kind}:{cause.group.name}"
        if key not in known:
            known[key] = _open(cause, key, now_ms, events)
        _touch(known[key], {one: since[cause.symptom, one] for one in cause.people}, now_ms, events)
    for incident in known.values():
        _keep_up(incident, troubles, now_ms, events)
    events.write()


def _not_yet_explained(troubles: Sequence[Trouble], now_ms: int) -> list[Trouble]:
    """Those that no incident touches, nor one that is over: what a person has ended does not begin again."""
    known: dict[tuple[str, str], list[Incident]] = defaultdict(list)
    rows = IncidentPerson.objects.filter(incident__to_ms__gt=now_ms - 2 * fleet.LOOK_BACK_MS)
    for row in rows.select_related("incident"):
        known[row.incident.symptom, row.person_id].append(row.incident)
    return [
        one
        for one in troubles
        if not any(fleet.joins(one.since_ms, i.from_ms, i.to_ms) for i in known[one.symptom, one.person_id])
    ]


def _with_history(fresh: Iterable[Trouble], all_of_them: Iterable[Trouble]) -> list[Trouble]:
    """Those not yet explained, and what is over: from that the usual rate is taken."""
    return [*fresh, *(one for one in all_of_them if one.ended_ms is not None)]


def _troubles(now_ms: int) -> list[Trouble]:
    parts = Part.objects.filter(
        kind__in=fleet.SYMPTOM_OF,
        since_ms__gt=now_ms - fleet.HISTORY_MS - fleet.LOOK_BACK_MS,
        since_ms__lte=now_ms,
        fell_away_ms=None,
    )
    rows = parts.values_list("alert__person_id", "kind", "cause", "since_ms", "cleared_ms")
    return [
        Trouble(person_id, fleet.SYMPTOM_OF[Kind(kind)], Cause(cause), since_ms, ended_ms)
        for person_id, kind, cause, since_ms, ended_ms in rows
    ]


def _open(cause: CommonCause, key: str, now_ms: int, events: "_Events") -> Incident:
    numbers = msgspec.to_builtins(cause)
    for name in ("people", "group", "symptom", "cause"):
        numbers.pop(name)
    incident = Incident.objects.create(
        open_key=key,
        symptom=cause.symptom.value,
        group_kind=cause.group.kind.value,
        group_name=cause.group.name,
        cause=cause.cause.value,
        sentence=fleet.sentence(cause),
        explanation=fleet.explanation(cause),
        numbers=numbers,
        severity=Severity.SERIOUS,
        from_ms=cause.from_ms,
        to_ms=cause.to_ms,
        opened_ms=now_ms,
        due_ms=now_ms + DUE_MS,
    )
    events.of_incident(incident, "opened", f"{incident.sentence} {incident.explanation}")
    return incident


def _touch(incident: Incident, since: Mapping[str, int], now_ms: int, events: "_Events") -> None:
    """Add people whom an incident touches."""
    there = set(incident.people.filter(person_id__in=since).values_list("person_id", flat=True))
    new = [
        IncidentPerson(incident=incident, person_id=person_id, since_ms=since_ms, joined_ms=now_ms)
        for person_id, since_ms in sorted(since.items())
        if person_id not in there
    ]
    IncidentPerson.objects.bulk_create(new, batch_size=_CHUNK)
    if there and new:
        events.of_incident(incident, "joined", f"{len(new)} more.")


def _keep_up(incident: Incident, troubles: Sequence[Trouble], now_ms: int, events: "_Events") -> None:
    """Add who failed with the others, fold what it explains, and end it when it is over."""
    own = sorted((one for one in troubles if one.symptom == incident.symptom and _fits(one, incident)), key=_since)
    members = set(incident.people.values_list("person_id", flat=True))
    group = {one.person_id for one in watched_devices(now_ms) if _in_group(one, incident)}
    late = {one.person_id: one.since_ms for one in own if one.person_id in group - members and one.ended_ms is None}
    _touch(incident, late, now_ms, events)
    members |= set(late)
    _fold(incident, members, events)
    if not incident.opened_ms < now_ms:
        return
    ended: dict[str, int | None] = dict.fromkeys(sorted(members), incident.opened_ms)  # fell away: never was
    for one in own:
        if one.person_id in members:
            ended[one.person_id] = one.ended_ms
    if fleet.is_over(list(ended.values()), incident.from_ms, now_ms):
        still = sum(at is None for at in ended.values())
        said = f"Over: {len(ended) - still} of {len(ended)} devices are well again."
        if still:
            said += f" The {still} that are not stand on the desk by themselves now."
        _end(incident, now_ms, events, said)


def _since(one: Trouble) -> int:
    return one.since_ms


def _fits(one: Trouble, incident: Incident) -> bool:
    explains_itself = one.cause not in (Cause.UNKNOWN, Cause.NETWORK)
    return not explains_itself and fleet.joins(one.since_ms, incident.from_ms, incident.to_ms)


def _in_group(one: fleet.Watched, incident: Incident) -> bool:
    own = {"network": one.network, "model": one.model, "all": ""}[incident.group_kind]
    return own == incident.group_name


def _fold(incident: Incident, people: Iterable[str], events: "_Events") -> None:
    """Take the alerts that it explains, and nobody works on, from the desk."""
    symptom = Symptom(incident.symptom)
    for chunk in _chunks(sorted(people)):
        found = Alert.objects.select_for_update().filter(person_id__in=chunk, status=Status.OPEN, owner=None)
        for alert in (
            found.filter(folded=False, opened_ms__gte=incident.from_ms, cleared_ms=None)
            .prefetch_related("parts")
            .order_by("pk")
        ):
            parts = [(one.kind, one.cause, one.at_ms) for one in alert.parts.all() if one.fell_away_ms is None]
            if parts and all(at >= incident.from_ms and explained_by(symptom, k, c) for k, c, at in parts):
                alert.folded, alert.incident = True, incident
                alert.save(update_fields=["folded", "incident"])
                events.of_alert(alert, "under_incident", incident.sentence)


def _end(incident: Incident, now_ms: int, events: "_Events", said: str, actor: User | None = None) -> None:
    """It is over: whoever is still silent stands on the desk again, each with a clock of their own."""
    incident.ended_ms, incident.open_key = now_ms, None
    incident.save(update_fields=["ended_ms", "open_key"])
    events.of_incident(incident, "ended", said, actor)
    silent = incident.alerts.select_for_update().filter(folded=True, cleared_ms=None, fell_away_ms=None)
    for alert in silent.order_by("pk"):
        alert.folded = False
        alert.due_ms = now_ms + rule_for(Kind(alert.kind)).due_minutes * 60_000
        alert.save(update_fields=["folded", "due_ms"])
        events.of_alert(alert, "incident_over", "The common fault is over, and this device is not well again.")


# --- what people do ---------------------------------------------------------------------------------------------


def acknowledge(incident_id: str, *, acting_user: User, now_ms: int) -> Incident:
    """Say that somebody is looking, and become the owner of an incident that has none."""
    with transaction.atomic():
        incident = _held(incident_id, acting_user)
        if incident.status != Status.OPEN:
            raise ConflictError("The incident is acknowledged already.")
        incident.status, incident.owner = Status.ACKNOWLEDGED, incident.owner or acting_user
        return _done(incident, "acknowledged", acting_user, now_ms)


def note(incident_id: str, text: str, *, acting_user: User, now_ms: int) -> Incident:
    """Write down what was learnt, such as what the operator of the network said."""
    words = _words(text, "text", "Write the note.")
    with transaction.atomic():
        return _done(_held(incident_id, acting_user), "note", acting_user, now_ms, words)


def end(incident_id: str, reason: str, *, acting_user: User, now_ms: int) -> Incident:
    """Say that it is over, or was no common fault: whoever is still silent stands on the desk again."""
    words = _words(reason, "reason", "Say why it is over.")
    with transaction.atomic():
        incident = _held(incident_id, acting_user)
        if incident.ended_ms is not None:
            raise ConflictError("The incident is over already.")
        events = _Events(now_ms)
        _end(incident, now_ms, events, words, acting_user)
        events.write()
    return incident


def resolve(incident_id: str, reason: str, *, acting_user: User, now_ms: int) -> Incident:
    """Conclude, with a reason: the alerts that cleared under it are resolved as equipment or network, by this person.

    Only those of people whom the user may handle; the incident is resolved when none is left.
    """
    words = _words(reason, "reason", "Give the reason.")
    with transaction.atomic():
        incident = _held(incident_id, acting_user)
        if incident.ended_ms is None:
            raise ConflictError("The incident goes on; it can be resolved when it is over.")
        if incident.status == Status.RESOLVED:
            raise ConflictError("The incident is resolved already.")
        events = _Events(now_ms)
        mine = people_for(acting_user, "alerts.handle")
        for alert in incident.alerts.select_for_update().filter(folded=True, person__in=mine).order_by("pk"):
            alert.status, alert.outcome, alert.outcome_reason = Status.RESOLVED, Outcome.EQUIPMENT, words
            alert.decided_by, alert.owner, alert.resolved_ms = acting_user, alert.owner or acting_user, now_ms
            alert.folded = False
            alert.save()
            events.of_alert(alert, "resolved", words, acting_user, {"outcome": Outcome.EQUIPMENT.value})
        if not incident.alerts.filter(folded=True).exists():
            incident.status, incident.reason, incident.resolved_ms = Status.RESOLVED, words, now_ms
            incident.owner = incident.owner or acting_user
            incident.save()
        events.of_incident(incident, "resolved" if incident.resolved_ms else "resolved_in_part", words, acting_user)
        events.write()
    return incident


def _held(incident_id: str, acting_user: User) -> Incident:
    incident = Incident.objects.select_for_update().filter(pk=incident_id).first()
    if incident is None or not visible_incidents(acting_user).filter(pk=incident_id).exists():
        raise NotFoundError("There is no such incident among those you may see.")
    check_may(acting_user, "alerts.handle")
    return incident


def _words(text: str, field: str, otherwise: str) -> str:
    if not text.strip():
        raise InvalidError(otherwise, field=field)
    if len(text) > 4_000:
        raise InvalidError("Write at most 4,000 characters.", field=field)
    return text.strip()


def _done(incident: Incident, action: str, actor: User, now_ms: int, text: str = "") -> Incident:
    incident.save()
    events = _Events(now_ms)
    events.of_incident(incident, action, text, actor)
    events.write()
    return incident


class _Events:
    """What happened, written at the end: the audit entries first, so that event ids grow in the order of commits."""

    def __init__(self, now_ms: int) -> None:
        self.now_ms = now_ms
        self._events: list[AlertEvent] = []
        self._happenings: list[Happening] = []

    def of_incident(self, incident: Incident, action: str, text: str, actor: User | None = None) -> None:
        """Something happened to an incident."""
        self._add(AlertEvent(incident=incident), action, text, actor, {})
        detail = {"group": f"{incident.group_kind}:{incident.group_name}", "text": text}
        self._happenings.append(self._happening("incident", incident.pk, "", action, actor, detail))

    def of_alert(
        self,
        alert: Alert,
        action: str,
        text: str,
        actor: User | None = None,
        detail: Mapping[str, object] | None = None,
    ) -> None:
        """Something happened to an alert because of its incident."""
        self._add(AlertEvent(alert=alert), action, text, actor, detail or {})
        told = {**(detail or {}), "incident": alert.incident_id, "text": text}
        self._happenings.append(self._happening("alert", alert.pk, alert.person_id, action, actor, told))

    def _add(self, event: AlertEvent, action: str, text: str, actor: User | None, detail: Mapping[str, object]) -> None:
        event.at_ms, event.action, event.text, event.detail = self.now_ms, action, text, dict(detail)
        event.actor, event.actor_name = actor, str(actor) if actor else MACHINE_NAME
        self._events.append(event)

    def _happening(
        self, what: str, which: str, person_id: str, action: str, actor: User | None, detail: Mapping[str, object]
    ) -> Happening:
        return Happening(
            action=f"{what}.{action}",
            actor=actor,
            actor_name=str(actor) if actor else MACHINE_NAME,
            subject_type=what,
            subject_id=which,
            person_id=person_id,
            detail=detail,
            at_ms=self.now_ms,
        )

    def write(self) -> None:
        """Store them."""
        if self._events:
            audit.record_many(self._happenings)
            AlertEvent.objects.bulk_create(self._events, batch_size=_CHUNK)


def _chunks(values: Sequence[str]) -> Iterable[Sequence[str]]:
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))
