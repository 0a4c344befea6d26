"""How a watch stands: its code, its key, when it was heard, and what was wrong with what came in its name."""

import msgspec
from django.conf import settings

from surety.server.cases.models import Device, WatchKey
from surety.server.cases.watches import PROTOCOL
from surety.stream.asides import DeviceNote
from surety.stream.contract import StreamUnavailableError
from surety.stream.sql import open_stream

# What the door counts (gateway/watch_messages.py), in words for officers.
TROUBLES = {
    "wrong_signature": "signed with another key",
    "wrong_prev": "did not follow on the message before",
    "gap": "came while earlier ones were missing",
    "malformed": "could not be read",
    "lost": "said that the watch lost what it had not sent",
}


class WatchState(msgspec.Struct, frozen=True):
    """A watch as officers see it. `problem`: why the door's counts cannot be told now."""

    enrolled_ms: int | None = None
    algorithm: str = ""
    code_until_ms: int | None = None  # of a code that was not used yet
    heard_ms: int | None = None
    troubles: tuple[DeviceNote, ...] = ()
    problem: str = ""


def watch_state(device: Device, now_ms: int) -> WatchState:
    """How the watch stands now."""
    row = WatchKey.objects.filter(device=device).first()
    notes, problem = _notes(device.pk)
    heard = next((note.last_ms for note in notes if note.kind == "heard"), None)
    waits = row is not None and row.claimed_ms is None and row.code_expires_ms > now_ms
    return WatchState(
        enrolled_ms=row.claimed_ms if row else None,
        algorithm=row.algorithm if row else "",
        code_until_ms=row.code_expires_ms if row and waits else None,
        heard_ms=heard,
        troubles=tuple(note for note in notes if note.kind in TROUBLES),
        problem=problem,
    )


def watch_count() -> int:
    """How many devices are registered that run the watch client."""
    return Device.objects.filter(protocol=PROTOCOL).count()


def _notes(device_id: str) -> tuple[list[DeviceNote], str]:
    stream = open_stream(settings.SURETY)
    try:
        return stream.notes(device_id), ""
    except StreamUnavailableError as error:
        return [], str(error)
    finally:
        stream.close()
