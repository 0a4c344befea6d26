"""kill -9 of the worker and of both comparing processes, at any moment between the log and the decision: nothing is
lost, nothing is doubled, and nobody is decided against.
"""

import json
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from surety.stream.contract import Entry
from surety.stream.sql import SqliteStream
from tests.journey.house import ROOT, House, wait_until

PEOPLE, KILLS = 45, 12
MODULE = "surety.server.checkins.tests.killed"


class Comparing(House):
    """A worker and two comparing processes; no door, as what it acknowledged is in the log."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, workers=("0-63",))
        del self.commands["door"]
        self.commands |= {name: [MODULE, "compare"] for name in ("first compare", "second compare")}

    def works(self, name: str) -> bool:
        """Whether it runs; the worker also whether it has begun."""
        return super().works(name) if name.startswith("worker") else self.processes[name].poll() is None

    def ask(self, *words: str) -> object:
        """Run a command of killed.py; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", MODULE, *words], env=self.env, cwd=ROOT, stdout=subprocess.PIPE, check=True
        )
        return json.loads(done.stdout)


@pytest.mark.slow
def test_kills_between_the_log_and_the_decision_lose_and_double_nothing(tmp_path: Path) -> None:
    dice, never = random.Random(20261125), threading.Event()
    house = Comparing(tmp_path)
    people = house.ask("make", str(PEOPLE))
    assert isinstance(people, list)
    log = SqliteStream(tmp_path / "log.sqlite3")
    try:
        house.start_all()
        for number in range(KILLS):
            for who in people[number::KILLS]:
                log.append([Entry(who["person"], "watch", "native", 1, (bytes.fromhex(who["fact"]),))])
            never.wait(dice.uniform(0, 1.0))  # any moment
            house.kill(dice.choice(list(house.commands)))
        done = "SELECT 1 FROM checkins_checkin WHERE stands NOT IN ('decided', 'review')"
        wait_until(lambda: not house.rows(done), "every check-in is decided or in review")
    finally:
        house.stop()
        log.close()
    told = house.ask("tell")
    assert isinstance(told, dict)
    by_kind = {kind: {who["id"] for who in people if who["kind"] == kind} for kind in ("match", "unsure", "other")}
    outcomes = {"match": "match", "unsure": "inconclusive", "other": "no_match"}
    expected = sorted([identity, outcomes[kind]] for kind, known in by_kind.items() for identity in known)

    assert sorted(told["submissions"]) == sorted(who["id"] for who in people)
    assert sorted(told["compared"]) == expected
    assert sorted(told["reviews"]) == sorted(by_kind["unsure"] | by_kind["other"])
    assert sorted(told["told"]) == sorted(told["check_ins"][identity] for identity in by_kind["match"])
    assert {told["stands"][identity] for identity in by_kind["match"]} == {"decided"}
    assert (told["waiting"], told["set_aside"]) == (0, 0)
