"""Works the times of a past date out again, beside what was asked: for an inspector on the server's machine.

Dates that are not over yet are refused: times to come are told to nobody. Each look is in the audit log, where the
person sees it.
"""

import msgspec

from surety.rules import asking as rules
from surety.rules import schedule
from surety.rules.asking import Asked, LeftOut, Planned
from surety.server.audit import actions as audit
from surety.server.cases import queries as cases
from surety.server.cases.models import Person
from surety.server.checkins import asking
from surety.server.checkins.models import CheckIn, Stands
from surety.server.errors import InvalidError, NotFoundError
from surety.server.monitoring import reading

WHY = {
    LeftOut.BEFORE: "This version was not in force yet.",
    LeftOut.AFTER: "This version was changed or over by then.",
    LeftOut.ENDS: asking.WHY[LeftOut.ENDS],
    LeftOut.LEAVE: asking.WHY[LeftOut.LEAVE],
    LeftOut.ENOUGH: "As many as the duty says were asked that day.",
    LeftOut.CLOSE: "It lay too close to another question.",
}
MISSING = "Nothing is on record of it."
FOREIGN = "It was asked, but is not of the sequence."


class Recomputed(msgspec.Struct, frozen=True):
    """One time of a date: worked out, on record, or both. `differs`: one of the two lacks the other."""

    condition_id: str
    version: int
    number: int
    computed_ms: int | None
    asked_ms: int | None
    turn: str
    stands: str
    said: str = ""
    differs: bool = False


def recompute(reference: str, day: str, key: bytes, now_ms: int) -> tuple[Person, list[Recomputed]]:
    """The times of a person's date, in order. Raises NotFoundError or InvalidError with one sentence."""
    person_id = cases.person_of_reference(reference)
    if person_id is None:
        raise NotFoundError(f"No person has the reference {reference}.")
    known = cases.condition_set(person_id)
    from_ms, to_ms = _around(day)
    if now_ms < to_ms:
        raise InvalidError(f"{day} is not over everywhere yet, and times to come are told to nobody.", field="date")
    rows = {row.pk: row for row in CheckIn.objects.filter(person_id=person_id, day=day)}
    # What is on record counts towards the day only as far as it is of the sequence: what was made up hides nothing.
    times = {asking.id_of(one): one.question.at_ms for one in rules.between(known.conditions, key, from_ms, to_ms)}
    before = [one for name, one in _asked(person_id, from_ms, to_ms) if one.day != day or times.get(name) == one.at_ms]
    planned = rules.between(known.conditions, key, from_ms, to_ms, before)
    compared = [_compared(one, rows.pop(asking.id_of(one), None)) for one in planned if one.question.day == day]
    found = [*(one for one in compared if one is not None), *(_foreign(row) for row in rows.values())]
    return cases.access_person(person_id, None), sorted(found, key=_when)


def _around(day: str) -> tuple[int, int]:
    """The time in which a date's questions lie, in every zone: its windows end by the end of the next date."""
    try:
        start_ms = schedule.first_showing("UTC", schedule.ordinal(day), 0)
    except schedule.TimetableError as error:
        raise InvalidError(f"{str(error)[0].upper()}{str(error)[1:]}.", field="date") from None
    return start_ms - schedule.DAY_MS, start_ms + 3 * schedule.DAY_MS


def _asked(person_id: str, from_ms: int, to_ms: int) -> list[tuple[str, Asked]]:
    rows = CheckIn.objects.filter(person_id=person_id, asked_ms__gte=from_ms - asking.LOOK_BACK_MS, asked_ms__lt=to_ms)
    rows = rows.exclude(stands=Stands.NOT_ASKED)
    return [(row.pk, Asked(row.condition_id, row.day, row.asked_ms)) for row in rows]


def _compared(planned: Planned, row: CheckIn | None) -> Recomputed | None:
    """A time of the sequence beside its check-in; None for one that a version would have asked in another's time."""
    question, why = planned.question, planned.left_out
    if row is None and why in (LeftOut.BEFORE, LeftOut.AFTER):
        return None
    said = row.note if row is not None else MISSING if why is None else WHY[why]
    return Recomputed(
        planned.condition.id,
        planned.condition.version,
        question.number,
        question.at_ms,
        row.asked_ms if row is not None else None,
        question.turn,
        Stands(row.stands).label if row is not None else "Not asked",
        said,
        differs=why is None if row is None else (row.asked_ms, row.turn) != (question.at_ms, question.turn),
    )


def _foreign(row: CheckIn) -> Recomputed:
    label = Stands(row.stands).label
    named = row.condition_id, row.condition_version, row.number
    return Recomputed(*named, None, row.asked_ms, row.turn, label, FOREIGN, differs=True)


def _when(one: Recomputed) -> tuple[int, int]:
    return one.computed_ms or one.asked_ms or 0, one.version


def note(person: Person, day: str, purpose: str, *, now_ms: int) -> None:
    """Write down who worked out the times of which date, and what for."""
    audit.record(
        action="checkins.recomputed",
        actor=None,
        actor_name=reading.operator_name(),
        subject_type="person",
        subject_id=person.pk,
        person_id=person.pk,
        detail={"day": day, "purpose": purpose, "command": "checkins recompute"},
        at_ms=now_ms,
    )
