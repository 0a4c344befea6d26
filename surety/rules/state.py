"""Everything the engine remembers of one person between two facts, and its form as bytes. Decides nothing."""

from typing import Any, NamedTuple

import msgspec
import numpy as np

from surety.rules.facts import Millis
from surety.rules.findings import RULES_VERSION, Certainty, Kind
from surety.rules.kernel import EVIDENCE_COLUMNS
from surety.rules.machines import CheckInState
from surety.rules.schedule import BEGINNING, END

RECENT_FIXES = 5  # as many as a finding names; older ones are in the log


class Seen(NamedTuple):
    """A fix that was taken as evidence of a place."""

    at_ms: Millis
    fact_id: str
    source: int
    accuracy_m: float | None


class Episode(msgspec.Struct, frozen=True, array_like=True):
    """Something that began and has not ended: named by the finding that began it."""

    id: str
    kind: Kind
    at_ms: Millis
    certainty: Certainty


# Whether a duty is kept; UNSURE until that is certain.
UNSURE, KEPT, BROKEN = 0, 1, 2


class Watch(msgspec.Struct, frozen=True, array_like=True):
    """One duty as it is watched. `since_ms` is the start of the running window, None between windows.

    `until_ms` is the window's end, or the next window's start. `met`: the duty was certainly kept at some time in
    this window. `gap`: at some time in this window nobody could tell. `rows`: its rows of the evidence. `asked_ms`:
    since when this version asks, later than the window's start where one version took another's place in it.
    `after_leave`, `before_leave`: the leave ("absence", "suspension") that ended as the window started, or that begins
    as it ends.
    """

    condition_id: str
    version: int
    until_ms: Millis
    since_ms: Millis | None = None
    places: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    status: int = UNSURE
    met: bool = False
    gap: bool = False
    breach: Episode | None = None
    unseen: Episode | None = None
    asked_ms: Millis = BEGINNING
    after_leave: str = ""
    before_leave: str = ""


class Record(msgspec.Struct, frozen=True, array_like=True):
    """What a rule beside the duties (tracker.py) remembers of one condition."""

    condition_id: str
    version: int


class Silence(Record, frozen=True, tag="silence"):
    """One trail condition as it is watched: since when, and the silence that is going on."""

    since_ms: Millis
    episode: Episode | None = None


class OrderClock(Record, frozen=True, tag="order"):
    """One order as it is watched: since when its version holds, the review that is overdue, and whether it is over."""

    since_ms: Millis
    overdue: Episode | None = None
    over: bool = False


class Nearness(Record, frozen=True, tag="near"):
    """The surroundings of one exclusion zone as they are watched. `active`: its hours run, until `until_ms`."""

    until_ms: Millis
    active: bool = False
    episode: Episode | None = None


class CheckIn(msgspec.Struct, frozen=True, array_like=True):
    """One check-in that is open. `until_ms`: when it is forgotten. `fact_ids`: the question and what came of it.

    `overdue` and `adverse` are what it has led to and may still be ended.
    """

    id: str
    asked_ms: Millis
    due_ms: Millis
    until_ms: Millis
    stands: CheckInState = CheckInState.ASKED
    delivered: bool | None = None
    fact_ids: tuple[str, ...] = ()
    overdue: Episode | None = None
    adverse: Episode | None = None


class CheckIns(Record, frozen=True, tag="check_ins"):
    """The open check-ins under one condition, in the order in which they came to be known."""

    open: tuple[CheckIn, ...] = ()


class Sum(msgspec.Struct, frozen=True, array_like=True):
    """Time away that adds up over a day or a week, named by its first day (a proleptic ordinal).

    `told_ms`: the limit of which it was told that it is passed. `certainty`: the least of what was counted.
    """

    start: int = 0
    spent_ms: int = 0
    told_ms: int = 0
    certainty: Certainty = Certainty.ESTABLISHED


class Away(Record, frozen=True, tag="away"):
    """Time away from one curfew. `from_ms`: up to where it is counted while somebody is out, after the fix `fix_ms`.

    `counted_ms`: what was counted of the absence `episode`.
    """

    day: Sum = Sum()
    week: Sum = Sum()
    from_ms: Millis | None = None
    fix_ms: Millis = BEGINNING
    episode: str = ""
    counted_ms: int = 0


class Spot(msgspec.Struct, frozen=True, array_like=True):
    """Where one of two people was last seen: error scale, kind of fix, and how fast they went, as far as it shows."""

    at_ms: Millis
    fact_id: str
    lat_deg: float
    lon_deg: float
    accuracy_m: float | None
    sigma_m: float
    source: int
    pace_mps: float


class Ring(msgspec.Struct, frozen=True, array_like=True):
    """One distance as it is watched, with its row of evidence as bytes (kernel.py's columns)."""

    watch: Watch
    evidence: bytes


class Apart(Record, frozen=True, tag="apart"):
    """Two people who are to keep apart. `other` is the protected one; nothing told of this record may say where."""

    rings: tuple[Ring, ...]
    own: Spot | None = None
    other: Spot | None = None
    pairs: tuple[Seen, ...] = ()


class Stay(Record, frozen=True, tag="attendance"):
    """One attendance as it is watched. `until_ms`: the end of the window that runs, or the start of the next.

    `stayed_ms`, `elsewhere_ms`: what counts of the window so far. `fix_ms` and `there` (a Presence): the last fix and
    what it certainly showed; `out_ms`: the last that showed somebody elsewhere. `certainty`: the least of them.
    `settle_ms`: when the window is concluded if nothing comes after it.
    """

    until_ms: Millis
    since_ms: Millis | None = None
    settle_ms: Millis = END
    needed_ms: int = 0
    place: str = ""
    area: int = 0
    stayed_ms: int = 0
    elsewhere_ms: int = 0
    fix_ms: Millis | None = None
    there: int = 0
    certainty: Certainty = Certainty.ESTABLISHED
    out_ms: Millis | None = None
    arrived_ms: Millis | None = None
    kept: bool = False


class Whereabouts(Record, frozen=True, tag="whereabouts"):
    """One trail condition's watch for places: since when they are missed, and the time without any that goes on.

    `asleep`: the device did not speak either, so that nothing is missed until it does.
    """

    since_ms: Millis
    episode: Episode | None = None
    asleep: bool = False


class Charge(Record, frozen=True, tag="charge"):
    """A local day of charging so far. `since_ms`: from when it is watched, `until_ms`: its end.

    `last_ms` and `charging`: the last report, and whether the device was on its charger then (None: never told).
    `charged_ms` counts every charge that touches the day in full; `running_ms` is the one going on; `unknown_ms` is the
    time of the day of which the device did not tell.
    """

    since_ms: Millis
    until_ms: Millis
    last_ms: Millis
    charging: bool | None = None
    charged_ms: Millis = 0
    running_ms: Millis = 0
    unknown_ms: Millis = 0


AnyRecord = Silence | OrderClock | Nearness | CheckIns | Away | Apart | Stay | Whereabouts | Charge
"""Every kind of record, each with its own tag."""


class Standing(msgspec.Struct, frozen=True, array_like=True):
    """Something that the device says of itself until it says otherwise: under what it was found, and when last said."""

    episode: Episode
    condition_id: str
    version: int
    said_ms: Millis


class Leap(msgspec.Struct, frozen=True, array_like=True):
    """A way that nobody travels, until the fixes that follow settle what it was. Places are Earth-centred metres."""

    start: tuple[float, float, float]
    from_ms: Millis
    from_sigma_m: float
    end: tuple[float, float, float]
    to_ms: Millis
    fact_id: str
    agreeing: int = 0


class Device(msgspec.Struct, frozen=True, array_like=True):
    """What the device last told of itself. `told_ms`: when a finding of a kind was last made, not to repeat it.

    `standing`: what it says of itself that is not over, by kind. `levels`: its battery since the last charge, see
    battery.py. `location_off_ms`: since when it says that positions are switched off. From `leap` on: see leaps.py.
    """

    battery_pct: float | None = None
    charging: bool | None = None
    offline: bool = False
    powered_off: bool = False
    battery_low: bool = False
    told_ms: dict[Kind, Millis] = {}
    standing: dict[Kind, Standing] = {}
    levels: tuple[tuple[Millis, float], ...] = ()
    location_off_ms: Millis | None = None
    leap: Leap | None = None
    returns: tuple[Millis, ...] = ()  # when wild fixes came back, lately
    wild_ms: Millis | None = None  # when one was last told
    doubted_to_ms: Millis = BEGINNING


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """Messages that the device had to keep: when the first and the last of them arrived.

    `fact_id` is the first one's, `measured_ms` the own time of the last one.
    """

    first_ms: Millis
    last_ms: Millis
    fact_id: str
    measured_ms: Millis


class State(msgspec.Struct, array_like=True, eq=False):
    """The state of one person. Treat as a value: the engine returns a new one and never changes the one it was given.

    `at_ms` and `last_id` say up to which fact or wake-up it has gone.
    """

    person_id: str
    at_ms: Millis = BEGINNING
    last_id: str = ""
    revision: int | None = None
    epoch_end_ms: Millis = BEGINNING
    wake_ms: Millis = END
    attention: bool = False  # something waits for the next fix: look at every duty then
    heard_ms: Millis | None = None
    kept: Kept | None = None  # messages taken that arrived long after their own time, see hearing.py
    keys: tuple[int, ...] = ()
    recent: tuple[Seen, ...] = ()
    device: Device = Device()
    watches: tuple[Watch, ...] = ()
    records: tuple[AnyRecord, ...] = ()  # in the order of the epoch's asks
    evidence: Any = None  # float64 [areas, EVIDENCE_COLUMNS]; bytes only on the way in and out
    before: Any = None  # float64 [BEFORE_COLUMNS]: the last good fix as kernel.py keeps it; bytes likewise


_encoder = msgspec.msgpack.Encoder(enc_hook=lambda array: array.tobytes(), order="deterministic")
_decoder = msgspec.msgpack.Decoder(State)
_MARK = RULES_VERSION.encode() + b"\x00"


class OtherStateError(ValueError):
    """Bytes of a state that these rules did not write: other rules remember other things. The facts give it anew."""


def encode_state(state: State) -> bytes:
    """The state as bytes, marked with the rules' version; equal states give equal bytes."""
    return _MARK + _encoder.encode(state)


def decode_state(data: bytes) -> State:
    """The state that `encode_state` wrote. Raises OtherStateError on what another version of the rules wrote."""
    try:
        if not data.startswith(_MARK):
            raise OtherStateError(f"a state of other rules than {RULES_VERSION}")
        state = _decoder.decode(memoryview(data)[len(_MARK) :])
    except msgspec.MsgspecError as error:
        raise OtherStateError(f"a state that cannot be read: {error}") from error
    state.evidence = np.frombuffer(state.evidence).reshape(-1, EVIDENCE_COLUMNS).copy()
    state.before = np.frombuffer(state.before).copy()
    return state
