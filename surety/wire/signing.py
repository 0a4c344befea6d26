"""How a watch signs: Ed25519 (RFC 8032), or ECDSA on P-256 with SHA-256 as WebCrypto writes it (IEEE P1363: r and s).

The texts that are signed stand in docs/watch.md. Everything here is total: bad bytes are no key, and no signature.
"""

import base64
import enum
import re

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

SIGNATURE_BYTES = 64  # of both algorithms
_B64URL = re.compile(r"[A-Za-z0-9_-]*")


class Algorithm(enum.StrEnum):
    """What a key is for."""

    ED25519 = "Ed25519"
    P256 = "P-256"


class Key(msgspec.Struct, frozen=True):
    """A device's public key: 32 bytes (Ed25519), or the uncompressed point in 65 (P-256)."""

    algorithm: Algorithm
    public: bytes

    def signed(self, text: bytes, signature: str) -> bool:
        """Whether the holder of the private key signed this text. `signature`: base64url without padding."""
        raw = unb64(signature)
        if raw is None or len(raw) != SIGNATURE_BYTES:
            return False
        try:
            if self.algorithm is Algorithm.ED25519:
                Ed25519PublicKey.from_public_bytes(self.public).verify(raw, text)
            else:
                _p256(self.public).verify(_der(raw), text, ECDSA(SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True


def read_key(algorithm: str, public_key: str) -> Key | None:
    """The key as the client or the register writes it; None when it is none."""
    raw = unb64(public_key)
    if raw is None or algorithm not in set(Algorithm):
        return None
    try:
        if algorithm == Algorithm.ED25519:
            Ed25519PublicKey.from_public_bytes(raw)
        elif len(raw) != 65:  # 0x04 and two coordinates; compressed points are not ours
            return None
        else:
            _p256(raw)
    except ValueError:
        return None
    return Key(Algorithm(algorithm), raw)


def unb64(text: str) -> bytes | None:
    """The bytes of base64url without padding (RFC 4648, section 5); None when it is not that."""
    if not _B64URL.fullmatch(text) or len(text) % 4 == 1:
        return None
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def b64(data: bytes) -> str:
    """The bytes as base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def enrol_text(code: str, public_key: str) -> bytes:
    """What proves that who has the code has the key."""
    return _text("enrol", code, public_key)


def request_text(device: str, sent_ms: int) -> bytes:
    """What proves that the device itself asks."""
    return _text("request", device, str(sent_ms))


def message_text(device: str, body: str) -> bytes:
    """What proves that the device said it."""
    return _text("message", device, body)


def photo_text(device: str, sha256: str) -> bytes:
    """What proves that the photograph is the device's."""
    return _text("photo", device, sha256)


def page_text(device: str, sent_ms: int) -> bytes:
    """What proves that the device itself asks for a link to its wearer's own page."""
    return _text("page", device, str(sent_ms))


def _text(what: str, *parts: str) -> bytes:
    return "\n".join((f"surety-{what}-v1", *parts)).encode("utf-8", "surrogatepass")


def _p256(point: bytes) -> EllipticCurvePublicKey:
    return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)


def _der(raw: bytes) -> bytes:
    half = SIGNATURE_BYTES // 2
    return encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))
