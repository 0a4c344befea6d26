"""One message through the door: decode, identify, limit, authorise, append durably, answer. Nothing here raises.

What no order in force covers is refused, counted and not stored. A message that the door understood but may not keep is
answered 200 with `Surety-Refused`: a device that sent it again and again would never come to its next message.
"""

import base64
import binascii
import hashlib
import hmac
import logging
import secrets
import time
from collections.abc import Sequence

import msgspec

from surety.clock import Clock
from surety.gateway.appender import Appender
from surety.gateway.limits import Limits, TokenBuckets
from surety.gateway.metrics import Metrics
from surety.gateway.notices import Notices, Waiting
from surety.gateway.quarantine import Quarantine
from surety.gateway.register import Grant, Grants, Register, RegisterUnavailableError
from surety.rules.facts import DeviceReport, Fact, Fix, ProtectedFix, encode, fact_id
from surety.stream.contract import Entry, StreamUnavailableError
from surety.wire import osmand, owntracks
from surety.wire.checks import Message
from surety.wire.contract import Decoded, Reason, Rejected

RETRY_AFTER_S = 5
PROTECTED_LATE_MS = 72 * 3_600_000  # older ones would be deleted as soon as they are stored
PROTECTED = "protected"  # the kind of data, and the name in the log, of positions of a protected person
log = logging.getLogger(__name__)
Header = tuple[bytes, bytes]


class Answer(msgspec.Struct, frozen=True):
    """What the device is told."""

    status: int
    headers: tuple[Header, ...] = ()
    body: bytes = b""
    told: tuple[Waiting, ...] = ()  # the notices in it
    device_id: str = ""


class Sender(msgspec.Struct, frozen=True):
    """Where a message came from and how it says who it is."""

    address: str
    authorization: bytes = b""


class _RefusedError(Exception):
    """Leaves the path of a message with the refusal that ends it."""

    def __init__(self, why: Rejected, retry_after_s: float = 0) -> None:
        super().__init__(why.sentence)
        self.why, self.retry_after_s = why, retry_after_s


_STATUS = {
    Reason.TOO_LARGE: 413,
    Reason.WRONG_SECRET: 401,
    Reason.NO_ORDER: 403,
    Reason.RATE_LIMIT: 429,
    Reason.BUSY: 503,
}
_JSON = (b"content-type", b"application/json")
_BUSY = Rejected(Reason.BUSY, "The log or the register is not available now. Send the message again.")
_UNKNOWN = Rejected(Reason.UNKNOWN_DEVICE, "No device with this identifier is registered.")
_WRONG_SECRET = Rejected(Reason.WRONG_SECRET, "The device's secret is missing or wrong.")
_NO_ORDER = Rejected(Reason.NO_ORDER, "No order in force covers this device now.")
_NOT_COVERED = Rejected(Reason.NOT_COVERED, "No order covers this kind of data at its own time.")
_TOO_OFTEN = Rejected(Reason.RATE_LIMIT, "Too many messages; wait before the next one.")


class Door:
    """The door of one process. Made within the running loop."""

    def __init__(
        self,
        clock: Clock,
        register: Register,
        appender: Appender,
        metrics: Metrics,
        limits: Limits,
        notices: Notices | None = None,
    ) -> None:
        self._clock, self._register, self._appender, self._metrics = clock, register, appender, metrics
        self._notices = notices
        self.quarantine = Quarantine()
        pace = max(1.0, clock.speed)  # in a demonstration's minute devices send what they send in an hour
        self._devices = TokenBuckets(limits.device_per_s * pace, limits.device_burst * pace, limits.buckets)
        self._refusals = TokenBuckets(limits.refusals_per_s, limits.refusals_burst, limits.buckets)

    async def take(self, protocol: str, message: Message, sender: Sender) -> Answer:
        """Take a message; the answer is 2xx only when all that may be kept of it is durable."""
        self._metrics.messages[protocol] += 1
        try:
            return await self._take(protocol, message, sender)
        except _RefusedError as refused:
            return self._refuse(protocol, sender, refused)
        except (StreamUnavailableError, RegisterUnavailableError):
            return self._refuse(protocol, sender, _RefusedError(_BUSY, RETRY_AFTER_S))
        except Exception:  # the boundary: one device's bytes must not end the door
            log.exception("a message could not be handled")
            return self._refuse(protocol, sender, _RefusedError(_BUSY, RETRY_AFTER_S))

    def too_large(self, protocol: str, sender: Sender) -> Answer:
        """The answer to a message that is longer than the limit."""
        self._metrics.messages[protocol] += 1
        why = Rejected(Reason.TOO_LARGE, "The message is too large.")
        return self._refuse(protocol, sender, _RefusedError(why))

    async def _take(self, protocol: str, message: Message, sender: Sender) -> Answer:
        received_ms = self._clock.now_ms()
        if protocol == osmand.PROTOCOL:
            decoded = _accepted(osmand.decode(message, received_ms))
            grants = await self._identify(protocol, (decoded.device_id,), sender)
        else:
            name = _accepted_name(owntracks.identify(message))
            grants = await self._identify(protocol, _names(name), sender)
            decoded = _accepted(owntracks.decode(message, received_ms, grants[0].payload_key))
        entries, refused = _authorise(protocol, decoded, grants, received_ms)
        if entries:
            await self._appender.append(entries)
            self._metrics.accepted[protocol] += 1
            self._metrics.facts[protocol] += sum(len(entry.facts) for entry in entries)
        for why in refused:
            self._metrics.refuse(protocol, why.reason)
        headers = ((b"surety-refused", ",".join(why.reason for why in refused[:8]).encode()),) if refused else ()
        if protocol != owntracks.PROTOCOL:
            return Answer(200, headers)
        told = self._told(grants, received_ms)
        nonces = (secrets.token_bytes(24) for _ in range(2 * len(told)))
        body = owntracks.reply([(one.sentence, one.at_ms) for one in told], grants[0].payload_key, nonces)
        return Answer(200, (*headers, _JSON), body, told, grants[0].device_id)

    def _told(self, grants: Grants, now_ms: int) -> tuple[Waiting, ...]:
        """The notices for whoever wears the device now; never those of somebody from whom its bearer is protected."""
        if self._notices is None:
            return ()
        return self._notices.take(
            (one.person_id for one in grants if one.from_ms <= now_ms < one.to_ms and not one.link_id), now_ms
        )

    def settle(self, answer: Answer, *, written: bool) -> None:
        """Whether an answer was written to the device: what became of the notices in it."""
        if answer.told and self._notices is not None:
            now_ms = self._clock.now_ms()
            self._notices.settle(answer.told, answer.device_id, owntracks.PROTOCOL, now_ms, written=written)

    async def _identify(self, protocol: str, names: Sequence[str], sender: Sender) -> Grants:
        """The grants of the device, once its secret and its pace are right."""
        for name in names:
            grants = self._register.known(name)
            if not grants:
                self._check_refusals(sender)
                grants = await self._register.find(name)
            if grants:
                if grants[0].secret_sha256 and not _secret_is(sender.authorization, grants[0].secret_sha256):
                    raise _RefusedError(_WRONG_SECRET)
                if wait_s := self._devices.take(grants[0].device_id, time.monotonic()):
                    raise _RefusedError(_TOO_OFTEN, wait_s)
                return grants
        self.quarantine.note(protocol, names[0], self._clock.now_ms())
        raise _RefusedError(_UNKNOWN)

    def _check_refusals(self, sender: Sender) -> None:
        """An address that was refused too often waits, before the register is asked about yet another name."""
        if self._refusals.is_empty(sender.address, time.monotonic()):
            raise _RefusedError(_TOO_OFTEN, RETRY_AFTER_S)

    def _refuse(self, protocol: str, sender: Sender, refused: _RefusedError) -> Answer:
        reason = refused.why.reason
        self._metrics.refuse(protocol, reason)
        if reason is Reason.EMPTY:  # OwnTracks: "ignore empty bodies"
            return Answer(200, (_JSON,), owntracks.reply(()))
        if reason in {Reason.UNKNOWN_DEVICE, Reason.WRONG_SECRET, Reason.NO_IDENTITY, Reason.MALFORMED}:
            self._refusals.take(sender.address, time.monotonic())
        headers: list[Header] = [(b"surety-refused", reason.encode()), (b"content-type", b"text/plain; charset=utf-8")]
        if refused.retry_after_s:
            headers.append((b"retry-after", str(int(refused.retry_after_s) + 1).encode()))
        if reason is Reason.WRONG_SECRET:
            headers.append((b"www-authenticate", b'Basic realm="surety"'))
        return Answer(_STATUS.get(reason, 400), tuple(headers), f"{refused.why.sentence}\n".encode())


def _accepted(result: Decoded | Rejected) -> Decoded:
    if isinstance(result, Rejected):
        raise _RefusedError(result)
    return result


def _accepted_name(result: str | Rejected) -> str:
    if isinstance(result, Rejected):
        raise _RefusedError(result)
    return result


def _names(name: str) -> tuple[str, ...]:
    """The names to look for: `user/device` as registered, or the user alone, whatever the app calls the device."""
    user, slash, _ = name.partition("/")
    return (name, user) if slash and user else (name,)


def basic_login(authorization: bytes) -> tuple[str, bytes]:
    """User and password of a Basic Authorization header; ("", b"") when it is none."""
    kind, _, rest = authorization.partition(b" ")
    if kind.lower() != b"basic":
        return "", b""
    try:
        user, _, password = base64.b64decode(rest.strip()).partition(b":")
    except (binascii.Error, ValueError):
        return "", b""
    return user.decode("utf-8", "replace"), password


def _secret_is(authorization: bytes, sha256: str) -> bool:
    _, password = basic_login(authorization)
    return hmac.compare_digest(hashlib.sha256(password).hexdigest(), sha256)


def _authorise(
    protocol: str, decoded: Decoded, grants: Grants, received_ms: int
) -> tuple[list[Entry], tuple[Rejected, ...]]:
    """One entry a person, and what was refused. Raises when no order in force covers the device now."""
    now = [grant for grant in grants if grant.from_ms <= received_ms < grant.to_ms]
    if not now:
        raise _RefusedError(_NO_ORDER)
    taken: dict[tuple[str, str], list[bytes]] = {}
    refused = list(decoded.refused)
    for fact in decoded.facts:
        covering = _grants_for(fact, now, received_ms)
        if not covering:
            refused.append(_NOT_COVERED)
        for grant in covering:
            taken.setdefault((grant.person_id, grant.link_id), []).append(encode(_kept(fact, grant)))
    device_id = grants[0].device_id
    # A protected person's device is nowhere named with the supervised person: the link stands in its place.
    entries = [
        Entry(person, link_id or device_id, PROTECTED if link_id else protocol, received_ms, tuple(facts))
        for (person, link_id), facts in taken.items()
    ]
    return entries, tuple(refused)


def _kept(fact: Fix | DeviceReport, grant: Grant) -> Fact:
    """The fact as it is kept for the person of a grant."""
    if not grant.link_id or not isinstance(fact, Fix):
        return msgspec.structs.replace(fact, device_id=grant.device_id)
    # The id of the fact is a hash of its content with the device's unguessable identifier, so this one tells nothing.
    return ProtectedFix(
        id=fact_id(grant.link_id, fact.id),
        link_id=grant.link_id,
        at_ms=fact.at_ms,
        received_ms=fact.received_ms,
        lat_deg=fact.lat_deg,
        lon_deg=fact.lon_deg,
        accuracy_m=fact.accuracy_m,
        source=fact.source,
    )


def _grants_for(fact: Fix | DeviceReport, now: Sequence[Grant], received_ms: int) -> list[Grant]:
    """The grants, of those in force at the time of receipt, that also cover the fact's kind at its own time.

    A supervised person's device has one at a time; a protected person's has one for each link, and gives its positions
    alone (never one that it calls simulated itself).
    """
    kind = "position" if isinstance(fact, Fix) else "device"
    then = [grant for grant in now if grant.from_ms <= fact.at_ms < grant.to_ms]
    own = [grant for grant in then if kind in grant.data_kinds]
    if own or not isinstance(fact, Fix) or fact.mock:
        return own[:1]
    if received_ms - fact.at_ms > PROTECTED_LATE_MS:
        return []
    of_links = {grant.link_id: grant for grant in then if PROTECTED in grant.data_kinds}
    return list(of_links.values())
