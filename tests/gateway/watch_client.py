"""A watch as docs/watch.md has it: it signs, numbers and chains. Written from the page alone: nothing of the door's."""

import base64
import hashlib
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

JPEG = b"\xff\xd8\xff\xe0 not a picture to the end, but one by its first bytes "


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class DeviceKey:
    """A key as a browser makes it, Ed25519 or P-256."""

    def __init__(self, algorithm: str = "Ed25519") -> None:
        self.algorithm = algorithm
        self._key: Ed25519PrivateKey | EllipticCurvePrivateKey
        self._key = Ed25519PrivateKey.generate() if algorithm == "Ed25519" else generate_private_key(SECP256R1())

    @property
    def public_key(self) -> str:
        public = self._key.public_key()
        if self.algorithm == "Ed25519":
            return b64url(public.public_bytes(Encoding.Raw, PublicFormat.Raw))
        return b64url(public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    def sign(self, text: str) -> str:
        if isinstance(self._key, Ed25519PrivateKey):
            return b64url(self._key.sign(text.encode()))
        r, s = decode_dss_signature(self._key.sign(text.encode(), ECDSA(SHA256())))
        return b64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


class Watch:
    """What is queued stays queued until `taken` says that the door has it."""

    def __init__(self, algorithm: str = "Ed25519", device: str = "") -> None:
        self.key, self.device = DeviceKey(algorithm), device
        self.seq, self.prev = 0, ""
        self.queue: list[tuple[int, str]] = []

    def enrolment(self, code: str) -> bytes:
        public = self.key.public_key
        signature = self.key.sign(f"surety-enrol-v1\n{code}\n{public}")
        asked = {"code": code, "algorithm": self.key.algorithm, "public_key": public, "signature": signature}
        return json.dumps(asked).encode()

    def say(self, type_: str, clock_ms: int, **more: Any) -> str:
        """Queue a message; its body."""
        self.seq += 1
        body = json.dumps({"seq": self.seq, "prev": self.prev, "clock_ms": clock_ms, "type": type_, **more})
        self.prev = sha256(body.encode())
        self.queue.append((self.seq, body))
        return body

    def lost(self, clock_ms: int, expected: int) -> None:
        """Begin a new chain at the number that the door expects."""
        self.queue.clear()
        self.seq, self.prev = expected - 1, ""
        self.say("lost", clock_ms, from_seq=expected)

    def request(self, sent_ms: int, bodies: list[str] | None = None) -> bytes:
        """What is queued (or these bodies), as a request."""
        if bodies is None:
            bodies = [body for _, body in self.queue[:50]]
        messages = [
            {"body": body, "signature": self.key.sign(f"surety-message-v1\n{self.device}\n{body}")} for body in bodies
        ]
        signature = self.key.sign(f"surety-request-v1\n{self.device}\n{sent_ms}")
        asked = {"device": self.device, "sent_ms": sent_ms, "signature": signature, "messages": messages}
        return json.dumps(asked).encode()

    def taken(self, answer: dict[str, Any]) -> None:
        """Forget what was acknowledged."""
        self.queue = [one for one in self.queue if one[0] > answer["acknowledged"]]

    def photo_headers(self, photo_sha256: str) -> dict[str, str]:
        signature = self.key.sign(f"surety-photo-v1\n{self.device}\n{photo_sha256}")
        return {"Surety-Device": self.device, "Surety-Signature": signature}
