"""What a connection may do before it has said anything: nobody holds the door open or fills its memory.

Uvicorn bounds neither the size of a head nor the time that a message takes; this does.
"""

from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio

MAX_HEAD_BYTES = 32 * 1024  # request line and headers; OsmAnd puts a whole report into the request line
MESSAGE_S = 30.0  # from a message's first byte to its last; a phone on a bad network needs a few seconds
SILENT_S = 90.0  # of a connection that never sent a message
SWEEP_EVERY_TICKS = 50  # of a tenth of a second
_NEVER = float("inf")


class DeviceConnection(HttpToolsProtocol):
    """One connection of a device, with the time by which it must have said what it is saying."""

    deadline_s = _NEVER  # of the loop's clock
    _head_bytes = -1  # -1: not within a head

    def connection_made(self, transport: "asyncio.Transport") -> None:  # type: ignore[override]  # as Uvicorn has it
        """asyncio: someone connected."""
        super().connection_made(transport)
        self.deadline_s = self.loop.time() + SILENT_S

    def data_received(self, data: bytes) -> None:
        """asyncio: a piece of a message, or several messages."""
        super().data_received(data)
        if self._head_bytes >= 0:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self.transport.abort()

    def on_message_begin(self) -> None:
        """httptools: the first byte of a message."""
        self._head_bytes, self.deadline_s = 0, self.loop.time() + MESSAGE_S
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """httptools: the head was read."""
        self._head_bytes = -1
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """httptools: the message was read; Uvicorn's own limit for idle connections holds from its answer on."""
        self.deadline_s = _NEVER
        super().on_message_complete()


class DoorServer(uvicorn.Server):
    """Uvicorn's server, which also ends connections that are over their time."""

    async def on_tick(self, counter: int) -> bool:
        """Uvicorn: every tenth of a second; whether to end."""
        if counter % SWEEP_EVERY_TICKS == 0:
            self.sweep()
        return await super().on_tick(counter)

    def sweep(self) -> None:
        """End the connections whose message did not come in time."""
        connections: list[Any] = list(self.server_state.connections)
        for one in connections:
            if one.deadline_s < one.loop.time():
                one.transport.abort()
