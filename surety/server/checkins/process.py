"""Asking as a process: settings in, steps until SIGTERM or SIGINT."""

import logging
import signal
import threading

from django.db import connection

from surety import keyfile
from surety.clock import Clock, parse_clock
from surety.rules.asking import KEY_BYTES
from surety.serve import follow_parent
from surety.server.cases import watches
from surety.server.checkins import asking, prompts, reviewing, sending
from surety.server.checkins.asker import AWAY, Asker
from surety.settings import Settings
from surety.stream.sql import open_stream

logger = logging.getLogger(__name__)

POLL_S = 0.5  # how late a question or what became of it may be noticed
LONGEST_PAUSE_S = 10.0  # between attempts while the database or the log is away
BEAT_S = 5.0


def asking_key(settings: Settings) -> bytes:
    """The key from which the times follow; made at the first use. Raises OSError or KeyFileError."""
    return keyfile.kept(settings.asking_key_file, KEY_BYTES)


def run(settings: Settings) -> None:
    """Ask until told to stop; the step under way is finished."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    follow_parent()
    clock, stream = parse_clock(settings.clock), open_stream(settings)
    # Where time runs fast, a step of half a second is minutes of it.
    given_up_ms, unheard_ms = (
        max(least, int(10_000 * clock.speed)) for least in (asking.GIVEN_UP_MS, asking.UNHEARD_MS)
    )
    asker = Asker(stream, asking_key(settings), given_up_ms=given_up_ms, unheard_ms=unheard_ms)
    postman = threading.Thread(target=deliver_forever, args=(clock, stop), name="prompts", daemon=True)
    postman.start()
    logger.info("photo check-ins are asked for")
    try:
        run_forever(asker, clock, stop)
    finally:
        stop.set()
        postman.join(sending.TIMEOUT_S)
        stream.close()
    logger.info("photo check-ins: stopped")


def run_forever(asker: Asker, clock: Clock, stop: threading.Event) -> None:
    """Step until `stop` is set. While the database or the log is away: wait, ever longer, and try again."""
    pause_s, beat_ms = POLL_S, 0
    while not stop.is_set():
        now_ms = clock.now_ms()
        try:
            progress = asker.run_once(now_ms)
            if now_ms - beat_ms >= BEAT_S * 1000 * clock.speed:
                asker.beat(now_ms)
                reviewing.escalate(now_ms=now_ms)
                watches.record_claims(now_ms)
                beat_ms = now_ms
        except AWAY as error:
            logger.warning("asking tries again in %.1f s: %s", pause_s, error)
            connection.close_if_unusable_or_obsolete()
            stop.wait(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            continue
        pause_s = POLL_S
        if progress.idle:
            stop.wait(_pause_s(progress.next_ms, clock))


def deliver_forever(clock: Clock, stop: threading.Event) -> None:
    """Send prompts until `stop` is set: apart from asking, as a service that hangs must not hold up a question."""
    while not stop.is_set():
        try:
            sent = prompts.deliver(clock.now_ms())
        except AWAY as error:
            logger.warning("prompts wait: %s", error)
            connection.close_if_unusable_or_obsolete()
            sent = 0
        except Exception:  # the boundary of a thread: one prompt's trouble must not keep others from leaving
            logger.exception("a prompt could not be handled; the others go on, and it is tried again in a minute")
            sent = 0
        if not sent:
            stop.wait(POLL_S)
    connection.close()


def _pause_s(next_ms: int | None, clock: Clock) -> float:
    until_s = POLL_S if next_ms is None else (next_ms - clock.now_ms()) / 1000 / clock.speed
    return min(POLL_S, max(until_s, 0.001))
