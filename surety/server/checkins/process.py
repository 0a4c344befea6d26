"""Asking as a process: settings in, steps until SIGTERM or SIGINT."""

import logging
import threading

from django.db import connection

from surety import keyfile
from surety.clock import Clock, parse_clock
from surety.rules.asking import KEY_BYTES
from surety.server.cases import watches
from surety.server.checkins import asking, prompts, reviewing, sending
from surety.server.checkins.asker import Asker
from surety.server.records import masters
from surety.server.steps import AWAY, step_until, told_to_stop, until_s
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
    stop = told_to_stop()
    masters.ready()
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
    beat_ms = 0

    def step() -> float:
        nonlocal beat_ms
        now_ms = clock.now_ms()
        progress = asker.run_once(now_ms)
        if now_ms - beat_ms >= BEAT_S * 1000 * clock.speed:
            asker.beat(now_ms)
            reviewing.escalate(now_ms=now_ms)
            watches.record_claims(now_ms)
            beat_ms = now_ms
        return until_s(progress.next_ms, clock, POLL_S) if progress.idle else 0.0

    step_until(stop, step, name="asking", first_pause_s=POLL_S, longest_pause_s=LONGEST_PAUSE_S)


def deliver_forever(clock: Clock, stop: threading.Event) -> None:
    """Send prompts until `stop` is set: apart from asking, as a service that hangs must not hold up a question."""

    def step() -> float:
        try:
            return 0.0 if prompts.deliver(clock.now_ms()) else POLL_S
        except AWAY:
            raise
        except Exception:  # the boundary of a thread: one prompt's trouble must not keep others from leaving
            logger.exception("a prompt could not be handled; the others go on, and it is tried again in a minute")
            return POLL_S

    step_until(stop, step, name="sending prompts", first_pause_s=POLL_S, longest_pause_s=LONGEST_PAUSE_S)
    connection.close()
