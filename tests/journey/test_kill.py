"""kill -9 of any process at any moment, fifty times under load: nothing acknowledged is lost, nothing is doubled."""

import random
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from surety.clock import SystemClock
from surety.server.monitoring.tests.cast import AWAY, HOME, SCHOOL
from tests.journey.house import DAY_MS, House, Phone, wait_until

KILLS = 50
PEOPLE = 24
PHONES = 4
FIXES_PER_S = 300.0
MINUTE_MS = 60_000
pytestmark = pytest.mark.slow


def day_of(number: int, start_ms: int) -> Iterator[tuple[int, tuple[float, float]]]:
    """A person's fixes, one a minute: at home, out, at the school, with silences; some sent later than others."""
    dice, minute = random.Random(number), 0
    while True:
        leg = []
        place = dice.choice([HOME, HOME, SCHOOL, AWAY])
        for _ in range(dice.randint(5, 40)):
            leg.append((start_ms + minute * MINUTE_MS + number, place))
            minute += 1
        if dice.random() < 0.3:
            minute += dice.randint(10, 90)
        if dice.random() < 0.3:
            dice.shuffle(leg)
        yield from leg


class Load:
    """Phones that send everybody's fixes until told to stop; what was acknowledged."""

    def __init__(self, house: House, people: list[dict[str, str]], start_ms: int) -> None:
        self.acknowledged: list[str] = []
        self.tries = 0
        self._house, self._stop = house, threading.Event()
        self._errors: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._send, args=(people[n::PHONES], n, start_ms)) for n in range(PHONES)
        ]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        assert not self._errors, self._errors

    def _send(self, people: list[dict[str, str]], first: int, start_ms: int) -> None:
        phone = Phone(self._house.port, self._stop)
        days = [(who, day_of(first + PHONES * n, start_ms)) for n, who in enumerate(people)]
        try:
            while not self._stop.is_set():
                for who, day in days:
                    at_ms, (lat, lon) = next(day)
                    path = f"/?id={who['identifier']}&timestamp={at_ms}&lat={lat}&lon={lon}&accuracy=8"
                    if phone.send(path):
                        self.acknowledged.append(f"{who['person']} {at_ms}")
                    self._stop.wait(PHONES / FIXES_PER_S)
        except BaseException as error:  # noqa: BLE001 - told to the test when the phones have stopped
            self._errors.append(error)
        finally:
            self.tries += phone.tries
            phone.close()


def kill_again_and_again(house: House, load: Load, dice: random.Random) -> None:
    """Kill one process after the other: mostly one that works, now and then one that is still starting."""
    never = threading.Event()
    for _ in range(KILLS):
        sent = len(load.acknowledged)
        if dice.random() < 0.7:
            wait_until(lambda sent=sent: len(load.acknowledged) > sent, "the door acknowledges")
        never.wait(dice.uniform(0, 0.5))  # any moment
        working = [name for name in house.commands if house.works(name)]
        house.kill(dice.choice(working if working and dice.random() < 0.75 else list(house.commands)))


def test_fifty_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    dice = random.Random(20261123)
    (tmp_path / "disturbed").mkdir()
    house = House(tmp_path / "disturbed")
    people = house.tell("people", str(PEOPLE))
    shutil.copytree(tmp_path / "disturbed", tmp_path / "undisturbed")
    start_ms = SystemClock().now_ms() - 2 * DAY_MS
    try:
        house.start_all()
        with Load(house, people, start_ms) as load:
            kill_again_and_again(house, load, dice)
            for name in house.commands:
                wait_until(lambda name=name: house.works(name), f"{name} works")
    finally:
        house.stop()
    for file in house.folder.glob("log.sqlite3*"):
        shutil.copy(file, tmp_path / "undisturbed")
    end_ms = SystemClock().now_ms() + DAY_MS
    disturbed = house.tell("conclude", str(end_ms))
    undisturbed = House(tmp_path / "undisturbed").tell("conclude", str(end_ms))

    assert load.tries > len(load.acknowledged) > 1_000
    assert set(load.acknowledged) <= set(disturbed["facts"])
    assert len(set(disturbed["facts"])) == len(disturbed["facts"])
    assert disturbed["facts"] == undisturbed["facts"]
    assert len(undisturbed["findings"]) > PEOPLE
    assert disturbed["findings"] == undisturbed["findings"]
    assert disturbed["opened_twice"] == 0
    assert {line.rsplit(" ", 1)[-1] for line in disturbed["alerts"]} <= set(disturbed["findings"])
    assert disturbed["set_aside"] == 0
