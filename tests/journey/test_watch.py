"""From an officer's one-time code to an alert and a check-in that waits to be compared, through real processes."""

import json
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from surety.clock import SystemClock
from tests.gateway.watch_client import JPEG, Watch, sha256
from tests.journey.house import House, wait_until

pytestmark = pytest.mark.slow


def ask(house: House, method: str, path: str, body: bytes, headers: dict[str, str] | None = None) -> Any:
    connection = HTTPConnection("127.0.0.1", house.port, timeout=20)
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    status, said = response.status, response.read()
    connection.close()
    assert status in {200, 201}, said
    return json.loads(said) if said else None


def test_a_watch_is_enrolled_calls_for_help_tells_a_problem_and_answers_though_the_door_is_killed(
    tmp_path: Path,
) -> None:
    house = House(tmp_path, workers=("0-63",))
    made = house.tell("watch", "1")
    try:
        house.start_all()
        now_ms = SystemClock().now_ms()
        watch = Watch("P-256")
        watch.device = ask(house, "POST", "/watch/v1/enrol", watch.enrolment(made["code"]))["device"]
        name = sha256(JPEG)
        ask(house, "PUT", f"/watch/v1/photos/{name}", JPEG, watch.photo_headers(name))
        house.kill("door")
        wait_until(lambda: house.works("door"), "the door is back")
        watch.say("sos", now_ms)
        watch.say("problem", now_ms, topic="unsafe", words="Somebody follows me.")
        watch.say("seen", now_ms, check_in_id=made["check_in"])
        watch.say("check_in", now_ms, check_in_id=made["check_in"], photos=[name], turn="left")
        request = watch.request(now_ms)
        for _ in range(2):
            answer = ask(house, "POST", "/watch/v1/messages", request)
            assert (answer["acknowledged"], answer["refused"]) == (4, [])
        assert [one["id"] for one in answer["sheet"]["check_ins"]] == [made["check_in"]]
        alerts = "SELECT kind FROM alerts_alert WHERE kind IN ('problem_told', 'sos') ORDER BY kind"
        wait_until(lambda: house.rows(alerts) == [("problem_told",), ("sos",)], "each alert is there once")
        submitted = "SELECT check_in_id, photos FROM checkins_submission"
        wait_until(lambda: bool(house.rows(submitted)), "the check-in came")
        assert [(one, json.loads(photos)) for one, photos in house.rows(submitted)] == [(made["check_in"], [name])]
        marked = "SELECT handed_ms IS NOT NULL, seen_ms IS NOT NULL FROM checkins_checkin"
        wait_until(lambda: house.rows(marked) == [(1, 1)], "what the watch showed is marked")
        claims = house.tell("claims", "1")
        assert claims.pop("problem").endswith('that they do not feel safe. They wrote: "Somebody follows me".')
        assert claims == {"recorded": 1, "told": 1, "photographs": [JPEG.hex()]}
    finally:
        house.stop()
