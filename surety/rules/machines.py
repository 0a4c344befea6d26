"""Which states a thing may be in and what moves it on, as data: the rules look their moves up here, and decide by them.

`docs/states.md` is drawn from these tables by `docs/draw_states.py`, and a test holds it to them. What an event means
in facts and probabilities is decided in the file named beside each machine; what follows from it stands here alone.
"""

import enum
from collections.abc import Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from surety.rules.findings import Kind

StateT = TypeVar("StateT", bound=enum.Enum)
EventT = TypeVar("EventT", bound=enum.Enum)


class Move(NamedTuple, Generic[StateT, EventT]):
    """In `state`, `event` leads to `to`, and is a finding of that kind if there is one."""

    state: StateT
    event: EventT
    to: StateT
    finding: Kind | None = None


class Machine(Generic[StateT, EventT]):
    """A table of moves. What is not in it does not happen: the state stays, and nothing is found."""

    def __init__(
        self,
        title: str,
        decided_in: str,
        start: StateT,
        states: Mapping[StateT, str],
        events: Mapping[EventT, str],
        moves: tuple[Move[StateT, EventT], ...],
    ) -> None:
        """`states` and `events` say each in words. Raises ValueError where two moves leave a state by one event."""
        self.title, self.decided_in, self.start = title, decided_in, start
        self.states, self.events, self.moves = states, events, moves
        self._next = {(move.state, move.event): move for move in moves}
        if len(self._next) != len(moves):
            raise ValueError(f"{title}: two moves leave one state by one event")

    def after(self, state: StateT, event: EventT) -> Move[StateT, EventT]:
        """The move that an event makes in a state."""
        return self._next.get((state, event)) or Move(state, event, state)


# --- a check-in


class CheckInState(enum.StrEnum):
    """Where a check-in stands."""

    ASKED = "asked"
    UNDELIVERED = "undelivered"
    MISSED = "missed"
    ANSWERED = "answered"
    NOT_VERIFIED = "not_verified"
    CLOSED = "closed"


class CheckInEvent(enum.StrEnum):
    """What happens to a check-in."""

    DUE = "due"
    DUE_UNHEARD = "due_unheard"
    SUBMITTED = "submitted"
    SAME = "same"
    CANNOT_TELL = "cannot_tell"
    NOT_SAME = "not_same"


def _check_in() -> Machine[CheckInState, CheckInEvent]:
    state, event = CheckInState, CheckInEvent
    unanswered = (state.ASKED, state.UNDELIVERED, state.MISSED)
    late = {state.UNDELIVERED: Kind.CHECK_IN_LATE, state.MISSED: Kind.CHECK_IN_LATE}
    settled = (event.SAME, event.CANNOT_TELL)
    return Machine(
        "A check-in",
        "surety/rules/checkins.py",
        state.ASKED,
        {
            state.ASKED: "a photograph was asked for",
            state.UNDELIVERED: "the time is over, and the question never got through: not a breach",
            state.MISSED: "the time is over, and no photograph has come",
            state.ANSWERED: "a photograph has come, and is compared",
            state.NOT_VERIFIED: "two people say that it shows somebody else",
            state.CLOSED: "nothing is open any more; it is forgotten",
        },
        {
            event.DUE: "the time to answer is over",
            event.DUE_UNHEARD: "the time is over; the question had not got through, or the device was silent all along",
            event.SUBMITTED: "a photograph comes",
            event.SAME: "decided: the same person",
            event.CANNOT_TELL: "decided: nobody can tell, which is no breach",
            event.NOT_SAME: "decided by two people or more: another person",
        },
        (
            Move(state.ASKED, event.DUE, state.MISSED, Kind.CHECK_IN_MISSED),
            Move(state.ASKED, event.DUE_UNHEARD, state.UNDELIVERED, Kind.CHECK_IN_UNDELIVERED),
            *(Move(one, event.SUBMITTED, state.ANSWERED, late.get(one)) for one in unanswered),
            *(Move(state.ANSWERED, verdict, state.CLOSED) for verdict in settled),
            Move(state.ANSWERED, event.NOT_SAME, state.NOT_VERIFIED, Kind.FACE_NOT_VERIFIED),
            *(Move(state.NOT_VERIFIED, verdict, state.CLOSED, Kind.DUTY_ENDED) for verdict in settled),
        ),
    )


CHECK_IN = _check_in()
MACHINES: tuple[Machine[Any, Any], ...] = (CHECK_IN,)  # each has states and events of its own
