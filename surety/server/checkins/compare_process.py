"""The comparing process: settings in, submissions compared until SIGTERM or SIGINT. Several may run at once."""

import logging
import os
import threading
import time

from surety.blobs.contract import BlobsUnavailableError
from surety.clock import Clock, parse_clock
from surety.faces.choose import open_engine
from surety.faces.contract import FacesUnavailableError
from surety.faces.decode import Decoder, DecoderUnavailableError
from surety.server.checkins import comparing
from surety.server.checkins.looking import Machine, decode_with
from surety.server.checkins.models import CompareHealth
from surety.server.records import masters
from surety.server.steps import step_until, told_to_stop
from surety.settings import Settings

logger = logging.getLogger(__name__)

POLL_S = 0.1  # how long photographs lie in an idle system; a poll reads one small index
WAKE_S = 30.0  # between attempts to open an engine: a model may be put there while this runs
BEAT_S = 2.0
LONGEST_PAUSE_S = 5.0  # between attempts while the database is away
FORGET_MS = 86_400_000  # a process that gave no sign for a day is gone
_LATER = (FacesUnavailableError, BlobsUnavailableError, DecoderUnavailableError)


def run(settings: Settings) -> None:
    """Compare until told to stop; the submission under way is finished first."""
    stop = told_to_stop()
    masters.ready()
    with Decoder() as decoder:
        machine = Machine(lambda: open_engine(settings), decode_with(decoder))
        try:
            Comparer(machine, parse_clock(settings.clock)).run_forever(stop)
        finally:
            machine.close()
    logger.info("the comparing process stopped")


class Comparer:
    """The loop of one process."""

    def __init__(self, machine: Machine, clock: Clock) -> None:
        self._machine, self._clock = machine, clock
        self._woken_s = self._beaten_s = -WAKE_S
        self._trouble = ""

    def run_forever(self, stop: threading.Event) -> None:
        """Step until `stop` is set. While the database is away: wait, ever longer, and try again."""
        step_until(
            stop,
            lambda: 0.0 if self.run_once(time.monotonic()) else POLL_S,
            name="comparing",
            first_pause_s=POLL_S,
            longest_pause_s=LONGEST_PAUSE_S,
        )

    def run_once(self, at_s: float) -> bool:
        """One step; whether there was something to do. `at_s` is the machine's time, for what goes by it."""
        if self._machine.engine is None and at_s - self._woken_s >= WAKE_S:
            self._wake(at_s)
        now_ms = self._clock.now_ms()
        if at_s - self._beaten_s >= BEAT_S:
            self._beat(now_ms)
            self._beaten_s = at_s
        lease_ms = int(comparing.LEASE_MS * max(1.0, self._clock.speed))
        return comparing.step(self._machine, now_ms, lease_ms=lease_ms) > 0 or self._derive(now_ms)

    def _wake(self, at_s: float) -> None:
        self._woken_s = at_s
        self._machine.wake()
        engine = self._machine.engine
        if engine is None:
            logger.warning("every check-in goes to a person: %s", self._machine.missing)
        else:
            logger.info("comparing with the engine %s, model %.12s", engine.name, engine.model_sha256)

    def _derive(self, now_ms: int) -> bool:
        try:
            done = comparing.derive_some(self._machine, now_ms)
        except _LATER as error:
            self._trouble = f"Enrolled images could not be prepared: {error}"
            return False
        self._trouble = ""
        return done > 0

    def _beat(self, now_ms: int) -> None:
        engine = self._machine.engine
        CompareHealth.objects.filter(at_ms__lt=now_ms - FORGET_MS).delete()
        CompareHealth.objects.update_or_create(
            name=f"compare:{os.getpid()}",
            defaults={
                "process_id": os.getpid(),
                "at_ms": now_ms,
                "engine": engine.name if engine else "",
                "model_sha256": engine.model_sha256 if engine else "",
                "sentence": self._trouble or ("" if engine else str(self._machine.missing or "")),
            },
        )
