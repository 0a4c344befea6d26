"""Encrypted under a person's own key: what the server itself writes and reads again. One destroyed key erases it all.

From the person's private key (surety/blobs/sealing.py) one key a purpose is derived (HKDF-SHA256, RFC 5869); boxes are
AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits, bound to the person and the purpose. A key serves some
four thousand million boxes before nonces could meet; a fix a minute for six years is three million.
"""

import os
import time
from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from surety.blobs import sealing
from surety.server.records import actions
from surety.server.records.models import PersonKey
from surety.server.timekeeping import now_ms

FORMAT = b"\x01"  # the first byte of a box, so that another way of encrypting can follow
NONCE_BYTES = 12
KEPT_S = 60.0  # for so long after an erasure could another process still open a box that it was handed
MOST_KEPT = 200_000  # 100 MB or so in a worker that serves a nation's share


class KeyDestroyedError(Exception):
    """The person's key was destroyed or never made: what was kept under it cannot be read any more."""


class BrokenBoxError(Exception):
    """A box was changed, is cut short, or belongs to another person or purpose."""


class _Kept(NamedTuple):
    private: bytes
    until_s: float


_privates: OrderedDict[str, _Kept] = OrderedDict()
_ciphers: OrderedDict[tuple[str, str], tuple[AESGCM, float]] = OrderedDict()


def encrypt(person_id: str, data: bytes, *, purpose: str) -> bytes:
    """The data as a box of this person and purpose; their key is made at the first use.

    Raises KeyDestroyedError: nothing more may be kept of somebody whose key was destroyed.
    """
    nonce = os.urandom(NONCE_BYTES)
    return FORMAT + nonce + _cipher(person_id, purpose, make=True).encrypt(nonce, data, person_id.encode())


def decrypt(person_id: str, box: bytes, *, purpose: str) -> bytes:
    """What `encrypt` was given. Raises KeyDestroyedError or BrokenBoxError."""
    if box[:1] != FORMAT:
        raise BrokenBoxError("this is no box of the vault")
    nonce, sealed = box[1 : 1 + NONCE_BYTES], box[1 + NONCE_BYTES :]
    try:
        return _cipher(person_id, purpose, make=False).decrypt(nonce, sealed, person_id.encode())
    except (InvalidTag, ValueError) as error:
        raise BrokenBoxError("the box was changed, or is of somebody or something else") from error


def encrypt_text(person_id: str, text: str, *, purpose: str) -> bytes:
    """`encrypt` of a text."""
    return encrypt(person_id, text.encode(), purpose=purpose)


def decrypt_text(person_id: str, box: bytes, *, purpose: str) -> str:
    """`decrypt` of a text."""
    return decrypt(person_id, box, purpose=purpose).decode()


def warm(person_ids: Iterable[str]) -> None:
    """Have the keys of many people at hand, in one query; those that are missing or destroyed are left out."""
    now_s = time.monotonic()
    wanted = [one for one in dict.fromkeys(person_ids) if one not in _privates or _privates[one].until_s <= now_s]
    for start in range(0, len(wanted), 500):
        for key in PersonKey.objects.filter(person_id__in=wanted[start : start + 500]).exclude(wrapped=None):
            _keep(key)


def forget(person_id: str) -> None:
    """Drop a key from this process's memory: it was destroyed."""
    _privates.pop(person_id, None)
    for name in [name for name in _ciphers if name[0] == person_id]:
        del _ciphers[name]


def _cipher(person_id: str, purpose: str, *, make: bool) -> AESGCM:
    name, now_s = (person_id, purpose), time.monotonic()
    found = _ciphers.get(name)
    if found is not None and found[1] > now_s:
        return found[0]
    private = _private(person_id, now_s, make=make)
    derived = HKDF(hashes.SHA256(), 32, salt=None, info=f"surety/1/{purpose}".encode()).derive(private.private)
    cipher = AESGCM(derived)
    _ciphers[name] = cipher, private.until_s
    if len(_ciphers) > MOST_KEPT:
        _ciphers.popitem(last=False)
    return cipher


def _private(person_id: str, now_s: float, *, make: bool) -> _Kept:
    kept = _privates.get(person_id)
    if kept is not None and kept.until_s > now_s:
        return kept
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
    private = sealing.unwrap(sealing.master_key(settings.SURETY.master_key_file), bytes(key.wrapped or b""))
    kept = _Kept(private, time.monotonic() + KEPT_S)
    _privates[key.person_id] = kept
    _privates.move_to_end(key.person_id)
    if len(_privates) > MOST_KEPT:
        _privates.popitem(last=False)
    return kept
