"""The worker as a process: settings in, steps until SIGTERM or SIGINT."""

import gc
import logging

from surety.clock import parse_clock
from surety.rules import presence
from surety.server.monitoring.commands import GRACE_MS
from surety.server.monitoring.worker import Worker
from surety.server.records import masters
from surety.server.steps import told_to_stop
from surety.settings import Settings
from surety.stream.sql import open_stream

logger = logging.getLogger(__name__)


def run(settings: Settings, partitions: frozenset[int]) -> None:
    """Run one worker for these partitions until it is told to stop; it finishes the step under way."""
    stop = told_to_stop()
    masters.ready()
    presence.warm_up()
    # Conditions of many people are many small tuples: looking through them for cycles again and again costs more
    # than the few cycles are worth.
    gc.set_threshold(100_000, 50, 100)
    stream = open_stream(settings)
    worker = Worker(stream, partitions=partitions, grace_ms=GRACE_MS)
    logger.info("worker %s takes %d partitions", worker.name, len(partitions))
    try:
        worker.run_forever(parse_clock(settings.clock), stop)
    finally:
        stream.close()
    logger.info("worker %s stopped", worker.name)
