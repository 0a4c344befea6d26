"""Words to the person, in the answer to their device's own message."""

import base64
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from nacl.secret import SecretBox

from surety.gateway.notices import Handed, Notices, NoticesUnavailableError, SqliteNotices, Waiting, open_notices
from surety.server.notices.models import Notice
from surety.settings import Settings
from tests.gateway.harness import NOW, Harness, SetClock
from tests.gateway.support import grant

WORDS = 'You are about 80 m from the zone "School". Please turn away from it.'
HERE = json.dumps({"_type": "location", "lat": 51.5, "lon": -0.1, "tst": NOW // 1000, "acc": 8}).encode()
TABLE = """CREATE TABLE notices_notice (id INTEGER PRIMARY KEY, person_id TEXT NOT NULL, finding_id TEXT, kind TEXT,
    at_ms INTEGER NOT NULL, sentence TEXT NOT NULL, queued_ms INTEGER, expires_ms INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'queued', attempts INTEGER NOT NULL DEFAULT 0, settled_ms INTEGER,
    channel TEXT NOT NULL DEFAULT '', device_id TEXT NOT NULL DEFAULT '')"""


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Harness]:
    with Harness(tmp_path, queue=SqliteNotices(tmp_path / "surety.sqlite3")) as harness:
        harness.register.execute(TABLE)
        grant(harness.register, "ann", person="ann")
        grant(harness.register, "ben", person="ben", payload_key="opensesame")
        yield harness


def queue(door: Harness, person: str = "ann", expires_ms: int = NOW + 900_000) -> None:
    columns = "person_id, at_ms, sentence, expires_ms"
    door.register.execute(f"INSERT INTO notices_notice ({columns}) VALUES (?,?,?,?)", (person, NOW, WORDS, expires_ms))  # noqa: S608 - constants
    look(door)


def look(door: Harness) -> None:
    notices = door.app._notices
    assert notices is not None
    door.loop.run_until_complete(notices.look())


def states(door: Harness) -> list[tuple[str, int, str, str]]:
    return door.register.execute("SELECT state, attempts, channel, device_id FROM notices_notice").fetchall()


def post(door: Harness, user: str = "ann") -> list[dict[str, object]]:
    answer = door.send(f"/pub?u={user}", HERE)
    assert answer.status == 200
    said: list[dict[str, object]] = json.loads(answer.body)
    return said


def test_a_warning_is_in_the_answer_to_the_next_message_and_only_once(door: Harness) -> None:
    assert post(door) == []
    queue(door)
    cmd, transition = post(door)
    assert (cmd["_type"], cmd["action"], cmd["notification"]) == ("cmd", "action", WORDS)
    assert (transition["_type"], transition["event"], transition["desc"]) == ("transition", "enter", WORDS)
    assert post(door) == []
    look(door)
    assert states(door) == [("sent", 1, "owntracks", "dev-ann")]
    assert post(door) == []


def test_nobody_gets_what_is_meant_for_somebody_else(door: Harness) -> None:
    queue(door, "cem")
    assert post(door) == []
    assert states(door) == [("queued", 0, "", "")]


def test_a_warning_that_is_too_old_is_not_handed_over(door: Harness) -> None:
    queue(door, expires_ms=NOW)
    assert post(door) == []


def test_a_device_that_encrypts_is_answered_so_that_it_alone_can_read_it(door: Harness) -> None:
    queue(door, "ben")
    box = SecretBox(b"opensesame".ljust(32, b"\0"))
    sealed = json.dumps({"_type": "encrypted", "data": base64.b64encode(box.encrypt(HERE)).decode()}).encode()
    parts = json.loads(door.send("/pub?u=ben", sealed).body)
    assert {part["_type"] for part in parts} == {"encrypted"}
    assert json.loads(box.decrypt(base64.b64decode(parts[0]["data"])))["notification"] == WORDS


def test_a_protocol_that_carries_no_words_leaves_the_warning_waiting(door: Harness) -> None:
    queue(door)
    assert door.send(f"/?id=ann&lat=51.5&lon=-0.1&timestamp={NOW // 1000}").body == b""
    look(door)
    assert states(door) == [("queued", 0, "", "")]


def test_whose_order_does_not_run_now_is_told_nothing(door: Harness) -> None:
    grant(door.register, "dan", person="dan", to_ms=NOW)
    queue(door, "dan")
    assert door.send("/pub?u=dan", HERE).status == 403
    assert states(door) == [("queued", 0, "", "")]


def test_facts_are_taken_while_the_queue_is_out_of_reach(door: Harness) -> None:
    door.register.execute("DROP TABLE notices_notice")
    look(door)
    assert post(door) == []
    assert len(door.records()) == 1


class Away:
    """A queue that is out of reach until it is mended."""

    def __init__(self) -> None:
        self.away, self.marked = False, list[Handed]()

    def exchange(self, handed: list[Handed]) -> list[Waiting]:
        if self.away:
            raise NoticesUnavailableError("away")
        self.marked += handed
        return [] if self.marked else [Waiting(1, "ann", WORDS, NOW, NOW + 900_000)]

    def close(self) -> None:
        pass


def test_what_was_handed_over_is_marked_once_the_queue_is_back(tmp_path: Path) -> None:
    queue_of_ann = Away()
    with Harness(tmp_path, queue=queue_of_ann) as door:
        grant(door.register, "ann", person="ann")
        look(door)
        queue_of_ann.away = True
        assert post(door)
        look(door)
        assert (post(door), queue_of_ann.marked) == ([], [])
        queue_of_ann.away = False
        look(door)
        assert [one.id for one in queue_of_ann.marked] == [1]


def test_what_could_not_be_written_to_the_device_waits_for_its_next_message() -> None:
    clock = SetClock(NOW)
    notices = Notices(Away())
    notices._waiting = {"ann": [Waiting(1, "ann", WORDS, NOW, NOW + 900_000)]}
    told = notices.take(["ann"], clock.now_ms())
    assert (len(told), notices.take(["ann"], NOW)) == (1, ())
    notices.settle(told, "dev-ann", "owntracks", NOW, written=False)
    assert notices.take(["ann"], NOW) == told


def test_the_server_file_is_not_made_by_the_door(tmp_path: Path) -> None:
    with pytest.raises(NoticesUnavailableError):
        SqliteNotices(tmp_path / "surety.sqlite3").exchange([])
    with pytest.raises(sqlite3.OperationalError):
        sqlite3.connect(f"file:{tmp_path / 'surety.sqlite3'}?mode=ro", uri=True).execute("SELECT 1 FROM sqlite_master")


def test_the_phone_of_somebody_who_is_protected_is_never_told_what_is_meant_for_the_other(door: Harness) -> None:
    grant(door.register, "eva", person="ann", link="link-1", kinds=("protected",))
    queue(door)
    answer = door.send("/pub?u=eva", HERE)
    assert WORDS.encode() not in answer.body
    look(door)
    assert states(door) == [("queued", 0, "", "")]


def test_the_sql_names_the_table_and_columns_that_the_server_has() -> None:
    columns = {field.column for field in Notice._meta.concrete_fields}
    assert Notice._meta.db_table == "notices_notice"
    assert set(Waiting._fields) | {"state", "attempts", "device_id", "channel", "settled_ms"} <= columns


@pytest.mark.postgres
def test_the_queue_in_postgres_is_the_same(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as db:
        db.execute(TABLE.replace("INTEGER PRIMARY KEY", "bigint PRIMARY KEY").replace("INTEGER", "bigint"))
        db.execute(
            "INSERT INTO notices_notice (id, person_id, at_ms, sentence, expires_ms) VALUES (7, 'ann', 1, 'Hello.', 9)"
        )
    queue_there = open_notices(Settings(data_dir=Path("unused"), database_url=postgres_url))
    assert queue_there.exchange([]) == [Waiting(7, "ann", "Hello.", 1, 9)]
    assert queue_there.exchange([Handed(7, "dev", "owntracks", 5)]) == []
    with psycopg.connect(postgres_url) as db:
        row = db.execute("SELECT state, attempts, device_id, channel, settled_ms FROM notices_notice").fetchone()
    assert row == ("sent", 1, "dev", "owntracks", 5)
    queue_there.close()
