"""The log in PostgreSQL. A lock for appending, held until the commit is visible, keeps records in order for readers.

Sequence numbers alone would not do: of two transactions the one with the greater number may commit first, and a reader
that went on from it would skip the other for ever. Group commit at the door makes the lock cheap.
"""

import threading
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import psycopg

from surety.stream.asides import ChainAt, DeviceNote, Linked, Mark, chain_row, read_chain
from surety.stream.contract import Entry, Record, StreamUnavailableError, partition_of
from surety.stream.refusals import KEPT_REFUSALS, RefusalNote

APPEND_LOCK = 0x5375_7265  # any fixed number: the key of the advisory lock that appenders take in turn
SCHEMA_LOCK = APPEND_LOCK + 1  # two processes that start at once must not both create the tables
CONNECT_TIMEOUT_S = 5
STATEMENT_TIMEOUT_MS = 5000  # an append that waits longer is answered "unavailable", and the device sends it again

_SCHEMA = """
CREATE TABLE IF NOT EXISTS stream_record (
  seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, partition SMALLINT NOT NULL, person_id TEXT NOT NULL,
  device_id TEXT NOT NULL, protocol TEXT NOT NULL, received_ms BIGINT NOT NULL, facts BYTEA NOT NULL);
CREATE TABLE IF NOT EXISTS door_refusal (
  identifier TEXT NOT NULL, protocol TEXT NOT NULL, first_seen_ms BIGINT NOT NULL, last_seen_ms BIGINT NOT NULL,
  count BIGINT NOT NULL, PRIMARY KEY (identifier, protocol));
CREATE TABLE IF NOT EXISTS door_probe (id INTEGER PRIMARY KEY, times BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS watch_chain (
  device_id TEXT PRIMARY KEY, key_id TEXT NOT NULL, last_seq BIGINT NOT NULL, recent TEXT NOT NULL,
  taken TEXT NOT NULL, version BIGINT NOT NULL, at_ms BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS door_mark (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind TEXT NOT NULL, device_id TEXT NOT NULL,
  person_id TEXT NOT NULL, subject TEXT NOT NULL, value TEXT NOT NULL, at_ms BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS door_note (
  device_id TEXT NOT NULL, kind TEXT NOT NULL, first_ms BIGINT NOT NULL, last_ms BIGINT NOT NULL,
  count BIGINT NOT NULL, PRIMARY KEY (device_id, kind));
"""
_CHAIN = """
INSERT INTO watch_chain VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (device_id) DO UPDATE SET
key_id = excluded.key_id, last_seq = excluded.last_seq, recent = excluded.recent, taken = excluded.taken,
version = excluded.version, at_ms = excluded.at_ms
"""
_VERSION = "SELECT version FROM watch_chain WHERE device_id = %s"
_MARK = "INSERT INTO door_mark (kind, device_id, person_id, subject, value, at_ms) VALUES (%s, %s, %s, %s, %s, %s)"
_INSERT = """
INSERT INTO stream_record (partition, person_id, device_id, protocol, received_ms, facts)
SELECT * FROM unnest(%s::smallint[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bytea[]) RETURNING seq
"""
_READ = """
SELECT seq, partition, person_id, device_id, protocol, received_ms, facts FROM stream_record
WHERE seq > %s AND (%s::smallint[] IS NULL OR partition = ANY(%s::smallint[])) ORDER BY seq LIMIT %s
"""
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(tuple[bytes, ...]).decode
Connection = psycopg.Connection[tuple[Any, ...]]


class PostgresStream:
    """A `Stream` in a PostgreSQL database. Threads may share it; a broken connection is made anew by the next call.

    When the connection breaks while a commit is under way the records may be in the log although `append` raised:
    the device sends them again and their facts' ids show that they are the same.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._write_lock, self._read_lock = threading.Lock(), threading.Lock()
        self._writer: Connection | None = None
        self._reader: Connection | None = None

    def append(self, entries: Sequence[Entry]) -> list[int]:
        """See `Stream.append`."""
        if not entries:
            return []
        return sorted(row[0] for row in self._change(_INSERT, _columns(entries), locked=True))

    def append_linked(self, entries: Sequence[Entry], linked: Sequence[Linked]) -> list[bool]:
        """See `SqlStream.append_linked`."""
        with self._write_lock:
            try:
                self._writer = self._writer or _open(self._url)
                with self._writer.transaction():
                    self._writer.execute("SELECT pg_advisory_xact_lock(%s)", (APPEND_LOCK,))
                    self._writer.execute(_INSERT, _columns(entries))
                    return [_link(self._writer, one) for one in linked]
            except psycopg.Error as error:
                self._drop_writer()
                raise StreamUnavailableError(f"the log in PostgreSQL could not be written: {error}") from error

    def read(self, after_seq: int, limit: int, partitions: frozenset[int] | None = None) -> list[Record]:
        """See `Stream.read`."""
        chosen = None if partitions is None else sorted(partitions)
        rows = self._query(_READ, (after_seq, chosen, chosen, limit))
        return [Record(row[0], row[1], Entry(row[2], row[3], row[4], row[5], _unpack(row[6]))) for row in rows]

    def last_seq(self) -> int:
        """See `Stream.last_seq`."""
        return int(self._query("SELECT coalesce(max(seq), 0) FROM stream_record")[0][0])

    def trim(self, up_to_seq: int) -> int:
        """See `Stream.trim`."""
        sql = "WITH gone AS (DELETE FROM stream_record WHERE seq <= %s RETURNING 1) SELECT count(*) FROM gone"
        return int(self._change(sql, (up_to_seq,))[0][0])

    def erase(self, device_id: str, up_to_seq: int) -> int:
        """See `Stream.erase`."""
        sql = (
            "WITH gone AS (DELETE FROM stream_record WHERE device_id = %s AND seq <= %s RETURNING 1) "
            "SELECT count(*) FROM gone"
        )
        return int(self._change(sql, (device_id, up_to_seq))[0][0])

    def erase_person(self, person_id: str, up_to_seq: int) -> int:
        """See `Stream.erase_person`. The space is written over once PostgreSQL's autovacuum has been there."""
        sql = (
            "WITH gone AS (DELETE FROM stream_record WHERE person_id = %s AND seq <= %s RETURNING 1), "
            "marks AS (DELETE FROM door_mark WHERE person_id = %s RETURNING 1) SELECT count(*) FROM gone"
        )
        return int(self._change(sql, (person_id, up_to_seq, person_id))[0][0])

    def probe(self) -> None:
        """Write and make durable one small row. Raises StreamUnavailableError when the log cannot be written."""
        self._change(
            "INSERT INTO door_probe VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET times = door_probe.times + 1 "
            "RETURNING times",
            (),
        )

    def record_refusals(self, notes: Iterable[RefusalNote]) -> None:
        """Add to what is known of unknown devices; only the latest `KEPT_REFUSALS` of them are kept."""
        for note in notes:
            self._change(
                "INSERT INTO door_refusal VALUES (%s, %s, %s, %s, %s) ON CONFLICT (identifier, protocol) DO UPDATE SET "
                "last_seen_ms = greatest(door_refusal.last_seen_ms, excluded.last_seen_ms), "
                "count = door_refusal.count + excluded.count RETURNING 1",
                (note.identifier, note.protocol, note.first_seen_ms, note.last_seen_ms, note.count),
            )
        self._change(
            "DELETE FROM door_refusal WHERE (identifier, protocol) NOT IN (SELECT identifier, protocol "
            "FROM door_refusal ORDER BY last_seen_ms DESC LIMIT %s) RETURNING 1",
            (KEPT_REFUSALS,),
        )

    def refusals(self) -> list[RefusalNote]:
        """The unknown devices, the latest first."""
        return [RefusalNote(*row) for row in self._query("SELECT * FROM door_refusal ORDER BY last_seen_ms DESC")]

    def chain(self, device_id: str) -> ChainAt | None:
        """See `SqlStream.chain`."""
        rows = self._query("SELECT * FROM watch_chain WHERE device_id = %s", (device_id,))
        return read_chain(rows[0]) if rows else None

    def marks(self, limit: int) -> list[tuple[int, Mark]]:
        """See `SqlStream.marks`."""
        rows = self._query("SELECT * FROM door_mark ORDER BY id LIMIT %s", (limit,))
        return [(row[0], Mark(*row[1:])) for row in rows]

    def drop_marks(self, numbers: Sequence[int]) -> None:
        """See `SqlStream.drop_marks`."""
        self._change("DELETE FROM door_mark WHERE id = ANY(%s) RETURNING 1", (list(numbers),))

    def record_notes(self, notes: Sequence[DeviceNote]) -> None:
        """See `SqlStream.record_notes`."""
        for note in notes:
            self._change(
                "INSERT INTO door_note VALUES (%s, %s, %s, %s, %s) ON CONFLICT (device_id, kind) DO UPDATE SET "
                "last_ms = greatest(door_note.last_ms, excluded.last_ms), count = door_note.count + excluded.count "
                "RETURNING 1",
                msgspec.structs.astuple(note),
            )

    def notes(self, device_id: str) -> list[DeviceNote]:
        """See `SqlStream.notes`."""
        rows = self._query("SELECT * FROM door_note WHERE device_id = %s ORDER BY kind", (device_id,))
        return [DeviceNote(*row) for row in rows]

    def close(self) -> None:
        """See `Stream.close`."""
        with self._write_lock:
            self._drop_writer()
        with self._read_lock:
            self._drop_reader()

    def _change(self, sql: str, parameters: Sequence[object], *, locked: bool = False) -> list[tuple[Any, ...]]:
        with self._write_lock:
            try:
                self._writer = self._writer or _open(self._url)
                with self._writer.transaction():
                    if locked:  # before the first number is drawn; PostgreSQL frees it after the commit is visible
                        self._writer.execute("SELECT pg_advisory_xact_lock(%s)", (APPEND_LOCK,))
                    return self._writer.execute(sql, parameters).fetchall()
            except psycopg.Error as error:
                self._drop_writer()
                raise StreamUnavailableError(f"the log in PostgreSQL could not be written: {error}") from error

    def _query(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._read_lock:
            try:
                self._reader = self._reader or _open(self._url)
                return self._reader.execute(sql, parameters).fetchall()
            except psycopg.Error as error:
                self._drop_reader()
                raise StreamUnavailableError(f"the log in PostgreSQL could not be read: {error}") from error

    def _drop_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _drop_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None


def _columns(entries: Sequence[Entry]) -> tuple[list[Any], ...]:
    people = [entry.person_id for entry in entries]
    return (
        [partition_of(person) for person in people],
        people,
        [entry.device_id for entry in entries],
        [entry.protocol for entry in entries],
        [entry.received_ms for entry in entries],
        [_pack(entry.facts) for entry in entries],
    )


def _link(connection: Connection, one: Linked) -> bool:
    """Write what belongs to a chain, under the appenders' lock, unless the chain moved; whether it was."""
    found = connection.execute(_VERSION, (one.chain.device_id,)).fetchone()
    if (found[0] if found else 0) != one.chain.version - 1:
        return False
    connection.execute(_INSERT, _columns(one.entries))
    connection.execute(_CHAIN, chain_row(one.chain))
    for mark in one.marks:
        connection.execute(_MARK, msgspec.structs.astuple(mark))
    return True


def _open(url: str) -> Connection:
    connection = psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S)
    try:
        connection.execute("SET synchronous_commit = on")
        connection.execute(f"SET statement_timeout = {STATEMENT_TIMEOUT_MS}")
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (SCHEMA_LOCK,))
            connection.execute(_SCHEMA)
    except psycopg.Error:
        connection.close()
        raise
    return connection
