"""Which states a thing may be in and what moves it on, as data: the rules look their moves up here, and decide by them.

`docs/states.md` is drawn from these tables by `docs/draw_states.py`, and a test holds it to them. Which facts and
probabilities make an event is decided in duty.py, checkins.py and devices.py; what follows from it stands here alone.
"""

import enum
import functools
from collections.abc import Mapping
from typing import Generic, NamedTuple, TypeVar

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
        self, start: StateT, states: Mapping[StateT, str], events: Mapping[EventT, str], *moves: Move[StateT, EventT]
    ) -> None:
        """`states` and `events` say each in words. Raises ValueError where two moves leave a state by one event."""
        self.start, self.states, self.events, self.moves = start, states, events, moves
        self._next = {(move.state, move.event): move for move in moves}
        if len(self._next) != len(moves):
            raise ValueError("two moves leave one state by one event")

    def after(self, state: StateT, event: EventT) -> Move[StateT, EventT]:
        """The move that an event makes in a state."""
        return self._next.get((state, event)) or Move(state, event, state)

    def found(self, state: StateT, event: EventT) -> Kind:
        """What a move finds. Raises LookupError for a move that finds nothing."""
        kind = self.after(state, event).finding
        if kind is None:
            raise LookupError(f"{event} in {state} is no finding")
        return kind


# --- a duty of place and time: a curfew night, a visit to a zone


class DutyState(enum.StrEnum):
    """Where one ordered time (a curfew night, the hours of a zone) stands."""

    BETWEEN = "between"
    NOT_KNOWN = "not_known"
    KEPT = "kept"
    MISSING = "missing"
    BROKEN = "broken"


class DutyEvent(enum.StrEnum):
    """What moves it on."""

    BEGINS = "begins"
    CERTAINLY_KEPT = "certainly_kept"
    CERTAINLY_NOT = "certainly_not"
    NOT_AT_START = "not_at_start"
    SURER = "surer"
    ENDS = "ends"
    CUT_SHORT = "cut_short"


_DUTY_STATES = {
    DutyState.BETWEEN: "the duty asks nothing now",
    DutyState.NOT_KNOWN: "its time runs, and nothing certain is known in it yet",
    DutyState.KEPT: "it was certainly kept, and not certainly broken since",
    DutyState.MISSING: "it was never certainly kept in this time, and is certainly not",
    DutyState.BROKEN: "it was certainly kept in this time, and then certainly not",
}
_DUTY_EVENTS = {
    DutyEvent.BEGINS: "the ordered time begins",
    DutyEvent.CERTAINLY_KEPT: "the evidence certainly says: kept",
    DutyEvent.CERTAINLY_NOT: "the evidence certainly says: not kept",
    DutyEvent.NOT_AT_START: "the evidence certainly says so at the very instant at which the time begins",
    DutyEvent.SURER: "what was only possible is more than that now",
    DutyEvent.ENDS: "the ordered time ends",
    DutyEvent.CUT_SHORT: "the condition or the order ends, or leave begins",
}


@functools.cache
def duty(
    broken_at_start: Kind, broken: Kind, mended: Kind, throughout: Kind | None = None
) -> Machine[DutyState, DutyEvent]:
    """The course of a duty of place and time, with what its findings are called (duty.py's Terms)."""
    state, event = DutyState, DutyEvent
    return Machine(
        state.BETWEEN,
        _DUTY_STATES,
        _DUTY_EVENTS,
        Move(state.BETWEEN, event.BEGINS, state.NOT_KNOWN),
        Move(state.NOT_KNOWN, event.CERTAINLY_KEPT, state.KEPT),
        Move(state.NOT_KNOWN, event.NOT_AT_START, state.MISSING, broken_at_start),
        Move(state.NOT_KNOWN, event.CERTAINLY_NOT, state.MISSING, broken_at_start),
        Move(state.NOT_KNOWN, event.ENDS, state.BETWEEN),
        Move(state.NOT_KNOWN, event.CUT_SHORT, state.BETWEEN),
        Move(state.KEPT, event.NOT_AT_START, state.BROKEN, broken_at_start),
        Move(state.KEPT, event.CERTAINLY_NOT, state.BROKEN, broken),
        Move(state.KEPT, event.ENDS, state.BETWEEN),
        Move(state.KEPT, event.CUT_SHORT, state.BETWEEN),
        Move(state.MISSING, event.CERTAINLY_KEPT, state.KEPT, mended),
        Move(state.MISSING, event.SURER, state.MISSING, broken_at_start),
        Move(state.MISSING, event.ENDS, state.BETWEEN, throughout or Kind.DUTY_ENDED),
        Move(state.MISSING, event.CUT_SHORT, state.BETWEEN, Kind.DUTY_ENDED),
        Move(state.BROKEN, event.CERTAINLY_KEPT, state.KEPT, mended),
        Move(state.BROKEN, event.SURER, state.BROKEN, broken),
        Move(state.BROKEN, event.ENDS, state.BETWEEN, Kind.DUTY_ENDED),
        Move(state.BROKEN, event.CUT_SHORT, state.BETWEEN, Kind.DUTY_ENDED),
    )


class SightState(enum.StrEnum):
    """Whether a duty can be verified, beside whether it is kept."""

    SEEN = "seen"
    UNSEEN = "unseen"


class SightEvent(enum.StrEnum):
    """What moves that on."""

    TOO_LONG = "too_long"
    CERTAIN = "certain"
    ENDS = "ends"


SIGHT = Machine(
    SightState.SEEN,
    {
        SightState.SEEN: "the last certain position is recent enough",
        SightState.UNSEEN: "nobody can say whether the duty is kept: that is no breach",
    },
    {
        SightEvent.TOO_LONG: "so long without a certain position as the condition allows",
        SightEvent.CERTAIN: "the evidence is certain again, whatever it says",
        SightEvent.ENDS: "the ordered time or the condition ends",
    },
    Move(SightState.SEEN, SightEvent.TOO_LONG, SightState.UNSEEN, Kind.CANNOT_VERIFY),
    Move(SightState.UNSEEN, SightEvent.CERTAIN, SightState.SEEN, Kind.VERIFIED_AGAIN),
    Move(SightState.UNSEEN, SightEvent.ENDS, SightState.SEEN, Kind.DUTY_ENDED),
)


# --- what a device says of itself


class SignState(enum.StrEnum):
    """Whether a device says something of itself."""

    SILENT = "silent"
    SAID = "said"


class SignEvent(enum.StrEnum):
    """What a report does to that."""

    SAYS = "says"
    SAYS_ANEW = "says_anew"
    CONTRADICTS = "contradicts"
    OVER = "over"


_SIGN_STATES = {SignState.SILENT: "the device does not say it", SignState.SAID: "the device said it lately"}
_SIGN_EVENTS = {
    SignEvent.SAYS: "a report says it",
    SignEvent.SAYS_ANEW: "a report says it, which none did for as long as makes it news again",
    SignEvent.CONTRADICTS: "one report says it and its opposite: the sensor contradicts itself (POSSIBLE)",
    SignEvent.OVER: "a report says that it is over",
}


@functools.cache
def sign(kind: Kind, *, lasts: bool) -> Machine[SignState, SignEvent]:
    """What becomes of a device's word: of a state that lasts (an open strap), or of what only happens (an SOS)."""
    state, event = SignState, SignEvent
    moves = [
        Move(state.SILENT, event.SAYS, state.SAID, kind),
        Move(state.SAID, event.SAYS, state.SAID),
        Move(state.SAID, event.SAYS_ANEW, state.SAID, kind),
    ]
    if lasts:
        moves += [
            Move(state.SILENT, event.CONTRADICTS, state.SILENT, kind),
            Move(state.SAID, event.OVER, state.SILENT, Kind.DEVICE_RESTORED),
        ]
    return Machine(state.SILENT, _SIGN_STATES, _SIGN_EVENTS, *moves)


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
    TAKEN_BACK = "taken_back"


def _check_in() -> Machine[CheckInState, CheckInEvent]:
    state, event = CheckInState, CheckInEvent
    unanswered = (state.ASKED, state.UNDELIVERED, state.MISSED)
    late = {state.UNDELIVERED: Kind.CHECK_IN_LATE, state.MISSED: Kind.CHECK_IN_LATE}
    settled = (event.SAME, event.CANNOT_TELL)
    return Machine(
        state.ASKED,
        {
            state.ASKED: "a photograph was asked for",
            state.UNDELIVERED: "the time is over, and the question never got through: not a breach",
            state.MISSED: "the time is over, and no photograph has come",
            state.ANSWERED: "a photograph has come, and is compared",
            state.NOT_VERIFIED: "two people say that it shows somebody else",
            state.CLOSED: "settled; kept in mind while the same question may be told again",
        },
        {
            event.DUE: "the time to answer is over",
            event.DUE_UNHEARD: "the time is over; the question had not got through, or the device was silent all along",
            event.SUBMITTED: "a photograph comes",
            event.SAME: "decided: the same person",
            event.CANNOT_TELL: "decided: nobody can tell, which is no breach",
            event.NOT_SAME: "decided by two people or more: another person",
            event.TAKEN_BACK: "the question is taken back before its time is over",
        },
        Move(state.ASKED, event.DUE, state.MISSED, Kind.CHECK_IN_MISSED),
        Move(state.ASKED, event.DUE_UNHEARD, state.UNDELIVERED, Kind.CHECK_IN_UNDELIVERED),
        Move(state.ASKED, event.TAKEN_BACK, state.CLOSED),
        *(Move(one, event.SUBMITTED, state.ANSWERED, late.get(one)) for one in unanswered),
        *(Move(state.ANSWERED, verdict, state.CLOSED) for verdict in settled),
        Move(state.CLOSED, event.SUBMITTED, state.ANSWERED),
        Move(state.ANSWERED, event.NOT_SAME, state.NOT_VERIFIED, Kind.FACE_NOT_VERIFIED),
        *(Move(state.NOT_VERIFIED, verdict, state.CLOSED, Kind.DUTY_ENDED) for verdict in settled),
    )


CHECK_IN = _check_in()
