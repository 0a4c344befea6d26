"""A process that works in steps until it is told to stop, and waits with patience while what it needs is away."""

import logging
import signal
import threading
from collections.abc import Callable

from django.db import InterfaceError, OperationalError, connection

from surety.clock import Clock
from surety.serve import follow_parent
from surety.stream.contract import StreamUnavailableError

logger = logging.getLogger(__name__)

# The database or the log is gone: nobody's fault, and trying again may help.
AWAY: tuple[type[Exception], ...] = (OperationalError, InterfaceError, StreamUnavailableError)
SOONEST_S = 0.001  # a wait that is over already


def told_to_stop() -> threading.Event:
    """An event that SIGTERM, SIGINT or the end of the parent process sets. For the main thread."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    follow_parent()
    return stop


def step_until(
    stop: threading.Event,
    step: Callable[[], float],
    *,
    name: str,
    first_pause_s: float,
    longest_pause_s: float,
    away: tuple[type[Exception], ...] = AWAY,
) -> None:
    """Call `step` again and again until `stop` is set; it tells for how many seconds there is nothing to do.

    When it raises one of `away`, wait, each time longer, and try again. Everything else goes on to the caller.
    """
    pause_s = first_pause_s
    while not stop.is_set():
        try:
            idle_s = step()
        except away as error:
            logger.warning("%s tries again in %.2f s: %s", name, pause_s, error)
            connection.close_if_unusable_or_obsolete()
            stop.wait(pause_s)
            pause_s = min(2 * pause_s, longest_pause_s)
            continue
        pause_s = first_pause_s
        if idle_s > 0:
            stop.wait(idle_s)


def until_s(next_ms: int | None, clock: Clock, poll_s: float) -> float:
    """How long to wait for an instant of the domain's time, or for the next poll where that is sooner."""
    if next_ms is None:
        return poll_s
    return min(poll_s, max((next_ms - clock.now_ms()) / 1000 / clock.speed, SOONEST_S))
