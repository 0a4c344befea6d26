"""Sealed to a person: what the door takes only the server can open, and destroying one key erases it all.

Each person has a pair of keys (X25519). Photographs and templates are sealed to the public one (libsodium's sealed
box: an ephemeral X25519 key, XSalsa20-Poly1305), which anybody may hold; the door holds no other. The private one is
kept wrapped by a master key of the deployment (XSalsa20-Poly1305; surety/masterkey), and opens them.
"""

from typing import NamedTuple

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox
from nacl.secret import SecretBox


class SealError(Exception):
    """What was to be opened is no sealed box of this key, or was changed."""


class Pair(NamedTuple):
    """A person's keys, 32 bytes each."""

    public: bytes
    private: bytes


def new_pair() -> Pair:
    """A new pair from the system's random source."""
    key = PrivateKey.generate()
    return Pair(bytes(key.public_key), bytes(key))


def seal(public: bytes, data: bytes) -> bytes:
    """The data as a box that only the private key opens."""
    return SealedBox(PublicKey(public)).encrypt(data)


def open_sealed(private: bytes, box: bytes) -> bytes:
    """What `seal` was given. Raises SealError."""
    try:
        return SealedBox(PrivateKey(private)).decrypt(box)
    except (CryptoError, ValueError, TypeError) as error:
        raise SealError("the photograph cannot be opened with this key") from error


def wrap(master: bytes, private: bytes) -> bytes:
    """A private key as it is kept."""
    return bytes(SecretBox(master).encrypt(private))


def unwrap(master: bytes, wrapped: bytes) -> bytes:
    """What `wrap` was given. Raises SealError when the master key is another one."""
    try:
        return SecretBox(master).decrypt(wrapped)
    except (CryptoError, ValueError, TypeError) as error:
        raise SealError("the person's key cannot be unwrapped: is the master key the one it was made with?") from error
