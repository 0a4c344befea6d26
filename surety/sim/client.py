"""Keep-alive connections to the door. Each has its queue: a message stays in front until the door has answered 2xx.

A refusal that trying again cannot mend (most of 4xx) is counted and let go; anything else is tried again later, with
the message's own time, as devices do.
"""

import asyncio
import time
from collections import Counter, deque
from typing import cast

from surety.sim.encode import Encode
from surety.sim.receivers import Message

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 10.0
ANSWER_WITHIN_S = 20.0
_WORTH_RETRYING = {401, 408, 409, 425, 429}  # 401: a door that has not yet read its register
_GIVE_UP_AFTER = 5  # refusals of one message


class Wire(asyncio.Protocol):
    """One connection and its queue of (message, how to write it)."""

    def __init__(self, host: str, port: int, counts: Counter[str]) -> None:
        self.host, self.port, self.counts = host, port, counts
        self.queue: deque[tuple[Message, Encode]] = deque()
        self.transport: asyncio.Transport | None = None
        self.waiting = self.closed = self.opening = False
        self.buffer = b""
        self.pause_s, self.tries, self.asked_at = FIRST_PAUSE_S, 0, 0.0
        self.timer: asyncio.TimerHandle | None = None
        self.task: asyncio.Task[None] | None = None

    def oldest_due_ms(self) -> int | None:
        """When the message in front was due, which the door has not taken yet."""
        return self.queue[0][0].due_ms if self.queue else None

    def put(self, message: Message, encode: Encode) -> None:
        """Send a message after those that wait already."""
        self.queue.append((message, encode))
        self.pump()

    def pump(self) -> None:
        """Send the message in front, if the connection is free."""
        if not self.queue or self.waiting or self.closed or self.timer:
            return
        if self.transport is None:
            self._open()
            return
        message, encode = self.queue[0]
        self.waiting, self.asked_at = True, time.monotonic()
        self.transport.write(encode(message))

    def close(self) -> None:
        """Drop the connection; what was not answered stays unsent."""
        self.closed = True
        self._cancel_timer()
        if self.task:
            self.task.cancel()
        if self.transport:
            self.transport.abort()

    def _open(self) -> None:
        if not self.opening:
            self.opening = True
            self.task = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: self, self.host, self.port)
        except OSError:
            self.counts["unreachable"] += 1
            self._pause()
        finally:
            self.opening = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: the door took the connection."""
        self.transport, self.buffer = cast("asyncio.Transport", transport), b""
        self.opening = False
        self.pump()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """asyncio: the connection is gone; a message without an answer is sent again."""
        self.transport = None
        if self.waiting:
            self.waiting = False
            self._pause()

    def data_received(self, data: bytes) -> None:
        """asyncio: a piece of the door's answer."""
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end].lower()
        total = end + 4 + _content_length(head)
        if len(self.buffer) < total or not self.waiting:
            return
        self.buffer = self.buffer[total:]
        if b"\nsurety-refused:" in head:  # understood, but not kept: trying again would not help
            self.counts["not_kept"] += 1
        self._answered(int(head[9:12]))

    def _answered(self, status: int) -> None:
        self.waiting = False
        self.counts[f"status_{status}"] += 1
        self.tries += 1
        if 200 <= status < 300:
            self._taken("sent")
        elif 400 <= status < 500 and (status not in _WORTH_RETRYING or self.tries >= _GIVE_UP_AFTER):
            self._taken("refused")
        else:
            self._pause()

    def _taken(self, what: str) -> None:
        self.queue.popleft()
        self.counts[what] += 1
        self.pause_s, self.tries = FIRST_PAUSE_S, 0
        self.pump()

    def give_up_waiting(self) -> None:
        """Break a connection on which no answer has come for long; to be called now and then."""
        if self.waiting and self.transport and time.monotonic() - self.asked_at > ANSWER_WITHIN_S:
            self.transport.abort()

    def _pause(self) -> None:
        self._cancel_timer()
        if not self.closed:
            self.timer = asyncio.get_running_loop().call_later(self.pause_s, self._pause_over)
        self.pause_s = min(LONGEST_PAUSE_S, self.pause_s * 2)

    def _pause_over(self) -> None:
        self.timer = None
        self.pump()

    def _cancel_timer(self) -> None:
        if self.timer:
            self.timer.cancel()
            self.timer = None


def _content_length(head: bytes) -> int:
    at = head.find(b"content-length:")
    return int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
