"""From photographs in the log to the verdict in the database: real worker, real decoder, real engine, invented people.

`python -m benchmarks checkins` needs models (the model directory, SURETY_MODELS, or the extra `dlib`). People send a
burst of frames, one after another; what is timed is from just before the log has the fact (which is when the door
acknowledges) until another process can read the verdict. Then many at once: how many bursts a second one process
compares, and its memory. Who is taken for whom is no figure of this benchmark: invented faces say nothing about it.
"""

# ruff: noqa: PLC0415 - Django must be set up before anything of the server is imported

import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from surety.stream.contract import Entry
from surety.stream.sql import SqliteStream
from tests.journey.house import House

PEOPLE, BURST, PX = 40, 4, 480
SINGLES = 20  # timed one by one, on an idle system; the others come at once
DEADLINE_S = 120.0
TARGET_S = 2.0
TARGET_MIB = 400
MODULE = "benchmarks.checkins"


def measure() -> list[dict[str, object]]:
    """Seconds from submission to verdict, bursts a second, and memory."""
    with tempfile.TemporaryDirectory(prefix="surety-bench-") as folder:
        house = House(Path(folder), workers=("0-63",))
        del house.commands["door"]  # what it acknowledged is in the log
        house.commands["compare"] = ["surety", "compare"]
        made = _inside(house, "make", str(PEOPLE))
        log = SqliteStream(Path(folder) / "log.sqlite3")
        try:
            for name in house.commands:
                house.start(name)
            _until(lambda: bool(_rows(house, "SELECT 1 FROM checkins_comparehealth")), "the comparing process is there")
            _until(lambda: house.works("worker 0-63"), "the worker works")
            engine = _rows(house, "SELECT engine FROM checkins_comparehealth")[0][0] or "no model"
            _until(lambda: not _waits(house), "templates are made")
            singles = [_timed(house, log, [one]) for one in made[:SINGLES]]
            together_s = _timed(house, log, made[SINGLES:])
            memory_mib = _memory_mib(house.processes["compare"].pid)
        finally:
            house.stop()
            log.close()
    cuts = statistics.quantiles(singles, n=20)
    unit = f"s, {BURST} frames of {PX} px, {engine}"
    return [
        {"name": "submission in the log to verdict, p50", "value": cuts[9], "unit": unit, "target": TARGET_S},
        {"name": "submission in the log to verdict, p95", "value": cuts[18], "unit": unit, "target": TARGET_S},
        {
            "name": f"{PEOPLE - SINGLES} submissions at once, one process",
            "value": (PEOPLE - SINGLES) / together_s,
            "unit": f"bursts of {BURST} a second",
        },
        {"name": "comparing process, memory", "value": memory_mib, "unit": "MiB", "target": TARGET_MIB},
    ]


def _inside(house: House, *words: str) -> list[dict[str, str]]:
    done = subprocess.run([sys.executable, "-m", MODULE, *words], env=house.env, stdout=subprocess.PIPE, check=True)
    found: list[dict[str, str]] = json.loads(done.stdout)
    return found


def _rows(house: House, sql: str) -> list[tuple]:
    try:
        return house.rows(sql)
    except sqlite3.OperationalError:  # a writer is at work
        return []


def _waits(house: House) -> bool:
    made = _rows(house, "SELECT count(*) FROM checkins_template")
    return not made or made[0][0] < PEOPLE


def _until(condition, what: str) -> None:
    never, until = threading.Event(), time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > until:
            raise RuntimeError(f"{what}: not within {DEADLINE_S:g} s (models: SURETY_MODELS)")
        never.wait(0.005)


def _timed(house: House, log: SqliteStream, people: list[dict[str, str]]) -> float:
    """Seconds from the append until each check-in is decided or in review."""
    began = time.perf_counter()
    log.append([Entry(one["person"], "watch", "native", 1, (bytes.fromhex(one["fact"]),)) for one in people])
    marks = ", ".join(f"'{one['check_in']}'" for one in people)
    sql = f"SELECT count(*) FROM checkins_checkin WHERE stands IN ('decided', 'review') AND id IN ({marks})"  # noqa: S608 - our own ids
    with sqlite3.connect(f"file:{house.folder / 'surety.sqlite3'}?mode=ro", uri=True, timeout=20) as database:
        _until(lambda: database.execute(sql).fetchone()[0] == len(people), "every verdict is there")
    database.close()
    return time.perf_counter() - began


def _memory_mib(process_id: int) -> float:
    """The peak of a process's resident memory."""
    lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def _make(count: int) -> list[dict[str, str]]:
    """People with an enrolled image and a question, and for each the fact that answers it."""
    from django.core.management import call_command

    from surety.clock import SystemClock
    from surety.rules.facts import CheckInSubmitted, encode, fact_id
    from surety.server.checkins.models import CheckIn, EnrolledImage
    from surety.server.checkins.tests import compare_cast as cast
    from surety.sim.faces import View, burst, face, jpeg

    call_command("migrate", verbosity=0)
    now_ms, made = SystemClock().now_ms(), []
    plain = View(size_px=PX)
    for number in range(count):
        person = cast.ada(f"P{number}")
        row = {"source": "office", "basis": "consent", "recorded_ms": 1, "recorded_by_name": "Olga"}
        EnrolledImage.objects.create(person=person, sha256=cast.keep(person, jpeg(face(number, plain))), **row)
        hour = 3_600_000
        check_in = CheckIn.objects.create(
            person=person,
            condition_id="c" * 32,
            condition_version=1,
            asked_ms=now_ms - 2 * hour,
            due_ms=now_ms - hour,
            late_until_ms=now_ms + 9 * hour,
        )  # fmt: skip - past its time, so that nobody is waited for
        photos = tuple(cast.keep(person, jpeg(one)) for one in burst(number, number, "", plain, frames=BURST))
        at_ms = now_ms - hour // 2
        fact = CheckInSubmitted(fact_id("watch", check_in.pk), check_in.pk, "watch", at_ms, at_ms, photos)
        made.append({"person": person.pk, "check_in": check_in.pk, "fact": encode(fact).hex()})
    return made


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "surety.server.project.settings")
    django.setup()
    print(json.dumps(_make(int(sys.argv[2]))))
