"""Encrypted under a person's own key: what the server itself writes and reads again. One destroyed key erases it all.

From the person's private key (surety/blobs/sealing.py) one key a purpose is derived (HKDF-SHA256, RFC 5869); boxes are
AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits, bound to the person and the purpose. A key serves some
four thousand million boxes before nonces could meet; a fix a minute for six years is three million.
"""

import os
import sys
import time
from collections import OrderedDict
from collections.abc import Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from surety.server.records import actions, masters, unsettled
from surety.server.records.models import PersonKey
from surety.server.timekeeping import now_ms

FORMAT = b"\x01"  # the first byte of a box, so that another way of encrypting can follow
NONCE_BYTES = 12
KEPT_S = 60.0  # for so long after an erasure could another process still open a box that it was handed
LATEST_MS = 86_400_000  # of domain time: an erasure may be committed that much after the time it names
MOST_KEPT = 200_000  # people: 140 MB or so in a worker that serves a nation's share


class KeyDestroyedError(Exception):
    """The person's key was destroyed or never made: what was kept under it cannot be read any more."""


class BrokenBoxError(Exception):
    """A box was changed, is cut short, or belongs to another person or purpose."""


class _Kept:
    """The keys of one person: the private one, and those derived from it. A cipher ready for use takes 2.4 kB each."""

    __slots__ = ("derived", "private")

    def __init__(self, private: bytes) -> None:
        self.private = private
        self.derived: dict[str, bytes] = {}


_kept: OrderedDict[str, _Kept] = OrderedDict()


class _Looked:
    """When this process last looked for keys that others destroyed."""

    at_s = 0.0
    newest_ms = 0


_looked = _Looked()


def encrypt(person_id: str, data: bytes, *, purpose: str, bound: str = "") -> bytes:
    """The data as a box of this person and purpose (and place, `bound`); their key is made at the first use.

    Raises KeyDestroyedError: nothing more may be kept of somebody whose key was destroyed.
    """
    return seal(_cipher(person_id, purpose, make=True), person_id, data, bound=bound)


def seal(cipher: AESGCM, person_id: str, data: bytes, *, bound: str = "") -> bytes:
    """The data as a box, under a cipher of `cipher_of`."""
    nonce = os.urandom(NONCE_BYTES)
    return FORMAT + nonce + cipher.encrypt(nonce, data, (person_id + bound).encode())


def cipher_of(private: bytes, purpose: str) -> AESGCM:
    """What encrypts for one purpose under a person's private key."""
    return AESGCM(_derived(private, purpose))


def _derived(private: bytes, purpose: str) -> bytes:
    return HKDF(hashes.SHA256(), 32, salt=None, info=f"surety/1/{purpose}".encode()).derive(private)


def decrypt(person_id: str, box: bytes, *, purpose: str, bound: str = "") -> bytes:
    """What `encrypt` was given. Raises KeyDestroyedError or BrokenBoxError."""
    if box[:1] != FORMAT:
        raise BrokenBoxError("this is no box of the vault")
    nonce, sealed = box[1 : 1 + NONCE_BYTES], box[1 + NONCE_BYTES :]
    try:
        return _cipher(person_id, purpose, make=False).decrypt(nonce, sealed, (person_id + bound).encode())
    except (InvalidTag, ValueError) as error:
        raise BrokenBoxError("the box was changed, or is of somebody or something else") from error


def encrypt_text(person_id: str, text: str, *, purpose: str) -> bytes:
    """`encrypt` of a text."""
    return encrypt(person_id, text.encode(), purpose=purpose)


def decrypt_text(person_id: str, box: bytes, *, purpose: str) -> str:
    """`decrypt` of a text."""
    return decrypt(person_id, box, purpose=purpose).decode()


def warm(person_ids: Iterable[str], *, make: bool = False) -> set[str]:
    """Have the keys of many people at hand, in one query (or a few); whose key was destroyed.

    `make`: those who have none yet get one; else they are left out.
    """
    _drop_destroyed()
    wanted = [one for one in dict.fromkeys(person_ids) if _known(one) is None]
    destroyed: set[str] = set()
    for start in range(0, len(wanted), 500):
        chunk = wanted[start : start + 500]
        found = list(PersonKey.objects.filter(person_id__in=chunk))
        if make and len(found) < len(chunk):
            missing = set(chunk).difference(key.person_id for key in found)
            actions.make_keys(missing, now_ms=now_ms())
            found += PersonKey.objects.filter(person_id__in=missing)
        for key in found:
            if key.wrapped is None:
                destroyed.add(key.person_id)
            else:
                _keep(key)
    return destroyed


def forget(person_id: str) -> None:
    """Drop a key from this process's memory: it was destroyed."""
    _kept.pop(person_id, None)


def _cipher(person_id: str, purpose: str, *, make: bool) -> AESGCM:
    _drop_destroyed()
    kept = _known(person_id) or _read(person_id, make=make)
    key = kept.derived.get(purpose)
    if key is None:
        key = kept.derived[sys.intern(purpose)] = _derived(kept.private, purpose)
    return AESGCM(key)


def _known(person_id: str) -> _Kept | None:
    if unsettled.rolled_back(person_id):
        forget(person_id)
    return _kept.get(person_id)


def _drop_destroyed() -> None:
    """Forget keys that another process destroyed, once in a while."""
    if time.monotonic() - _looked.at_s < KEPT_S:
        return
    rows = PersonKey.objects.filter(destroyed_ms__gte=_looked.newest_ms - LATEST_MS)
    for person_id, destroyed_ms in rows.values_list("person_id", "destroyed_ms"):
        forget(person_id)
        # Of a clock that once ran ahead: it must not hide what is destroyed from now on.
        _looked.newest_ms = max(_looked.newest_ms, min(destroyed_ms or 0, now_ms()))
    _looked.at_s = time.monotonic()


def _read(person_id: str, *, make: bool) -> _Kept:
    if make:
        try:
            actions.public_key(person_id, now_ms=now_ms())
        except ValueError as error:
            raise KeyDestroyedError(str(error)) from error
    key = PersonKey.objects.filter(person_id=person_id).first()
    if key is None or key.wrapped is None:
        raise KeyDestroyedError("the key of this person was destroyed; what was kept under it cannot be read")
    return _keep(key)


def _keep(key: PersonKey) -> _Kept:
    kept = _kept[key.person_id] = _Kept(masters.unwrap(bytes(key.wrapped or b""), key.master))
    if len(_kept) > MOST_KEPT:
        _kept.popitem(last=False)
    return kept
