"""A door that a test commands: it keeps what it took, and refuses, breaks off or is away when told to."""

import asyncio
import re
from collections.abc import Callable

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


class TestDoor:
    """Answers each request with the status that `answer` gives for it; 0 breaks the connection off."""

    __test__ = False

    def __init__(self, answer: Callable[[int], int] = lambda _: 200) -> None:
        self.answer, self.requests, self.taken = answer, 0, []
        self.server: asyncio.Server | None = None
        self.port = 0

    async def open(self, port: int = 0) -> None:
        self.server = await asyncio.start_server(self._talk, "127.0.0.1", port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self.server:
            self.server.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                found = _LENGTH.search(head)
                body = await reader.readexactly(int(found[1])) if found else b""
                self.requests += 1
                status = self.answer(self.requests)
                if status == 0:
                    break
                if 200 <= status < 300:
                    self.taken.append(head + body)
                writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 2\r\n\r\n[]" % status)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
