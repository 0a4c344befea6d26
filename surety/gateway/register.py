"""Who may send what, and when: the grants that the server derives from orders, read by plain SQL and kept in memory.

The server raises `cases_doorrevision.revision` in the transaction that changes grants. The door looks at it about once
a second (and at once when an unknown device knocks) and forgets what it knew when it changed. When the register cannot
be read for `STALE_AFTER_S` the door answers "unavailable": old knowledge is no authority to collect.
"""

import asyncio
import json
import logging
import sqlite3
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import msgspec
import psycopg

from surety.settings import Settings

SERVER_FILE = "surety.sqlite3"
LOOK_EVERY_S = 1.0
STALE_AFTER_S = 30.0
BATCH = 500  # identifiers asked for in one query
MAX_UNKNOWN = 10_000  # unknown identifiers remembered until the revision changes
MAX_KNOWN = 500_000  # devices in memory; beyond it the cache starts anew


log = logging.getLogger(__name__)


class RegisterUnavailableError(Exception):
    """The register cannot be read now. Trying again may help."""


class Grant(msgspec.Struct, frozen=True):
    """What may be taken from a device, for whom, from `from_ms` until just before `to_ms`."""

    identifier: str
    device_id: str
    person_id: str
    secret_sha256: str
    payload_key: str
    link_id: str  # of a protected person's device: for which link; "" for a supervised person's
    data_kinds: frozenset[str]
    from_ms: int
    to_ms: int
    protocol: str = ""
    photo_key: str = ""  # base64url: photographs are sealed to it; "" where none may be taken
    algorithm: str = ""  # of the key with which a watch signs; "" until its one-time code was used
    public_key: str = ""


Grants = tuple[Grant, ...]


class GrantSource(Protocol):
    """Where grants are read from."""

    def read(self, identifiers: Sequence[str]) -> tuple[int, list[Grant]]:
        """The revision and the grants of these devices, of one moment. Raises RegisterUnavailableError."""

    def close(self) -> None:
        """Free the connection."""


_COLUMNS = (
    "identifier, device_id, person_id, secret_sha256, payload_key, link_id, data_kinds, from_ms, to_ms, protocol,"
    " photo_key"
)
_KEY_COLUMNS = "coalesce(algorithm, ''), coalesce(public_key, '')"
_SELECT = f"SELECT {_COLUMNS}, {_KEY_COLUMNS} FROM cases_doorgrant LEFT JOIN cases_watchkey USING (device_id)"  # noqa: S608 - our own columns
_REVISION = "SELECT coalesce(max(revision), 0) FROM cases_doorrevision"


def _grant(row: tuple[Any, ...]) -> Grant:
    kinds = json.loads(row[6]) if isinstance(row[6], str) else row[6]
    return Grant(row[0], row[1], row[2], row[3], row[4], row[5], frozenset(kinds), row[7], row[8], *row[9:13])


class SqliteGrants:
    """The server's SQLite file, opened for reading only."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def read(self, identifiers: Sequence[str]) -> tuple[int, list[Grant]]:
        """See `GrantSource.read`."""
        try:
            return self._read(identifiers)
        except sqlite3.Error as error:
            self.close()
            raise RegisterUnavailableError(f"the register {self._path} cannot be read: {error}") from error

    def _read(self, identifiers: Sequence[str]) -> tuple[int, list[Grant]]:
        if self._connection is None:
            uri = f"{self._path.resolve().as_uri()}?mode=ro"
            self._connection = sqlite3.connect(uri, uri=True, timeout=5, isolation_level=None, check_same_thread=False)
        self._connection.execute("BEGIN")
        (revision,) = self._connection.execute(_REVISION).fetchone()
        marks = ",".join("?" * len(identifiers))
        sql = f"{_SELECT} WHERE identifier IN ({marks})"
        rows = self._connection.execute(sql, list(identifiers)).fetchall() if identifiers else []
        self._connection.execute("COMMIT")
        return revision, [_grant(row) for row in rows]

    def close(self) -> None:
        """See `GrantSource.close`."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class PostgresGrants:
    """The server's PostgreSQL database."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def read(self, identifiers: Sequence[str]) -> tuple[int, list[Grant]]:
        """See `GrantSource.read`."""
        try:
            if self._connection is None:
                self._connection = psycopg.connect(self._url, autocommit=True, connect_timeout=5)
            with self._connection.transaction():
                self._connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                revision = self._connection.execute(_REVISION).fetchall()[0][0]
                sql = f"{_SELECT} WHERE identifier = ANY(%s)"
                rows = self._connection.execute(sql, (list(identifiers),)).fetchall() if identifiers else []
        except psycopg.Error as error:
            self.close()
            raise RegisterUnavailableError(f"the register in PostgreSQL cannot be read: {error}") from error
        return revision, [_grant(row) for row in rows]

    def close(self) -> None:
        """See `GrantSource.close`."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def open_grants(settings: Settings) -> GrantSource:
    """The source that the settings choose; it connects at the first use."""
    if settings.database_url:
        return PostgresGrants(settings.database_url)
    return SqliteGrants(settings.data_dir / SERVER_FILE)


class Register:
    """The grants as the event loop knows them. Made and used within one running loop."""

    def __init__(self, source: GrantSource) -> None:
        self._source = source
        self._thread = ThreadPoolExecutor(1, "surety-register")  # one: answers come in the order of the reads
        self._known: dict[str, Grants] = {}
        self._unknown: set[str] = set()
        self._revision = -1
        self._confirmed_s = float("-inf")
        self._asked: dict[str, asyncio.Future[None]] = {}
        self._asking: asyncio.Task[None] | None = None

    def known(self, identifier: str) -> Grants:
        """The grants in memory; () when the device is unknown or not yet asked for, or memory is too old."""
        if time.monotonic() - self._confirmed_s > STALE_AFTER_S:
            return ()
        return self._known.get(identifier, ())

    async def find(self, identifier: str) -> Grants:
        """The grants of a device, from memory or the source. Raises RegisterUnavailableError."""
        if grants := self.known(identifier):
            return grants
        if identifier in self._unknown:
            await self._ask("")  # it may have been registered just now; who asks meanwhile shares one look
            if identifier in self._unknown:
                return ()
        await self._ask(identifier)
        return self._known.get(identifier, ())

    async def look(self) -> None:
        """Look at the revision now: what was known is forgotten if it changed. Raises RegisterUnavailableError."""
        await self._ask("")

    async def watch(self) -> None:
        """Look at the revision about once a second, until cancelled."""
        while True:
            with suppress(RegisterUnavailableError):  # `find` tells it once memory is too old; the next look tries anew
                await self._ask("")
            await asyncio.sleep(LOOK_EVERY_S)

    def close(self) -> None:
        """End the thread and free the source."""
        self._thread.shutdown(cancel_futures=True)
        self._source.close()

    async def _ask(self, identifier: str) -> None:
        """Wait for an answer on this device ("": only the revision). Questions that wait are asked together."""
        future = self._asked.get(identifier)
        if future is None:
            future = self._asked[identifier] = asyncio.get_running_loop().create_future()
        if self._asking is None or self._asking.done():
            self._asking = asyncio.get_running_loop().create_task(self._answer())
        await asyncio.shield(future)

    async def _answer(self) -> None:
        while self._asked:
            batch = {name: self._asked[name] for name in list(self._asked)[:BATCH]}
            for name in batch:
                del self._asked[name]
            try:
                names = [name for name in batch if name]
                revision, grants = await asyncio.get_running_loop().run_in_executor(
                    self._thread, self._source.read, names
                )
                self._learn(revision, names, grants)
            except RegisterUnavailableError as error:
                _settle(batch.values(), error)
            except Exception as error:  # the task's boundary: a bad row must not leave anybody waiting for ever
                log.exception("the register could not be understood")
                _settle(batch.values(), RegisterUnavailableError(str(error)))
            else:
                _settle(batch.values(), None)

    def _learn(self, revision: int, names: Iterable[str], grants: Iterable[Grant]) -> None:
        if revision != self._revision or len(self._known) > MAX_KNOWN:
            self._known.clear()
            self._unknown.clear()
        self._revision, self._confirmed_s = revision, time.monotonic()
        found: dict[str, list[Grant]] = {}
        for grant in grants:
            found.setdefault(grant.identifier, []).append(grant)
        self._known.update((name, tuple(rows)) for name, rows in found.items())
        if len(self._unknown) > MAX_UNKNOWN:
            self._unknown.clear()
        self._unknown.update(name for name in names if name not in found)


def _settle(futures: Iterable["asyncio.Future[None]"], error: Exception | None) -> None:
    for future in futures:
        if future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
            future.exception()  # it is told to whoever waits; nobody may be left to
