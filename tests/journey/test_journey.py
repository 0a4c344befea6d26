"""A fix that a device posts at the real door becomes an alert, through real processes."""

import threading
from pathlib import Path

import pytest

from surety.clock import SystemClock
from surety.server.monitoring.tests.cast import HOME, SCHOOL
from tests.journey.house import House, Phone, wait_until


@pytest.mark.slow
def test_a_fix_at_the_door_becomes_an_alert(tmp_path: Path) -> None:
    house = House(tmp_path, workers=("0-63",))
    [who] = house.tell("people", "1")
    try:
        house.start_all()
        phone = Phone(house.port, threading.Event())
        now_ms = SystemClock().now_ms()
        for minutes_ago, (lat, lon) in [(6, HOME), (5, HOME), (4, HOME), (2, SCHOOL), (1, SCHOOL), (0, SCHOOL)]:
            at_ms = now_ms - minutes_ago * 60_000
            assert phone.send(f"/?id={who['identifier']}&timestamp={at_ms}&lat={lat}&lon={lon}&accuracy=8")
        phone.close()
        entered = f"SELECT 1 FROM alerts_alert WHERE person_id = '{who['person']}' AND kind = 'zone_entered'"  # noqa: S608 - our own id
        wait_until(lambda: bool(house.rows(entered)), "the alert is there")
    finally:
        house.stop()
