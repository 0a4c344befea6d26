"""The file of master keys: one a line, the current one first; those behind it only open what they once wrapped.

    7d1f0c55a9e3b2d4 file 1790000000000 0 q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=
    91ab...          service 1760000000000 1790000000000 vault:v1:8SDd3WHDOjf7mq69CyCqYjBXAiQQAVZRkFM13ok481z...

A line: the key's id (a fingerprint, from which nothing follows), who keeps it (wrapping.py), when it was made and when
another took its place (milliseconds; 0: it is the current one), and the key as its keeper gives it. A file of exactly
32 bytes, as earlier versions made, is one key. The file is replaced whole, never changed in place.
"""

import hashlib
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from surety import keyfile
from surety.masterkey.wrapping import InFile, Wrapping, WrappingError

KEY_BYTES = 32
COMMENT = (
    "# Surety's master keys, the current one first. Keep a copy apart from every backup of the data (docs/keys.md).\n"
)


class RingError(Exception):
    """The file of master keys cannot be used; the message says why and what to do."""


class MasterKey(NamedTuple):
    """One line of the file. `retired_ms` 0: it is the current one."""

    id: str
    keeper: str
    made_ms: int
    retired_ms: int
    line: str


class Ring:
    """The master keys that are known. Each is opened when it is first needed, and kept in memory."""

    def __init__(self, keys: Iterable[MasterKey], keepers: Iterable[Wrapping]) -> None:
        self.keys = tuple(keys)
        self._keepers: Mapping[str, Wrapping] = {keeper.name: keeper for keeper in keepers}
        self._opened: dict[str, bytes] = {}

    @property
    def current(self) -> MasterKey:
        """The key under which people's keys are wrapped."""
        return self.keys[0]

    def has(self, key_id: str) -> bool:
        """Whether a key is known."""
        return any(key.id == key_id for key in self.keys)

    def open(self, key_id: str) -> bytes:
        """A key's 32 bytes. Raises RingError: unknown, not to be had, or not the one that the id names."""
        if key_id not in self._opened:
            self._opened[key_id] = self._unwrapped(key_id)
        return self._opened[key_id]

    def _unwrapped(self, key_id: str) -> bytes:
        found = next((key for key in self.keys if key.id == key_id), None)
        if found is None:
            raise RingError(f"master key {key_id} is not in the file of keys: put back the file that holds it")
        keeper = self._keepers.get(found.keeper)
        if keeper is None:
            raise RingError(f'master key {key_id} is kept by "{found.keeper}", which this version does not know')
        try:
            key = keeper.unwrap(found.line)
        except WrappingError as error:
            raise RingError(f"master key {key_id} cannot be had: {error}") from error
        if fingerprint(key) != key_id:
            raise RingError(f"what stands for master key {key_id} is another key")
        return key

    def with_new(self, keeper: Wrapping, *, now_ms: int) -> "Ring":
        """This ring with a new key in front. Raises RingError: the keeper cannot wrap it."""
        retired = [key._replace(retired_ms=key.retired_ms or now_ms) for key in self.keys]
        return Ring([new_key(keeper, now_ms=now_ms), *retired], self._keepers.values())

    def without(self, key_id: str) -> "Ring":
        """This ring without one of its older keys."""
        return Ring([key for key in self.keys if key.id != key_id or key == self.current], self._keepers.values())


def fingerprint(key: bytes) -> str:
    """The id of a key: sixteen hex digits of a hash from which nothing of it follows."""
    return hashlib.sha256(b"surety master key\x00" + key).hexdigest()[:16]


def new_key(keeper: Wrapping, *, now_ms: int) -> MasterKey:
    """A new key from the system's random source, wrapped. Raises RingError unless it can be unwrapped again."""
    key = secrets.token_bytes(KEY_BYTES)
    try:
        line = keeper.wrap(key)
        good = keeper.unwrap(line) == key
    except WrappingError as error:
        raise RingError(f"no new master key was made: {error}") from error
    if not good:
        raise RingError("no new master key was made: its keeper gives back another key than it was given")
    return MasterKey(fingerprint(key), keeper.name, now_ms, 0, line)


def read(path: Path, keepers: Iterable[Wrapping]) -> Ring:
    """The keys in a file. Raises OSError (FileNotFoundError: there is none yet), or RingError."""
    raw = path.read_bytes()
    if len(raw) == KEY_BYTES:
        return Ring([MasterKey(fingerprint(raw), InFile.name, 0, 0, InFile().wrap(raw))], keepers)
    try:
        text = raw.decode("ascii")
    except UnicodeDecodeError as error:
        raise RingError(f"{path} holds no master keys: it must be lines of text, or {KEY_BYTES} bytes") from error
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line and not line.startswith("#")]
    keys = [_parsed(path, number, line) for number, line in lines]
    if not keys:
        raise RingError(f"{path} holds no master key: put back a copy of the file")
    return Ring(keys, keepers)


def _parsed(path: Path, number: int, line: str) -> MasterKey:
    try:
        key_id, keeper, made, retired, kept = line.split(" ")
        return MasterKey(key_id, keeper, int(made), int(retired), kept)
    except ValueError:
        raise RingError(f"{path}:{number}: this is no line of a master key: put back a copy of the file") from None


def text_of(ring: Ring) -> bytes:
    """The file that says it."""
    lines = [f"{key.id} {key.keeper} {key.made_ms} {key.retired_ms} {key.line}\n" for key in ring.keys]
    return (COMMENT + "".join(lines)).encode()


def make(path: Path, keeper: Wrapping, *, now_ms: int) -> None:
    """The first file. Two processes at once end with the same. Raises OSError, or RingError."""
    keyfile.make(path, text_of(Ring([new_key(keeper, now_ms=now_ms)], [keeper])))


def replace(path: Path, ring: Ring) -> None:
    """Put another file in the place of what there is, durably. Raises OSError."""
    new = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    keyfile.write(new, text_of(ring))
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
