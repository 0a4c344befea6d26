"""The door as an ASGI application: a lean path for devices, Starlette for /health and /metrics.

OsmAnd devices may use any path, so the path chooses nothing but OwnTracks (`/pub`, `/owntracks`), the watches' own
(`/watch`, surety/gateway/watch.py) and the two pages.
"""

import asyncio
import time
from contextlib import suppress
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from surety.clock import Clock
from surety.gateway.answers import Sender
from surety.gateway.appender import Appender
from surety.gateway.door import Door, basic_login
from surety.gateway.exchange import GoneError, address_of, body_of, reply
from surety.gateway.limits import Limits
from surety.gateway.metrics import Metrics
from surety.gateway.notices import NoticeQueue, Notices
from surety.gateway.register import GrantSource, Register
from surety.gateway.watch import WatchApp, is_watchs
from surety.gateway.watch_parts import DoorParts, WatchParts
from surety.stream.contract import StreamUnavailableError
from surety.stream.sql import SqlStream
from surety.wire import osmand, owntracks
from surety.wire.checks import Message

PAGES = frozenset({"/health", "/metrics"})
OWNTRACKS_PATHS = frozenset({"/pub", "/owntracks"})
WRITE_DOWN_EVERY_S = 2.0  # how often the memory of unknown devices goes to the log's database
PROBE_AFTER_S = 1.0  # /health writes a probe when the last durable write is older


class DoorApp:
    """Start it with `start` within the loop that serves it, end it with `stop`: what waits is written first."""

    def __init__(
        self,
        stream: SqlStream,
        source: GrantSource,
        clock: Clock,
        limits: Limits | None = None,
        queue: NoticeQueue | None = None,
        watches: WatchParts | None = None,
    ) -> None:
        self._stream, self._source, self._clock, self._limits = stream, source, clock, limits or Limits()
        self._queue, self._parts = queue, watches
        self._watches: WatchApp | None = None
        self._notices: Notices | None = None
        self.metrics = Metrics()
        self._pages = Starlette(routes=[Route("/health", self._health), Route("/metrics", self._show_metrics)])
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin; to be called in the running loop."""
        self._register = Register(self._source)
        self._appender = Appender(self._stream, self.metrics, self._limits.max_waiting)
        self._notices = Notices(self._queue) if self._queue else None
        self._door = Door(self._clock, self._register, self._appender, self.metrics, self._limits, self._notices)
        self._tasks = [asyncio.create_task(self._register.watch()), asyncio.create_task(self._write_down())]
        if self._notices:
            self._tasks.append(asyncio.create_task(self._notices.watch()))
        if self._parts:
            core = DoorParts(
                self._clock, self._door, self._register, self._appender, self._stream, self.metrics, self._limits
            )
            self._watches = WatchApp(core, self._parts)
            self._tasks.append(asyncio.create_task(self._watches.desk.watch()))

    async def stop(self) -> None:
        """Write what waits, then free everything but the log."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self._appender.close()
        await self._write_quarantine()
        if self._watches:
            await self._watches.close()
        if self._notices:
            await self._notices.close()
        self._register.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            if self._watches is not None and is_watchs(scope["path"]):
                await self._watches(scope, receive, send)
            elif scope["path"] in PAGES and scope["method"] == "GET" and not scope["query_string"]:
                await self._pages(scope, receive, send)
            else:
                await self._device(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        self.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.stop()
        await send({"type": "lifespan.shutdown.complete"})

    async def _device(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        sender = Sender(address_of(scope, headers), headers.get(b"authorization", b""))
        try:
            body = await body_of(headers, receive, self._limits.max_body_bytes)
        except GoneError:
            return
        protocol = _protocol(scope["path"], headers, body or b"")
        if body is None:
            answer = self._door.too_large(protocol, sender)
        else:
            message = Message(
                scope["query_string"],
                headers.get(b"content-type", b""),
                body,
                headers.get(b"x-limit-u", b""),
                headers.get(b"x-limit-d", b""),
                basic_login(sender.authorization)[0] if protocol == owntracks.PROTOCOL else "",
            )
            answer = await self._door.take(protocol, message, sender)
        written = False
        try:
            await reply(send, answer, close=body is None)
            written = True
        finally:
            self._door.settle(answer, written=written)

    async def _health(self, _request: Request) -> Response:
        writable = await self._is_writable()
        state: dict[str, Any] = {
            "status": "ok" if writable else "unavailable",
            "log_writable": writable,
            "waiting": self.metrics.waiting,
            "now_ms": self._clock.now_ms(),
        }
        return JSONResponse(state, 200 if writable else 503)

    async def _is_writable(self) -> bool:
        if self._appender.writable and time.monotonic() - self._appender.last_write_s < PROBE_AFTER_S:
            return True
        try:
            await asyncio.to_thread(self._stream.probe)
        except StreamUnavailableError:
            return False
        return True

    async def _show_metrics(self, _request: Request) -> Response:
        return PlainTextResponse(self.metrics.render(), media_type="text/plain; version=0.0.4")

    async def _write_down(self) -> None:
        while True:
            await asyncio.sleep(WRITE_DOWN_EVERY_S)
            await self._write_quarantine()

    async def _write_quarantine(self) -> None:
        if notes := self._door.quarantine.take():
            with suppress(StreamUnavailableError):  # a note of strangers; the counters have them all the same
                await asyncio.to_thread(self._stream.record_refusals, notes)
        if self._watches:
            await self._watches.write_notes()


def _protocol(path: str, headers: dict[bytes, bytes], body: bytes) -> str:
    """By path, by header, or by the `_type` with which every message of OwnTracks begins or ends."""
    if path in OWNTRACKS_PATHS or b"x-limit-u" in headers or (body[:1] == b"{" and b'"_type"' in body):
        return owntracks.PROTOCOL
    return osmand.PROTOCOL
