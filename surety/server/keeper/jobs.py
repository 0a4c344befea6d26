"""The jobs that the keeper does, and how it does one: alone, in bounded steps, each job's failure its own.

A job is a function of the domain's time, `(now_ms) -> int | None`. It does one bounded step in transactions of its own,
may be killed anywhere, and tells when it wants to be called again; None: after its usual time.
"""

import logging
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NamedTuple

from django.db import connection

from surety.server.steps import AWAY

logger = logging.getLogger(__name__)

AFTER_FAILURE_MS = 60_000
Step = Callable[[int], int | None]


class Job(NamedTuple):
    """One job: what it is called, where its function stands, and how often it is looked at."""

    name: str
    where: str  # "surety.server.records.erasing:step"
    every_ms: int

    def step(self) -> Step:
        """Its function. Raises ImportError or AttributeError."""
        module, _, name = self.where.partition(":")
        found: Step = getattr(import_module(module), name)
        return found


# Each room adds its line here; the time is the domain's, so that a day in a demonstration has a day's work.
JOBS: tuple[Job, ...] = (
    Job("grants by other days of review than before", "surety.server.cases.door:follow_settings", 86_400_000),
    Job("checkpoints of the audit log", "surety.server.audit.checkpoints:step", 600_000),
    Job("the daily erasure", "surety.server.records.daily:step", 3_600_000),
    Job("codes of people's own pages that ran out", "surety.server.portal.codes:tidy", 3_600_000),
    Job("words that the door handed over", "surety.server.notices.actions:seal_settled", 60_000),
    Job("a rotation of the master key that was cut short", "surety.server.records.rotation:step", 3_600_000),
)


class Keeper:
    """Does each job when it is due. One that fails is tried again in a minute, and the others go on."""

    def __init__(self, jobs: Sequence[Job] = JOBS) -> None:
        self._steps = [(job, job.step()) for job in jobs]
        self._due_ms = dict.fromkeys((job.name for job in jobs), 0)

    def run_once(self, now_ms: int) -> int | None:
        """Do what is due; when the next is (domain time), None: there are no jobs. Raises what AWAY names."""
        for job, step in self._steps:
            if self._due_ms[job.name] <= now_ms:
                self._due_ms[job.name] = self._next_ms(job, step, now_ms)
        return min(self._due_ms.values(), default=None)

    def _next_ms(self, job: Job, step: Step, now_ms: int) -> int:
        try:
            wanted_ms = step(now_ms)
        except AWAY:
            raise
        except Exception:  # the boundary between jobs: one that fails must not keep the others from being done
            logger.exception("%s failed; the other jobs go on, and it is tried again in a minute", job.name)
            connection.close_if_unusable_or_obsolete()
            return now_ms + AFTER_FAILURE_MS
        return max(now_ms + 1, now_ms + job.every_ms if wanted_ms is None else wanted_ms)
