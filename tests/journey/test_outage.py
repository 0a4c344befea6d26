"""A network fails: phones that truly post at the real door fall silent, and it is one incident whatever is killed."""

import threading
import time
from pathlib import Path

import pytest

from surety.clock import ScaledClock
from surety.server.monitoring.tests.cast import HOME
from tests.journey.house import House, Phone, wait_until

SPEED = 60.0  # half an hour of silence in half a minute
pytestmark = pytest.mark.slow


class Street:
    """Phones of one network, all at home: one message a minute of the domain's time while they have a network."""

    def __init__(self, house: House, clock: ScaledClock, people: list[dict[str, str]]) -> None:
        self._phone, self._clock, self._people = Phone(house.port, threading.Event()), clock, people
        self._on, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._send)
        self._on.set()

    def __enter__(self) -> "Street":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._on.set()
        self._thread.join()
        self._phone.close()

    def switch(self, *, on: bool) -> None:
        """Whether there is a network."""
        if on:
            self._on.set()
        else:
            self._on.clear()

    def _send(self) -> None:
        while self._on.wait() and not self._over.is_set():
            for who in self._people:
                at_ms, (lat, lon) = self._clock.now_ms(), HOME
                self._phone.send(f"/?id={who['identifier']}&timestamp={at_ms}&lat={lat}&lon={lon}&accuracy=8")
            self._over.wait(1)


def test_an_outage_is_one_incident_and_ends_when_the_phones_are_heard_again(tmp_path: Path) -> None:
    now_ms = time.time_ns() // 1_000_000
    clock = ScaledClock(now_ms, now_ms, SPEED)
    house = House(tmp_path, clock=f"scaled:{now_ms}:{now_ms}:{SPEED:g}")
    everybody = house.tell("people", "12", "Northtel", "Vale")
    failing, other = ([one for one in everybody if one["network"] == name] for name in ("Northtel", "Vale"))
    folded = "SELECT count(*) FROM alerts_alert WHERE folded"
    try:
        house.start_all()
        with Street(house, clock, failing) as street, Street(house, clock, other):
            wait_until(lambda: _heard(house) == len(failing) + len(other), "every phone was heard")
            street.switch(on=False)
            wait_until(
                lambda: bool(house.rows("SELECT 1 FROM alerts_part WHERE kind = 'silent'")), "a silence is found"
            )
            house.kill("worker 0-31")  # the one that decides about the fleet
            wait_until(lambda: house.rows(folded) == [(len(failing),)], "all alerts stand under the incident")
            house.kill("worker 0-31")
            wait_until(lambda: house.works("worker 0-31"), "the worker works again")
            ((cause, group, people),) = house.rows(
                "SELECT cause, group_name, (SELECT count(*) FROM alerts_incidentperson) FROM alerts_incident"
            )
            assert (cause, group, people) == ("network", "Northtel", len(failing))
            street.switch(on=True)
            wait_until(lambda: bool(house.rows("SELECT 1 FROM alerts_incident WHERE ended_ms > 0")), "it is over")
        assert house.rows("SELECT count(*) FROM alerts_incident") == [(1,)]
        assert house.rows("SELECT DISTINCT status, cleared_ms > 0 FROM alerts_alert WHERE folded") == [("open", 1)]
    finally:
        house.stop()


def _heard(house: House) -> int:
    ((count,),) = house.rows("SELECT count(DISTINCT person_id) FROM monitoring_storedfact")
    return int(count)
