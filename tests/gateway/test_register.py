"""The register as the server's tables give it, in SQLite and in PostgreSQL."""

from pathlib import Path

import psycopg
import pytest

from surety.gateway import register
from surety.gateway.register import Grant, PostgresGrants, RegisterUnavailableError, SqliteGrants, open_grants
from surety.server.cases.models import DoorGrant, DoorRevision
from surety.settings import Settings
from surety.stream.sql import PostgresStream
from tests.gateway.harness import NOW, Harness
from tests.gateway.support import grant, make_register

GRANTS_IN_POSTGRES = """
CREATE TABLE cases_doorgrant (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, identifier varchar(64),
  protocol varchar(16), device_id varchar(32), person_id varchar(32), secret_sha256 varchar(64),
  payload_key varchar(64), link_id varchar(32), photo_key varchar(64), data_kinds jsonb, from_ms bigint, to_ms bigint);
CREATE TABLE cases_watchkey (device_id varchar(32) PRIMARY KEY, code_sha256 varchar(64) UNIQUE,
  code_made_ms bigint, code_expires_ms bigint, algorithm varchar(16), public_key varchar(128), claimed_ms bigint,
  recorded_ms bigint, push text, push_ms bigint);
CREATE TABLE cases_doorrevision (id bigint PRIMARY KEY, revision bigint NOT NULL);
INSERT INTO cases_doorrevision VALUES (1, 7);
INSERT INTO cases_doorgrant (identifier, protocol, device_id, person_id, secret_sha256, payload_key, link_id,
  photo_key, data_kinds, from_ms, to_ms)
VALUES ('tag', 'osmand', 'dev', 'ann', '', '', '', '', '["position"]', 0, 9007199254740992);
"""
EXPECTED = Grant("tag", "dev", "ann", "", "", "", frozenset({"position"}), 0, 2**53, "osmand")


def test_the_sql_names_the_tables_and_columns_that_the_server_has() -> None:
    columns = {field.column for field in DoorGrant._meta.concrete_fields}
    assert set(register._COLUMNS.split(", ")) <= columns
    assert DoorGrant._meta.db_table == "cases_doorgrant"
    assert DoorRevision._meta.db_table == "cases_doorrevision"
    assert "revision" in {field.column for field in DoorRevision._meta.concrete_fields}


def test_the_register_in_sqlite_is_read_without_the_right_to_write(tmp_path: Path) -> None:
    db = make_register(tmp_path)
    grant(db, "tag", person="ann", kinds=("position",))
    source = open_grants(Settings(data_dir=tmp_path))
    assert isinstance(source, SqliteGrants)
    revision, (found,) = source.read(["tag", "other"])
    assert (revision, found.person_id, found.data_kinds) == (2, "ann", frozenset({"position"}))
    assert source.read([]) == (2, [])
    source.close()
    db.close()


def test_a_register_that_is_not_there_is_unavailable_and_not_created(tmp_path: Path) -> None:
    with pytest.raises(RegisterUnavailableError):
        SqliteGrants(tmp_path / "surety.sqlite3").read(["tag"])
    assert not (tmp_path / "surety.sqlite3").exists()
    with pytest.raises(RegisterUnavailableError):
        PostgresGrants("postgresql://nobody@127.0.0.1:1/none?connect_timeout=1").read([])


@pytest.mark.postgres
def test_the_register_in_postgres_gives_the_same(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as db:
        db.execute(GRANTS_IN_POSTGRES)
    source = open_grants(Settings(data_dir=Path("unused"), database_url=postgres_url))
    assert source.read(["tag", "other"]) == (7, [EXPECTED])
    assert source.read([]) == (7, [])
    source.close()


@pytest.mark.postgres
def test_the_door_works_on_postgres(postgres_url: str, tmp_path: Path) -> None:
    with psycopg.connect(postgres_url) as db:
        db.execute(GRANTS_IN_POSTGRES)
    with Harness(tmp_path, PostgresStream(postgres_url), source=PostgresGrants(postgres_url)) as door:
        replies = door.send_all([f"/?id=tag&lat=51&lon=1&timestamp={NOW - n}" for n in range(50)])
        assert {reply.status for reply in replies} == {200}
        assert door.send("/?id=other&lat=51&lon=1").status == 400
        assert len(door.records()) == 50
        assert door.send("/health").status == 200
