"""Writes down that somebody reads a person's positions, on a page or on the command line, before anything is shown.

Whoever can run a command here can read the data anyway, so no log-in is asked for; what is recorded is the name that
the machine knows them by, and the purpose they give. The person concerned sees the entry like any other reading.
"""

import getpass
import os

from surety.server.accounts.models import User
from surety.server.audit import actions as audit
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


def note_reading(
    person_id: str,
    window_ms: tuple[int, int],
    purpose: str,
    *,
    actor: User | None = None,
    actor_name: str = "",
    command: str = "",
    now_ms: int,
) -> None:
    """Record that somebody reads a person's trail: of which window and why. Call it before anything is shown.

    By a user, by whom `actor_name` names, or with a command: then by whoever runs it.
    """
    detail = {"from_ms": window_ms[0], "to_ms": window_ms[1], "purpose": purpose}
    audit.record(
        action="trail.read",
        actor=actor,
        actor_name=operator_name() if command else actor_name,
        subject_type="person",
        subject_id=person_id,
        person_id=person_id,
        detail=detail | ({"command": command} if command else {}),
        at_ms=now_ms,
    )
