"""From findings to alerts, in sets: what `actions.apply_findings` does.

All alerts that a batch touches are read in a few queries, changed in memory, and written in a few more, so that a
thousand findings a second are no burden. Nothing here closes an alert: only people do.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from django.db import connection

from surety.rules import words
from surety.rules.conditions import ConditionSet
from surety.rules.findings import Finding
from surety.server.alerts.models import Alert, AlertEvent, Outcome, Status
from surety.server.alerts.policy import is_surer, opens, rule_for
from surety.server.audit import actions as audit
from surety.server.audit.actions import Happening
from surety.server.cases import queries as cases
from surety.server.cases.models import Person

MACHINE_NAME = "Surety (rules)"
Sentences = Callable[[Finding], str]
_CHUNK = 500  # ids a query: well under every database's limit of parameters
_COLUMNS = (  # what a batch may change; owner and the people's decision stay theirs
    "finding_id",
    "kind",
    "severity",
    "certainty",
    "cause",
    "sentence",
    "at_ms",
    "due_ms",
    "status",
    "cleared_ms",
    "cleared_by",
    "fell_away_ms",
    "outcome",
)


class Desk:
    """The alerts that a batch of findings touches, and what happened to them; `write` stores it all."""

    def __init__(self, now_ms: int, sentence: Sentences) -> None:
        self._now_ms, self._sentence = now_ms, sentence
        self._by_episode: dict[str, Alert] = {}
        self._by_finding: dict[str, Alert] = {}
        self._opened: dict[str, Alert] = {}
        self._touched: dict[str, Alert] = {}
        self._events: list[AlertEvent] = []
        self._fell: dict[str, tuple[Alert, str, str]] = {}
        self._uncleared: dict[str, tuple[Alert, str]] = {}
        self._new: dict[str, Finding] = {}

    def load(self, new: Sequence[Finding], superseded: Iterable[str]) -> None:
        """Read and hold the alerts of these findings and of their episodes."""
        self._new = {finding.id: finding for finding in new}
        episodes = sorted({finding.episode_id for finding in new})
        for chunk in _chunks(episodes):
            for alert in Alert.objects.select_for_update().filter(episode_id__in=chunk).order_by("pk"):
                self._by_episode[alert.episode_id] = alert
        for chunk in _chunks(sorted(set(superseded))):
            events = AlertEvent.objects.filter(finding_id__in=chunk).values_list("finding_id", "alert_id")
            alert_of = dict(events)
            held = Alert.objects.select_for_update().filter(pk__in=set(alert_of.values())).order_by("pk")
            alerts = {alert.pk: self._by_episode.setdefault(alert.episode_id, alert) for alert in held}
            self._by_finding.update({finding_id: alerts[pk] for finding_id, pk in alert_of.items()})

    def fall_away(self, finding_id: str, replaced_by: str) -> None:
        """Later facts took a finding away. Whether the alert must be told is known only after the new findings."""
        alert = self._by_finding.get(finding_id)
        if alert is None:
            return
        self._touched[alert.pk] = alert
        if finding_id == alert.cleared_by:
            alert.cleared_ms, alert.cleared_by = None, ""
            self._uncleared[alert.pk] = alert, finding_id
        elif finding_id == alert.finding_id:
            alert.fell_away_ms = self._now_ms
            self._fell[alert.pk] = alert, finding_id, replaced_by

    def take(self, finding: Finding) -> None:
        """Open an alert for a finding, or tell the alert of its episode."""
        alert = self._by_episode.get(finding.episode_id)
        if alert is None:
            if opens(finding.kind, finding.certainty):
                self._open(finding)
        elif rule_for(finding.kind).clears:
            self._clear(alert, finding)
        elif alert.fell_away_ms is not None and opens(finding.kind, finding.certainty):
            self._find_anew(alert, finding)
        else:
            self._add(alert, finding)

    def _open(self, finding: Finding) -> None:
        alert = Alert(person_id=finding.person_id, episode_id=finding.episode_id, opened_ms=self._now_ms)
        self._describe(alert, finding)
        self._by_episode[alert.episode_id] = self._opened[alert.pk] = alert
        self._tell(alert, "opened", alert.sentence, finding.id)

    def _describe(self, alert: Alert, finding: Finding) -> None:
        rule = rule_for(finding.kind)
        alert.finding_id, alert.kind, alert.at_ms = finding.id, finding.kind.value, finding.at_ms
        alert.severity, alert.due_ms = rule.severity, self._now_ms + rule.due_minutes * 60_000
        alert.certainty, alert.cause = finding.certainty.value, finding.cause.value
        alert.sentence = self._sentence(finding)

    def _clear(self, alert: Alert, finding: Finding) -> None:
        if finding.id == alert.cleared_by:
            return
        alert.cleared_ms, alert.cleared_by = finding.at_ms, finding.id
        self._touched[alert.pk] = alert
        self._uncleared.pop(alert.pk, None)
        self._tell(alert, "cleared", self._sentence(finding), finding.id)

    def _find_anew(self, alert: Alert, finding: Finding) -> None:
        due_ms = alert.due_ms
        self._describe(alert, finding)
        if alert.pk in self._fell:  # replaced within this batch: the clock that ran goes on running
            alert.due_ms = min(due_ms, alert.due_ms)
            del self._fell[alert.pk]
        alert.fell_away_ms = None
        self._touched[alert.pk] = alert
        self._tell(alert, "changed", alert.sentence, finding.id)

    def _add(self, alert: Alert, finding: Finding) -> None:
        if finding.id == alert.finding_id:
            return
        rule = rule_for(finding.kind)
        if opens(finding.kind, finding.certainty):
            self._touched[alert.pk] = alert
            if rule.severity < alert.severity:
                alert.severity = rule.severity
                alert.due_ms = min(alert.due_ms, self._now_ms + rule.due_minutes * 60_000)
            if is_surer(finding.certainty, alert.certainty):
                alert.certainty = finding.certainty.value
        self._tell(alert, "finding", self._sentence(finding), finding.id)

    def _settle(self) -> None:
        """Tell those alerts whose finding fell away and did not come back in this batch."""
        for alert, finding_id in self._uncleared.values():
            self._tell(alert, "uncleared", "Later facts say that it had not ended.", finding_id)
        for alert, finding_id, replaced_by in self._fell.values():
            detail = {"replaced_by": replaced_by} if replaced_by else {}
            self._tell(alert, "fell_away", self._instead(replaced_by), finding_id, detail)
            if alert.status == Status.RESOLVED and alert.outcome == Outcome.VIOLATION:
                self._give_back(alert, finding_id)

    def _instead(self, replaced_by: str) -> str:
        text = "Later facts took this finding away."
        if replaced_by in self._new:
            return f"{text} In its place: {self._sentence(self._new[replaced_by])}"
        return f"{text} Nothing took its place."

    def _give_back(self, alert: Alert, finding_id: str) -> None:
        """A violation was decided on facts that no longer hold: people must look again."""
        detail = {"outcome": alert.outcome, "outcome_reason": alert.outcome_reason}
        alert.status, alert.outcome = Status.OPEN, ""
        alert.due_ms = self._now_ms + 60 * 60_000
        words = "Open again: the finding on which a violation was decided has fallen away."
        self._tell(alert, "reopened", words, finding_id, detail)

    def _tell(
        self, alert: Alert, action: str, text: str, finding_id: str, detail: Mapping[str, object] | None = None
    ) -> None:
        self._events.append(
            AlertEvent(
                alert=alert,
                at_ms=self._now_ms,
                actor_name=MACHINE_NAME,
                action=action,
                text=text,
                finding_id=finding_id,
                detail=dict(detail or {}),
            )
        )

    def write(self) -> None:
        """Store alerts, then the audit entries, then the events: event ids grow in the order of commits."""
        self._settle()
        Alert.objects.bulk_create(self._opened.values(), batch_size=_CHUNK)
        _update([alert for pk, alert in sorted(self._touched.items()) if pk not in self._opened])
        audit.record_many([_happening(event) for event in self._events])
        AlertEvent.objects.bulk_create(self._events, batch_size=_CHUNK)


def _update(alerts: Sequence[Alert]) -> None:
    if not alerts:
        return
    columns = ", ".join(f"{column} = %s" for column in _COLUMNS)
    rows = [[*(getattr(alert, column) for column in _COLUMNS), alert.pk] for alert in alerts]
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE alerts_alert SET {columns} WHERE id = %s", rows)  # noqa: S608 - our own columns


def _happening(event: AlertEvent) -> Happening:
    return Happening(
        action=f"alert.{event.action}",
        actor=None,
        actor_name=MACHINE_NAME,
        subject_type="alert",
        subject_id=event.alert_id,
        person_id=event.alert.person_id,
        detail={"finding": event.finding_id, "kind": event.alert.kind, **event.detail},
        at_ms=event.at_ms,
    )


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))


def sentences(person_ids: Iterable[str], known: Mapping[str, ConditionSet] | None) -> Sentences:
    """How findings about these people are told, in their conditions' words and their own time zone.

    Time zones and conditions are read once, when the first sentence is asked for: a batch that opens nothing
    costs nothing.
    """
    return _Words(sorted(set(person_ids)), dict(known or {})).say


class _Words:
    def __init__(self, person_ids: Sequence[str], known: dict[str, ConditionSet]) -> None:
        self._person_ids, self._conditions = person_ids, known
        self._zones: dict[str, str] | None = None

    def say(self, finding: Finding) -> str:
        if self._zones is None:
            self._zones = dict(Person.objects.filter(pk__in=self._person_ids).values_list("pk", "time_zone"))
            missing = [person_id for person_id in self._person_ids if person_id not in self._conditions]
            self._conditions.update(cases.condition_sets(missing))
        zone = self._zones.get(finding.person_id, "UTC")
        return words.sentence(finding, self._conditions[finding.person_id], zone)
