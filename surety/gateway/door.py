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

from surety.clock import Clock
from surety.gateway.answers import (
    BUSY,
    JSON,
    RETRY_AFTER_S,
    TOO_LARGE,
    TOO_OFTEN,
    UNKNOWN,
    UNSIGNED,
    WRONG_SECRET,
    Answer,
    RefusedError,
    Sender,
    accepted,
    refusal,
)
from surety.gateway.appender import Appender
from surety.gateway.authority import authorise
from surety.gateway.limits import Limits, TokenBuckets
from surety.gateway.metrics import Metrics
from surety.gateway.notices import Notices, Waiting
from surety.gateway.quarantine import Quarantine
from surety.gateway.register import Grants, Register, RegisterUnavailableError
from surety.stream.contract import StreamUnavailableError
from surety.wire import native, osmand, owntracks
from surety.wire.checks import Message
from surety.wire.contract import Reason

log = logging.getLogger(__name__)
_STRANGE = frozenset(
    {Reason.UNKNOWN_DEVICE, Reason.WRONG_SECRET, Reason.WRONG_SIGNATURE, Reason.NO_IDENTITY, Reason.MALFORMED}
)


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
        except RefusedError as refused:
            return self.refuse(protocol, sender, refused)
        except (StreamUnavailableError, RegisterUnavailableError):
            return self.refuse(protocol, sender, RefusedError(BUSY, RETRY_AFTER_S))
        except Exception:  # the boundary: one device's bytes must not end the door
            log.exception("a message could not be handled")
            return self.refuse(protocol, sender, RefusedError(BUSY, RETRY_AFTER_S))

    def too_large(self, protocol: str, sender: Sender) -> Answer:
        """The answer to a message that is longer than the limit."""
        self._metrics.messages[protocol] += 1
        return self.refuse(protocol, sender, RefusedError(TOO_LARGE))

    async def _take(self, protocol: str, message: Message, sender: Sender) -> Answer:
        received_ms = self._clock.now_ms()
        if protocol == osmand.PROTOCOL:
            decoded = accepted(osmand.decode(message, received_ms))
            grants = await self._identify(protocol, (decoded.device_id,), sender)
        else:
            name = accepted(owntracks.identify(message))
            grants = await self._identify(protocol, _names(name), sender)
            decoded = accepted(owntracks.decode(message, received_ms, grants[0].payload_key))
        entries, uncovered = authorise(protocol, decoded.facts, grants, received_ms)
        refused = (*decoded.refused, *uncovered)
        if entries:
            await self._appender.append(entries)
            self._metrics.accepted[protocol] += 1
            self._metrics.facts[protocol] += sum(len(entry.facts) for entry in entries)
        for why in refused:
            self._metrics.refuse(protocol, why.reason)
        headers = ((b"surety-refused", ",".join(why.reason for why in refused[:8]).encode()),) if refused else ()
        if protocol != owntracks.PROTOCOL:
            return Answer(200, headers)
        told = self.told(grants, received_ms)
        nonces = (secrets.token_bytes(24) for _ in range(2 * len(told)))
        body = owntracks.reply([(one.sentence, one.at_ms) for one in told], grants[0].payload_key, nonces)
        return Answer(200, (*headers, JSON), body, told, grants[0].device_id, owntracks.PROTOCOL)

    def told(self, grants: Grants, now_ms: int) -> tuple[Waiting, ...]:
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
            self._notices.settle(answer.told, answer.device_id, answer.channel, now_ms, written=written)

    async def _identify(self, protocol: str, names: Sequence[str], sender: Sender) -> Grants:
        """The grants of the device, once its secret and its pace are right."""
        grants = await self.find(protocol, names, sender)
        if grants[0].protocol == native.PROTOCOL:
            raise RefusedError(UNSIGNED)
        if grants[0].secret_sha256 and not _secret_is(sender.authorization, grants[0].secret_sha256):
            raise RefusedError(WRONG_SECRET)
        self.check_pace(grants[0].device_id)
        return grants

    async def find(self, protocol: str, names: Sequence[str], sender: Sender) -> Grants:
        """The grants of the first of these names that has any. Raises RefusedError: the device is unknown."""
        for name in names:
            grants = self._register.known(name)
            if not grants:
                self.check_refusals(sender)
                grants = await self._register.find(name)
            if grants:
                return grants
        self.quarantine.note(protocol, names[0], self._clock.now_ms())
        raise RefusedError(UNKNOWN)

    def check_pace(self, device_id: str) -> None:
        """Count one request of a device. Raises RefusedError when it sends too often."""
        if wait_s := self._devices.take(device_id, time.monotonic()):
            raise RefusedError(TOO_OFTEN, wait_s)

    def check_refusals(self, sender: Sender) -> None:
        """An address that was refused too often waits, before the register is asked about yet another name."""
        if self._refusals.is_empty(sender.address, time.monotonic()):
            raise RefusedError(TOO_OFTEN, RETRY_AFTER_S)

    def refuse(self, protocol: str, sender: Sender, refused: RefusedError) -> Answer:
        """The answer to a message of which nothing was taken; counted, also against its address where it is strange."""
        reason = refused.why.reason
        self._metrics.refuse(protocol, reason)
        if reason is Reason.EMPTY:  # OwnTracks: "ignore empty bodies"
            return Answer(200, (JSON,), owntracks.reply(()))
        if reason in _STRANGE:
            self._refusals.take(sender.address, time.monotonic())
        return refusal(refused)


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
