"""`surety checkins` killed again and again: every time of the day is asked or recorded as not asked, and told once."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from surety.rules.facts import CheckInAsked, decode
from surety.stream.sql import SqliteStream
from tests.journey.house import wait_until

MORNING_MS, EVENING_MS = 1_772_434_800_000, 1_772_488_800_000  # 2026-03-02, 07:00 and 22:00 in London
SPEED = 600  # a second is ten minutes

SEED = """
from surety.server.commands import set_up_django
set_up_django()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from surety.server.checkins.tests.asking_cast import duty, somebody
for _ in range(6): somebody(duty(5, apart_s=600))
"""
LOOK = """
import json
from surety.server.commands import set_up_django
set_up_django()
from django.conf import settings
from surety.rules import asking as rules
from surety.server.cases import queries as cases
from surety.server.checkins import process
from surety.server.checkins.models import CheckIn
key = process.asking_key(settings.SURETY)
planned = [
    (one.condition.id, one.question.day, one.question.number)
    for person in cases.person_ids()
    for one in rules.between(cases.condition_set(person).conditions, key, {start}, {until})
    if one.left_out is None
]
rows = list(CheckIn.objects.values_list("condition_id", "day", "number", "id", "stands", "asked_ms"))
print(json.dumps([planned, rows]))
"""


def python(code: str, env: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout


def ask(folder: Path, query: str) -> list[tuple[int, ...]]:
    """Look into the server's file from outside."""
    with contextlib.closing(sqlite3.connect(folder / "surety.sqlite3", timeout=30)) as database:
        return database.execute(query).fetchall()


def wait_for(folder: Path, query: str, least: int) -> int:
    """Until a number in the server's file is at least so much; which it then is."""
    found: list[int] = []

    def enough() -> bool:
        found[:] = [number for (number,) in ask(folder, query) if number is not None]
        return bool(found) and found[0] >= least

    wait_until(enough, f"{query} is {least} at least", 120)
    return found[0]


def started(env: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "surety", "checkins"], env=env)


ASKED = "SELECT count(*) FROM checkins_checkin"
BEAT = "SELECT max(at_ms) FROM checkins_beat"
WAITING = "SELECT -count(*) FROM checkins_outfact WHERE sent_ms IS NULL"


@pytest.mark.slow
def test_killed_at_any_moment_it_loses_nothing_and_does_nothing_twice(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("SURETY_")}
    env |= {"SURETY_DATA_DIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    python(SEED, env)
    env["SURETY_CLOCK"] = f"scaled:{time.time_ns() // 1_000_000}:{MORNING_MS}:{SPEED}"
    begun_ms = beat_ms = 0
    for asks in (4, 0, 2):
        ((asked,),) = ask(tmp_path, ASKED)
        process = started(env)
        beat_ms = wait_for(tmp_path, BEAT, beat_ms + 1)  # it runs, and has taken up where the one before was killed
        begun_ms = begun_ms or beat_ms
        wait_for(tmp_path, ASKED, asked + asks)
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    env["SURETY_CLOCK"] = f"scaled:{time.time_ns() // 1_000_000}:{EVENING_MS}:1"
    last = started(env)
    wait_for(tmp_path, BEAT, EVENING_MS)
    wait_for(tmp_path, WAITING, 0)
    last.send_signal(signal.SIGTERM)
    assert last.wait(60) == 0
    planned, rows = json.loads(python(LOOK.format(start=begun_ms, until=EVENING_MS), env))
    assert len(planned) > 10
    assert sorted(map(tuple, planned)) == sorted((row[0], row[1], row[2]) for row in rows if row[5] >= begun_ms)
    log = SqliteStream(tmp_path / "log.sqlite3")
    facts = [decode(body) for record in log.read(0, 100_000) for body in record.entry.facts]
    log.close()
    asked = {(one.check_in_id, one.id) for one in facts if isinstance(one, CheckInAsked) and one.delivered is None}
    assert {name for name, _ in asked} == {row[3] for row in rows if row[4] != "not_asked"}
    assert len(asked) == len({name for name, _ in asked})  # told again after a kill, it is the same fact
