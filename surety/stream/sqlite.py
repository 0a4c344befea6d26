"""The log in a SQLite file: WAL and synchronous FULL, so that a commit is on the disk before `append` returns.

Several processes may append to one file: SQLite's write lock puts them in order, and sequence numbers are given under
it, so a reader never sees a record before one with a smaller number.
"""

import sqlite3
import threading
import time
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from surety.stream.asides import ChainAt, DeviceNote, Linked, Mark, chain_row, read_chain
from surety.stream.contract import Entry, Record, StreamUnavailableError, partition_of
from surety.stream.refusals import KEPT_REFUSALS, RefusalNote

BUSY_TIMEOUT_S = 5.0  # how long a writer waits for another process's write lock before it says "unavailable"
AGAIN_S = 0.01  # between two tries to open a file that somebody else is opening
ROWS_A_STATEMENT = (
    64  # one INSERT of many rows is one call into SQLite: the door's loop keeps the interpreter meanwhile
)

_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS stream_record (
       seq INTEGER PRIMARY KEY AUTOINCREMENT, partition INTEGER NOT NULL, person_id TEXT NOT NULL,
       device_id TEXT NOT NULL, protocol TEXT NOT NULL, received_ms INTEGER NOT NULL, facts BLOB NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS door_refusal (
       identifier TEXT NOT NULL, protocol TEXT NOT NULL, first_seen_ms INTEGER NOT NULL, last_seen_ms INTEGER NOT NULL,
       count INTEGER NOT NULL, PRIMARY KEY (identifier, protocol))""",
    "CREATE TABLE IF NOT EXISTS door_probe (id INTEGER PRIMARY KEY, times INTEGER NOT NULL)",
    """CREATE TABLE IF NOT EXISTS watch_chain (device_id TEXT PRIMARY KEY, key_id TEXT NOT NULL,
       last_seq INTEGER NOT NULL, recent TEXT NOT NULL, taken TEXT NOT NULL, version INTEGER NOT NULL,
       at_ms INTEGER NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS door_mark (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL,
       device_id TEXT NOT NULL, person_id TEXT NOT NULL, subject TEXT NOT NULL, value TEXT NOT NULL,
       at_ms INTEGER NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS door_note (device_id TEXT NOT NULL, kind TEXT NOT NULL, first_ms INTEGER NOT NULL,
       last_ms INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (device_id, kind))""",
)
_CHAIN = "INSERT OR REPLACE INTO watch_chain VALUES (?, ?, ?, ?, ?, ?, ?)"
_VERSION = "SELECT version FROM watch_chain WHERE device_id = ?"
_MARK = "INSERT INTO door_mark (kind, device_id, person_id, subject, value, at_ms) VALUES (?, ?, ?, ?, ?, ?)"
_INSERT = "INSERT INTO stream_record (partition, person_id, device_id, protocol, received_ms, facts) VALUES "
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(tuple[bytes, ...]).decode
Row = tuple[int, str, str, str, int, bytes]


class SqliteStream:
    """A `Stream` in one file. Threads may share it; after a failed write the next one starts afresh."""

    def __init__(self, path: Path, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self._path, self._busy_timeout_s = path, busy_timeout_s
        self._write_lock, self._read_lock = threading.Lock(), threading.Lock()
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None

    def append(self, entries: Sequence[Entry]) -> list[int]:
        """See `Stream.append`."""
        if not entries:
            return []
        with self._write_lock:
            try:
                last = self._insert([_row(entry) for entry in entries])
            except sqlite3.Error as error:
                self._drop_writer()
                raise StreamUnavailableError(f"the log {self._path} could not be written: {error}") from error
        return list(range(last - len(entries) + 1, last + 1))

    def _insert(self, rows: list[Row]) -> int:
        connection = self._writing()
        if len(rows) <= ROWS_A_STATEMENT:
            return _insert_rows(connection, rows)  # a statement of its own is a transaction of its own
        connection.execute("BEGIN IMMEDIATE")
        last = _insert_all(connection, rows)
        connection.execute("COMMIT")
        return last

    def append_linked(self, entries: Sequence[Entry], linked: Sequence[Linked]) -> list[bool]:
        """See `SqlStream.append_linked`."""
        with self._write_lock:
            try:
                connection = self._writing()
                connection.execute("BEGIN IMMEDIATE")
                _insert_all(connection, [_row(entry) for entry in entries])
                followed = [_link(connection, one) for one in linked]
                connection.execute("COMMIT")
            except sqlite3.Error as error:
                self._drop_writer()
                raise StreamUnavailableError(f"the log {self._path} could not be written: {error}") from error
        return followed

    def read(self, after_seq: int, limit: int, partitions: frozenset[int] | None = None) -> list[Record]:
        """See `Stream.read`."""
        if partitions is not None and not partitions:
            return []
        where = "" if partitions is None else f"AND partition IN ({','.join(str(int(p)) for p in sorted(partitions))})"
        rows = self._query(
            "SELECT seq, partition, person_id, device_id, protocol, received_ms, facts FROM stream_record "  # noqa: S608 - whole numbers alone
            f"WHERE seq > ? {where} ORDER BY seq LIMIT ?",
            (after_seq, limit),
        )
        return [Record(row[0], row[1], Entry(row[2], row[3], row[4], row[5], _unpack(row[6]))) for row in rows]

    def last_seq(self) -> int:
        """See `Stream.last_seq`."""
        return int(self._query("SELECT coalesce(max(seq), 0) FROM stream_record")[0][0])

    def trim(self, up_to_seq: int) -> int:
        """See `Stream.trim`."""
        return self._change("DELETE FROM stream_record WHERE seq <= ?", [(up_to_seq,)])

    def erase(self, device_id: str, up_to_seq: int) -> int:
        """See `Stream.erase`."""
        sql = "DELETE FROM stream_record WHERE device_id = ? AND seq <= ?"
        return self._change(sql, [(device_id, up_to_seq)])

    def erase_person(self, person_id: str, up_to_seq: int) -> int:
        """See `Stream.erase_person`. Deleted rows are overwritten (secure_delete), and the write-ahead log emptied."""
        gone = self._change("DELETE FROM stream_record WHERE person_id = ? AND seq <= ?", [(person_id, up_to_seq)])
        self._change("DELETE FROM door_mark WHERE person_id = ?", [(person_id,)])
        self._empty_write_ahead_log()
        return gone

    def _empty_write_ahead_log(self) -> None:
        """Put what was written where it belongs. While somebody reads, the rest waits for the next time."""
        with self._write_lock:
            try:
                self._writing().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            except sqlite3.Error as error:
                self._drop_writer()
                raise StreamUnavailableError(f"the log {self._path} could not be written: {error}") from error

    def probe(self) -> None:
        """Write and make durable one small row. Raises StreamUnavailableError when the log cannot be written."""
        self._change("INSERT INTO door_probe VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET times = times + 1", [()])

    def record_refusals(self, notes: Iterable[RefusalNote]) -> None:
        """Add to what is known of unknown devices; only the latest `KEPT_REFUSALS` of them are kept."""
        self._change(
            "INSERT INTO door_refusal VALUES (?, ?, ?, ?, ?) ON CONFLICT (identifier, protocol) DO UPDATE SET "
            "last_seen_ms = max(last_seen_ms, excluded.last_seen_ms), count = count + excluded.count",
            [(n.identifier, n.protocol, n.first_seen_ms, n.last_seen_ms, n.count) for n in notes],
        )
        self._change(
            "DELETE FROM door_refusal WHERE rowid NOT IN "
            "(SELECT rowid FROM door_refusal ORDER BY last_seen_ms DESC LIMIT ?)",
            [(KEPT_REFUSALS,)],
        )

    def refusals(self) -> list[RefusalNote]:
        """The unknown devices, the latest first."""
        return [RefusalNote(*row) for row in self._query("SELECT * FROM door_refusal ORDER BY last_seen_ms DESC")]

    def chain(self, device_id: str) -> ChainAt | None:
        """See `SqlStream.chain`."""
        rows = self._query("SELECT * FROM watch_chain WHERE device_id = ?", (device_id,))
        return read_chain(rows[0]) if rows else None

    def marks(self, limit: int) -> list[tuple[int, Mark]]:
        """See `SqlStream.marks`."""
        rows = self._query("SELECT * FROM door_mark ORDER BY id LIMIT ?", (limit,))
        return [(row[0], Mark(*row[1:])) for row in rows]

    def drop_marks(self, numbers: Sequence[int]) -> None:
        """See `SqlStream.drop_marks`."""
        self._change("DELETE FROM door_mark WHERE id = ?", [(number,) for number in numbers])

    def record_notes(self, notes: Sequence[DeviceNote]) -> None:
        """See `SqlStream.record_notes`."""
        self._change(
            "INSERT INTO door_note VALUES (?, ?, ?, ?, ?) ON CONFLICT (device_id, kind) DO UPDATE SET "
            "last_ms = max(last_ms, excluded.last_ms), count = count + excluded.count",
            [msgspec.structs.astuple(note) for note in notes],
        )

    def notes(self, device_id: str) -> list[DeviceNote]:
        """See `SqlStream.notes`."""
        rows = self._query("SELECT * FROM door_note WHERE device_id = ? ORDER BY kind", (device_id,))
        return [DeviceNote(*row) for row in rows]

    def close(self) -> None:
        """See `Stream.close`."""
        with self._write_lock:
            self._drop_writer()
        with self._read_lock:
            self._drop_reader()

    def _change(self, sql: str, parameters: Sequence[tuple[object, ...]]) -> int:
        with self._write_lock:
            try:
                connection = self._writing()
                connection.execute("BEGIN IMMEDIATE")
                changed = connection.executemany(sql, parameters).rowcount
                connection.execute("COMMIT")
            except sqlite3.Error as error:
                self._drop_writer()
                raise StreamUnavailableError(f"the log {self._path} could not be written: {error}") from error
        return int(changed)

    def _query(self, sql: str, parameters: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        with self._read_lock:
            try:
                self._reader = self._reader or _open(self._path, self._busy_timeout_s)
                return self._reader.execute(sql, parameters).fetchall()
            except sqlite3.Error as error:
                self._drop_reader()
                raise StreamUnavailableError(f"the log {self._path} could not be read: {error}") from error

    def _writing(self) -> sqlite3.Connection:
        if self._writer is None:
            self._writer = _open(self._path, self._busy_timeout_s)
        return self._writer

    def _drop_writer(self) -> None:
        """Close the writing connection: an open transaction is rolled back, the next write begins afresh."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _drop_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None


def _open(path: Path, busy_timeout_s: float) -> sqlite3.Connection:
    """A connection, with the file in order.

    While another one makes the file and turns it into WAL mode, SQLite says "locked" at once, whatever its timeout:
    several processes that begin together would meet that. So it is tried again for as long as that timeout.
    """
    until_s = time.monotonic() + busy_timeout_s
    while True:
        try:
            return _opened(path, busy_timeout_s)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() >= until_s:
                raise
            time.sleep(AGAIN_S)


def _opened(path: Path, busy_timeout_s: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False, cached_statements=256
    )
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")  # what is deleted is somebody's whereabouts
        for statement in _SCHEMA:
            connection.execute(statement)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


_partition = lru_cache(65_536)(partition_of)


def _row(entry: Entry) -> Row:
    person = entry.person_id
    return _partition(person), person, entry.device_id, entry.protocol, entry.received_ms, _pack(entry.facts)


def _insert_all(connection: sqlite3.Connection, rows: Sequence[Row]) -> int:
    """Insert the rows within a transaction that was begun; the last sequence number."""
    last = 0
    for start in range(0, len(rows), ROWS_A_STATEMENT):
        last = _insert_rows(connection, rows[start : start + ROWS_A_STATEMENT])
    return last


def _link(connection: sqlite3.Connection, one: Linked) -> bool:
    """Write what belongs to a chain, in a transaction that was begun, unless the chain moved; whether it was."""
    found = connection.execute(_VERSION, (one.chain.device_id,)).fetchone()
    if (found[0] if found else 0) != one.chain.version - 1:
        return False
    _insert_all(connection, [_row(entry) for entry in one.entries])
    connection.execute(_CHAIN, chain_row(one.chain))
    connection.executemany(_MARK, [msgspec.structs.astuple(mark) for mark in one.marks])
    return True


def _insert_rows(connection: sqlite3.Connection, rows: Sequence[Row]) -> int:
    """Insert the rows by one statement; the last sequence number (they follow each other: we hold the write lock)."""
    last = connection.execute(_insert_sql(len(rows)), list(chain.from_iterable(rows))).lastrowid
    return last or 0


@lru_cache
def _insert_sql(rows: int) -> str:
    return _INSERT + ",".join(["(?,?,?,?,?,?)"] * rows)
