"""Log to findings stored: the worker's rate with few and with many people, what of it the database takes, its memory.

People, log and worker have processes of their own, so that the worker's memory is its own:
`python -m benchmarks.pipeline work PEOPLE` is the worker, started again once everybody is known.
"""

# ruff: noqa: PLC0415 - Django must be set up before anything of the server is imported

import functools
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple
from unittest import mock

from benchmarks import latency

START_MS = 1_772_323_200_000
FEW, MANY = 5_000, 50_000
FIXES = 60_000
RESTART_MS = 900_000
ABOUT_DEG = 0.0004  # up to 90 m in ten seconds, as somebody on a bicycle
TARGET_PER_S = 20_000
TARGET_MIB = 1_024
MODULE = "benchmarks.pipeline"


def measure() -> list[dict[str, object]]:
    """Fixes a second from the log to stored findings, with 5,000 and with 50,000 people of five zones each."""
    few, many = _in_processes(FEW), _in_processes(MANY)
    return [
        *_speeds(few, FEW),
        *_speeds(many, MANY),
        _row("worker, a fix, all processor time", many["all_us"], "us")
        | {"baseline": f"{FEW:,} people", "ratio": many["all_us"] / few["all_us"]},
        _row(f"worker, each of {2 * FIXES:,} fixes, all processor time", many["more_all_us"], "us")
        | {"baseline": f"each of {FIXES:,}", "ratio": many["more_all_us"] / many["all_us"]},
        _row("worker, first fix of each person after a restart", many["first_rate"], "people/s")
        | {"baseline": f"of {FEW:,} people", "ratio": many["first_rate"] / few["first_rate"]},
        _row(f"worker, memory with {MANY:,} people", many["memory_mib"], "MiB", TARGET_MIB)
        | {"baseline": "before anybody is read", "ratio": many["memory_mib"] / many["empty_mib"]},
        *latency.measure(),
    ]


def _speeds(result: dict[str, float], people: int) -> list[dict[str, object]]:
    name = f"worker, {people:,} people x 5 zones"
    return [
        _row(f"{name}: log to findings", result["rate"], "fixes/s"),
        _row(f"{name}: without the database", 1e6 / result["us"], "fixes/s/core", TARGET_PER_S),
        _row(f"{name}: the database's processor time a fix", result["database_us"], "us"),
    ]


def _row(name: str, value: float, unit: str, target: float | None = None) -> dict[str, object]:
    return {"name": name, "value": value, "unit": unit, "target": target}


def _in_processes(people: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="surety-bench-") as folder:
        env = {**os.environ, "SURETY_DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "surety.server.project.settings"}
        subprocess.run([sys.executable, "-m", MODULE, "populate", str(people), str(START_MS)], env=env, check=True)
        result: dict[str, float] = {}
        for _ in range(2):  # the second time as after a restart: everybody has a state
            done = subprocess.run(
                [sys.executable, "-m", MODULE, "work", str(people)], env=env, stdout=subprocess.PIPE, check=True
            )
            result = json.loads(done.stdout)
    return result


def _entries(people: int, fixes: int, round_ms: int) -> list:
    from benchmarks.population import person_id
    from surety.rules.facts import Fix, Source, encode, fact_id
    from surety.stream.contract import Entry

    dice = random.Random(2)
    entries = []
    for number in range(fixes):
        who = person_id(number % people)
        at_ms = round_ms + (number // people) * 10_000 + number % 1000
        lat, lon = (near + dice.uniform(-ABOUT_DEG, ABOUT_DEG) for near in _around(number % people))
        fix = Fix(fact_id(who, at_ms), who, at_ms, at_ms, lat, lon, 8.0, Source.GNSS)
        entries.append(Entry(who, who, "osmand", at_ms, (encode(fix),)))
    return entries


def _around(number: int) -> tuple[float, float]:
    """Where somebody is about: the same place in every round, as nobody leaps across the town."""
    from benchmarks.population import CENTRE, SPREAD_DEG

    dice = random.Random(number)
    return CENTRE[0] + dice.uniform(-SPREAD_DEG, SPREAD_DEG), CENTRE[1] + dice.uniform(-SPREAD_DEG, SPREAD_DEG)


def _work(people: int) -> dict[str, float]:
    """Drain a log with one worker: one fix of each person, then many, then twice as many."""
    import django

    django.setup()
    from surety.rules import presence
    from surety.server.monitoring.worker import Worker
    from surety.server.project.settings import SURETY
    from surety.stream.sql import open_stream

    presence.warm_up()
    empty_mib = _memory_mib()
    stream = open_stream(SURETY)
    at_ms = START_MS + (RESTART_MS if stream.last_seq() else 60_000)
    worker = Worker(stream)
    _drain(worker, at_ms)
    first = _round(worker, people, people, at_ms)
    some = _round(worker, people, FIXES, at_ms + 60_000)
    more = _round(worker, people, 2 * FIXES, at_ms + 300_000)
    return {
        "first_rate": people / first.wall_s,
        "first_us": first.core_s / people * 1e6,
        "rate": FIXES / some.wall_s,
        "us": (some.core_s - some.database_s) / FIXES * 1e6,
        "database_us": some.database_s / FIXES * 1e6,
        "all_us": some.core_s / FIXES * 1e6,
        "more_all_us": more.core_s / FIXES / 2 * 1e6,
        "empty_mib": empty_mib,
        "memory_mib": _memory_mib(),
    }


class _Taken(NamedTuple):
    """What a round of fixes took: on the clock, of a core, and of that in what reads and writes the database."""

    wall_s: float
    core_s: float
    database_s: float


def _round(worker, people: int, fixes: int, at_ms: int) -> _Taken:
    """Put fixes into the log, from a process of its own, and let the worker take them."""
    subprocess.run([sys.executable, "-m", MODULE, "append", str(people), str(fixes), str(at_ms)], check=True)
    with _database_clock() as database:
        wall_s, core_s = time.perf_counter(), time.thread_time()
        facts = _drain(worker, at_ms + 600_000)
        taken = _Taken(time.perf_counter() - wall_s, time.thread_time() - core_s, sum(database))
    if facts != fixes:
        raise RuntimeError(f"{fixes} fixes were put into the log and {facts} taken out of it")
    return taken


def _drain(worker, now_ms: int) -> int:
    facts = 0
    while not (progress := worker.run_once(now_ms)).idle:
        facts += progress.facts
    return facts


@contextmanager
def _database_clock() -> Iterator[list[float]]:
    """The seconds of processor time of each transaction and each reading of the log, while it is open."""
    from surety.server.monitoring import actions
    from surety.stream.sqlite import SqliteStream

    seconds: list[float] = []
    store, read = _timed(actions.store, seconds), _timed(SqliteStream.read, seconds)
    with mock.patch.object(actions, "store", store), mock.patch.object(SqliteStream, "read", read):
        yield seconds


def _timed(function: Callable, seconds: list[float]) -> Callable:
    @functools.wraps(function)
    def call(*given, **named):
        begun = time.thread_time()
        try:
            return function(*given, **named)
        finally:
            seconds.append(time.thread_time() - begun)

    return call


def _memory_mib() -> float:
    """The most memory that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _append(people: int, fixes: int, at_ms: int) -> None:
    import django

    django.setup()
    from surety.server.project.settings import SURETY
    from surety.stream.sql import open_stream

    stream, entries = open_stream(SURETY), _entries(people, fixes, at_ms)
    for start in range(0, len(entries), 1000):
        stream.append(entries[start : start + 1000])


def _populate(people: int, start_ms: int) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from benchmarks.population import populate

    call_command("migrate", verbosity=0)
    populate(people, start_ms)


if __name__ == "__main__":
    commands = {"populate": _populate, "append": _append, "work": lambda people: print(json.dumps(_work(people)))}
    commands[sys.argv[1]](*map(int, sys.argv[2:]))
