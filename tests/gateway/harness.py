"""A door in this process, spoken to through its ASGI side, with a register and a log of its own."""

import asyncio
import base64
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Self

from surety.gateway.app import DoorApp
from surety.gateway.limits import Limits
from surety.gateway.notices import NoticeQueue
from surety.gateway.register import GrantSource, SqliteGrants
from surety.gateway.watch_parts import WatchParts
from surety.rules.facts import DeviceReport, Fact, Fix, decode
from surety.stream.contract import Record
from surety.stream.sql import SqliteStream, SqlStream
from tests.gateway.support import make_register

NOW = 1_760_000_000_000


class SetClock:
    """A clock that stands until it is moved."""

    speed = 1.0

    def __init__(self, now_ms: int) -> None:
        self.at_ms = now_ms

    def now_ms(self) -> int:
        return self.at_ms


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def refused(self) -> str:
        return self.headers.get("surety-refused", "")


def basic(user: str, password: str) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


class Harness:
    """Start it with `with`; each `send` is one request. The loop runs only while something is waited for."""

    def __init__(
        self,
        data_dir: Path,
        stream: SqlStream | None = None,
        limits: Limits | None = None,
        source: GrantSource | None = None,
        queue: NoticeQueue | None = None,
        watches: WatchParts | None = None,
    ) -> None:
        self.clock = SetClock(NOW)
        self.register = make_register(data_dir)
        self.stream = stream or SqliteStream(data_dir / "log.sqlite3", busy_timeout_s=0.05)
        source = source or SqliteGrants(data_dir / "surety.sqlite3")
        self.app = DoorApp(self.stream, source, self.clock, limits, queue, watches)
        self.loop = asyncio.new_event_loop()

    def __enter__(self) -> Self:
        self.loop.run_until_complete(self._start())
        return self

    async def _start(self) -> None:
        self.app.start()

    def __exit__(self, *_: object) -> None:
        self.loop.run_until_complete(self.app.stop())
        self.loop.close()
        self.stream.close()
        self.register.close()

    def send(
        self, target: str, body: bytes | None = None, address: str = "192.0.2.1", method: str = "", **headers: str
    ) -> Reply:
        return self.loop.run_until_complete(self.ask(target, body, address, method, **headers))

    def send_all(self, targets: list[str]) -> list[Reply]:
        async def all_at_once() -> list[Reply]:
            return await asyncio.gather(*(self.ask(target) for target in targets))

        return self.loop.run_until_complete(all_at_once())

    async def ask(
        self, target: str, body: bytes | None = None, address: str = "192.0.2.1", method: str = "", **headers: str
    ) -> Reply:
        path, _, query = target.partition("?")
        named = [(key.replace("_", "-").encode(), value.encode()) for key, value in headers.items()]
        if body is not None and not headers.keys() & {"transfer_encoding", "content_length"}:
            named.append((b"content-length", str(len(body)).encode()))
        scope = {
            "type": "http", "path": path, "raw_path": path.encode(),
            "method": method or ("GET" if body is None else "POST"),
            "query_string": query.encode(), "headers": named, "client": (address, 1), "server": ("door", 80),
            "scheme": "http", "http_version": "1.1", "root_path": "", "asgi": {"version": "3.0"},
        }  # fmt: skip
        sent: list[dict[str, Any]] = []
        chunks = [(body or b"")[start : start + 10_000] for start in range(0, len(body or b"") or 1, 10_000)]

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

        async def send(event: Any) -> None:
            sent.append(event)

        await self.app(scope, receive, send)
        head = {key.decode(): value.decode() for key, value in sent[0]["headers"]}
        return Reply(sent[0]["status"], head, b"".join(event.get("body", b"") for event in sent[1:]))

    def until(self, condition: Callable[[], bool], deadline_s: float = 5.0) -> None:
        """Let the door run until the condition holds."""
        end = time.monotonic() + deadline_s
        while not condition():
            assert time.monotonic() < end, "the condition did not come true in time"
            self.loop.run_until_complete(asyncio.sleep(0.02))

    def records(self) -> list[Record]:
        return self.stream.read(0, 100_000)

    def everything(self) -> list[Fact]:
        return [decode(data) for record in self.records() for data in record.entry.facts]

    def facts(self) -> list[Fix | DeviceReport]:
        found = self.everything()
        return [fact for fact in found if isinstance(fact, Fix | DeviceReport)]
