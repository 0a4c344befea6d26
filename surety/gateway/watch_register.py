"""What the door does for watches in the server's tables, by plain SQL as with the grants and the notices.

It claims a one-time code for a key (once: one conditional UPDATE), marks what it handed over and what watches told, and
reads what a watch is to show. These columns are the door's to write, and no others: `cases_watchkey.algorithm`,
`public_key`, `claimed_ms`, `push`, `push_ms`; `checkins_checkin.handed_ms`, `seen_ms`; it adds rows to
`portal_watchlink`.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from surety.gateway.register import SERVER_FILE
from surety.settings import Settings
from surety.stream.asides import Mark
from surety.wire.native import Enrolment

DAY_MS = 86_400_000

_CLAIM = (
    "UPDATE cases_watchkey SET algorithm = {0}, public_key = {0}, claimed_ms = coalesce(claimed_ms, {0})"
    " WHERE code_sha256 = {0} AND code_expires_ms > {0} AND (claimed_ms IS NULL OR public_key = {0})"
)
_CLAIMED = (
    "SELECT identifier FROM cases_device JOIN cases_watchkey ON cases_device.id = cases_watchkey.device_id"
    " WHERE code_sha256 = {0}"
)
_WAITS = "SELECT code_made_ms FROM cases_watchkey WHERE code_sha256 = {0} AND code_expires_ms > {0}"
_RAISE = "UPDATE cases_doorrevision SET revision = revision + 1"
_HANDED = "UPDATE checkins_checkin SET handed_ms = {0} WHERE id = {0} AND handed_ms IS NULL"
_SEEN = "UPDATE checkins_checkin SET seen_ms = {0} WHERE id = {0} AND person_id = {0} AND seen_ms IS NULL"
_PUSH = (
    "UPDATE cases_watchkey SET push = {0}, push_ms = {0} WHERE device_id = {0} AND public_key = {0}"
    " AND (push_ms IS NULL OR push_ms <= {0})"
)
_LINK = (
    "INSERT INTO portal_watchlink (token_sha256, asked_sha256, person_id, device_id, made_ms, expires_ms)"
    " VALUES ({0}, {0}, {0}, {0}, {0}, {0}) ON CONFLICT DO NOTHING"
)
_SHEET = "SELECT body FROM checkins_sheet WHERE person_id = {0}"
_OPEN = (
    "SELECT id, asked_ms, due_ms, late_until_ms, turn, stands, handed_ms, again, again_until_ms FROM checkins_checkin"
    " WHERE person_id = {0} AND asked_ms <= {0} AND (asked_ms > {0} OR late_until_ms > {0})"
    " AND stands NOT IN ('cancelled', 'not_asked') ORDER BY asked_ms"
)


class WatchesUnavailableError(Exception):
    """The server's tables cannot be read or written now. Trying again may help."""


class OpenCheckIn(NamedTuple):
    """A question to a person, as their watch is to show it."""

    id: str
    asked_ms: int
    due_ms: int
    late_until_ms: int
    turn: str
    stands: str
    handed_ms: int | None
    again: str = ""  # advice for one more try
    again_until_ms: int | None = None


class Link(NamedTuple):
    """A link to a person's own page, as the server will look for it. Times are the machine's."""

    token_sha256: str
    asked_sha256: str  # of the signature: a request that somebody copied gives no second link
    person_id: str
    device_id: str
    made_ms: int
    expires_ms: int


class SheetRows(NamedTuple):
    """What there is to show: the sheet as the server wrote it ("" before it wrote any), and the questions."""

    body: str
    check_ins: tuple[OpenCheckIn, ...]


class WatchRegister:
    """The tables, in SQLite or PostgreSQL. One thread at a time; a broken connection is made anew by the next call."""

    def __init__(self, connect: Callable[[], Any], mark: str, begin: str) -> None:
        self._connect, self._mark, self._begin = connect, mark, begin
        self._connection: Any = None

    def claim(self, asked: Enrolment, now_ms: int) -> str | None:
        """The identifier of the device whose code this is, which from now on has this key; None: no such code now.

        Who asks again with the same key gets the same answer: the first one may have been lost on its way.
        """
        sha256 = asked.code_sha256
        values = (asked.algorithm, asked.public_key, now_ms, sha256, now_ms, asked.public_key)
        with self._transaction("BEGIN"):  # who guesses takes no lock from those who write
            if self._run(_WAITS, (sha256, now_ms)).fetchone() is None:
                return None
        with self._transaction(self._begin):
            if self._run(_CLAIM, values).rowcount != 1:
                return None
            self._run(_RAISE, ())
            return str(self._run(_CLAIMED, (sha256,)).fetchone()[0])

    def write(self, handed: Sequence[tuple[str, int]], marks: Sequence[Mark]) -> None:
        """Mark which check-ins were handed over (each with when), and what watches told."""
        with self._transaction(self._begin):
            for check_in_id, at_ms in handed:
                self._run(_HANDED, (at_ms, check_in_id))
            for one in marks:
                if one.kind == "seen":
                    self._run(_SEEN, (one.at_ms, one.subject, one.person_id))
                else:
                    self._run(_PUSH, (one.value, one.at_ms, one.device_id, one.subject, one.at_ms))

    def link(self, made: Link) -> bool:
        """Write a link down; False: the same request had one already."""
        with self._transaction(self._begin):
            return bool(self._run(_LINK, tuple(made)).rowcount == 1)

    def sheet(self, person_id: str, now_ms: int) -> SheetRows:
        """What the person's watch is to show now."""
        with self._transaction("BEGIN"):
            body = self._run(_SHEET, (person_id,)).fetchone()
            rows = self._run(_OPEN, (person_id, now_ms, now_ms - DAY_MS, now_ms)).fetchall()
        return SheetRows(body[0] if body else "", tuple(OpenCheckIn(*row) for row in rows))

    def close(self) -> None:
        """Free the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _run(self, sql: str, values: tuple[object, ...]) -> Any:
        return self._connection.execute(sql.format(self._mark), values)

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        """Commit what is done within, or nothing of it. Raises WatchesUnavailableError."""
        try:
            if self._connection is None:
                self._connection = self._connect()
            self._connection.execute(begin)
            yield
            self._connection.execute("COMMIT")
        except (sqlite3.Error, psycopg.Error) as error:
            self.close()  # which rolls back
            raise WatchesUnavailableError(f"the watches' tables are out of reach: {error}") from error
        except BaseException:
            self.close()
            raise


def open_watch_register(settings: Settings) -> WatchRegister:
    """The tables that the settings choose; it connects at the first use."""
    if settings.database_url:
        url = settings.database_url
        return WatchRegister(lambda: psycopg.connect(url, autocommit=True, connect_timeout=5), "%s", "BEGIN")
    path = settings.data_dir / SERVER_FILE
    return WatchRegister(lambda: _open_file(path), "?", "BEGIN IMMEDIATE")


def _open_file(path: Path) -> sqlite3.Connection:
    uri = f"{path.resolve().as_uri()}?mode=rw"
    return sqlite3.connect(uri, uri=True, timeout=5, isolation_level=None, check_same_thread=False)
