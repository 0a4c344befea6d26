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
from surety.stream.asides import Aside
from surety.stream.contract import Entry, Stream, StreamUnavailableError

GROUP = 1024  # entries in one commit at most, so that a failure after a long stall concerns few
log = logging.getLogger(__name__)
_Waiting = tuple[list[Entry], Aside | None, "asyncio.Future[None]"]


class Appender:
    """Appends from one event loop through one thread. Made within the running loop."""

    def __init__(self, stream: Stream, metrics: Metrics, max_waiting: int) -> None:
        self._stream, self._metrics, self._max_waiting = stream, metrics, max_waiting
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[list[_Waiting] | None] = queue.SimpleQueue()
        self._gathering: list[_Waiting] = []
        self._thread = threading.Thread(target=self._work, name="surety-append", daemon=True)
        self._thread.start()
        self.writable: bool | None = None  # how the last append went; None before the first
        self.last_write_s = 0.0  # of time.monotonic, of the last successful append

    async def append(self, entries: list[Entry], aside: Aside | None = None) -> None:
        """Return when the entries, and what is kept beside them, are durable together.

        Raises StreamUnavailableError when they are not.
        """
        metrics = self._metrics
        if metrics.waiting >= self._max_waiting:
            raise StreamUnavailableError("too many messages wait for the log")
        future: asyncio.Future[None] = self._loop.create_future()
        metrics.waiting += 1
        if not self._gathering:  # all that come in one turn of the loop wake the thread once
            self._loop.call_soon(self._hand_over)
        self._gathering.append((entries, aside, future))
        await future

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
        try:
            asides = [aside for _, aside, _ in group if aside]
            self._stream.append([entry for entries, _, _ in group for entry in entries], asides)
        except StreamUnavailableError as unavailable:
            error = unavailable
        except Exception as unexpected:  # the thread's boundary: whoever waits must get an answer
            log.exception("the append failed in a way that it should not")
            error = StreamUnavailableError(str(unexpected))
        self._loop.call_soon_threadsafe(self._tell, group, error, time.monotonic() - started)

    def _tell(self, group: list[_Waiting], error: Exception | None, took_s: float) -> None:
        metrics = self._metrics
        metrics.waiting -= len(group)
        self._note(error, took_s, sum(len(entries) for entries, _, _ in group))
        for _, _, future in group:
            if future.done():  # its request went away
                continue
            if error is None:
                future.set_result(None)
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
