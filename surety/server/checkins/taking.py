"""Decides what becomes of photographs that came, in the worker's transaction (monitoring/actions.store).

- Each fact CheckInSubmitted becomes one Submission, whose id is the fact's: however often it comes, it is there once.
- It is queued for the comparison (comparing.py), unless an officer saw the person themselves. The check-in then stands
  at SUBMITTED, also when the photographs came late.
- What was taken at or after `late_until_ms` comes too late: the rules wait no longer (rules/checkins.py), so no verdict
  could change anything. It is kept and shown, and is not compared. The same goes for a question that was taken back.
- Photographs for a question that nobody asked of this person are given back to the worker, which sets the fact aside.

The order in which facts come does not matter: an instant is judged by the fact's own time, never by that of its coming.
"""

from collections.abc import Sequence
from typing import NamedTuple

from surety.rules.facts import CheckInSubmitted
from surety.server.checkins.models import CheckIn, Stands, Submission

_OPEN = (Stands.ASKED, Stands.LAPSED)
_NOTHING_ASKED = (Stands.CANCELLED, Stands.NOT_ASKED)


class Sent(NamedTuple):
    """Photographs that came for one person, as the worker took them."""

    person_id: str
    fact: CheckInSubmitted


def take(sent: Sequence[Sent], *, now_ms: int) -> list[Sent]:
    """Record what came, in the caller's transaction; gives back what nobody asked of that person."""
    if not sent:
        return []
    asked = CheckIn.objects.in_bulk({one.fact.check_in_id for one in sent})
    known: list[Sent] = []
    unasked: list[Sent] = []
    for one in sent:
        question = asked.get(one.fact.check_in_id)
        (known if question is not None and question.person_id == one.person_id else unasked).append(one)
    rows = [_row(one.fact, asked[one.fact.check_in_id], now_ms) for one in known]
    Submission.objects.bulk_create(rows, ignore_conflicts=True)
    queued = {row.check_in_id for row in rows if row.next_ms is not None}
    CheckIn.objects.filter(pk__in=queued, stands__in=_OPEN).update(stands=Stands.SUBMITTED)
    return unasked


def _row(fact: CheckInSubmitted, question: CheckIn, now_ms: int) -> Submission:
    compared = fact.at_ms < question.late_until_ms and question.stands not in _NOTHING_ASKED
    return Submission(
        id=fact.id,
        check_in=question,
        device_id=fact.device_id,
        at_ms=fact.at_ms,
        received_ms=fact.received_ms,
        photos=list(fact.photos),
        turn=fact.turn,
        tries=fact.tries,
        forced=fact.forced,
        taken_ms=now_ms,
        next_ms=now_ms if compared and (fact.photos or fact.device_id) else None,
    )
