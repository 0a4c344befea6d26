"""One request of a watch through the door (docs/watch.md): who signs, what follows on what, what may be kept, and only
then durable, acknowledged, and answered with what the watch is to show.

A message's place in the device's chain is taken in the commit that makes it durable. So whatever is killed and
whenever, each message is either in the log and acknowledged when it is sent again, or not taken at all.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from surety.blobs.contract import Blobs, BlobsUnavailableError, name_of
from surety.gateway.answers import BUSY, JSON, NOT_COVERED, Answer, RefusedError, Sender, accepted
from surety.gateway.authority import Collected, covering_grants, grants_now
from surety.gateway.device_notes import DeviceNotes
from surety.gateway.register import Grant, Grants
from surety.gateway.watch_desk import WatchDesk, sheet_json
from surety.gateway.watch_parts import DoorParts
from surety.rules.facts import CheckInSubmitted, DeviceEvent, DeviceReport, ProblemTold
from surety.stream.asides import ChainAt, Linked, Mark
from surety.stream.contract import StreamUnavailableError
from surety.wire import native, signing
from surety.wire.chain import Chain, Link, follow
from surety.wire.contract import Reason, Rejected
from surety.wire.native import PROTOCOL, Push, Seen, Signed
from surety.wire.signing import Key

NOT_ENROLLED = Rejected(Reason.NOT_ENROLLED, "This device has no key any more. Ask for a new one-time code.")
WRONG_SIGNATURE = Rejected(Reason.WRONG_SIGNATURE, "The request is not signed with this device's key.")
GAP = Rejected(Reason.GAP, "Messages are missing before this one; send from the expected number on.")
WRONG_PREV = Rejected(Reason.WRONG_PREV, "This message does not follow on the one before; begin anew with lost.")
PHOTO_MISSING = Rejected(Reason.PHOTO_MISSING, "Not all photographs of this check-in are here; send them first.")
KNOWN = 128  # ids of facts that are kept in mind of a device: more than a client can have sent without an answer
ATTEMPTS = 3  # where several doors take one device's messages at once
_TROUBLES = frozenset({Reason.GAP, Reason.WRONG_PREV, Reason.WRONG_SIGNATURE, Reason.MALFORMED})


class _Taking:
    """What becomes of the messages of one request, in order."""

    def __init__(self, at: ChainAt, key_id: str, collected: Collected) -> None:
        self._at, self._key_id = at, key_id
        self._taken = at.taken
        # Another key has a chain of its own; what was taken under the one before is still known.
        self.begun = self.chain = Chain(at.last_seq, at.recent) if at.key_id == key_id else Chain()
        self.collected = collected
        self.marks: list[Mark] = []
        self.refused: list[tuple[int | None, Rejected]] = []
        self.acknowledged = self.chain.last_seq
        self.repeated = self.lost = 0

    @property
    def facts(self) -> int:
        """How many facts are new."""
        return len(self._taken) - len(self._at.taken)

    def add(self, message: Signed, chain: Chain) -> None:
        """Take the message, or refuse it for good: it keeps its place in the chain."""
        self.chain, self.acknowledged = chain, chain.last_seq
        self.lost += message.type == "lost"
        self.refused += [(message.seq, why) for why in message.refused]
        if message.what is not None and not self._keep(message.what):
            self.refused.append((message.seq, NOT_COVERED))

    def add_ahead(self, message: Signed) -> None:
        """Take a call for help that stands behind something that has to wait; in its turn it is known already."""
        if isinstance(message.what, ProblemTold | DeviceReport):
            self._keep(message.what)

    def stop(self, seq: int | None, why: Rejected) -> None:
        """Nothing from here on is taken."""
        self.refused.append((seq, why))
        if seq is not None:
            self.acknowledged = min(self.acknowledged, seq - 1)

    def _keep(self, what: native.What) -> bool:
        if isinstance(what, Seen | Push):
            wearer = self.collected.wearer()
            self.marks += [_mark(what, wearer)] if wearer else []
            return wearer is not None
        if what.id in self._taken:  # its answer was lost, and it came under another number, or another key
            return True
        kept = self.collected.add(what)
        self._taken += (what.id,) if kept else ()
        return kept

    def linked(self, at_ms: int) -> Linked | None:
        """What is to be committed together; None where nothing is new."""
        if self.chain is self.begun and not self.facts:
            return None
        at = ChainAt(
            device_id=self._at.device_id,
            key_id=self._key_id,
            last_seq=self.chain.last_seq,
            recent=self.chain.recent,
            taken=self._taken[-KNOWN:],
            version=self._at.version + 1,
            at_ms=at_ms,
        )
        return Linked(tuple(self.collected.entries()), at, tuple(self.marks))


class WatchMessages:
    """Takes the messages of watches. Made within the running loop."""

    def __init__(self, core: DoorParts, desk: WatchDesk, blobs: Blobs) -> None:
        self._clock, self._door, self._register, self._appender = core.clock, core.door, core.register, core.appender
        self._stream, self._metrics, self._desk, self._blobs = core.stream, core.metrics, desk, blobs
        self.notes = DeviceNotes()
        self._turns: dict[str, tuple[asyncio.Lock, int]] = {}

    async def take(self, body: bytes, sender: Sender) -> Answer:
        """Take a request's messages. Raises RefusedError when nothing of it is taken."""
        received_ms = self._clock.now_ms()
        request = accepted(native.read_request(body))
        text = signing.request_text(request.device, request.sent_ms)
        grants, key = await self.identify(request.device, text, request.signature, sender)
        grants_now(grants, received_ms)
        device_id = grants[0].device_id
        self.notes.add(device_id, "heard", received_ms)
        read = await asyncio.to_thread(native.read_messages, request, key, received_ms)
        key_id = hashlib.sha256(key.public).hexdigest()[:16]
        async with self._turn(device_id):
            for _ in range(ATTEMPTS):
                at = await asyncio.to_thread(self._stream.chain, device_id)
                collected = Collected(PROTOCOL, grants, received_ms)
                taking = _Taking(at or ChainAt(device_id, key_id, 0, (), (), 0, 0), key_id, collected)
                await self._walk(read, taking)
                if await self._keep(taking, received_ms):
                    self._count(taking, device_id, received_ms)
                    return await self._answer(taking, grants, received_ms)
        raise StreamUnavailableError("another door takes the same device's messages")

    async def identify(self, device: str, text: bytes, signature: str, sender: Sender) -> tuple[Grants, Key]:
        """The grants of the device that signed this text, and its key. Raises RefusedError."""
        grants = await self._door.find(PROTOCOL, (device,), sender)
        key = _key(grants)
        if key is None or not key.signed(text, signature):
            self._door.check_refusals(sender)
            await self._register.look()  # its key may be new, by another door
            grants = await self._door.find(PROTOCOL, (device,), sender)
            key = _key(grants)
            if key is None:
                raise RefusedError(NOT_ENROLLED)
            if not key.signed(text, signature):
                self.notes.add(grants[0].device_id, "wrong_signature", self._clock.now_ms())
                raise RefusedError(WRONG_SIGNATURE)
        self._door.check_pace(grants[0].device_id)
        return grants, key

    async def _walk(self, read: list[Signed | Rejected], taking: _Taking) -> None:
        """Decide on each message in order, up to the first that has to wait or cannot be told from a forgery."""
        for place, message in enumerate(read):
            if isinstance(message, Rejected):
                taking.stop(None, message)
                return
            link, chain = follow(taking.chain, message)
            if link is Link.REPEATED:
                taking.repeated += 1
            elif link is not Link.NEXT:
                taking.stop(message.seq, GAP if link is Link.GAP else WRONG_PREV)
                return
            elif why := await self._photos_wanting(message, taking):
                taking.stop(message.seq, why)
                _take_ahead(read[place + 1 :], taking)
                return
            else:
                taking.add(message, chain)

    async def _photos_wanting(self, message: Signed, taking: _Taking) -> Rejected | None:
        """Why a check-in has to wait: its photographs are not all here. None for everything else."""
        fact = message.what
        if not isinstance(fact, CheckInSubmitted):
            return None
        for grant in covering_grants(fact, taking.collected.now, fact.received_ms):
            try:
                here = await asyncio.to_thread(_all_here, self._blobs, grant.person_id, fact.photos)
            except BlobsUnavailableError:
                return BUSY
            return None if here else PHOTO_MISSING
        return None  # no order covers it: refused for good, in its turn

    async def _keep(self, taking: _Taking, at_ms: int) -> bool:
        """Make it durable; False where another door was quicker."""
        linked = taking.linked(at_ms)
        if linked is not None and not await self._appender.append_linked(linked):
            return False
        if linked is not None:
            self._metrics.accepted[PROTOCOL] += 1
            self._metrics.facts[PROTOCOL] += taking.facts
        return True

    def _count(self, taking: _Taking, device_id: str, at_ms: int) -> None:
        """Count what was not as it should be, for whoever runs the door and on the device's page."""
        for _, why in taking.refused:
            self._metrics.refuse(PROTOCOL, why.reason)
            if why.reason in _TROUBLES:
                self.notes.add(device_id, why.reason.value, at_ms)
        for kind, count in (("repeated", taking.repeated), ("lost", taking.lost)):
            if count:
                self._metrics.watches[kind] += count
                self.notes.add(device_id, kind, at_ms, count)

    async def _answer(self, taking: _Taking, grants: Grants, now_ms: int) -> Answer:
        said: dict[str, object] = {
            "server_ms": now_ms,
            "acknowledged": taking.acknowledged,
            "refused": [{"seq": seq, "reason": why.reason, "sentence": why.sentence} for seq, why in taking.refused],
            "expected": taking.chain.last_seq + 1,
            "sheet": None,
        }
        device_id, wearer = grants[0].device_id, taking.collected.wearer()
        rows = await self._desk.sheet(wearer.person_id, now_ms) if wearer else None
        if rows is None:
            return Answer(200, (JSON,), msgspec.json.encode(said))
        words = self._door.told(grants, now_ms)
        said["sheet"] = sheet_json(rows, words, now_ms)
        new = tuple(one.id for one in rows.check_ins if one.handed_ms is None)
        return Answer(200, (JSON,), msgspec.json.encode(said), words, device_id, PROTOCOL, new)

    @asynccontextmanager
    async def _turn(self, device_id: str) -> AsyncIterator[None]:
        """One request of a device at a time: two at once must not both take the same place in its chain."""
        lock, waiting = self._turns.get(device_id, (asyncio.Lock(), 0))
        self._turns[device_id] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._turns.pop(device_id)
            if waiting > 1:
                self._turns[device_id] = (lock, waiting - 1)


def _key(grants: Grants) -> Key | None:
    grant = grants[0]
    return signing.read_key(grant.algorithm, grant.public_key) if grant.protocol == PROTOCOL else None


def _all_here(blobs: Blobs, person_id: str, photos: tuple[str, ...]) -> bool:
    return all(blobs.has(name_of(person_id, sha256)) for sha256 in photos)


def _mark(what: Seen | Push, wearer: Grant) -> Mark:
    if isinstance(what, Seen):
        return Mark("seen", wearer.device_id, wearer.person_id, what.check_in_id, "", what.at_ms)
    return Mark("push", wearer.device_id, wearer.person_id, wearer.public_key, what.subscription, what.at_ms)


def _take_ahead(rest: list[Signed | Rejected], taking: _Taking) -> None:
    """A call for help does not wait behind photographs that did not come through."""
    chain: Chain | None = None
    for message in rest:
        if isinstance(message, Rejected):
            return
        if chain is not None and follow(chain, message)[0] is not Link.NEXT:
            return
        chain = Chain(message.seq, (message.sha256,))
        if _calls_for_help(message):
            taking.add_ahead(message)


def _calls_for_help(message: Signed) -> bool:
    what = message.what
    return isinstance(what, ProblemTold) or (isinstance(what, DeviceReport) and DeviceEvent.SOS in what.events)
