"""The log when it cannot be written: it says so, keeps nothing of the group, and recovers by itself."""

import sqlite3
import threading
from pathlib import Path

import psycopg
import pytest

from surety.settings import Settings
from surety.stream import postgres
from surety.stream.contract import Entry, StreamUnavailableError, partition_of
from surety.stream.sql import PostgresStream, SqliteStream, open_stream

ENTRY = Entry("person", "device", "osmand", 1, (b"fact",))


def test_a_locked_file_is_unavailable_until_the_lock_goes(tmp_path: Path) -> None:
    stream = SqliteStream(tmp_path / "log.sqlite3", busy_timeout_s=0.05)
    stream.append([ENTRY])
    other = sqlite3.connect(tmp_path / "log.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for count in (1, 100):
        with pytest.raises(StreamUnavailableError, match="locked"):
            stream.append([ENTRY] * count)
    assert len(stream.read(0, 10)) == 1
    other.execute("ROLLBACK")
    other.close()
    stream.append([ENTRY])
    assert len(stream.read(0, 10)) == 2
    stream.close()


def test_many_that_make_the_log_at_once_all_open_it(tmp_path: Path) -> None:
    """SQLite tells the later ones "locked" at once, whatever its timeout: one start in ten of eight met it."""
    for number in range(40):
        path = tmp_path / f"log{number}.sqlite3"
        streams, barrier, found = [SqliteStream(path) for _ in range(8)], threading.Barrier(8), []

        def look(stream: SqliteStream, barrier: threading.Barrier = barrier, found: list[object] = found) -> None:
            barrier.wait()
            found.append(stream.chain("dev"))

        threads = [threading.Thread(target=look, args=(stream,)) for stream in streams]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for stream in streams:
            stream.close()
        assert found == [None] * 8


def test_a_group_that_fills_the_file_leaves_none_of_it_behind(tmp_path: Path) -> None:
    stream = SqliteStream(tmp_path / "log.sqlite3")
    stream.append([ENTRY])
    pages = stream._writing().execute("PRAGMA page_count").fetchone()[0]
    stream._writing().execute(f"PRAGMA max_page_count = {pages + 10}")  # SQLite's own way to be "full"
    big = Entry("person", "device", "osmand", 1, (b"x" * 4000,))
    with pytest.raises(StreamUnavailableError, match="full"):
        stream.append([big] * 200)
    assert len(stream.read(0, 1000)) == 1
    assert len(stream.append([big] * 200)) == 200
    stream.close()


def test_a_missing_directory_is_unavailable_until_it_is_there(tmp_path: Path) -> None:
    stream = open_stream(Settings(data_dir=tmp_path / "later"))
    with pytest.raises(StreamUnavailableError):
        stream.append([ENTRY])
    with pytest.raises(StreamUnavailableError):
        stream.read(0, 1)
    (tmp_path / "later").mkdir()
    assert stream.append([ENTRY]) == [1]
    stream.close()


def test_a_commit_is_durable_by_wal_and_full_synchronisation(tmp_path: Path) -> None:
    stream = SqliteStream(tmp_path / "log.sqlite3")
    stream.append([ENTRY])
    connection = stream._writing()
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    stream.close()


@pytest.mark.postgres
def test_postgres_that_ends_the_connection_is_used_again_when_it_is_back(postgres_url: str) -> None:
    stream = PostgresStream(postgres_url)
    stream.append([ENTRY])
    with psycopg.connect(postgres_url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                      "AND pid <> pg_backend_pid()")  # fmt: skip
    with pytest.raises(StreamUnavailableError):
        stream.append([ENTRY])
    stream.append([ENTRY])
    assert len(stream.read(0, 10)) == 2
    stream.close()


@pytest.mark.postgres
def test_postgres_holds_an_append_back_while_one_with_a_smaller_number_is_not_yet_visible(postgres_url: str) -> None:
    stream, done = PostgresStream(postgres_url), threading.Event()
    stream.append([ENTRY])
    with psycopg.connect(postgres_url) as slow:  # as another door would, stopped between its insert and its commit
        slow.execute("SELECT pg_advisory_xact_lock(%s)", (postgres.APPEND_LOCK,))
        slow.execute(postgres._INSERT, ([1], ["slow"], ["device"], ["osmand"], [1], [b"\x90"]))
        thread = threading.Thread(target=lambda: (stream.append([ENTRY]), done.set()))
        thread.start()
        assert not done.wait(0.3)
        assert stream.last_seq() == 1
        slow.commit()
        assert done.wait(5)
    thread.join()
    assert [record.entry.person_id for record in stream.read(0, 10)] == ["person", "slow", "person"]
    stream.close()


def test_a_database_that_is_away_is_unavailable() -> None:
    stream = PostgresStream("postgresql://nobody@127.0.0.1:1/none?connect_timeout=1")
    with pytest.raises(StreamUnavailableError):
        stream.append([ENTRY])
    with pytest.raises(StreamUnavailableError):
        stream.last_seq()


def test_partitions_are_the_same_for_ever() -> None:
    """Workers own partitions across versions of this program: FNV-1a's published vectors hold it in place."""
    assert partition_of("") == 0x811C9DC5 % 64
    assert partition_of("a") == 0xE40C292C % 64
    assert partition_of("foobar") == 0xBF9CF968 % 64
