"""The master keys as this process holds them: read when first needed, and again when their file was replaced.

A key service (surety/masterkey/wrapping.py) is asked once a process and key. The processes do that before their first
step (`ready`), so that nobody waits for it inside a transaction.
"""

import os
from pathlib import Path

from django.conf import settings

from surety.blobs import sealing
from surety.masterkey import ring as rings
from surety.masterkey.ring import Ring, RingError
from surety.masterkey.wrapping import InFile, Service, Wrapping
from surety.server.records.models import PersonKey
from surety.server.timekeeping import now_ms

_Seen = tuple[Path, int, int, int]


class _Held:
    seen: _Seen | None = None
    ring: Ring | None = None


_held = _Held()


def ready() -> None:
    """Have the current master key at hand, where there is one yet. Raises sealing.SealError."""
    if where().exists():
        wrap(bytes(rings.KEY_BYTES))


def try_each() -> None:
    """Open one person's key of each master key that wraps any. Raises sealing.SealError."""
    in_use = PersonKey.objects.exclude(wrapped=None).order_by().values_list("master", flat=True).distinct()
    for master_id in list(in_use):
        row = PersonKey.objects.filter(master=master_id).exclude(wrapped=None)[0]
        unwrap(bytes(row.wrapped or b""), master_id)


def wrap(private: bytes) -> tuple[bytes, str]:
    """A person's private key as it is kept, and the id of the master key that wraps it. Raises sealing.SealError."""
    found = ring()
    return sealing.wrap(_open(found, found.current.id), private), found.current.id


def unwrap(wrapped: bytes, master_id: str) -> bytes:
    """A person's private key. Raises sealing.SealError when the master key is not to be had or is another one.

    An empty id (earlier versions noted none) means any key that is known.
    """
    found = ring()
    if master_id:
        return sealing.unwrap(_open(found, master_id), wrapped)
    for key in found.keys[:-1]:
        try:
            return sealing.unwrap(_open(found, key.id), wrapped)
        except sealing.SealError:
            continue
    return sealing.unwrap(_open(found, found.keys[-1].id), wrapped)


def ring() -> Ring:
    """The master keys, as their file says now. Raises sealing.SealError."""
    try:
        path = where()
        seen = _look(path)
        if _held.ring is None or seen is None or seen != _held.seen:
            _held.ring, _held.seen = _read(path), _look(path)
    except (OSError, RingError) as error:
        raise sealing.SealError(f"the master keys cannot be read: {error}") from error
    return _held.ring


def keeper() -> Wrapping:
    """Who keeps a new master key: the key service where one is set, else the file."""
    chosen = settings.SURETY
    if chosen.master_key_wrap:
        return Service(chosen.master_key_wrap, chosen.master_key_unwrap)
    return InFile()


def where() -> Path:
    """The file of master keys; the old name where there is no other."""
    path: Path = settings.SURETY.master_keys
    old: Path = settings.SURETY.old_master_key
    return old if old.exists() and not path.exists() else path


def replace(new: Ring) -> None:
    """Put other master keys in the place of those that are kept; the file of the old name goes. Raises OSError."""
    path, old = settings.SURETY.master_keys, where()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    rings.replace(path, new)
    if old != path:
        old.unlink()


def _open(found: Ring, key_id: str) -> bytes:
    try:
        return found.open(key_id)
    except RingError as error:
        raise sealing.SealError(str(error)) from error


def _look(path: Path) -> _Seen | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - asked for each key of many thousand
    except FileNotFoundError:
        return None
    return path, found.st_ino, found.st_mtime_ns, found.st_size


def _read(path: Path) -> Ring:
    chosen = settings.SURETY
    keepers = (InFile(), Service(chosen.master_key_wrap, chosen.master_key_unwrap))
    try:
        return rings.read(path, keepers)
    except FileNotFoundError:
        # Another one would be made in silence where only a disk was not mounted, and two halves would never fit.
        if PersonKey.objects.exclude(wrapped=None).exists():
            raise RingError(f"{path} is not there, and people's keys are wrapped by it: put it back") from None
        rings.make(path, keeper(), now_ms=now_ms())
        return rings.read(path, keepers)
