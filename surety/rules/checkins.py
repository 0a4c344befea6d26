"""Decides what becomes of a check-in: answered in time or late, missed, or never delivered; and what people said of it.

- A question whose time is over without a photograph is MISSED. Where it is known not to have got through, or the device
  was silent all the time between, it is UNDELIVERED, which is nobody's breach.
- A photograph that comes after that ends it, as LATE.
- FACE_NOT_VERIFIED takes two people who say so. What a machine, one person, or nobody at all concludes is no finding;
  that nobody can tell is none either. When people decide anew, the finding is ended.

The moves stand in machines.py. Which events a fact makes is decided here.
"""

from collections.abc import Sequence

import msgspec

from surety.rules import duty, grounds
from surety.rules.conditions import CheckInDuty, Condition
from surety.rules.facts import CheckInAsked, CheckInDecided, CheckInSubmitted, Fact, Millis, Verdict
from surety.rules.findings import ENDS, Cause, Certainty, Evidence, Finding, Kind, finding_id
from surety.rules.grounds import Numbers
from surety.rules.machines import CHECK_IN, CheckInEvent, CheckInState
from surety.rules.scene import Scene
from surety.rules.schedule import END
from surety.rules.state import CheckIn, CheckIns, Episode
from surety.rules.tracker import Ask, RowOf, Tracker

PEOPLE_NEEDED = 2  # to say that somebody else is in a photograph
MOST_OPEN = 64  # twice what five a day can leave open; beyond it the one that is closest to being settled goes
_VERDICTS = {
    Verdict.SAME: CheckInEvent.SAME,
    Verdict.CANNOT_TELL: CheckInEvent.CANNOT_TELL,
    Verdict.NOT_SAME: CheckInEvent.NOT_SAME,
}
_ADVERSE = (Kind.FACE_NOT_VERIFIED,)


class Questions(Ask, frozen=True):
    """A check-in duty in force: how long after its time a check-in is still waited for."""

    late_until_ms: int


class CheckInTracker(Tracker[Questions, CheckIns]):
    """Follows each check-in from the question to its end."""

    ask_type, record_type = Questions, CheckIns

    def asks_of(self, condition: Condition, row_of: RowOf) -> Sequence[Questions]:  # noqa: ARG002 - no place
        """A check-in duty asks that its questions be answered."""
        body = condition.body
        if not isinstance(body, CheckInDuty):
            return ()
        return (Questions(condition.id, condition.version, body.late_until_s * 1000),)

    def opened(self, ask: Questions, scene: Scene) -> CheckIns:  # noqa: ARG002 - it needs no time
        """Nothing has been asked yet."""
        return CheckIns(ask.condition_id, ask.version)

    def due(self, record: CheckIns, ask: Questions, scene: Scene) -> Millis:  # noqa: ARG002 - the questions say it
        """When the next question's time is over."""
        return min((one.due_ms for one in record.open if one.stands is CheckInState.ASKED), default=END)

    def woken(self, record: CheckIns, ask: Questions, scene: Scene) -> tuple[CheckIns, list[Finding]]:
        """The time of one question or more is over."""
        case, kept = _Case(ask, scene), []
        for one in record.open:
            if one.stands is CheckInState.ASKED and one.due_ms <= scene.now_ms:
                unheard = one.delivered is False or _silent_since(one.asked_ms, one.delivered, scene)
                kept.append(case.moved(one, CheckInEvent.DUE_UNHEARD if unheard else CheckInEvent.DUE))
            else:
                kept.append(one)
        return msgspec.structs.replace(record, open=tuple(kept)), case.found

    def taken(self, record: CheckIns, ask: Questions, fact: Fact, scene: Scene) -> tuple[CheckIns, list[Finding]]:
        """Something about a check-in has come."""
        if not isinstance(fact, CheckInAsked | CheckInSubmitted | CheckInDecided):
            return record, []
        open_now = [one for one in record.open if one.until_ms > fact.at_ms or one.adverse is not None]
        before = next((one for one in open_now if one.id == fact.check_in_id), None)
        case = _Case(ask, scene)
        after = case.asked(before, fact) if isinstance(fact, CheckInAsked) else case.answered(before, fact)
        others = [one for one in open_now if one is not before]
        listed = others if after is None else [*others, after]
        return msgspec.structs.replace(record, open=_bounded(listed)), case.found

    def closed(self, record: CheckIns, scene: Scene) -> list[Finding]:
        """The duty holds no more: what was missed under it is waited for no longer."""
        subject = scene.about(record.condition_id, record.version)
        waited = [(one.id, one.overdue) for one in record.open if one.overdue is not None]
        return [_named(duty.ended(missed, subject, scene.now_ms, "condition"), which) for which, missed in waited]


class _Case:
    """One look at the open check-ins: what it finds is gathered in `found`."""

    def __init__(self, ask: Questions, scene: Scene) -> None:
        self.ask, self.scene, self.found = ask, scene, list[Finding]()

    def asked(self, before: CheckIn | None, fact: CheckInAsked) -> CheckIn:
        """A question, or what has become of it: that it got through, or that its time was put off."""
        until_ms = fact.due_ms + self.ask.late_until_ms
        if before is None:
            stands = CheckInState.CLOSED if fact.taken_back else CheckInState.ASKED
            return CheckIn(fact.check_in_id, fact.at_ms, fact.due_ms, until_ms, stands, fact.delivered, (fact.id,))
        if fact.taken_back and before.stands is CheckInState.ASKED:
            return self.moved(before, CheckInEvent.TAKEN_BACK)
        delivered = before.delivered if fact.delivered is None else fact.delivered
        put_off = fact.due_ms if before.stands is CheckInState.ASKED else before.due_ms
        later_ms = max(before.until_ms, until_ms)
        return msgspec.structs.replace(before, due_ms=put_off, until_ms=later_ms, delivered=delivered)

    def answered(self, before: CheckIn | None, fact: CheckInSubmitted | CheckInDecided) -> CheckIn | None:
        """Photographs, or what they were found to show. Of a check-in that is not known they say that it was answered,
        as the clock of the device may be wrong, and people may take long to decide."""
        event = _event_of(fact)
        if event is None:
            return before
        if before is None:
            until_ms = fact.at_ms + max(self.ask.late_until_ms, _REMEMBERED_MS)
            before = CheckIn(fact.check_in_id, fact.at_ms, fact.at_ms, until_ms, CheckInState.ANSWERED)
        known = msgspec.structs.replace(before, fact_ids=(*before.fact_ids, fact.id)[-_FACTS:])
        come = self.moved(known, CheckInEvent.SUBMITTED)  # a decision says so too
        return come if event is CheckInEvent.SUBMITTED else self.moved(come, event)

    def moved(self, one: CheckIn, event: CheckInEvent) -> CheckIn:
        """The check-in after an event, by the table; what the move finds is added to `found`."""
        move = CHECK_IN.after(one.stands, event)
        after = msgspec.structs.replace(one, stands=move.to)
        if move.finding is None:
            return after
        if move.finding not in ENDS:
            return self._begun(after, move.finding)
        self._end(move.finding, one.adverse or one.overdue, one)
        return msgspec.structs.replace(after, overdue=None, adverse=None)

    def _begun(self, one: CheckIn, kind: Kind) -> CheckIn:
        certainty = Certainty.PROBABLE if kind in _ADVERSE else Certainty.ESTABLISHED
        now_ms = self.scene.now_ms
        subject = self.scene.about(self.ask.condition_id, self.ask.version)
        found = subject.begin(kind, now_ms, now_ms, certainty, self._cause(kind, one), self._evidence(one))
        found = _named(found, one.id)
        found = msgspec.structs.replace(found, episode_id=found.id)
        self.found.append(found)
        episode = grounds.episode_of(found)
        return msgspec.structs.replace(one, **{"adverse" if kind in _ADVERSE else "overdue": episode})

    def _end(self, kind: Kind, episode: Episode | None, one: CheckIn) -> None:
        if episode is None:
            return
        subject = self.scene.about(self.ask.condition_id, self.ask.version)
        evidence = self._evidence(one)
        began: Numbers = {"began": episode.kind.value, "began_ms": episode.at_ms, "ended_by": "decision"}
        evidence = Evidence(evidence.fact_ids, {**evidence.numbers, **began})
        self.found.append(_named(subject.end(kind, episode, self.scene.now_ms, Cause.UNKNOWN, evidence), one.id))

    def _cause(self, kind: Kind, one: CheckIn) -> Cause:
        if kind is not Kind.CHECK_IN_UNDELIVERED:
            return Cause.UNKNOWN
        told = Cause.NETWORK if one.delivered is False else grounds.cause_of_quiet(self.scene.device, self.scene.now_ms)
        return Cause.NETWORK if told is Cause.UNKNOWN else told

    def _evidence(self, one: CheckIn) -> Evidence:
        told = {None: "not known", True: "yes", False: "no"}[one.delivered]
        numbers: Numbers = {
            "check_in": one.id,
            "asked_ms": one.asked_ms,
            "due_ms": one.due_ms,
            "delivered": told,
            "last_heard_ms": self.scene.heard_ms,
            **grounds.device_numbers(self.scene.device, self.scene.now_ms),
        }
        return Evidence(one.fact_ids, numbers)


_REMEMBERED_MS = 86_400_000  # how long a photograph without a question, or a decision, is kept in mind
_FACTS = 8  # ids kept of one check-in: the question and the latest of what came of it


def _named(finding: Finding, which: str) -> Finding:
    """With an id that names the check-in as well: the time of two may be over at one instant."""
    about = f"{finding.condition_id}|{finding.episode_id}|{which}"
    name = finding_id(finding.person_id, finding.kind, about, finding.condition_version, finding.at_ms)
    return msgspec.structs.replace(finding, id=name)


def _event_of(fact: CheckInSubmitted | CheckInDecided) -> CheckInEvent | None:
    """What a fact does to a check-in; None where too few people stand behind an adverse word."""
    if isinstance(fact, CheckInSubmitted):
        return CheckInEvent.SUBMITTED
    people = {name.strip() for name in fact.deciders} - {""}
    if fact.verdict is Verdict.NOT_SAME and len(people) < PEOPLE_NEEDED:
        return None
    return _VERDICTS[fact.verdict]


def _silent_since(asked_ms: Millis, delivered: bool | None, scene: Scene) -> bool:  # noqa: FBT001 - a fact's field
    """Whether nothing at all was heard of the device since the question. One that got through got through."""
    return delivered is None and (scene.heard_ms is None or scene.heard_ms < asked_ms)


def _bounded(listed: list[CheckIn]) -> tuple[CheckIn, ...]:
    """At most MOST_OPEN: the oldest answered one goes first, so that nothing that is sent can push a question out; then
    what people said long ago."""
    while len(listed) > MOST_OPEN:
        settled = [one for one in listed if one.stands in {CheckInState.ANSWERED, CheckInState.CLOSED}]
        said = [one for one in listed if one.adverse is not None]
        listed.remove((settled or said or listed)[0])
    return tuple(listed)
