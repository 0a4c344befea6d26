"""Keep-alive connections to the door for watches, which read its answers. Few are shared by many watches."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

ANSWER_WITHIN_S = 20.0


class Reply(NamedTuple):
    """The door's answer: status, headers (names in small letters) and body."""

    status: int
    headers: dict[str, str]
    body: bytes


class UnreachableError(Exception):
    """The door is away, or broke off; to be tried again."""


class _Line:
    """One connection."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def ask(self, request: bytes) -> Reply:
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
        self.writer.write(request)
        await self.writer.drain()
        assert self.reader is not None  # noqa: S101 - it is opened with the writer
        return await self._reply(self.reader)

    async def _reply(self, reader: asyncio.StreamReader) -> Reply:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status, _, rest = head.partition("\r\n")
        pairs = (line.partition(":") for line in rest.split("\r\n") if line)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Reply(int(status.split()[1]), headers, body)

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None


class Lines:
    """A few connections; who asks waits for a free one."""

    def __init__(self, host: str, port: int, many: int) -> None:
        self.host, self.port = host, port
        self.all = [_Line(host, port) for _ in range(many)]
        self.free: asyncio.LifoQueue[_Line] = asyncio.LifoQueue()
        for line in self.all:
            self.free.put_nowait(line)

    async def ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> Reply:
        """Send a request and wait for the answer. Raises UnreachableError."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}:{self.port}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        request = "\r\n".join((*lines, "", "")).encode() + body
        line = await self.free.get()
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                return await line.ask(request)
        except (OSError, EOFError, asyncio.LimitOverrunError, ValueError, IndexError) as error:  # TimeoutError too
            line.close()
            raise UnreachableError(str(error)) from None
        except BaseException:
            line.close()  # an answer may still come, which nobody waits for
            raise
        finally:
            self.free.put_nowait(line)

    def close(self) -> None:
        """Drop every connection."""
        for line in self.all:
            line.close()
