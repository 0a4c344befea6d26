"""The desk's live feed: server-sent events at /live/alerts.

Each process has one poller; every stream is a coroutine that waits on its own queue, so that fifty open desks cost
neither threads nor database connections. When the process is asked to stop, the streams end at once and the browsers
come back with Last-Event-ID.
"""

import asyncio
import contextlib
import logging
import signal
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_safe

from surety.server.accounts.models import User
from surety.server.accounts.permissions import may
from surety.server.console import desk_filter, live_feed
from surety.server.console.live_feed import BEAT_S, CHECK_S, POLL_S, Feed, Listener, message

RETRY = b"retry: 1500\n\n"
TALLY_S = 2.0  # numbers at the side need not be exact to the moment
T = TypeVar("T")
_log = logging.getLogger(__name__)


class Hub:
    """The listeners of one process and the poller that serves them. It runs while somebody listens."""

    def __init__(self) -> None:
        self.listeners: set[Listener] = set()
        self._task: asyncio.Task[None] | None = None
        # One thread with one connection, whatever the number of streams.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="live-feed")
        self._feed: Feed | None = None
        self._stopping = False

    async def join(self, listener: Listener) -> None:
        """Serve a listener from now on, and tell it what it missed."""
        end_at_stop(asyncio.get_running_loop())
        if self._stopping:  # came on a connection that the server has not closed yet
            return _end(listener)
        feed = await self._ready()
        self.listeners.add(listener)  # before catching up: what comes meanwhile is told twice rather than never
        if missed := await self._run(feed.catch_up, listener):
            _put(listener, missed)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll_on())
            self._task.add_done_callback(self._poller_ended)
        return None

    def leave(self, listener: Listener) -> None:
        """The stream is closed."""
        self.listeners.discard(listener)

    def stop(self) -> None:
        """End every stream, also those that still come: the process is to stop."""
        self._stopping = True
        self.end_all()

    def end_all(self) -> None:
        """End every stream that is open; their browsers come anew."""
        for listener in self.listeners:
            _end(listener)

    def _poller_ended(self, task: asyncio.Task[None]) -> None:
        """A poller that failed must not leave streams that look alive: end them, and the browsers come anew."""
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("The live feed's poller failed; its streams are ended.", exc_info=error)
            self.end_all()

    async def _ready(self) -> Feed:
        if self._feed is None or self._task is None or self._task.done():
            self._feed = await self._run(Feed)
        return self._feed

    async def _run(self, work: Callable[..., T], *given: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *given)

    async def _poll_on(self) -> None:
        checked = tallied = time.monotonic()
        while self.listeners:
            await asyncio.sleep(POLL_S)
            now, listeners = time.monotonic(), list(self.listeners)
            try:
                changed = await self._tell(self._feed.poll if self._feed else Feed().poll, listeners)
                if changed or now - tallied > TALLY_S:
                    tallied = await self._tally(listeners, now, tallied)
                if now - checked > CHECK_S:
                    checked = now
                    for listener in await self._run(live_feed.ended, listeners):
                        _end(listener)
            except DatabaseError as error:
                await self._run(live_feed.give_up_connection, error)
        await self._run(connections.close_all)

    async def _tally(self, listeners: list[Listener], now: float, tallied: float) -> float:
        if self._feed is None or now - tallied < TALLY_S:
            return tallied
        await self._tell(self._feed.tallies, listeners)
        await self._tell(self._feed.judgings, listeners)
        return now

    async def _tell(
        self, work: Callable[[list[Listener]], list[tuple[Listener, bytes]]], listeners: list[Listener]
    ) -> bool:
        told = await self._run(work, listeners)
        for listener, body in told:
            _put(listener, body)
        return bool(told)


def _put(listener: Listener, body: bytes) -> None:
    try:
        listener.queue.put_nowait(body)
    except asyncio.QueueFull:
        # Too far behind: it draws its list anew instead.
        _drain(listener)
        listener.queue.put_nowait(message("reset", {}))


def _end(listener: Listener) -> None:
    _drain(listener)
    listener.queue.put_nowait(None)


def _drain(listener: Listener) -> None:
    with contextlib.suppress(asyncio.QueueEmpty):
        while True:
            listener.queue.get_nowait()


hub = Hub()
_chained: set[int] = set()


def end_at_stop(loop: asyncio.AbstractEventLoop) -> None:
    """End the streams when the process is asked to stop, before the web server waits for them to end.

    The server's own signal handler runs right after ours. Where there is none (a test's thread, a server that stops in
    another way) nothing is changed.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)
        if number in _chained or not callable(before) or before is signal.default_int_handler:
            continue
        with contextlib.suppress(ValueError):  # not in the main thread
            signal.signal(number, _chain(before, loop))
            _chained.add(number)


def _chain(
    before: Callable[[int, FrameType | None], Any], loop: asyncio.AbstractEventLoop
) -> Callable[[int, FrameType | None], None]:
    def stop(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(hub.stop)
        before(number, frame)

    return stop


async def _stream(listener: Listener) -> AsyncIterator[bytes]:
    try:
        await hub.join(listener)
        yield RETRY + live_feed.beat()
        while True:
            try:
                body = await asyncio.wait_for(listener.queue.get(), BEAT_S)
            except TimeoutError:
                body = live_feed.beat()
            if body is None:
                yield message("end", {})
                return
            yield body
    finally:
        hub.leave(listener)


@require_safe
async def alerts(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """The changes of the desk's list, under the filter in the address, from an event's id on."""
    user = await request.auser()
    if not isinstance(user, User) or not may(user, "cases.view"):
        raise PermissionDenied("Your role does not let you see alerts.")
    choice = desk_filter.chosen(request.GET.dict())
    listener = Listener(user.pk, request.session.session_key or "", choice, _since(request))
    # The stream lasts for hours: it must not keep the connection with which the user was looked up.
    await sync_to_async(connections.close_all)()
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(_stream(listener), content_type="text/event-stream", headers=headers)


def _since(request: HttpRequest) -> int:
    """Where the browser stood: the header after a break, else the address; without either, nothing was missed."""
    raw = request.headers.get("Last-Event-ID") or request.GET.get("since", "")
    return int(raw) if raw.isdigit() and len(raw) < 19 else 2**62
