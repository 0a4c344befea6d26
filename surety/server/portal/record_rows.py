"""What was found, which alerts came of it, and what people decided with which reason, in the person's language."""

from collections.abc import Mapping

from surety.server.accounts.models import Role
from surety.server.alerts import queries as alerts
from surety.server.alerts.models import Alert, Outcome, Status
from surety.server.cases import queries as cases
from surety.server.cases.models import Person
from surety.server.monitoring import queries as monitoring
from surety.server.portal import finding_words, times
from surety.server.portal.languages import noop, say

ALERTS_SHOWN = 20
FINDINGS_OF_MS = 7 * times.DAY_MS
FINDINGS_SHOWN = 60
OUTCOMES: Mapping[Outcome, str] = {
    Outcome.VIOLATION: noop("Decided: a breach without a good reason"),
    Outcome.REASONABLE_EXCUSE: noop("Decided: you had a good reason"),
    Outcome.AUTHORISED_ABSENCE: noop("Decided: you were allowed to be away"),
    Outcome.EQUIPMENT: noop("Decided: the device or the network was the cause"),
    Outcome.FALSE_ALERT: noop("Decided: a false alert"),
    Outcome.CHECKED: noop("Looked at: nothing to decide"),
}
ROLES: Mapping[Role, str] = {
    Role.OFFICER: noop("your officer"),
    Role.OPERATOR: noop("somebody of the monitoring centre"),
    Role.FACE_REVIEWER: noop("somebody who compares photos"),
    Role.SUPERVISOR: noop("a supervisor"),
    Role.VICTIM_LIAISON: noop("somebody who works with protected persons"),
    Role.DISCLOSURE_OFFICER: noop("somebody who prepares what other agencies get"),
    Role.AUDITOR: noop("an inspector"),
    Role.ADMINISTRATOR: noop("somebody who runs the system"),
}


def role_words(role: str) -> str:
    """Who somebody is here, by what they do."""
    return say(ROLES[Role(role)]) if role in Role.values else say("somebody of this agency")


def alert_rows(person: Person) -> list[dict[str, str]]:
    """The latest alerts: what each is about, how it stands, and the decision with its reason."""
    found = alerts.of_person(person.pk).select_related("decided_by", "confirmed_by")[:ALERTS_SHOWN]
    return [_alert(one, person) for one in found]


def _alert(alert: Alert, person: Person) -> dict[str, str]:
    zone = person.time_zone
    untold = alert.kind in finding_words.UNTOLD
    row = {
        "when": times.date(alert.at_ms, zone) if untold else times.moment(alert.at_ms, zone),
        "what": say("About the distance that you must keep. Your officer can tell you more.")
        if untold
        else _about(alert, person),
        "stands": _stands(alert),
        "reason": "" if untold else alert.outcome_reason if alert.status == Status.RESOLVED else "",
        "by": "",
    }
    if alert.status == Status.RESOLVED:
        who = " + ".join(role_words(one.role) for one in (alert.decided_by, alert.confirmed_by) if one is not None)
        when = times.moment(alert.resolved_ms, zone) if alert.resolved_ms is not None else ""
        row["by"] = say("By {who}, {when}", who=who, when=when) if who else when
    return row


def _about(alert: Alert, person: Person) -> str:
    finding = monitoring.finding(alert.finding_id)
    if finding is None:
        return finding_words.of_kind(alert.kind)
    return finding_words.sentence(finding, cases.condition_set(person.pk))


def _stands(alert: Alert) -> str:
    if alert.status == Status.RESOLVED:
        return say(OUTCOMES[Outcome(alert.outcome)]) if alert.outcome else say("Looked at: nothing to decide")
    if alert.status == Status.AWAITING_SECOND:
        return say("A second person must confirm. Nothing is decided yet.")
    return say("Nothing is decided yet.")


def finding_rows(person: Person, now_ms: int) -> list[dict[str, str]]:
    """What the rules found in the last seven days, the latest first."""
    known = cases.condition_set(person.pk)
    found = [
        one
        for one in monitoring.findings(person.pk, now_ms - FINDINGS_OF_MS, now_ms + 1)
        if one.kind not in finding_words.UNTOLD
    ]
    return [
        {
            "when": times.moment(one.at_ms, person.time_zone),
            "what": finding_words.sentence(one, known),
            "sure": say(finding_words.SURE[one.certainty]),
        }
        for one in reversed(found[-FINDINGS_SHOWN:])
    ]
