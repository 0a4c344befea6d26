"""Group commit: one thread writes whatever waits, all of it in one durable append, and tells each who waited.

While one commit is on its way to the disk the next group gathers, so the cost of a durable write is shared by all who
wait for it. A failed append fails everyone in its group: nothing is acknowledged that is not in the log.
"""

import asyncio
import logging
import queue
import threading
import time

from surety.gateway.metrics import Metrics
from surety.stream.asides import Linked
from surety.stream.contract import Entry, StreamUnavailableError
from surety.stream.sql import SqlStream

GROUP = 1024  # entries in one commit at most, so that a failure after a long stall concerns few
log = logging.getLogger(__name__)
_Waiting = tuple[list[Entry], Linked | None, "asyncio.Future[bool]"]


class Appender:
    """Appends from one event loop through one thread. Made within the running loop."""

    def __init__(self, stream: SqlStream, metrics: Metrics, max_waiting: int) -> None:
        self._stream, self._metrics, self._max_waiting = stream, metrics, max_waiting
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[list[_Waiting] | None] = queue.SimpleQueue()
        self._gathering: list[_Waiting] = []
        self._thread = threading.Thread(target=self._work, name="surety-append", daemon=True)
        self._thread.start()
        self.writable: bool | None = None  # how the last append went; None before the first
        self.last_write_s = 0.0  # of time.monotonic, of the last successful append

    async def append(self, entries: list[Entry]) -> None:
        """Return when the entries are durable. Raises StreamUnavailableError when they are not."""
        await self._append(entries, None)

    async def append_linked(self, linked: Linked) -> bool:
        """Return when it is durable, or False where its chain has moved meanwhile: then nothing of it was written.

        Raises StreamUnavailableError when it is not durable.
        """
        return await self._append([], linked)

    async def _append(self, entries: list[Entry], linked: Linked | None) -> bool:
        metrics = self._metrics
        if metrics.waiting >= self._max_waiting:
            raise StreamUnavailableError("too many messages wait for the log")
        future: asyncio.Future[bool] = self._loop.create_future()
        metrics.waiting += 1
        if not self._gathering:  # all that come in one turn of the loop wake the thread once
            self._loop.call_soon(self._hand_over)
        self._gathering.append((entries, linked, future))
        return await future

    def _hand_over(self) -> None:
        gathered, self._gathering = self._gathering, []
        self._queue.put(gathered)

    async def close(self) -> None:
        """Write what waits, then end the thread."""
        self._hand_over()
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        while (first := self._queue.get()) is not None:
            group, last = self._gather(first)
            self._write(group)
            if last:
                return

    def _gather(self, group: list[_Waiting]) -> tuple[list[_Waiting], bool]:
        """All that waits now, up to a group and a little more; and whether the end was among it."""
        while len(group) < GROUP:
            try:
                one = self._queue.get_nowait()
            except queue.Empty:
                break
            if one is None:
                return group, True
            group += one
        return group, False

    def _write(self, group: list[_Waiting]) -> None:
        started = time.monotonic()
        error: Exception | None = None
        followed: list[bool] = []
        try:
            followed = self._put(group)
        except StreamUnavailableError as unavailable:
            error = unavailable
        except Exception as unexpected:  # the thread's boundary: whoever waits must get an answer
            log.exception("the append failed in a way that it should not")
            error = StreamUnavailableError(str(unexpected))
        self._loop.call_soon_threadsafe(self._tell, group, followed, error, time.monotonic() - started)

    def _put(self, group: list[_Waiting]) -> list[bool]:
        """Write a group; for each of it whether its chain had not moved (where it has none: yes)."""
        entries = [entry for entries, _, _ in group for entry in entries]
        linked = [one for _, one, _ in group if one]
        if not linked:
            self._stream.append(entries)
            return [True] * len(group)
        followed = iter(self._stream.append_linked(entries, linked))
        return [one is None or next(followed) for _, one, _ in group]

    def _tell(self, group: list[_Waiting], followed: list[bool], error: Exception | None, took_s: float) -> None:
        metrics = self._metrics
        metrics.waiting -= len(group)
        self._note(error, took_s, sum(len(entries) + (len(one.entries) if one else 0) for entries, one, _ in group))
        for place, (_, _, future) in enumerate(group):
            if future.done():  # its request went away
                continue
            if error is None:
                future.set_result(followed[place])
            else:
                future.set_exception(error)

    def _note(self, error: Exception | None, took_s: float, records: int) -> None:
        if error is None:
            self._metrics.committed(records, took_s)
            self.last_write_s = time.monotonic()
        else:
            self._metrics.failed_commits += 1
        if (error is None) != self.writable and not (error is None and self.writable is None):
            log.warning("the log is %s", "writable again" if error is None else f"not writable: {error}")
        self.writable = error is None
