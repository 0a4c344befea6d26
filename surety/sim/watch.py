"""A watch as docs/watch.md has it: what it signs, numbers and chains, and what it forgets when the door has it.

No connection and no clock: watches.py has these. Written from the page alone; nothing of the door's is used.
"""

import base64
import hashlib
from collections import deque
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    derive_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

MOST_AT_ONCE = 50
ED25519, P256 = "Ed25519", "P-256"


class DeviceKey:
    """A device's key. A real one is made by the browser and never leaves it; this one follows from a secret text."""

    def __init__(self, secret: str, algorithm: str) -> None:
        self.algorithm = algorithm
        raw = hashlib.sha256(f"surety town watch {secret}".encode()).digest()
        self._key: Ed25519PrivateKey | EllipticCurvePrivateKey = (
            Ed25519PrivateKey.from_private_bytes(raw)
            if algorithm == ED25519
            else derive_private_key(int.from_bytes(raw[:31]) + 1, SECP256R1())  # below the order of the curve
        )

    @property
    def public_key(self) -> str:
        """As the door is told it."""
        public = self._key.public_key()
        if self.algorithm == ED25519:
            return b64url(public.public_bytes(Encoding.Raw, PublicFormat.Raw))
        return b64url(public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    def sign(self, what: str, *parts: str) -> str:
        """The signature over a text of the protocol."""
        text = "\n".join((f"surety-{what}-v1", *parts)).encode()
        if isinstance(self._key, Ed25519PrivateKey):
            return b64url(self._key.sign(text))
        r, s = decode_dss_signature(self._key.sign(text, ECDSA(SHA256())))
        return b64url(r.to_bytes(32) + s.to_bytes(32))


class Said(msgspec.Struct, frozen=True):
    """Something to be told: from when on it can be sent, when it was by the device's clock, and what it is."""

    due_ms: int
    clock_ms: int
    type: str
    more: dict[str, Any] = {}
    keep: bool = False  # whether it is to outlive a stop; positions are made again

    @property
    def photos(self) -> tuple[str, ...]:
        """The photographs that must be at the door before."""
        return tuple(self.more.get("photos", ()))


class Memory(msgspec.Struct):
    """What a watch keeps while it is off: who it is, how far its chain is known to be taken, and what waits."""

    secret: str
    device: str = ""
    seq: int = 0
    prev: str = ""
    due_ms: int = 0  # up to when positions and reports, by their due time, are known to be taken
    waiting: list[Said] = []
    answered: dict[str, int] = {}  # check-ins that are done with, each with when it was asked


class Chain:
    """The messages of one watch on their way."""

    def __init__(self, memory: Memory, key: DeviceKey) -> None:
        self.memory, self.key, self.made_again_ms = memory, key, memory.due_ms
        self.queue: deque[Said] = deque(memory.waiting)
        self.sent: list[tuple[int, str, Said]] = []  # number, body, and what it says; until acknowledged

    def say(self, said: Said) -> None:
        """Tell something, after what waits already; not what was taken before a stop and is made again."""
        if said.keep or said.due_ms > self.made_again_ms:
            self.queue.append(said)

    def next_due(self, now_ms: int) -> list[Said]:
        """What would be sent now that is not on its way yet. What is not due yet lets others pass."""
        room = MOST_AT_ONCE - len(self.sent)
        return [said for said in self.queue if said.due_ms <= now_ms][:room]

    def oldest_due_ms(self) -> int | None:
        """When the oldest thing that the door has not taken yet was due; of what is made again after a stop."""
        waiting = [said.due_ms for _, _, said in self.sent if not said.keep]
        waiting += [said.due_ms for said in self.queue if not said.keep]
        return min(waiting, default=None)

    def enrolment(self, code: str) -> bytes:
        """The body of a request to enrol."""
        public = self.key.public_key
        signature = self.key.sign("enrol", code, public)
        asked = {"code": code, "algorithm": self.key.algorithm, "public_key": public, "signature": signature}
        return msgspec.json.encode(asked)

    def photo_headers(self, sha256: str) -> dict[str, str]:
        """The headers of a request that brings a photograph."""
        device = self.memory.device
        return {"Surety-Device": device, "Surety-Signature": self.key.sign("photo", device, sha256)}

    def request(self, ready: list[Said], sent_ms: int) -> bytes:
        """The body of a request: what is on its way already, and then what is ready. `sent_ms`: the device's clock."""
        for said in ready:
            self.queue.remove(said)
            self._number(said)
        device = self.memory.device
        messages = [{"body": body, "signature": self.key.sign("message", device, body)} for _, body, _ in self.sent]
        signature = self.key.sign("request", device, str(sent_ms))
        asked = {"device": device, "sent_ms": sent_ms, "signature": signature, "messages": messages}
        return msgspec.json.encode(asked)

    def _number(self, said: Said, seq: int | None = None, prev: str | None = None) -> None:
        if seq is None or prev is None:
            last = self.sent[-1] if self.sent else None
            seq = (last[0] if last else self.memory.seq) + 1
            prev = _sha256(last[1]) if last else self.memory.prev
        head = {"seq": seq, "prev": prev, "clock_ms": said.clock_ms, "type": said.type}
        self.sent.append((seq, msgspec.json.encode({**head, **said.more}).decode(), said))

    def acknowledged(self, up_to: int) -> list[Said]:
        """Forget what the door has; what that was."""
        taken = [one for one in self.sent if one[0] <= up_to]
        if taken:
            self.memory.seq, self.memory.prev = taken[-1][0], _sha256(taken[-1][1])
            passing = (said.due_ms for _, _, said in taken if not said.keep)
            self.memory.due_ms = max([self.memory.due_ms, *passing])
            self.sent = [one for one in self.sent if one[0] > up_to]
        return [said for _, _, said in taken]

    def begin_anew(self, expected: int, clock_ms: int) -> None:
        """The door's chain and this one differ (the town was killed): begin a new one at the number it expects."""
        again = [said for _, _, said in self.sent if said.type != "lost"]
        self.sent = []
        self.memory.seq, self.memory.prev = expected - 1, ""
        self._number(Said(0, clock_ms, "lost", {"from_seq": expected}, keep=True), expected, "")
        self.queue.extendleft(reversed(again))

    def kept(self) -> Memory:
        """What is to outlive a stop."""
        waiting = [said for _, _, said in self.sent if said.keep and said.type != "lost"]
        waiting += [said for said in self.queue if said.keep]
        return msgspec.structs.replace(self.memory, waiting=waiting)


def photo_name(photo: bytes) -> str:
    """What a photograph is called."""
    return hashlib.sha256(photo).hexdigest()


def b64url(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _sha256(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()
