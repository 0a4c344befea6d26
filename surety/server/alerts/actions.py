"""The only writer of alerts. The worker brings findings; people acknowledge, contact, note, resolve, confirm.

Each action stands in one transaction with its event and its audit entry, and is refused with one sentence when the
alert has moved on. A violation takes effect only when a second person confirms it.
"""

import enum
from collections.abc import Mapping, Sequence

from django.db import transaction

from surety.rules.conditions import ConditionSet
from surety.rules.findings import Finding, Kind
from surety.server.accounts.models import User
from surety.server.accounts.permissions import check_may, may
from surety.server.alerts.desk import Desk
from surety.server.alerts.models import Alert, AlertEvent, Outcome, Status
from surety.server.alerts.policy import rule_for
from surety.server.alerts.wording import sentences
from surety.server.audit import actions as audit
from surety.server.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError


class Method(enum.StrEnum):
    """How somebody tried to reach the person."""

    PHONE = "phone"
    MESSAGE = "message"
    DEVICE = "device"
    EMAIL = "email"
    VISIT = "visit"


def apply_findings(
    new: Sequence[Finding],
    superseded: Sequence[tuple[str, str]],
    *,
    now_ms: int,
    condition_sets: Mapping[str, ConditionSet] | None = None,
) -> None:
    """Open, add to, clear and let fall away, as a batch of findings says; in the worker's transaction.

    `superseded` are pairs of a finding's id and the id of what took its place ("" for nothing). `condition_sets` are
    those the worker has at hand; the others are read.
    """
    if not new and not superseded:
        return
    with transaction.atomic():
        desk = Desk(now_ms, sentences((finding.person_id for finding in new), condition_sets))
        desk.load(new, (finding_id for finding_id, _ in superseded))
        for finding_id, replaced_by in superseded:
            desk.fall_away(finding_id, replaced_by)
        for finding in sorted(new, key=lambda finding: (finding.at_ms, finding.known_ms)):
            desk.take(finding)
        desk.write()


def acknowledge(alert_id: str, *, acting_user: User, now_ms: int) -> Alert:
    """Say that somebody is looking. Whoever acknowledges an alert without an owner becomes its owner."""
    with transaction.atomic():
        alert = _held(alert_id, acting_user)
        _expect(alert, Status.OPEN, verb="acknowledged")
        alert.status = Status.ACKNOWLEDGED
        alert.owner = alert.owner or acting_user
        return _done(alert, "acknowledged", acting_user, now_ms)


def note(alert_id: str, text: str, *, acting_user: User, now_ms: int) -> Alert:
    """Add a note; at any time, also to a resolved alert."""
    words = _words(text, "text", "Write the note.")
    with transaction.atomic():
        return _done(_held(alert_id, acting_user), "note", acting_user, now_ms, words)


def record_contact(alert_id: str, method: str, *, reached: bool, text: str, acting_user: User, now_ms: int) -> Alert:
    """Record an attempt to reach the person, and what they said when reached."""
    if method not in list(Method):
        raise InvalidError(f"Choose how you tried: {', '.join(Method)}.", field="method")
    words = _words(text, "text", "Write what was said.") if reached else text.strip()
    with transaction.atomic():
        alert = _held(alert_id, acting_user)
        detail = {"method": str(method), "reached": reached}
        return _done(alert, "contact", acting_user, now_ms, words, detail)


def take(alert_id: str, *, acting_user: User, now_ms: int) -> Alert:
    """Become the owner of an alert, also of one that somebody else owned."""
    with transaction.atomic():
        alert = _held(alert_id, acting_user)
        _expect(alert, Status.OPEN, Status.ACKNOWLEDGED, Status.AWAITING_SECOND, verb="taken")
        if alert.owner_id == acting_user.pk:
            raise ConflictError("The alert is yours already.")
        detail = {"from": str(alert.owner) if alert.owner else ""}
        alert.owner = acting_user
        return _done(alert, "taken", acting_user, now_ms, detail=detail)


def hand_over(alert_id: str, to_user: User, *, text: str, acting_user: User, now_ms: int) -> Alert:
    """Give an alert to somebody else who may handle it, with a word on where it stands."""
    words = _words(text, "text", "Tell the next person where it stands.")
    with transaction.atomic():
        alert = _held(alert_id, acting_user)
        _expect(alert, Status.OPEN, Status.ACKNOWLEDGED, Status.AWAITING_SECOND, verb="handed over")
        if not may(to_user, "alerts.handle", alert.person):
            raise InvalidError(f"{to_user} may not handle this person's alerts.", field="to_user")
        alert.owner = to_user
        return _done(alert, "handed_over", acting_user, now_ms, words, {"to": to_user.username})


def resolve(alert_id: str, outcome: str, reason: str, *, acting_user: User, now_ms: int) -> Alert:
    """Conclude, with an outcome and a reason. A violation then waits for a second person."""
    if outcome not in Outcome.values:
        raise InvalidError("Choose an outcome.", field="outcome")
    words = _words(reason, "reason", "Give the reason for the outcome.")
    with transaction.atomic():
        alert = _held(alert_id, acting_user)
        _expect(alert, Status.OPEN, Status.ACKNOWLEDGED, verb="resolved")
        adverse = outcome == Outcome.VIOLATION
        if adverse:
            _expect_standing(alert)
        alert.status = Status.AWAITING_SECOND if adverse else Status.RESOLVED
        alert.outcome, alert.outcome_reason, alert.decided_by = outcome, words, acting_user
        alert.resolved_ms = None if adverse else now_ms
        alert.owner = alert.owner or acting_user
        return _done(alert, "proposed" if adverse else "resolved", acting_user, now_ms, words, {"outcome": outcome})


def confirm(alert_id: str, *, acting_user: User, now_ms: int, reason: str = "") -> Alert:
    """Confirm a violation that somebody else proposed. Only now does it stand."""
    with transaction.atomic():
        alert = _held_by_second(alert_id, acting_user)
        _expect_standing(alert)
        alert.status, alert.confirmed_by, alert.resolved_ms = Status.RESOLVED, acting_user, now_ms
        return _done(alert, "confirmed", acting_user, now_ms, reason.strip(), {"outcome": alert.outcome})


def decline(alert_id: str, reason: str, *, acting_user: User, now_ms: int) -> Alert:
    """Do not confirm a violation: the alert goes back to its owner."""
    words = _words(reason, "reason", "Say why the violation is not confirmed.")
    with transaction.atomic():
        alert = _held_by_second(alert_id, acting_user)
        detail = {"outcome": alert.outcome, "proposed_by": str(alert.decided_by), "proposal": alert.outcome_reason}
        _undecide(alert, Status.ACKNOWLEDGED)
        return _done(alert, "declined", acting_user, now_ms, words, detail)


def reopen(alert_id: str, reason: str, *, acting_user: User, now_ms: int) -> Alert:
    """Look at a resolved alert again. A confirmed violation is reopened by somebody who may confirm one."""
    words = _words(reason, "reason", "Say why the alert is looked at again.")
    with transaction.atomic():
        alert = _held(alert_id, acting_user)
        _expect(alert, Status.RESOLVED, Status.AWAITING_SECOND, verb="reopened")
        if alert.outcome == Outcome.VIOLATION and alert.status == Status.RESOLVED:
            check_may(acting_user, "alerts.confirm", alert.person)
        detail = {"outcome": alert.outcome, "outcome_reason": alert.outcome_reason}
        _undecide(alert, Status.OPEN)
        alert.owner = acting_user
        alert.due_ms = now_ms + rule_for(Kind(alert.kind)).due_minutes * 60_000
        return _done(alert, "reopened", acting_user, now_ms, words, detail)


# --- what they share --------------------------------------------------------------------------------------------


def _held(alert_id: str, acting_user: User, permission: str = "alerts.handle") -> Alert:
    """The alert, locked, for a user who may; out of reach looks like not there."""
    found = Alert.objects.select_for_update(of=("self",)).select_related("person", "owner", "decided_by")
    alert = found.filter(pk=alert_id).first()
    if alert is None or not may(acting_user, "cases.view", alert.person):
        raise NotFoundError("There is no such alert among those you may see.")
    check_may(acting_user, permission, alert.person)
    return alert


def _held_by_second(alert_id: str, acting_user: User) -> Alert:
    alert = _held(alert_id, acting_user, "alerts.confirm")
    _expect(alert, Status.AWAITING_SECOND, verb="confirmed or declined")
    if alert.decided_by_id == acting_user.pk:
        raise NotAllowedError("A violation needs a second person; you proposed this one.")
    return alert


def _expect(alert: Alert, *allowed: Status, verb: str) -> None:
    if alert.status not in allowed:
        is_now = Status(alert.status).label.lower()
        raise ConflictError(f"The alert is {is_now}, so it cannot be {verb}.")


def _expect_standing(alert: Alert) -> None:
    if alert.fell_away_ms is not None:
        raise ConflictError("Later facts took this finding away; it cannot be called a violation.")


def _undecide(alert: Alert, status: Status) -> None:
    alert.status, alert.outcome, alert.outcome_reason = status, "", ""
    alert.decided_by = alert.confirmed_by = alert.resolved_ms = None


def _words(text: str, field: str, otherwise: str) -> str:
    if not text.strip():
        raise InvalidError(otherwise, field=field)
    if len(text) > 4_000:
        raise InvalidError("Write at most 4,000 characters.", field=field)
    return text.strip()


def _done(
    alert: Alert, action: str, actor: User, now_ms: int, text: str = "", detail: Mapping[str, object] | None = None
) -> Alert:
    alert.save()
    audit.record(
        action=f"alert.{action}",
        actor=actor,
        subject_type="alert",
        subject_id=alert.pk,
        person_id=alert.person_id,
        detail={**(detail or {}), "text": text},
        at_ms=now_ms,
    )
    # After the audit log's head is held: the feed's ids then grow in the order of commits.
    AlertEvent.objects.create(
        alert=alert,
        at_ms=now_ms,
        actor=actor,
        actor_name=str(actor),
        action=action,
        text=text,
        detail=dict(detail or {}),
    )
    return alert
