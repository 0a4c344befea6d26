"""Checkpoints: how long the log is and what its tree's root is, signed; as text that people can read and compare.

The form is that of transparency logs: a checkpoint (C2SP tlog-checkpoint) within a signed note (C2SP signed-note), with
Ed25519 (RFC 8032). Further lines tell the time, the checkpoint before this one, the hash of the last entry, and the
tree's right edge, from which the next one goes on.
"""

import base64
import binascii
import hashlib
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from surety.ledger.merkle import Edge

ORIGIN = "surety audit log"
ED25519 = b"\x01"
KEY_BYTES = 32
FIRST = "-"  # the checkpoint before the first one
_LINES = 7  # origin, size, root, time, previous, last, edge


class BadNoteError(Exception):
    """A checkpoint cannot be read, or is not signed by this key; the message says which."""


class Checkpoint(NamedTuple):
    """What a checkpoint says. `previous`: SHA-256 of the whole text of the one before it; `last`: of its last entry."""

    edge: Edge
    at_ms: int
    previous: str
    last: str

    @property
    def size(self) -> int:
        """How many entries it covers."""
        return self.edge.size


class Key(NamedTuple):
    """A public key with the name under which it signs."""

    name: str
    public: bytes

    @property
    def mark(self) -> bytes:
        """The four bytes by which a signature names its key."""
        return hashlib.sha256(f"{self.name}\n".encode() + ED25519 + self.public).digest()[:4]

    def text(self) -> str:
        """As it is handed to those who verify: NAME+MARK+KEY."""
        return f"{self.name}+{self.mark.hex()}+{base64.b64encode(ED25519 + self.public).decode()}"


def key_of(private: bytes) -> Key:
    """The public key of a private one of 32 bytes; its name follows from it, so that it never changes."""
    public = Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
    return Key(f"surety-audit-{hashlib.sha256(public).hexdigest()[:8]}", public)


def read_key(text: str) -> Key:
    """What `Key.text` gave. Raises BadNoteError."""
    name, _, rest = text.strip().partition("+")
    mark, _, encoded = rest.partition("+")
    try:
        raw, said_mark = base64.b64decode(encoded, validate=True), bytes.fromhex(mark)
    except (ValueError, binascii.Error):
        raw, said_mark = b"", b""
    found = Key(name, raw[1:])
    if raw[:1] != ED25519 or len(found.public) != KEY_BYTES or said_mark != found.mark:
        raise BadNoteError('this is no public key of a log; "surety audit key" prints it')
    return found


def signed(checkpoint: Checkpoint, private: bytes) -> str:
    """The checkpoint as a signed note."""
    text, key = _text(checkpoint), key_of(private)
    signature = Ed25519PrivateKey.from_private_bytes(private).sign(text.encode())
    return f"{text}\n\u2014 {key.name} {base64.b64encode(key.mark + signature).decode()}\n"


def _text(checkpoint: Checkpoint) -> str:
    edge = checkpoint.edge
    root, hashes = base64.b64encode(edge.root()).decode(), " ".join(base64.b64encode(h).decode() for h in edge.hashes)
    told = (ORIGIN, edge.size, root, f"time {checkpoint.at_ms}", f"previous {checkpoint.previous}")
    more = (f"last {checkpoint.last}", f"edge {hashes}")
    return "".join(f"{line}\n" for line in (*told, *more))


def opened(note: str, key: Key) -> Checkpoint:
    """What `signed` was given. Raises BadNoteError: not signed by this key, changed, or no checkpoint of ours."""
    text, separator, signatures = note.partition("\n\n")
    text += "\n"
    if not separator or not any(_is_by(line, text, key) for line in signatures.splitlines()):
        raise BadNoteError(f"it is not signed by {key.name}, or was changed after it was signed")
    return _read(text)


def _is_by(line: str, text: str, key: Key) -> bool:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    try:
        raw = base64.b64decode(encoded, validate=True)
        if dash != "\u2014" or name != key.name or raw[:4] != key.mark:
            return False
        Ed25519PublicKey.from_public_bytes(key.public).verify(raw[4:], text.encode())
    except (ValueError, binascii.Error, InvalidSignature):
        return False
    return True


def _read(text: str) -> Checkpoint:
    lines = text.splitlines()
    try:
        found = _parsed(lines) if len(lines) == _LINES else None
    except (ValueError, IndexError, binascii.Error) as error:
        raise BadNoteError("it is no checkpoint of this kind of log") from error
    if found is None or _text(found) != text:  # above all: the root is that of the edge
        raise BadNoteError("its lines are not those of a checkpoint, or do not agree with each other")
    return found


def _parsed(lines: list[str]) -> Checkpoint:
    time, previous, last, edge = (line.split(" ") for line in lines[3:])
    hashes = [base64.b64decode(one, validate=True) for one in edge[1:] if one]
    return Checkpoint(Edge(int(lines[1]), hashes), int(time[1]), previous[1], last[1])


def digest(note: str) -> str:
    """How the next checkpoint names this one."""
    return hashlib.sha256(note.encode()).hexdigest()
