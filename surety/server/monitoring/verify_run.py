"""Verifies many people, in this process or in several, and keeps its place in a file so that it can go on later.

The order is that of the people's ids, so one id says how far it has come.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import msgspec

from surety.rules.findings import RULES_VERSION
from surety.server.monitoring import verify_jobs
from surety.server.monitoring.verifying import Difference, Options, PersonReport, verify_person

PEOPLE_A_TASK = 4
SAVE_EVERY = 50  # people: what is lost to a power cut is a few seconds' work
MOST_DIFFERENCES = 10_000  # kept whole; beyond it something general is wrong, and counting is enough


class Position(msgspec.Struct):
    """How far a verification has come, and what it has found so far."""

    options: Options
    rules_version: str = RULES_VERSION
    last_person_id: str = ""
    people: int = 0
    facts: int = 0
    findings: int = 0
    states: int = 0
    older: int = 0
    older_agree: int = 0
    waits: list[str] = []
    erased: int = 0
    differing: int = 0
    differences: list[Difference] = []

    def add(self, report: PersonReport) -> None:
        """Count one person in."""
        self.people += 1
        for name in ("facts", "findings", "states", "older", "older_agree"):
            setattr(self, name, getattr(self, name) + getattr(report, name))
        self.erased += report.erased
        if report.waits:
            self.waits.append(report.person_id)
        self.differing += len(report.differences)
        self.differences += report.differences[: MOST_DIFFERENCES - len(self.differences)]


class Place:
    """The file in the data directory in which a position is kept."""

    def __init__(self, data_dir: Path) -> None:
        self.file = data_dir / "verify.json"

    def load(self) -> Position | None:
        """The position kept, if there is one that these rules can go on from."""
        try:
            kept = msgspec.json.decode(self.file.read_bytes(), type=Position)
        except (OSError, msgspec.MsgspecError):
            return None
        return kept if kept.rules_version == RULES_VERSION else None

    def save(self, position: Position) -> None:
        """Keep a position, all of it or the one before."""
        beside = self.file.with_suffix(".new")
        beside.write_bytes(msgspec.json.encode(position))
        beside.replace(self.file)

    def forget(self) -> None:
        """Nothing is under way any more."""
        self.file.unlink(missing_ok=True)


def run(
    people: Sequence[str], position: Position, place: Place, *, jobs: int = 1, done: Callable[[], None] = lambda: None
) -> bool:
    """Verify everybody behind the position; whether it came to the end (Ctrl-C leaves the place for `--resume`).

    Whoever had to wait for the worker is looked at once more at the end.
    """
    rest = [person_id for person_id in people if person_id > position.last_person_id]
    try:
        for n, report in enumerate(_reports(rest, position.options, jobs), 1):
            position.add(report)
            position.last_person_id = report.person_id
            done()
            if n % SAVE_EVERY == 0:
                place.save(position)
    except KeyboardInterrupt:
        place.save(position)
        return False
    _look_again(position)
    place.forget()
    return True


def _look_again(position: Position) -> None:
    waiting, position.waits = position.waits, []
    for person_id in waiting:
        position.people -= 1
        position.add(verify_person(person_id, position.options))


def _reports(people: Sequence[str], options: Options, jobs: int) -> Iterator[PersonReport]:
    if jobs <= 1:
        yield from (verify_person(person_id, options) for person_id in people)
        return
    work = partial(verify_jobs.verify_one, since_ms=options.since_ms, by_step=options.by_step)
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=verify_jobs.begin) as pool:
        try:
            yield from pool.map(work, people, chunksize=PEOPLE_A_TASK)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
