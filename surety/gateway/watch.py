"""What the door does for watches, by path (docs/watch.md): the client's files, enrolment, messages, photographs."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

import msgspec
from starlette.types import Receive, Scope, Send

from surety.gateway.answers import (
    BUSY,
    JSON,
    RETRY_AFTER_S,
    TOO_LARGE,
    TOO_OFTEN,
    Answer,
    RefusedError,
    Sender,
)
from surety.gateway.exchange import GoneError, address_of, body_of, drop_body, reply
from surety.gateway.limits import TokenBuckets
from surety.gateway.register import Grant, RegisterUnavailableError
from surety.gateway.watch_desk import WatchDesk
from surety.gateway.watch_files import WatchFiles
from surety.gateway.watch_messages import WatchMessages
from surety.gateway.watch_page import WatchPage
from surety.gateway.watch_parts import DoorParts, WatchParts
from surety.gateway.watch_photos import SHA256, WRONG_NAME, WatchPhotos
from surety.gateway.watch_register import WatchesUnavailableError
from surety.stream.contract import StreamUnavailableError
from surety.wire import native, signing
from surety.wire.contract import Reason, Rejected
from surety.wire.native import PROTOCOL

HOME = "/watch/"
API = "/watch/v1/"
PHOTOS = API + "photos/"
CREATED = 201
MAX_ENROLMENT = 4096  # bytes; a real one has 350
WRONG_CODE = Rejected(Reason.WRONG_CODE, "The code is wrong, was used already, or is too old. Ask for another one.")
_TEXT = (b"content-type", b"text/plain; charset=utf-8")
_NEVER_KEPT = (b"cache-control", b"no-store")
log = logging.getLogger(__name__)


class WatchApp:
    """The watches' part of the door. Made within the running loop."""

    def __init__(self, core: DoorParts, parts: WatchParts) -> None:
        self._core, self._files = core, WatchFiles()
        self.desk = WatchDesk(parts.register, core.stream)
        self._messages = WatchMessages(core, self.desk, parts.blobs)
        self._page = WatchPage(self._messages, self.desk, core.clock, parts.web_address)
        pace = max(1.0, core.clock.speed)
        self._photos = WatchPhotos(parts.blobs, core.limits, pace)
        limits = core.limits
        self._wrong_codes = TokenBuckets(limits.wrong_codes_per_s * pace, limits.wrong_codes_burst, limits.buckets)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        method, path, headers = scope["method"], scope["path"], dict(scope["headers"])
        sender = Sender(address_of(scope, headers))
        if method in {"GET", "HEAD"} and not path.startswith(API):
            await self._file(path, method, headers, send)
        elif method == "POST" and path == API + "enrol":
            await self._posted(headers, receive, send, sender, MAX_ENROLMENT, self._enrol)
        elif method == "POST" and path == API + "messages":
            await self._posted(headers, receive, send, sender, self._core.limits.max_messages_bytes, self._take)
        elif method == "POST" and path == API + "page":
            await self._posted(headers, receive, send, sender, MAX_ENROLMENT, self._page.give)
        elif method == "PUT" and path.startswith(PHOTOS):
            await self._photo(path.removeprefix(PHOTOS), headers, receive, send, sender)
        else:
            await reply(
                send, Answer(404, (_TEXT,), b"There is nothing at this address, or not by this method.\n"), close=True
            )

    async def write_notes(self) -> None:
        """Write down what is known of devices; what cannot be written now waits."""
        if notes := self._messages.notes.take():
            try:
                await asyncio.to_thread(self._core.stream.record_notes, notes)
            except StreamUnavailableError:
                self._messages.notes.put_back(notes)

    async def close(self) -> None:
        """Write what waits, then free the register."""
        await self.write_notes()
        await self.desk.close()

    async def _file(self, path: str, method: str, headers: dict[bytes, bytes], send: Send) -> None:
        if not path.startswith(HOME):
            await reply(send, Answer(308, ((b"location", HOME.encode()),)), close=False)
            return
        answer = self._files.answer(path.removeprefix(HOME), headers.get(b"if-none-match", b""))
        await reply(send, answer, close=False, head=method == "HEAD")

    async def _posted(
        self,
        headers: dict[bytes, bytes],
        receive: Receive,
        send: Send,
        sender: Sender,
        most: int,
        take: Callable[[bytes, Sender], Awaitable[Answer]],
    ) -> None:
        try:
            body = await body_of(headers, receive, most)
        except GoneError:
            return
        self._core.metrics.messages[PROTOCOL] += 1
        answer = await self._answered(sender, _too_large() if body is None else take(body, sender))
        written = False
        try:
            await reply(send, _never_kept(answer), close=body is None)
            written = True
        finally:
            self._core.door.settle(answer, written=written)
            if written and answer.asked:
                self.desk.handed(answer.asked, self._core.clock.now_ms())

    async def _photo(
        self, sha256: str, headers: dict[bytes, bytes], receive: Receive, send: Send, sender: Sender
    ) -> None:
        """The right to send it first: of a photograph that may not be taken no byte is kept, not even in memory."""
        self._core.metrics.messages[PROTOCOL] += 1
        most = self._core.limits.max_photo_bytes
        allowed: list[Grant] = []

        async def ask() -> Answer:
            allowed.append(await self._photographer(sha256, headers, sender))
            return Answer(100)

        async def keep(body: bytes | None) -> Answer:
            if body is None:
                raise RefusedError(TOO_LARGE)
            return await self._photos.keep(allowed[0], sha256, body)

        try:
            answer = await self._answered(sender, ask())
            if allowed:
                body = await body_of(headers, receive, most)
                answer, whole = await self._answered(sender, keep(body)), body is not None
            else:
                whole = await drop_body(headers, receive, most)
        except GoneError:
            return
        self._core.metrics.watches["photos"] += answer.status == CREATED
        await reply(send, _never_kept(answer), close=not whole)

    async def _photographer(self, sha256: str, headers: dict[bytes, bytes], sender: Sender) -> Grant:
        """The grant under which this photograph may be taken. Raises RefusedError."""
        if not SHA256.fullmatch(sha256):
            raise RefusedError(WRONG_NAME)
        device = headers.get(b"surety-device", b"").decode("utf-8", "replace")
        signature = headers.get(b"surety-signature", b"").decode("utf-8", "replace")
        grants, _ = await self._messages.identify(device, signing.photo_text(device, sha256), signature, sender)
        return self._photos.check(grants, self._core.clock.now_ms())

    async def _answered(self, sender: Sender, taking: Awaitable[Answer]) -> Answer:
        """The answer, whatever happens: one watch's bytes must not end the door."""
        refused = RefusedError(BUSY, RETRY_AFTER_S)
        try:
            return await taking
        except RefusedError as error:
            refused = error
        except (StreamUnavailableError, RegisterUnavailableError, WatchesUnavailableError):
            pass
        except Exception:  # the boundary
            log.exception("a watch's request could not be handled")
        return self._core.door.refuse(PROTOCOL, sender, refused)

    async def _take(self, body: bytes, sender: Sender) -> Answer:
        return await self._messages.take(body, sender)

    async def _enrol(self, body: bytes, sender: Sender) -> Answer:
        """Give the device of a one-time code the key that signed. A wrong code counts against the address."""
        now_s, now_ms = time.monotonic(), self._core.clock.now_ms()
        if self._wrong_codes.is_empty(sender.address, now_s):
            raise RefusedError(TOO_OFTEN, 12)
        asked = native.read_enrolment(body)
        identifier = None if isinstance(asked, Rejected) else await self.desk.claim(asked, now_ms)
        if identifier is None:
            self._wrong_codes.take(sender.address, now_s)
            raise RefusedError(asked if isinstance(asked, Rejected) else WRONG_CODE)
        await self._core.register.look()
        return Answer(200, (JSON,), msgspec.json.encode({"device": identifier, "server_ms": now_ms}))


def is_watchs(path: str) -> bool:
    """Whether a path of the door is the watches'."""
    return path == "/watch" or path.startswith(HOME)


async def _too_large() -> Answer:
    raise RefusedError(TOO_LARGE)


def _never_kept(answer: Answer) -> Answer:
    return msgspec.structs.replace(answer, headers=(*answer.headers, _NEVER_KEPT))
