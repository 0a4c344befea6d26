"""What a watch says at the door, and what it hears (docs/watch.md)."""

import asyncio
import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from surety.blobs import sealing
from surety.gateway.app import DoorApp
from surety.gateway.limits import Limits
from surety.gateway.notices import SqliteNotices
from surety.gateway.register import SqliteGrants
from surety.gateway.watch_files import WatchFiles
from surety.rules.facts import CheckInSubmitted, DeviceEvent, DeviceReport, Fix, ProblemTold, Topic
from surety.stream.sql import SqliteStream
from surety.watch import shell
from tests.gateway.harness import NOW, Harness, Reply, SetClock
from tests.gateway.support import withdraw
from tests.gateway.test_notices import TABLE
from tests.gateway.watch_client import JPEG, DeviceKey, Watch, sha256
from tests.gateway.watch_tables import ANN, CODE, PAIR, TABLES, add_code, add_watch, ask, watch_parts

DAY_MS = 86_400_000


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Harness]:
    queue = SqliteNotices(tmp_path / "surety.sqlite3")
    with Harness(tmp_path, queue=queue, watches=watch_parts(tmp_path)) as harness:
        for table in TABLES:
            harness.register.execute(table)
        add_watch(harness.register)
        yield harness


@pytest.fixture
def watch(door: Harness) -> Watch:
    return enrolled(door)


def enrolled(door: Harness, algorithm: str = "Ed25519", code: str = CODE) -> Watch:
    watch = Watch(algorithm)
    reply = door.send("/watch/v1/enrol", watch.enrolment(code))
    assert reply.status == 200, reply
    watch.device = json.loads(reply.body)["device"]
    return watch


def post(door: Harness, watch: Watch, sent_ms: int = NOW, bodies: list[str] | None = None) -> dict[str, Any]:
    reply = door.send("/watch/v1/messages", watch.request(sent_ms, bodies))
    assert reply.status == 200, reply
    answer: dict[str, Any] = json.loads(reply.body)
    watch.taken(answer)
    return answer


def put(door: Harness, watch: Watch, body: bytes, name: str = "") -> Reply:
    name = name or sha256(body)
    headers = {key.replace("-", "_").lower(): value for key, value in watch.photo_headers(name).items()}
    return door.send(f"/watch/v1/photos/{name}", body, method="PUT", **headers)


def reasons(answer: dict[str, Any]) -> list[tuple[int | None, str]]:
    return [(one["seq"], one["reason"]) for one in answer["refused"]]


@pytest.mark.parametrize("algorithm", ["Ed25519", "P-256"])
def test_a_watch_enrols_with_its_code_and_is_heard_from_then_on(door: Harness, algorithm: str) -> None:
    watch = enrolled(door, algorithm)
    assert watch.device == "watch"
    watch.say("fix", NOW, lat=51.5, lon=-0.1, accuracy_m=12.5, speed_mps=None)
    watch.say("report", NOW, battery_pct=80, charging=False, events=["on_wrist"])
    watch.say("sos", NOW)
    watch.say("problem", NOW, topic="unwell", words="I have a fever.")
    answer = post(door, watch)
    assert (answer["acknowledged"], answer["refused"], answer["expected"]) == (4, [], 5)
    fix, report, sos, problem = door.everything()
    assert isinstance(fix, Fix)
    assert (fix.lat_deg, fix.lon_deg, fix.accuracy_m, fix.device_id) == (51.5, -0.1, 12.5, "dev-watch")
    assert isinstance(report, DeviceReport)
    assert (report.battery_pct, report.charging, report.events) == (80, False, (DeviceEvent.ON_WRIST,))
    assert isinstance(sos, DeviceReport)
    assert sos.events == (DeviceEvent.SOS,)
    assert isinstance(problem, ProblemTold)
    assert (problem.topic, problem.words) == (Topic.UNWELL, "I have a fever.")


def test_a_code_is_good_for_one_key_and_its_answer_may_be_asked_for_again(door: Harness) -> None:
    first, second = Watch(), Watch()
    assert door.send("/watch/v1/enrol", first.enrolment(CODE)).status == 200
    assert door.send("/watch/v1/enrol", first.enrolment(CODE)).status == 200
    late = door.send("/watch/v1/enrol", second.enrolment(CODE))
    assert (late.status, late.refused) == (403, "wrong_code")
    rows = door.register.execute("SELECT public_key, claimed_ms FROM cases_watchkey").fetchall()
    assert rows == [(first.key.public_key, NOW)]


def test_an_old_code_and_a_wrong_one_are_refused_and_tries_are_few(door: Harness) -> None:
    add_code(door.register, expires_ms=NOW)
    for _ in range(2):
        assert door.send("/watch/v1/enrol", Watch().enrolment(CODE)).refused == "wrong_code"
    for _ in range(3):
        assert door.send("/watch/v1/enrol", Watch().enrolment("AAAAA-22222")).refused == "wrong_code"
    limited = door.send("/watch/v1/enrol", Watch().enrolment(CODE))
    assert (limited.status, limited.refused) == (429, "rate_limit")
    assert door.send("/watch/v1/enrol", Watch().enrolment("AAAAA-22222"), address="192.0.2.7").refused == "wrong_code"


def test_an_enrolment_that_its_own_key_did_not_sign_is_refused(door: Harness) -> None:
    asked = json.loads(Watch().enrolment(CODE))
    asked["public_key"] = DeviceKey().public_key
    reply = door.send("/watch/v1/enrol", json.dumps(asked).encode())
    assert (reply.status, reply.refused) == (403, "wrong_signature")


def test_a_repeated_request_takes_effect_once(door: Harness, watch: Watch) -> None:
    watch.say("fix", NOW, lat=51.5, lon=-0.1)
    watch.say("sos", NOW)
    request = watch.request(NOW)
    for _ in range(3):
        answer = json.loads(door.send("/watch/v1/messages", request).body)
        assert (answer["acknowledged"], answer["refused"]) == (2, [])
    assert len(door.everything()) == 2


def test_a_message_in_a_second_request_beside_new_ones_takes_effect_once(door: Harness, watch: Watch) -> None:
    first = watch.say("fix", NOW, lat=51.5, lon=-0.1)
    post(door, watch)
    second = watch.say("sos", NOW)
    answer = post(door, watch, bodies=[first, second])
    assert (answer["acknowledged"], len(door.everything())) == (2, 2)


def test_the_wrong_device_key_is_refused_and_shown_and_nothing_is_stored(door: Harness, watch: Watch) -> None:
    thief = Watch(device=watch.device)
    thief.say("fix", NOW, lat=51.5, lon=-0.1)
    reply = door.send("/watch/v1/messages", thief.request(NOW))
    assert (reply.status, reply.refused) == (403, "wrong_signature")
    mixed = json.loads(watch.request(NOW))
    mixed["messages"] = json.loads(thief.request(NOW))["messages"]
    answer = json.loads(door.send("/watch/v1/messages", json.dumps(mixed).encode()).body)
    assert (answer["acknowledged"], reasons(answer)) == (0, [(None, "wrong_signature")])
    assert door.everything() == []
    assert notes(door)["wrong_signature"] == 2


def notes(door: Harness, device_id: str = "dev-watch") -> dict[str, int]:
    watches = door.app._watches
    assert watches is not None
    door.loop.run_until_complete(watches.write_notes())
    return {note.kind: note.count for note in door.stream.notes(device_id)}


def test_a_clock_that_is_wrong_by_a_day_does_no_harm(door: Harness, watch: Watch) -> None:
    watch.say("fix", NOW + DAY_MS - 60_000, lat=51.5, lon=-0.1)
    post(door, watch, sent_ms=NOW + DAY_MS)
    watch.say("fix", NOW - DAY_MS - 60_000, lat=51.5, lon=-0.1)
    post(door, watch, sent_ms=NOW - DAY_MS)
    assert [fact.at_ms for fact in door.facts()] == [NOW - 60_000, NOW - 60_000]


def test_an_event_from_after_the_sending_happened_now_and_one_of_a_month_ago_is_refused_for_good(
    door: Harness, watch: Watch
) -> None:
    watch.say("fix", NOW + DAY_MS, lat=51.5, lon=-0.1)
    watch.say("fix", NOW - 32 * DAY_MS, lat=51.5, lon=-0.1)
    answer = post(door, watch)
    assert (answer["acknowledged"], reasons(answer)) == (2, [(2, "too_old")])
    assert [fact.at_ms for fact in door.facts()] == [NOW]


def test_when_the_order_is_over_nothing_is_stored(door: Harness, watch: Watch) -> None:
    door.register.execute("UPDATE cases_doorgrant SET to_ms = ?", (NOW,))
    door.register.execute("UPDATE cases_doorrevision SET revision = revision + 1")
    watches = door.app._register
    door.loop.run_until_complete(watches.look())
    watch.say("sos", NOW)
    reply = door.send("/watch/v1/messages", watch.request(NOW))
    assert (reply.status, reply.refused) == (403, "no_order")
    assert (put(door, watch, JPEG).status, put(door, watch, JPEG).refused) == (403, "no_order")
    assert door.everything() == []
    assert door.stream.chain("dev-watch") is None


def test_a_gap_is_answered_with_what_is_expected_and_nothing_after_it_is_taken(door: Harness, watch: Watch) -> None:
    first = watch.say("fix", NOW, lat=51.5, lon=-0.1)
    second = watch.say("fix", NOW, lat=51.5, lon=-0.2)
    third = watch.say("fix", NOW, lat=51.5, lon=-0.3)
    answer = post(door, watch, bodies=[first, third])
    assert (answer["acknowledged"], answer["expected"], reasons(answer)) == (1, 2, [(3, "gap")])
    answer = post(door, watch, bodies=[second, third])
    assert (answer["acknowledged"], answer["expected"]) == (3, 4)
    assert [fact.lon_deg for fact in door.facts() if isinstance(fact, Fix)] == [-0.1, -0.2, -0.3]
    assert notes(door)["gap"] == 1


def test_a_client_that_lost_its_memory_says_so_and_begins_anew(door: Harness, watch: Watch) -> None:
    for lon in (-0.1, -0.2, -0.3):
        watch.say("fix", NOW, lat=51.5, lon=lon)
    post(door, watch)
    watch.seq, watch.prev = 1, "0" * 64
    watch.say("sos", NOW)
    answer = post(door, watch)
    assert (answer["acknowledged"], reasons(answer), answer["expected"]) == (1, [(2, "wrong_prev")], 4)
    watch.lost(NOW, answer["expected"])
    watch.say("sos", NOW)
    assert post(door, watch)["acknowledged"] == 5
    lost, sos = door.facts()[3:]
    assert (lost.events, sos.events) == ((DeviceEvent.MESSAGES_LOST,), (DeviceEvent.SOS,))
    counted = notes(door)
    assert (counted["wrong_prev"], counted["lost"]) == (1, 1)


def test_a_new_code_takes_the_old_key_away_and_begins_a_new_chain(door: Harness, watch: Watch) -> None:
    watch.say("fix", NOW, lat=51.5, lon=-0.1)
    post(door, watch)
    add_code(door.register, code="AAAAA-22222")
    door.loop.run_until_complete(door.app._register.look())
    watch.say("fix", NOW, lat=51.5, lon=-0.1)
    reply = door.send("/watch/v1/messages", watch.request(NOW))
    assert (reply.status, reply.refused) == (403, "not_enrolled")
    other = enrolled(door, "P-256", "AAAAA-22222")
    other.say("sos", NOW)
    assert post(door, other)["acknowledged"] == 1
    assert door.send("/watch/v1/messages", watch.request(NOW)).refused == "wrong_signature"


def test_what_came_without_its_answer_and_is_sent_under_a_new_key_or_number_takes_effect_once(
    door: Harness, watch: Watch
) -> None:
    watch.say("problem", NOW, topic="unwell", words="Fever.")
    post(door, watch)
    watch.seq, watch.prev = 0, ""  # the answer was lost, and with it the client's memory of the chain
    watch.lost(NOW, 2)
    watch.say("problem", NOW, topic="unwell", words="Fever.")
    door.clock.at_ms += 5000
    assert post(door, watch, sent_ms=NOW + 5000)["acknowledged"] == 3
    add_code(door.register, code="AAAAA-22222")
    door.loop.run_until_complete(door.app._register.look())
    other = enrolled(door, code="AAAAA-22222")
    other.say("problem", NOW, topic="unwell", words="Fever.")
    other.say("problem", NOW + 1, topic="unwell", words="Fever.")
    assert post(door, other, sent_ms=NOW + 6000)["acknowledged"] == 2
    told = [fact for fact in door.everything() if isinstance(fact, ProblemTold)]
    assert [fact.at_ms - NOW for fact in told] == [0, -999]  # the first, and the one that is another


def test_two_doors_that_take_one_request_at_once_take_it_once(tmp_path: Path, door: Harness, watch: Watch) -> None:
    """The second door has read the chain when the first one moves it."""
    watch.say("sos", NOW)
    request = watch.request(NOW)
    chain = door.stream.chain

    def moved_meanwhile(device_id: str) -> object:
        at = chain(device_id)
        door.stream.chain = chain
        assert json.loads(door_beside(tmp_path, request).body)["acknowledged"] == 1
        return at

    door.stream.chain = moved_meanwhile
    assert json.loads(door.send("/watch/v1/messages", request).body)["acknowledged"] == 1
    assert len(door.everything()) == 1


def door_beside(data_dir: Path, request: bytes) -> Reply:
    """The answer of another door on the same data."""
    answers: list[Reply] = []

    def serve() -> None:
        stream, loop = SqliteStream(data_dir / "log.sqlite3"), asyncio.new_event_loop()
        source = SqliteGrants(data_dir / "surety.sqlite3")
        other = Harness.__new__(Harness)
        other.app = DoorApp(stream, source, SetClock(NOW + 70), None, None, watch_parts(data_dir))
        other.loop = loop

        async def once() -> None:
            other.app.start()
            answers.append(await other.ask("/watch/v1/messages", request))
            await other.app.stop()

        loop.run_until_complete(once())
        loop.close()
        stream.close()

    thread = threading.Thread(target=serve)
    thread.start()
    thread.join()
    return answers[0]


def test_an_unknown_device_is_refused_and_remembered(door: Harness) -> None:
    stranger = Watch(device="nobody")
    reply = door.send("/watch/v1/messages", stranger.request(NOW))
    assert (reply.status, reply.refused) == (400, "unknown_device")


def test_a_device_that_signs_cannot_be_spoken_for_without_a_signature(door: Harness, watch: Watch) -> None:
    reply = door.send(f"/?id={watch.device}&lat=51.5&lon=-0.1&timestamp={NOW // 1000}")
    assert (reply.status, reply.refused) == (403, "wrong_signature")
    assert door.everything() == []


def test_a_check_in_waits_for_its_photographs_and_a_call_for_help_behind_it_does_not(
    door: Harness, watch: Watch
) -> None:
    first, second = JPEG + b"1", JPEG + b"2"
    names = [sha256(first), sha256(second)]
    watch.say("check_in", NOW - 5000, check_in_id="c1", photos=names, turn="left", tries=2, forced=True)
    watch.say("fix", NOW, lat=51.5, lon=-0.1)
    watch.say("sos", NOW)
    assert put(door, watch, first).status == 201
    answer = post(door, watch)
    assert (answer["acknowledged"], reasons(answer)) == (0, [(1, "photo_missing")])
    assert [fact.events for fact in door.facts() if isinstance(fact, DeviceReport)] == [(DeviceEvent.SOS,)]
    assert put(door, watch, second).status == 201
    assert post(door, watch)["acknowledged"] == 3
    submitted = next(fact for fact in door.everything() if isinstance(fact, CheckInSubmitted))
    assert (submitted.photos, submitted.turn, submitted.tries, submitted.forced) == (tuple(names), "left", 2, True)
    assert (submitted.at_ms, submitted.clock_ms, submitted.check_in_id) == (NOW - 5000, NOW - 5000, "c1")
    assert len([fact for fact in door.facts() if isinstance(fact, DeviceReport)]) == 1  # the call, once


def test_a_photograph_is_sealed_before_it_is_kept_and_taken_once(door: Harness, watch: Watch, tmp_path: Path) -> None:
    assert put(door, watch, JPEG).status == 201
    assert put(door, watch, JPEG).status == 200
    (kept,) = (tmp_path / "photographs" / ANN).iterdir()
    assert JPEG not in kept.read_bytes()
    assert sealing.open_sealed(PAIR.private, kept.read_bytes()) == JPEG


def test_bytes_that_are_not_what_was_signed_for_or_no_picture_are_not_kept(
    door: Harness, watch: Watch, tmp_path: Path
) -> None:
    assert put(door, watch, JPEG, sha256(b"other")).refused == "malformed"
    assert (put(door, watch, b"GIF89a").status, put(door, watch, b"GIF89a").refused) == (415, "no_photo")
    assert put(door, watch, JPEG + bytes(1024 * 1024)).status == 413
    assert put(door, Watch(device="watch"), JPEG).refused == "wrong_signature"
    assert not (tmp_path / "photographs").exists()


def test_without_an_order_that_covers_photographs_none_is_stored(door: Harness, tmp_path: Path) -> None:
    withdraw(door.register, "watch")
    add_watch(door.register, "plain", code="AAAAA-22222", kinds=("position",))
    watch = enrolled(door, code="AAAAA-22222")
    assert (put(door, watch, JPEG).status, put(door, watch, JPEG).refused) == (403, "not_covered")
    assert not (tmp_path / "photographs").exists()
    watch.say("check_in", NOW, check_in_id="c1", photos=[sha256(JPEG)])
    watch.say("report", NOW, battery_pct=50)
    watch.say("sos", NOW)
    answer = post(door, watch)
    assert (answer["acknowledged"], reasons(answer)) == (3, [(1, "not_covered"), (2, "not_covered")])
    (call,) = door.facts()
    assert isinstance(call, DeviceReport)
    assert call.events == (DeviceEvent.SOS,)


def test_the_sheet_has_the_questions_as_they_stand_and_they_are_marked_as_handed_and_seen(
    door: Harness, watch: Watch
) -> None:
    door.register.execute(
        "INSERT INTO checkins_sheet VALUES (?, ?)",
        (
            ANN,
            json.dumps({"language": "de", "time_zone": "Europe/Berlin", "made_ms": 1, "duties": [], "push_key": "k"}),
        ),
    )
    ask(door.register)
    ask(door.register, "gone", stands="cancelled")
    ask(door.register, "never", stands="not_asked")
    ask(door.register, "other", person="b" * 32)
    sheet = post(door, watch)["sheet"]
    assert (sheet["language"], sheet["time_zone"], sheet["push_key"], sheet["words"]) == (
        "de",
        "Europe/Berlin",
        "k",
        [],
    )
    (one,) = sheet["check_ins"]
    assert one == {"id": "c1", "asked_ms": NOW, "due_ms": NOW + 1_800_000, "late_until_ms": NOW + 88_200_000,
                   "turn": "left", "stands": "asked"}  # fmt: skip
    watch.say("seen", NOW - 2000, check_in_id="c1")
    watch.say("seen", NOW - 2000, check_in_id="other")
    watch.say("push", NOW, subscription={"endpoint": "https://push.example/x", "keys": {"p256dh": "a", "auth": "b"}})
    assert post(door, watch)["acknowledged"] == 3
    carry(door)
    marks = door.register.execute("SELECT id, handed_ms, seen_ms FROM checkins_checkin ORDER BY id").fetchall()
    assert marks == [("c1", NOW, NOW - 2000), ("gone", None, None), ("never", None, None), ("other", None, None)]
    ((push, push_ms),) = door.register.execute("SELECT push, push_ms FROM cases_watchkey").fetchall()
    assert (json.loads(push)["endpoint"], push_ms) == ("https://push.example/x", NOW)


def test_one_more_try_is_asked_for_while_it_is_waited_for_and_the_advice_is_told(door: Harness, watch: Watch) -> None:
    ask(door.register, "held", stands="submitted")
    ask(door.register, "over", stands="submitted")
    ask(door.register, "looked", stands="review")
    ask(door.register, "plain", stands="submitted")
    for check_in_id, until_ms in (("held", NOW + 1), ("over", NOW), ("looked", NOW + 1)):
        door.register.execute(
            "UPDATE checkins_checkin SET again = 'find_light hold_still', again_until_ms = ? WHERE id = ?",
            (until_ms, check_in_id),
        )
    told = {one["id"]: one.get("again") for one in post(door, watch)["sheet"]["check_ins"]}
    assert told == {"held": ["find_light", "hold_still"], "over": None, "looked": None, "plain": None}


def carry(door: Harness) -> None:
    watches = door.app._watches
    assert watches is not None
    door.loop.run_until_complete(watches.desk.carry())


def test_what_a_watch_told_is_not_lost_while_the_servers_tables_are_away(door: Harness, watch: Watch) -> None:
    ask(door.register)
    watch.say("seen", NOW, check_in_id="c1")
    door.register.execute("ALTER TABLE checkins_checkin RENAME TO away")
    answer = post(door, watch)
    assert (answer["acknowledged"], answer["sheet"]) == (1, None)
    carry(door)
    door.register.execute("ALTER TABLE away RENAME TO checkins_checkin")
    carry(door)
    assert door.register.execute("SELECT seen_ms FROM checkins_checkin").fetchall() == [(NOW,)]
    assert door.stream.marks(10) == []


def test_a_locked_log_takes_nothing_and_says_so(door: Harness, watch: Watch, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "log.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    watch.say("sos", NOW)
    reply = door.send("/watch/v1/messages", watch.request(NOW))
    assert (reply.status, reply.refused) == (503, "busy")
    other.execute("ROLLBACK")
    other.close()
    assert post(door, watch)["acknowledged"] == 1
    assert len(door.everything()) == 1


@given(
    st.sampled_from(["enrol", "messages", "photos/" + "a" * 64, "photos/x", "", "else"]),
    st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    st.binary(max_size=200),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_no_bytes_make_the_door_fail(door: Harness, end: str, method: str, body: bytes) -> None:
    reply = door.send(f"/watch/v1/{end}", body, method=method, surety_device="watch", surety_signature="AA")
    assert reply.status in {400, 403, 404, 429}
    assert reply.body.endswith(b".\n")


def test_a_huge_body_and_too_many_messages_are_refused(door: Harness, watch: Watch) -> None:
    assert door.send("/watch/v1/messages", b" " * 262_145).status == 413
    bodies = [watch.say("sos", NOW) for _ in range(51)]
    reply = door.send("/watch/v1/messages", watch.request(NOW, bodies))
    assert (reply.status, reply.refused) == (400, "malformed")


def test_an_unreadable_message_keeps_its_place_and_is_refused_for_good(door: Harness, watch: Watch) -> None:
    watch.say("fix", NOW, lat=200, lon=0)
    watch.say("poem", NOW)
    watch.say("problem", NOW, topic="love", words="?")
    watch.say("report", NOW, battery_pct=3, events=["off_wrist", "sang"])
    answer = post(door, watch)
    assert answer["acknowledged"] == 4
    assert reasons(answer) == [(1, "bad_position"), (2, "unsupported"), (3, "malformed"), (4, "unsupported")]
    (report,) = door.facts()
    assert isinstance(report, DeviceReport)
    assert report.events == (DeviceEvent.OFF_WRIST,)


def test_every_file_of_the_client_is_served() -> None:
    assert [name for name in shell.files() if WatchFiles().answer(name, b"").status != 200] == []


def test_words_to_the_person_are_on_the_sheet_once(door: Harness, watch: Watch) -> None:
    door.register.execute(TABLE)
    columns = "person_id, at_ms, sentence, expires_ms"
    door.register.execute(f"INSERT INTO notices_notice ({columns}) VALUES (?,?,?,?)", (ANN, NOW, "Turn away.", NOW * 2))  # noqa: S608 - constants
    notices = door.app._notices
    assert notices is not None
    door.loop.run_until_complete(notices.look())
    assert post(door, watch)["sheet"]["words"] == [{"text": "Turn away.", "at_ms": NOW}]
    assert post(door, watch)["sheet"]["words"] == []
    door.loop.run_until_complete(notices.look())
    assert door.register.execute("SELECT state, channel FROM notices_notice").fetchall() == [("sent", "native")]


def test_photographs_are_few_an_hour(tmp_path: Path) -> None:
    limits = Limits(photos_burst=2, photos_per_s=1e-6)
    with Harness(tmp_path, limits=limits, watches=watch_parts(tmp_path)) as door:
        for table in TABLES:
            door.register.execute(table)
        add_watch(door.register)
        watch = enrolled(door)
        assert [put(door, watch, JPEG + bytes([n])).status for n in range(3)] == [201, 201, 429]


def test_what_was_repeated_lost_and_kept_is_counted(door: Harness, watch: Watch) -> None:
    put(door, watch, JPEG)
    watch.say("sos", NOW)
    request = watch.request(NOW)
    for _ in range(2):
        door.send("/watch/v1/messages", request)
    text = door.send("/metrics").body.decode()
    assert 'surety_door_watches_total{what="photos"} 1' in text
    assert 'surety_door_watches_total{what="repeated"} 1' in text
    assert 'surety_door_messages_total{protocol="native"} 4' in text


def test_the_client_is_served_with_a_policy_that_lets_nothing_in_from_elsewhere(door: Harness) -> None:
    assert door.send("/watch").headers["location"] == "/watch/"
    assert door.send("/watch/../settings.py").status == 404
    assert "default-src 'none'" in door.send("/watch/nothing.js").headers["content-security-policy"]
