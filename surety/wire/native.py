"""What the watch client says (protocol `native`, docs/watch.md): signed messages to facts, and to marks of the server.

Pure and total: whatever bytes a client sends, the answer is what they mean or a `Rejected`, never an exception. Who may
say it, and whether it follows on what was said before (chain.py), is for the door.
"""

import hashlib
import re
from collections.abc import Callable
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from surety.rules.facts import CheckInSubmitted, DeviceEvent, DeviceReport, Fix, ProblemTold, Topic, fact_id
from surety.wire import checks, signing
from surety.wire.checks import Raw
from surety.wire.contract import Reason, Rejected
from surety.wire.signing import Key

PROTOCOL = "native"
MAX_MESSAGES = 50
MAX_SUBSCRIPTION = 4096  # characters of a browser's push subscription; real ones have about 500
NOT_A_WATCHS = frozenset({DeviceEvent.OFFLINE, DeviceEvent.MESSAGES_LOST})  # the door's, and a message of its own
_CODE = re.compile(r"[23456789ABCDEFGHJKMNPQRSTVWXYZ]{5}-[23456789ABCDEFGHJKMNPQRSTVWXYZ]{5}")

_T = TypeVar("_T")
Whole = Annotated[int, Meta(ge=0, le=2**53)]  # what a JavaScript number holds exactly
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Name = Annotated[str, Meta(min_length=1, max_length=checks.MAX_IDENTIFIER)]
CheckInId = Annotated[str, Meta(pattern="^[0-9A-Za-z_-]{1,32}$")]


class PageRequest(msgspec.Struct, frozen=True):
    """A device asks for a link to its wearer's own page. `sent_ms`: by the door's clock, as the device knows it."""

    device: str
    sent_ms: int
    signature: str


class Enrolment(msgspec.Struct, frozen=True):
    """A device's key, for a one-time code; already known to be signed by that key."""

    code: str
    algorithm: str
    public_key: str

    @property
    def code_sha256(self) -> str:
        """The hash that the register keeps of the code."""
        return code_sha256(self.code)


class Said(msgspec.Struct, frozen=True):
    """One message within a request, as it was signed."""

    body: str
    signature: str


class Request(msgspec.Struct, frozen=True):
    """A request: who sends it, when by the device's own clock, and what it brings."""

    device: Name
    sent_ms: Whole
    signature: str
    messages: Annotated[list[Said], Meta(max_length=MAX_MESSAGES)]

    def signed_by(self, key: Key) -> bool:
        """Whether the device itself asks."""
        return key.signed(signing.request_text(self.device, self.sent_ms), self.signature)


class Seen(msgspec.Struct, frozen=True):
    """The question of a check-in is on the watch's screen."""

    check_in_id: str
    at_ms: int


class Push(msgspec.Struct, frozen=True):
    """How the browser can be pushed to: its subscription as JSON, or "" for not at all any more."""

    subscription: str
    at_ms: int


What = Fix | DeviceReport | ProblemTold | CheckInSubmitted | Seen | Push


class Signed(msgspec.Struct, frozen=True):
    """One message whose signature is right: its place in the chain, what it says, and what of it is refused."""

    seq: int
    prev: str
    sha256: str
    type: str
    what: What | None = None
    refused: tuple[Rejected, ...] = ()


class _Head(msgspec.Struct):
    seq: Annotated[int, Meta(ge=1, le=2**53)]
    prev: Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")]
    clock_ms: Whole
    type: str


class _Enrol(msgspec.Struct):
    code: str
    algorithm: str
    public_key: str
    signature: str


class _Fix(msgspec.Struct):
    lat: Raw
    lon: Raw
    accuracy_m: Raw = None
    speed_mps: Raw = None
    heading_deg: Raw = None
    altitude_m: Raw = None


class _Report(msgspec.Struct):
    battery_pct: Raw = None
    charging: bool | None = None
    events: Annotated[tuple[str, ...], Meta(max_length=20)] = ()


class _Problem(msgspec.Struct):
    topic: Topic
    words: Annotated[str, Meta(max_length=500)] = ""


class _Seen(msgspec.Struct):
    check_in_id: CheckInId


class _CheckIn(msgspec.Struct):
    check_in_id: CheckInId
    photos: Annotated[tuple[Sha256, ...], Meta(min_length=1, max_length=5)]
    turn: Annotated[str, Meta(pattern="^(left|right|)$")] = ""
    tries: Annotated[int, Meta(ge=1, le=1000)] = 1
    forced: bool = False


class _Push(msgspec.Struct):
    subscription: dict[str, object] | None


class _Lost(msgspec.Struct):
    from_seq: Whole


class _Context(msgspec.Struct, frozen=True):
    """What every reader of a type needs beside the body itself."""

    device: str
    key: str  # of the fact
    body: bytes
    at_ms: int
    received_ms: int
    clock_ms: int


def code_sha256(code: str) -> str:
    """The hash of a one-time code (in capitals, with its dash)."""
    return hashlib.sha256(code.encode()).hexdigest()


def read_enrolment(body: bytes) -> Enrolment | Rejected:
    """The enrolment in a request's body."""
    asked = _read(body, _Enrol, "The request to enrol")
    if isinstance(asked, Rejected):
        return asked
    key = signing.read_key(asked.algorithm, asked.public_key)
    if key is None:
        return Rejected(Reason.MALFORMED, "The public key is no Ed25519 or P-256 key in base64url.")
    if not key.signed(signing.enrol_text(asked.code, asked.public_key), asked.signature):
        return Rejected(Reason.WRONG_SIGNATURE, "The enrolment is not signed with the key that it brings.")
    if not _CODE.fullmatch(asked.code):
        return Rejected(Reason.WRONG_CODE, "The code is wrong, was used already, or is too old. Ask for another one.")
    return Enrolment(asked.code, asked.algorithm, asked.public_key)


def read_request(body: bytes) -> Request | Rejected:
    """The request in a body; its signatures are not looked at yet."""
    return _read(body, Request, "The request")


def read_page_request(body: bytes) -> PageRequest | Rejected:
    """The request for a link in a body; its signature is not looked at yet."""
    return _read(body, PageRequest, "The request for a link")


def read_messages(request: Request, key: Key, received_ms: int) -> list[Signed | Rejected]:
    """The messages in order, up to the first that is not signed by the device or has no place in a chain.

    What a message says may be refused all the same (`Signed.refused`): it then keeps its place in the chain.
    """
    read: list[Signed | Rejected] = []
    for said in request.messages:
        read.append(_message(request, said, key, received_ms))
        if isinstance(read[-1], Rejected):
            break
    return read


def _message(request: Request, said: Said, key: Key, received_ms: int) -> Signed | Rejected:
    if not key.signed(signing.message_text(request.device, said.body), said.signature):
        return Rejected(Reason.WRONG_SIGNATURE, "A message is not signed with this device's key.")
    body = said.body.encode("utf-8", "surrogatepass")
    head = _read(body, _Head, "A message")
    if isinstance(head, Rejected):
        return head
    at_ms = event_ms(head.clock_ms, request.sent_ms, received_ms)
    what: What | None = None
    refused: tuple[Rejected, ...] = ()
    if isinstance(at_ms, Rejected):
        refused = (at_ms,)
    else:
        context = _Context(
            request.device, fact_id(request.device, PROTOCOL, _content(body)), body, at_ms, received_ms, head.clock_ms
        )
        what, refused = _READERS.get(head.type, _unknown)(context)
    return Signed(head.seq, head.prev, hashlib.sha256(body).hexdigest(), head.type, what, refused)


def _content(body: bytes) -> bytes:
    """What a message says, without its place in a chain.

    A client that began a new chain, or has a new key, gives other numbers to what it does not know to have arrived. It
    is the same fact all the same, and takes effect once.
    """
    try:
        said = msgspec.json.decode(body)
        rest = {name: value for name, value in said.items() if name not in {"seq", "prev"}}
        return msgspec.json.encode(rest, order="deterministic")
    except (ValueError, RecursionError, msgspec.MsgspecError):  # deeper than anything that a client says
        return body


def event_ms(clock_ms: int, sent_ms: int, received_ms: int) -> int | Rejected:
    """When it happened by the server's clock: as long before the receipt as it was before the sending by the device's.

    So a clock that is wrong by a constant does no harm. A negative age, of a clock that was set back, counts as none.
    """
    age_ms = max(0, sent_ms - clock_ms)
    if age_ms > checks.MAX_AGE_MS:
        return Rejected(Reason.TOO_OLD, "The message is more than 31 days old.")
    return received_ms - age_ms


_Outcome = tuple[What | None, tuple[Rejected, ...]]


def _fix(at: _Context) -> _Outcome:
    said = _read(at.body, _Fix, "A fix")
    if isinstance(said, Rejected):
        return None, (said,)
    place = checks.coordinates(said.lat, said.lon)
    if isinstance(place, Rejected):
        return None, (place,)
    fix = Fix(
        id=at.key,
        device_id=at.device,
        at_ms=at.at_ms,
        received_ms=at.received_ms,
        lat_deg=place[0],
        lon_deg=place[1],
        accuracy_m=checks.accuracy(said.accuracy_m),
        speed_mps=checks.within(said.speed_mps, 0, 1000),
        heading_deg=checks.within(said.heading_deg, 0, 360),
        altitude_m=checks.within(said.altitude_m, -12_000, 100_000),
    )
    return fix, ()


def _report(at: _Context) -> _Outcome:
    said = _read(at.body, _Report, "A report")
    if isinstance(said, Rejected):
        return None, (said,)
    known = {event.value: event for event in DeviceEvent if event not in NOT_A_WATCHS}
    events = tuple(known[name] for name in said.events if name in known)
    other = Rejected(Reason.UNSUPPORTED, "A report names an event that this door does not know; the rest was taken.")
    charge = checks.within(said.battery_pct, 0, 100)
    report = DeviceReport(at.key, at.device, at.at_ms, at.received_ms, charge, said.charging, events)
    return report, (other,) if len(events) < len(said.events) else ()


def _sos(at: _Context) -> _Outcome:
    return DeviceReport(at.key, at.device, at.at_ms, at.received_ms, events=(DeviceEvent.SOS,)), ()


def _lost(at: _Context) -> _Outcome:
    said = _read(at.body, _Lost, "A message of the type lost")
    if isinstance(said, Rejected):
        return None, (said,)
    return DeviceReport(at.key, at.device, at.at_ms, at.received_ms, events=(DeviceEvent.MESSAGES_LOST,)), ()


def _problem(at: _Context) -> _Outcome:
    said = _read(at.body, _Problem, "A problem")
    if isinstance(said, Rejected):
        return None, (said,)
    words = "".join(one if one.isprintable() or one == "\n" else " " for one in said.words).strip()
    return ProblemTold(at.key, at.device, at.at_ms, at.received_ms, said.topic, words), ()


def _seen(at: _Context) -> _Outcome:
    said = _read(at.body, _Seen, "A message of the type seen")
    return (None, (said,)) if isinstance(said, Rejected) else (Seen(said.check_in_id, at.at_ms), ())


def _check_in(at: _Context) -> _Outcome:
    said = _read(at.body, _CheckIn, "A check-in")
    if isinstance(said, Rejected):
        return None, (said,)
    submitted = CheckInSubmitted(
        id=at.key,
        check_in_id=said.check_in_id,
        device_id=at.device,
        at_ms=at.at_ms,
        received_ms=at.received_ms,
        photos=said.photos,
        turn=said.turn,
        tries=said.tries,
        forced=said.forced,
        clock_ms=at.clock_ms,
    )
    return submitted, ()


def _push(at: _Context) -> _Outcome:
    said = _read(at.body, _Push, "A message of the type push")
    if isinstance(said, Rejected):
        return None, (said,)
    if said.subscription is None:
        return Push("", at.at_ms), ()
    text = msgspec.json.encode(said.subscription).decode("utf-8", "replace")
    if len(text) > MAX_SUBSCRIPTION or not _is_https(said.subscription.get("endpoint")):
        return None, (Rejected(Reason.MALFORMED, "The push subscription has no https endpoint, or is too long."),)
    return Push(text, at.at_ms), ()


def _is_https(endpoint: object) -> bool:
    if not isinstance(endpoint, str):
        return False
    try:
        parts = urlsplit(endpoint)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname)


def _unknown(_at: _Context) -> _Outcome:
    return None, (Rejected(Reason.UNSUPPORTED, "The door does not know this type of message."),)


_READERS: dict[str, Callable[[_Context], _Outcome]] = {
    "fix": _fix,
    "report": _report,
    "sos": _sos,
    "lost": _lost,
    "problem": _problem,
    "seen": _seen,
    "check_in": _check_in,
    "push": _push,
}


def _read(body: bytes, kind: type[_T], name: str) -> _T | Rejected:
    """The JSON in these bytes as `kind`, or what is wrong with it and where."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        return Rejected(Reason.MALFORMED, f"{name} cannot be read: {error}.")
    except (ValueError, RecursionError):  # msgspec's and Unicode's errors are ValueErrors
        return Rejected(Reason.MALFORMED, f"{name} is not JSON.")
