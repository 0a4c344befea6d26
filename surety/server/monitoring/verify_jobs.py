"""What each of several verifying processes does. Loads nothing of Django before it is set up, as a new process must."""

import signal
from typing import TYPE_CHECKING

from surety.server.commands import set_up_django

if TYPE_CHECKING:
    from surety.server.monitoring.verifying import PersonReport


def begin() -> None:
    """Make a new process ready."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the first process's to answer
    set_up_django()


def verify_one(person_id: str, since_ms: int | None, by_step: bool) -> "PersonReport":  # noqa: FBT001 - pickled
    """Verify one person."""
    from surety.server.monitoring.verifying import Options, verify_person  # noqa: PLC0415 - needs django.setup

    return verify_person(person_id, Options(since_ms, by_step))
