"""The door of watches on PostgreSQL: the same journey over the same statements."""

import base64
import json
from pathlib import Path

import psycopg
import pytest

from surety.blobs.local import LocalBlobs
from surety.gateway.register import PostgresGrants
from surety.gateway.watch_parts import WatchParts
from surety.gateway.watch_register import open_watch_register
from surety.rules.facts import CheckInSubmitted
from surety.settings import Settings
from surety.stream.sql import PostgresStream
from surety.wire.native import code_sha256
from tests.gateway.harness import NOW, Harness
from tests.gateway.test_register import GRANTS_IN_POSTGRES
from tests.gateway.test_watch import carry, enrolled, notes, post, put
from tests.gateway.watch_client import JPEG, Watch, sha256
from tests.gateway.watch_tables import ANN, CODE, PAIR, TABLES

pytestmark = pytest.mark.postgres
ROWS = """
INSERT INTO cases_device VALUES ('dev-watch', 'watch');
INSERT INTO cases_watchkey VALUES ('dev-watch', '{code}', 0, {later}, '', '', NULL, NULL, '', NULL);
INSERT INTO cases_doorgrant (identifier, protocol, device_id, person_id, secret_sha256, payload_key, link_id, photo_key,
  data_kinds, from_ms, to_ms) VALUES ('watch', 'native', 'dev-watch', '{person}', '', '', '', '{key}',
  '["position", "device", "photo"]', 0, {later});
INSERT INTO checkins_checkin VALUES ('c1', '{person}', {now}, {later}, {later}, 'left', 'asked', NULL, NULL);
INSERT INTO checkins_sheet VALUES ('{person}', '{{"language": "de"}}');
"""


def prepare(url: str) -> None:
    key = base64.urlsafe_b64encode(PAIR.public).decode()
    rows = ROWS.format(code=code_sha256(CODE), later=NOW + 10**9, person=ANN, key=key, now=NOW)
    with psycopg.connect(url) as db:
        for statement in (GRANTS_IN_POSTGRES, *TABLES, rows):
            db.execute(statement)


def test_a_watch_enrols_answers_and_is_marked(postgres_url: str, tmp_path: Path) -> None:
    prepare(postgres_url)
    settings = Settings(data_dir=tmp_path, database_url=postgres_url)
    parts = WatchParts(open_watch_register(settings), LocalBlobs(settings.photographs_dir))
    stream = PostgresStream(postgres_url)
    with Harness(tmp_path, stream, source=PostgresGrants(postgres_url), watches=parts) as door:
        watch = enrolled(door, "P-256")
        assert door.send("/watch/v1/enrol", Watch().enrolment(CODE)).status == 403
        sheet = post(door, watch)["sheet"]
        assert (sheet["language"], [one["id"] for one in sheet["check_ins"]]) == ("de", ["c1"])
        assert put(door, watch, JPEG).status == 201
        watch.say("seen", NOW, check_in_id="c1")
        watch.say("push", NOW, subscription={"endpoint": "https://push.example/x"})
        watch.say("check_in", NOW, check_in_id="c1", photos=[sha256(JPEG)])
        request = watch.request(NOW)
        for _ in range(2):
            answer = json.loads(door.send("/watch/v1/messages", request).body)
            assert (answer["acknowledged"], answer["refused"]) == (3, [])
        assert [type(fact) for fact in door.everything()] == [CheckInSubmitted]
        carry(door)
        with psycopg.connect(postgres_url) as db:
            assert db.execute("SELECT handed_ms, seen_ms FROM checkins_checkin").fetchall() == [(NOW, NOW)]
            assert db.execute("SELECT push_ms, claimed_ms FROM cases_watchkey").fetchall() == [(NOW, NOW)]
        assert notes(door) == {"heard": 3, "repeated": 3}


def test_a_database_that_goes_away_is_busy_and_the_door_recovers(postgres_url: str, tmp_path: Path) -> None:
    prepare(postgres_url)
    settings = Settings(data_dir=tmp_path, database_url=postgres_url)
    parts = WatchParts(open_watch_register(settings), LocalBlobs(settings.photographs_dir))
    with Harness(tmp_path, PostgresStream(postgres_url), source=PostgresGrants(postgres_url), watches=parts) as door:
        watch = enrolled(door)
        with psycopg.connect(postgres_url, autocommit=True) as db:
            db.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                "AND datname = current_database()"
            )
        watch.say("sos", NOW)
        replies = [door.send("/watch/v1/messages", watch.request(NOW)).status for _ in range(4)]
        assert set(replies) <= {200, 503}
        assert replies[-1] == 200
        assert len({fact.id for fact in door.everything()}) == 1
