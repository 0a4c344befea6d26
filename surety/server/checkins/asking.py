"""The writer of check-ins: asks when the rules say so, tells the rules what became of it, takes back, lets lapse.

When is asked follows from rules/asking.py alone. Each action here is one short transaction that holds the person, so
that several processes, and somebody who changes the case, never act on each other's half-done work. What was done once
is not done again: a check-in's id follows from its place in the sequence.
"""

from collections.abc import Sequence
from typing import NamedTuple

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from surety.rules import asking as rules
from surety.rules.asking import Asked, LeftOut, Planned
from surety.rules.conditions import CheckInDuty, Condition, ConditionSet
from surety.rules.facts import CheckInAsked, fact_id
from surety.server.cases import queries as cases
from surety.server.cases.writing import lock_person
from surety.server.checkins import outbox, prompts, routes
from surety.server.checkins.models import CheckIn, Stands

LATE_MS = 60_000  # of the domain's time: asked so soon after its time, a question keeps it
GIVEN_UP_MS = 300_000  # later than that it is not asked at all: its time was chosen, another one would be another's
LOOK_BACK_MS = 3 * 86_400_000  # what was asked in the last two dates, wherever they begin
UNHEARD_MS = 60_000  # so long before its time is over, a question that got nowhere is told to have got nowhere

WHY = {
    LeftOut.ENDS: "The duty ends before the time to answer does.",
    LeftOut.LEAVE: "The duty is suspended, or leave covers it.",
}
NOT_RUNNING = "It was not asked in time, as the system was not running."


class Deed(NamedTuple):
    """What one look at a person did."""

    asked: int = 0
    not_asked: int = 0
    taken_back: int = 0


def ask_due(person_id: str, key: bytes, since_ms: int, now_ms: int, *, given_up_ms: int = GIVEN_UP_MS) -> Deed:
    """Ask a person what has been due since an instant, up to and with now. Doing so again does nothing more."""
    with transaction.atomic():
        lock_person(person_id)
        known = cases.condition_set(person_id)
        before = asked_lately(person_id, since_ms)
        done = Deed()
        for planned in rules.between(known.conditions, key, since_ms, now_ms + 1, before):
            if planned.left_out is None:
                done = _ask(person_id, planned, known, now_ms, given_up_ms, done)
    return done


def asked_lately(person_id: str, since_ms: int) -> list[Asked]:
    """What was asked of a person in the days before an instant, and since."""
    rows = CheckIn.objects.filter(person_id=person_id, asked_ms__gte=since_ms - LOOK_BACK_MS)
    rows = rows.exclude(stands=Stands.NOT_ASKED)
    return [Asked(*row) for row in rows.values_list("condition_id", "day", "asked_ms")]


def _ask(person_id: str, planned: Planned, known: ConditionSet, now_ms: int, given_up_ms: int, done: Deed) -> Deed:
    which = id_of(planned)
    if CheckIn.objects.filter(pk=which).exists():
        return done
    row = _row(which, person_id, planned, now_ms)
    row.note = _why_not(row, planned, known, now_ms, given_up_ms)
    if row.note:
        row.stands = Stands.NOT_ASKED
        row.save(force_insert=True)
        return done._replace(not_asked=done.not_asked + 1)
    row.save(force_insert=True)
    outbox.put(person_id, fact_of(row, "asked", row.asked_ms, now_ms), now_ms=now_ms)
    prompts.queue(row, prompts.ASKED, now_ms)
    return done._replace(asked=done.asked + 1)


def id_of(planned: Planned) -> str:
    """The id of the check-in that a time of the sequence makes."""
    question = planned.question
    return fact_id(planned.condition.id, planned.condition.version, question.day, question.number)


def _row(which: str, person_id: str, planned: Planned, now_ms: int) -> CheckIn:
    question, duty = planned.question, planned.duty
    late_ms = now_ms - question.at_ms
    due_ms = planned.due_ms + (late_ms if late_ms > LATE_MS else 0)  # the whole time to answer, also when asked late
    return CheckIn(
        id=which,
        person_id=person_id,
        condition_id=planned.condition.id,
        condition_version=planned.condition.version,
        day=question.day,
        number=question.number,
        asked_ms=question.at_ms,
        due_ms=due_ms,
        late_until_ms=due_ms + duty.late_until_s * 1000,
        turn=question.turn,
    )


def _why_not(row: CheckIn, planned: Planned, known: ConditionSet, now_ms: int, given_up_ms: int) -> str:
    """Why a question is not asked although its time has come; nothing where it is."""
    if now_ms - row.asked_ms > given_up_ms:
        return NOT_RUNNING
    if why := rules.holds_until(planned.condition, known.conditions, row.asked_ms, row.due_ms):
        return WHY[why]
    return routes.why_not(row.person_id, now_ms)


def fact_of(row: CheckIn, what: str, at_ms: int, now_ms: int, **more: bool) -> CheckInAsked:
    """What the rules are told of a check-in. Its id follows from what it says, so told twice it is told once."""
    name = fact_id("check-in", row.pk, what, row.due_ms)
    return CheckInAsked(name, row.pk, max(at_ms, row.asked_ms), now_ms, row.due_ms, **more)


# --- what becomes of it ---------------------------------------------------------------------------------------------


def follow_up(now_ms: int, *, unheard_ms: int = UNHEARD_MS) -> int:
    """Tell the rules what got through and what did not, and let lapse what nobody answered; how many were touched."""
    touched = 0
    for row in _to_be_told(now_ms, unheard_ms):
        touched += _told(row, now_ms)
    lapsed = CheckIn.objects.filter(stands=Stands.ASKED, late_until_ms__lte=now_ms)
    return touched + lapsed.update(stands=Stands.LAPSED)


def _to_be_told(now_ms: int, unheard_ms: int) -> Sequence[CheckIn]:
    """Those of which is known by now that they got through, or that nothing carried them anywhere in time."""
    seen = Q(seen_ms__isnull=False, delivered_ms=None)
    nowhere = Q(seen_ms=None, handed_ms=None, undelivered_ms=None, due_ms__lte=now_ms + unheard_ms)
    nowhere &= ~Q(Exists(routes.accepted_of(OuterRef("pk"))))
    open_now = CheckIn.objects.filter(stands=Stands.ASKED).filter(seen | nowhere)
    return list(open_now.order_by("due_ms")[:_MOST])


_MOST = 1_000  # looked at in one step


def _told(row: CheckIn, now_ms: int) -> int:
    """Tell the rules of one, if it is still so."""
    through = row.seen_ms is not None
    field = "delivered_ms" if through else "undelivered_ms"
    with transaction.atomic():
        if not CheckIn.objects.filter(pk=row.pk, **{field: None}).update(**{field: now_ms}):
            return 0
        at_ms = row.seen_ms if row.seen_ms is not None else min(now_ms, row.due_ms - 1)
        what = "delivered" if through else "undelivered"
        outbox.put(row.person_id, fact_of(row, what, at_ms, now_ms, delivered=through), now_ms=now_ms)
    return 1


def take_back(person_id: str, now_ms: int) -> Deed:
    """Take back what a person need not answer any more, as a change of their case means."""
    with transaction.atomic():
        lock_person(person_id)
        open_now = list(CheckIn.objects.select_for_update().filter(person_id=person_id, stands=Stands.ASKED))
        if not open_now:
            return Deed()
        known = cases.condition_set(person_id)
        reasons = [(row, _why_back(row, known, now_ms)) for row in open_now]
        back = [row for row, why in reasons if why]
        for row, why in reasons:
            if why:
                _take_back(row, why, now_ms)
    return Deed(taken_back=len(back))


def _why_back(row: CheckIn, known: ConditionSet, now_ms: int) -> str:
    condition = _version_of(row, known)
    if condition is None:
        return WHY[LeftOut.ENDS]
    why = rules.holds_until(condition, known.conditions, row.asked_ms, row.due_ms)
    if why:
        return WHY[why]
    return routes.why_not(row.person_id, now_ms) if now_ms < row.due_ms else ""


def _version_of(row: CheckIn, known: ConditionSet) -> Condition | None:
    """The duty as it was in force when the question was asked, or as it is known by now to have been."""
    for one in known.conditions:
        in_force = one.effective_from_ms <= row.asked_ms < (one.effective_to_ms or row.asked_ms + 1)
        if one.id == row.condition_id and isinstance(one.body, CheckInDuty) and in_force:
            return one
    return None


def _take_back(row: CheckIn, why: str, now_ms: int) -> None:
    row.stands, row.note = Stands.CANCELLED, why
    row.save(update_fields=["stands", "note"])
    at_ms = min(now_ms, row.due_ms - 1)  # before its time is over, also where the change is of yesterday
    outbox.put(row.person_id, fact_of(row, "taken back", at_ms, now_ms, taken_back=True), now_ms=now_ms)
