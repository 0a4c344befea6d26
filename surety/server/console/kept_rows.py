"""What is kept of a person and when it goes, and their legal holds, as pages show them."""

from surety.server.accounts.models import User
from surety.server.accounts.permissions import may
from surety.server.cases.models import Person
from surety.server.console.case_access import full_text
from surety.server.records import holds, periods, queries
from surety.server.records.models import HoldState, LegalHold
from surety.server.records.plan import Going, period_words


def kept_context(person: Person, user: User, now: int) -> dict[str, object]:
    """What the record tab shows of it."""
    rows = LegalHold.objects.filter(person_id=person.pk).order_by("-proposed_ms")
    return {
        "kept": kept_rows(person, now),
        "holds": [hold_row(hold, user, person, now) for hold in rows],
        "may_propose": may(user, "records.propose", person),
    }


def kept_rows(person: Person, now: int) -> list[dict[str, object]]:
    """What is kept of a person, in plain words, each with when it goes and what keeps it."""
    return [
        {
            "words": one.words,
            "number": one.number,
            "when": _goes(one, person),
            "basis": one.basis,
            "held": _held(one, person),
        }
        for one in queries.what_goes_when(person.pk, now)
    ]


def _goes(one: Going, person: Person) -> str:
    return (
        f"each part after {period_words(one.days)}" if one.due_ms is None else full_text(one.due_ms, person.time_zone)
    )


def _held(one: Going, person: Person) -> str:
    return "" if one.held_until_ms is None else full_text(one.held_until_ms, person.time_zone)


def hold_row(hold: LegalHold, user: User, person: Person, now: int) -> dict[str, object]:
    """A hold as a page shows it, with what the user may do about it."""
    stands, own = holds.holds_now(hold, now), hold.proposed_by_id == user.pk
    waits = stands and hold.state == HoldState.PROPOSED
    words = [periods.rules()[kind].words for kind in hold.kinds]
    return {
        "hold": hold,
        "person": person,
        "reason": holds.reason_of(hold),
        "what": words or ["Everything that is kept"],
        "became": _became(hold, now),
        "until": full_text(holds.until_ms(hold), person.time_zone),
        "since": full_text(hold.proposed_ms, person.time_zone),
        "ends": full_text(hold.ends_ms, person.time_zone),
        "may_decide": waits and not own and may(user, "records.approve", person),
        "may_lift": stands and (may(user, "records.approve", person) or (waits and own)),
        "stands": stands,
    }


def _became(hold: LegalHold, now: int) -> str:
    if hold.lifted_ms is not None:
        return f"lifted by {hold.lifted_by_name}"
    if hold.state == HoldState.PROPOSED:
        return "waits for a second person" if holds.holds_now(hold, now) else "nobody decided on it in time"
    state = HoldState(hold.state).label.lower()
    return f"{state} by {hold.decided_by_name}" + ("" if holds.holds_now(hold, now) else "; over")
