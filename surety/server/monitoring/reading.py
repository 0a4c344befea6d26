"""Writes down that somebody read a person's positions on the command line, before anything is shown.

Whoever can run a command here can read the data anyway, so no log-in is asked for; what is recorded is the name that
the machine knows them by, and the purpose they give. The person concerned sees the entry like any other reading.
"""

import getpass
import os

from surety.server.audit.actions import Happening, record_many
from surety.server.errors import InvalidError

SHORTEST_PURPOSE = 8  # as on the pages


def operator_name() -> str:
    """Who runs this command, as far as the machine knows."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a process without an entry in the list of users
        name = f"user {os.getuid()}"
    return f"{name} (command line)"


def check_purpose(purpose: str) -> str:
    """The purpose, or InvalidError."""
    if len(purpose.strip()) < SHORTEST_PURPOSE:
        raise InvalidError('Say with --purpose "..." what you need it for; the person can read it.', field="purpose")
    return purpose.strip()


def note_reading(person_id: str, window_ms: tuple[int, int], purpose: str, *, by: str, now_ms: int) -> None:
    """Record the reading of a person's trail: which window, why, by whom and with which command."""
    detail = {"from_ms": window_ms[0], "to_ms": window_ms[1], "purpose": purpose, "command": by}
    record_many(
        [
            Happening(
                action="trail.read",
                actor=None,
                actor_name=operator_name(),
                subject_type="person",
                subject_id=person_id,
                person_id=person_id,
                detail=detail,
                at_ms=now_ms,
            )
        ]
    )
