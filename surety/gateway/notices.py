"""Words to the people who wear the devices, handed over in the answer to a device's own message.

The server queues them (surety/server/notices); the door reads the queue by plain SQL about once a second and marks what
it handed over, after the answer was written. A door that dies in between hands it over once more: at least once. When
the queue cannot be read or marked, messages are taken as ever: warnings wait, facts do not.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import psycopg

from surety.gateway.register import SERVER_FILE
from surety.settings import Settings

LOOK_EVERY_S = 1.0
MOST = 10_000  # notices looked at together; the oldest first
A_REPLY = 5  # more at once nobody reads

log = logging.getLogger(__name__)


class NoticesUnavailableError(Exception):
    """The queue cannot be read or marked now. Trying again may help."""


class Waiting(NamedTuple):
    """A notice that waits for its person's device."""

    id: int
    person_id: str
    sentence: str
    at_ms: int
    expires_ms: int


class Handed(NamedTuple):
    """That a notice was handed to a device."""

    id: int
    device_id: str
    channel: str
    at_ms: int


class NoticeQueue(Protocol):
    """Where notices wait."""

    def exchange(self, handed: Sequence[Handed]) -> list[Waiting]:
        """Mark what was handed over, and tell what waits. Raises NoticesUnavailableError; then nothing was marked."""

    def close(self) -> None:
        """Free the connection."""


_WAITING = "SELECT id, person_id, sentence, at_ms, expires_ms FROM notices_notice WHERE state = 'queued' ORDER BY id"
_HANDED = (
    "UPDATE notices_notice SET state = 'sent', attempts = attempts + 1,"
    " device_id = {0}, channel = {0}, settled_ms = {0} WHERE id = {0} AND state = 'queued'"
)


class SqliteNotices:
    """The server's SQLite file. It is written only when something was handed over, and then only these rows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def exchange(self, handed: Sequence[Handed]) -> list[Waiting]:
        """See `NoticeQueue.exchange`."""
        try:
            if self._connection is None:
                uri = f"{self._path.resolve().as_uri()}?mode=rw"
                self._connection = sqlite3.connect(
                    uri, uri=True, timeout=5, isolation_level=None, check_same_thread=False
                )
            if handed:
                with self._connection:
                    self._connection.execute("BEGIN IMMEDIATE")
                    self._connection.executemany(_HANDED.format("?"), list(map(_values, handed)))
            return [Waiting(*row) for row in self._connection.execute(f"{_WAITING} LIMIT {MOST}")]
        except sqlite3.Error as error:
            self.close()
            raise NoticesUnavailableError(f"the notices in {self._path} are out of reach: {error}") from error

    def close(self) -> None:
        """See `NoticeQueue.close`."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class PostgresNotices:
    """The server's PostgreSQL database."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None

    def exchange(self, handed: Sequence[Handed]) -> list[Waiting]:
        """See `NoticeQueue.exchange`."""
        try:
            if self._connection is None:
                self._connection = psycopg.connect(self._url, autocommit=True, connect_timeout=5)
            with self._connection.transaction(), self._connection.cursor() as cursor:
                if handed:
                    cursor.executemany(_HANDED.format("%s"), list(map(_values, handed)))
                return [Waiting(*row) for row in cursor.execute(f"{_WAITING} LIMIT {MOST}").fetchall()]
        except psycopg.Error as error:
            self.close()
            raise NoticesUnavailableError(f"the notices in PostgreSQL are out of reach: {error}") from error

    def close(self) -> None:
        """See `NoticeQueue.close`."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _values(handed: Handed) -> tuple[str, str, int, int]:
    return handed.device_id, handed.channel, handed.at_ms, handed.id


def open_notices(settings: Settings) -> NoticeQueue:
    """The queue that the settings choose; it connects at the first use."""
    if settings.database_url:
        return PostgresNotices(settings.database_url)
    return SqliteNotices(settings.data_dir / SERVER_FILE)


class Notices:
    """The queue as the event loop knows it. Made and used within one running loop."""

    def __init__(self, queue: NoticeQueue) -> None:
        self._queue = queue
        self._thread = ThreadPoolExecutor(1, "surety-notices")
        self._waiting: dict[str, list[Waiting]] = {}
        self._under_way: set[int] = set()
        self._handed: list[Handed] = []
        self._troubled = False

    def take(self, people: Iterable[str], now_ms: int) -> tuple[Waiting, ...]:
        """What is to be told to these people now; it counts as under way until `settle` says how it went."""
        if not self._waiting:
            return ()
        found = [one for person in sorted(set(people)) for one in self._waiting.get(person, ())]
        told = tuple(one for one in found if one.id not in self._under_way and now_ms < one.expires_ms)[:A_REPLY]
        self._under_way.update(one.id for one in told)
        return told

    def settle(self, told: Sequence[Waiting], device_id: str, channel: str, now_ms: int, *, written: bool) -> None:
        """Whether the answer with these notices was written. What was not waits for the device's next message."""
        if written:
            self._handed += [Handed(one.id, device_id, channel, now_ms) for one in told]
        else:
            self._under_way.difference_update(one.id for one in told)

    async def watch(self) -> None:
        """Mark and look about once a second, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Mark what was handed over, and learn what waits."""
        handed = list(self._handed)
        try:
            waiting = await asyncio.get_running_loop().run_in_executor(self._thread, self._queue.exchange, handed)
        except NoticesUnavailableError as error:
            if not self._troubled:
                log.warning("people cannot be warned for now: %s", error)
            self._troubled = True
            return
        self._troubled = False
        del self._handed[: len(handed)]
        self._under_way.difference_update(one.id for one in handed)
        self._waiting = {}
        for one in waiting:
            self._waiting.setdefault(one.person_id, []).append(one)

    async def close(self) -> None:
        """Mark what was handed over, then free the queue."""
        if self._handed:
            await self.look()
        self._thread.shutdown()
        self._queue.close()
