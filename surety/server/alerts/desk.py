"""From findings to alerts, in sets: what `actions.apply_findings` does.

All alerts that a batch touches are read in a few queries, changed in memory, and written in a few more, so that a
thousand findings a second are no burden. What begins while an alert of the same person and cause waits becomes a part
of that alert (policy.folds_into). Nothing here closes an alert: only people do.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from django.db import connection, models

from surety.rules.findings import Cause, Finding
from surety.rules.fleet import Symptom
from surety.server.alerts.models import Alert, AlertEvent, Outcome, Part, Status
from surety.server.alerts.policy import FOLDING, explained_by, folds_into, is_surer, opens, rule_of
from surety.server.alerts.wording import Sentences
from surety.server.audit import actions as audit
from surety.server.audit.actions import Happening
from surety.server.records import vault
from surety.server.records.sealed import stored

MACHINE_NAME = "Surety (rules)"
_CHUNK = 500  # ids a query: well under every database's limit of parameters
_SAYS = ("finding_id", "kind", "certainty", "sentence", "at_ms")  # what an alert takes from its most urgent part
_ALERT_COLUMNS = (  # what a batch may change; owner and the people's decision stay theirs
    *_SAYS,
    "severity",
    "cause",
    "due_ms",
    "status",
    "cleared_ms",
    "cleared_by",
    "fell_away_ms",
    "outcome",
    "folded",
)
_PART_COLUMNS = (*_SAYS, "severity", "cause", "since_ms", "cleared_ms", "cleared_by", "fell_away_ms")


class Desk:
    """The alerts that a batch of findings touches, and what happened to them; `write` stores it all."""

    def __init__(self, now_ms: int, sentence: Sentences) -> None:
        self._now_ms, self._sentence = now_ms, sentence
        self._alerts: dict[str, Alert] = {}
        self._parts: dict[str, Part] = {}  # by episode
        self._parts_of: dict[str, list[Part]] = defaultdict(list)  # by alert
        self._of_person: dict[str, list[Alert]] = defaultdict(list)  # those that something may be folded into
        self._by_finding: dict[str, Part] = {}
        self._new_alerts: dict[str, Alert] = {}
        self._new_parts: list[Part] = []
        self._touched: set[str] = set()  # alerts
        self._events: list[AlertEvent] = []
        self._fell: dict[str, tuple[Part, str, str]] = {}  # by episode
        self._uncleared: dict[str, tuple[Part, str]] = {}
        self._new: dict[str, Finding] = {}

    def load(self, new: Sequence[Finding], superseded: Iterable[str]) -> None:
        """Read and hold the alerts of these findings, of their episodes, and those they may be folded into."""
        self._new = {finding.id: finding for finding in new}
        gone = sorted(set(superseded))
        wanted = {*_alerts_of_episodes(sorted({finding.episode_id for finding in new})), *_alerts_of_findings(gone)}
        quiet = sorted({finding.person_id for finding in new if finding.kind in FOLDING})
        wanted.update(_alerts_that_wait(quiet))
        for chunk in _chunks(sorted(wanted)):
            alerts = list(Alert.objects.select_for_update().filter(pk__in=chunk).order_by("pk"))
            vault.warm(alert.person_id for alert in alerts)
            for alert in alerts:
                self._hold(alert)
            for part in Part.objects.filter(alert_id__in=chunk).order_by("pk"):
                self._keep(part)
        for part in self._parts.values():
            self._by_finding.update({part.finding_id: part, part.cleared_by: part})

    def _hold(self, alert: Alert) -> None:
        self._alerts[alert.pk] = alert
        if alert.kind in FOLDING:
            self._of_person[alert.person_id].append(alert)

    def _keep(self, part: Part) -> None:
        part.alert = self._alerts[part.alert_id]
        self._parts[part.episode_id] = part
        self._parts_of[part.alert_id].append(part)

    def fall_away(self, finding_id: str, replaced_by: str) -> None:
        """Later facts took a finding away. Whether the alert must be told is known only after the new findings."""
        part = self._by_finding.get(finding_id)
        if part is None:
            return
        self._touched.add(part.alert_id)
        if finding_id == part.cleared_by:
            part.cleared_ms, part.cleared_by = None, ""
            self._uncleared[part.episode_id] = part, finding_id
        elif finding_id == part.finding_id:
            part.fell_away_ms = self._now_ms
            self._fell[part.episode_id] = part, finding_id, replaced_by

    def take(self, finding: Finding) -> None:
        """Open an alert for a finding, fold it into one that waits, or tell the alert of its episode."""
        part = self._parts.get(finding.episode_id)
        if part is None:
            if opens(finding.kind, finding.certainty):
                self._begin(finding)
        elif rule_of(finding).clears:
            self._clear(part, finding)
        elif part.fell_away_ms is not None and opens(finding.kind, finding.certainty):
            self._find_anew(part, finding)
        else:
            self._add(part, finding)

    def _begin(self, finding: Finding) -> None:
        due_ms = self._now_ms + rule_of(finding).due_minutes * 60_000
        alert = self._to_fold_into(finding)
        folded = alert is not None
        if alert is None:
            alert = Alert(person_id=finding.person_id, opened_ms=self._now_ms, due_ms=due_ms, kind=finding.kind.value)
            self._new_alerts[alert.pk] = alert
            self._hold(alert)
        else:
            if rule_of(finding).severity < alert.severity:
                alert.due_ms = min(alert.due_ms, due_ms)
            # What the incident above it does not explain must not stay out of sight.
            alert.folded = alert.folded and explained_by(Symptom.SILENT, finding.kind, finding.cause)
        part = Part(alert=alert, episode_id=finding.episode_id, opened_ms=self._now_ms)
        self._describe(part, finding)
        self._new_parts.append(part)
        self._keep(part)
        self._sum_up(alert)
        self._tell(part, "folded" if folded else "opened", part.sentence, finding.id)

    def _to_fold_into(self, finding: Finding) -> Alert | None:
        """The alert of the same person and cause that nobody has concluded and that has not cleared."""
        for alert in self._of_person[finding.person_id] if finding.kind in FOLDING else ():
            waits = alert.status in {Status.OPEN, Status.ACKNOWLEDGED} and alert.cleared_ms is None
            parts = self._parts_of[alert.pk]
            stands = any(part.fell_away_ms is None or part.episode_id in self._fell for part in parts)
            if waits and stands and folds_into(finding.kind, finding.cause, (part.kind for part in parts)):
                return alert
        return None

    def _describe(self, part: Part, finding: Finding) -> None:
        part.finding_id, part.kind, part.at_ms = finding.id, finding.kind.value, finding.at_ms
        part.severity = rule_of(finding).severity
        part.certainty, part.cause = finding.certainty.value, finding.cause.value
        part.sentence, part.since_ms = self._sentence(finding), _since_ms(finding)

    def _clear(self, part: Part, finding: Finding) -> None:
        if finding.id == part.cleared_by:
            return
        part.cleared_ms, part.cleared_by = finding.at_ms, finding.id
        self._uncleared.pop(part.episode_id, None)
        self._sum_up(part.alert)
        ended = "cleared" if part.alert.cleared_ms is not None else "part_cleared"
        self._tell(part, ended, self._sentence(finding), finding.id)

    def _find_anew(self, part: Part, finding: Finding) -> None:
        alert, due_ms = part.alert, self._now_ms + rule_of(finding).due_minutes * 60_000
        self._describe(part, finding)
        part.fell_away_ms = None
        # Replaced within this batch: the clock that ran goes on running.
        running = self._fell.pop(part.episode_id, None) is not None or alert.fell_away_ms is None
        alert.due_ms = min(alert.due_ms, due_ms) if running else due_ms
        self._sum_up(alert)
        self._tell(part, "changed", part.sentence, finding.id)

    def _add(self, part: Part, finding: Finding) -> None:
        if finding.id == part.finding_id and finding.cause == part.cause and finding.certainty == part.certainty:
            return
        alert, rule, again = part.alert, rule_of(finding), finding.id == part.finding_id
        if again:  # the same conclusion, with another cause or certainty
            self._describe(part, finding)
        elif opens(finding.kind, finding.certainty):
            if rule.severity < part.severity:
                part.severity = rule.severity
                alert.due_ms = min(alert.due_ms, self._now_ms + rule.due_minutes * 60_000)
            if is_surer(finding.certainty, part.certainty):
                part.certainty = finding.certainty.value
        self._sum_up(alert)
        self._tell(part, "changed" if again else "finding", self._sentence(finding), finding.id)

    def _sum_up(self, alert: Alert) -> None:
        """What an alert says as a whole, from its parts."""
        self._touched.add(alert.pk)
        parts = self._parts_of[alert.pk]
        standing = [part for part in parts if part.fell_away_ms is None]
        lead = min(standing or parts, key=lambda part: (part.severity, part.at_ms, part.finding_id))
        for name in _SAYS:
            setattr(alert, name, getattr(lead, name))
        alert.severity = lead.severity
        causes = [part.cause for part in (lead, *standing) if part.cause != Cause.UNKNOWN]
        alert.cause = causes[0] if causes else Cause.UNKNOWN.value
        alert.fell_away_ms = None if standing else max(part.fell_away_ms or 0 for part in parts)
        last = max(standing or parts, key=lambda part: (part.cleared_ms is None, part.cleared_ms or 0))
        alert.cleared_ms, alert.cleared_by = last.cleared_ms, last.cleared_by

    def _settle(self) -> None:
        """Tell those alerts whose findings fell away and did not come back in this batch."""
        for alert_id in sorted(self._touched):
            self._sum_up(self._alerts[alert_id])
        for part, finding_id in self._uncleared.values():
            self._tell(part, "uncleared", "Later facts say that it had not ended.", finding_id)
        for part, finding_id, replaced_by in self._fell.values():
            whole = part.alert.fell_away_ms is not None
            detail = {"replaced_by": replaced_by} if replaced_by else {}
            self._tell(part, "fell_away" if whole else "part_fell_away", self._instead(replaced_by), finding_id, detail)
            if part.alert.status == Status.RESOLVED and part.alert.outcome == Outcome.VIOLATION:
                self._give_back(part, finding_id)

    def _instead(self, replaced_by: str) -> str:
        text = "Later facts took this finding away."
        if replaced_by in self._new:
            return f"{text} In its place: {self._sentence(self._new[replaced_by])}"
        return f"{text} Nothing took its place."

    def _give_back(self, part: Part, finding_id: str) -> None:
        """A violation was decided on facts that no longer hold: people must look again."""
        alert = part.alert
        detail = {"outcome": alert.outcome, "outcome_reason": alert.outcome_reason}
        alert.status, alert.outcome = Status.OPEN, ""
        alert.due_ms = self._now_ms + 60 * 60_000
        words = "Open again: the finding on which a violation was decided has fallen away."
        self._tell(part, "reopened", words, finding_id, detail)

    def _tell(
        self, part: Part, action: str, text: str, finding_id: str, detail: Mapping[str, object] | None = None
    ) -> None:
        self._events.append(
            AlertEvent(
                alert=part.alert,
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
        new = {part.episode_id for part in self._new_parts}
        old = [pk for pk in sorted(self._touched) if pk not in self._new_alerts]
        Alert.objects.bulk_create(self._new_alerts.values(), batch_size=_CHUNK)
        Part.objects.bulk_create(self._new_parts, batch_size=_CHUNK)
        _update(Alert, _ALERT_COLUMNS, [self._alerts[pk] for pk in old])
        parts = chain.from_iterable(self._parts_of[pk] for pk in old)
        _update(Part, _PART_COLUMNS, [part for part in parts if part.episode_id not in new])
        audit.record_many([_happening(event) for event in self._events])
        AlertEvent.objects.bulk_create(self._events, batch_size=_CHUNK)


def _since_ms(finding: Finding) -> int:
    heard_ms = finding.evidence.numbers.get("last_heard_ms")
    return int(heard_ms) if isinstance(heard_ms, int | float) else finding.at_ms


def _alerts_of_episodes(episodes: Sequence[str]) -> Iterator[str]:
    for chunk in _chunks(episodes):
        yield from Part.objects.filter(episode_id__in=chunk).values_list("alert_id", flat=True)


def _alerts_of_findings(findings: Sequence[str]) -> Iterator[str]:
    for chunk in _chunks(findings):
        yield from AlertEvent.objects.filter(finding_id__in=chunk).values_list("alert_id", flat=True)


def _alerts_that_wait(people: Sequence[str]) -> Iterator[str]:
    """The alerts of these people that something quiet may be folded into."""
    for chunk in _chunks(people):
        found = Alert.objects.filter(person_id__in=chunk, status__in=(Status.OPEN, Status.ACKNOWLEDGED))
        found = found.filter(cleared_ms=None, fell_away_ms=None, kind__in=FOLDING)
        yield from found.values_list("pk", flat=True)


def _update(model: type[models.Model], columns: Sequence[str], rows: Sequence[models.Model]) -> None:
    if not rows:
        return
    assigned = ", ".join(f"{column} = %s" for column in columns)
    values = [[*(stored(row, column) for column in columns), row.pk] for row in rows]
    table = model._meta.db_table  # noqa: SLF001 - Django's documented way to a table's name
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table} SET {assigned} WHERE id = %s", values)  # noqa: S608 - our own names


def _happening(event: AlertEvent) -> Happening:
    alert = event.alert
    assert alert is not None  # noqa: S101 - every event here is an alert's; for the types
    return Happening(
        action=f"alert.{event.action}",
        actor=None,
        actor_name=MACHINE_NAME,
        subject_type="alert",
        subject_id=alert.pk,
        person_id=alert.person_id,
        detail={"finding": event.finding_id, "kind": alert.kind, **event.detail},
        at_ms=event.at_ms,
    )


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))
