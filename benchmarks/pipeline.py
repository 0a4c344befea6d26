"""Log to findings stored: the worker's rate with few and with many people, and its memory.

Each measurement runs in a process of its own with a data directory of its own: `python -m benchmarks.pipeline PEOPLE`.
"""

# ruff: noqa: PLC0415 - Django must be set up before anything of the server is imported

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time

from benchmarks import latency

START_MS = 1_772_323_200_000
FIXES = 60_000
TARGET_PER_S = 5_000


def measure() -> list[dict[str, object]]:
    """Fixes a second from the log to stored findings, with 5,000 and with 50,000 people of five zones each."""
    few, many = _in_process(5_000), _in_process(50_000)
    return [
        _rate("worker, 5,000 people x 5 zones", few),
        _rate("worker, 50,000 people x 5 zones", many)
        | {"baseline": "5,000 people", "ratio": many["rate"] / few["rate"]},
        {"name": "worker, first fix of each person", "value": many["cold_rate"], "unit": "people/s"},
        {"name": "worker, memory with 50,000 people", "value": many["memory_mib"], "unit": "MiB"},
        *latency.measure(),
    ]


def _rate(name: str, result: dict[str, float]) -> dict[str, object]:
    return {"name": name, "value": result["rate"], "unit": "fixes/s", "target": TARGET_PER_S}


def _in_process(people: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="surety-bench-") as folder:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.pipeline", str(people)],
            env={**os.environ, "SURETY_DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "surety.server.project.settings"},
            stdout=subprocess.PIPE,
            check=True,
        )
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _entries(people: int, fixes: int, round_ms: int) -> list:
    from benchmarks.population import CENTRE, SPREAD_DEG, person_id
    from surety.rules.facts import Fix, Source, encode, fact_id
    from surety.stream.contract import Entry

    dice = random.Random(2)
    entries = []
    for number in range(fixes):
        who = person_id(number % people)
        at_ms = round_ms + (number // people) * 10_000 + number % 1000
        lat, lon = CENTRE[0] + dice.uniform(-SPREAD_DEG, SPREAD_DEG), CENTRE[1] + dice.uniform(-SPREAD_DEG, SPREAD_DEG)
        fix = Fix(fact_id(who, at_ms), who, at_ms, at_ms, lat, lon, 8.0, Source.GNSS)
        entries.append(Entry(who, who, "osmand", at_ms, (encode(fix),)))
    return entries


def _drain(worker, now_ms: int) -> tuple[int, float]:
    began, facts = time.perf_counter(), 0
    while True:
        progress = worker.run_once(now_ms)
        facts += progress.facts
        if progress.idle:
            return facts, time.perf_counter() - began


def run(people: int) -> dict[str, float]:
    """Fill a log and drain it with one worker."""
    import django

    django.setup()
    from django.core.management import call_command

    from benchmarks.population import populate
    from surety.rules import presence
    from surety.server.monitoring.worker import Worker
    from surety.server.project.settings import SURETY
    from surety.stream.sql import open_stream

    presence.warm_up()
    call_command("migrate", verbosity=0)
    populate(people, START_MS)
    stream = open_stream(SURETY)
    worker = Worker(stream)
    _, cold_s = _drain(worker, START_MS)
    _append(stream, _entries(people, people, START_MS + 60_000))
    _, first_s = _drain(worker, START_MS + 120_000)
    _append(stream, _entries(people, FIXES, START_MS + 180_000))
    facts, warm_s = _drain(worker, START_MS + 600_000)
    return {
        "rate": facts / warm_s,
        "cold_rate": people / (cold_s + first_s),
        "memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _append(stream, entries: list) -> None:
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
    if sys.argv[1] == "populate":
        _populate(int(sys.argv[2]), int(sys.argv[3]))
    else:
        print(json.dumps(run(int(sys.argv[1]))))
