"""Between the event loop and the server's tables of watches: codes are claimed, sheets read, marks carried over.

What a watch told (a question is on its screen, how it can be pushed to) is made durable in the log's database in the
commit that takes its place in the chain (surety/stream/asides.py), and acknowledged. From there it is carried over to
the server's tables about once a second; each change can be done twice without harm, so nothing is lost in between.
What was handed over is only remembered here: a door that dies hands it over once more.
"""

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor

import msgspec

from surety.gateway.notices import Waiting
from surety.gateway.watch_register import DAY_MS, Link, OpenCheckIn, SheetRows, WatchesUnavailableError, WatchRegister
from surety.stream.contract import StreamUnavailableError
from surety.stream.sql import SqlStream
from surety.wire.native import Enrolment

CARRY_EVERY_S = 1.0
CARRIED = 500  # marks carried over together
FRESH_S = 1.0  # a sheet that was read within this time is told again
MAX_SHEETS = 10_000  # in memory; beyond it they are read anew
STANDS = {"asked": "asked", "review": "submitted", "submitted": "submitted", "decided": "decided"}
log = logging.getLogger(__name__)


class WatchDesk:
    """Made and used within one running loop."""

    def __init__(self, register: WatchRegister, stream: SqlStream) -> None:
        self._register, self._stream = register, stream
        self._thread = ThreadPoolExecutor(1, "surety-watches")  # the register has one connection
        self._sheets: dict[str, tuple[float, SheetRows]] = {}
        self._handed: dict[str, int] = {}
        self._troubled = False

    async def claim(self, asked: Enrolment, now_ms: int) -> str | None:
        """See `WatchRegister.claim`. Raises WatchesUnavailableError."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._register.claim, asked, now_ms)

    async def link(self, made: Link) -> bool:
        """See `WatchRegister.link`. Raises WatchesUnavailableError."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._register.link, made)

    async def sheet(self, person_id: str, now_ms: int) -> SheetRows | None:
        """What the person's watch is to show; None while it cannot be read."""
        at_s, rows = self._sheets.get(person_id, (float("-inf"), None))
        if rows is not None and time.monotonic() - at_s < FRESH_S:
            return rows
        try:
            read = await asyncio.get_running_loop().run_in_executor(
                self._thread, self._register.sheet, person_id, now_ms
            )
        except WatchesUnavailableError as error:
            self._trouble(error)
            return None
        if len(self._sheets) >= MAX_SHEETS:
            self._sheets.clear()
        self._sheets[person_id] = (time.monotonic(), read)
        return read

    def handed(self, check_ins: tuple[str, ...], at_ms: int) -> None:
        """Remember that these questions were handed to a watch; `carry` marks it."""
        for one in check_ins:
            self._handed.setdefault(one, at_ms)

    async def watch(self) -> None:
        """Carry over about once a second, until cancelled."""
        while True:
            await self.carry()
            await asyncio.sleep(CARRY_EVERY_S)

    async def carry(self) -> None:
        """Carry marks over to the server's tables."""
        handed = dict(self._handed)
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._carry, handed)
        except (WatchesUnavailableError, StreamUnavailableError) as error:
            self._trouble(error)
            return
        self._troubled = False
        for one in handed:
            del self._handed[one]

    def _carry(self, handed: dict[str, int]) -> None:
        marks = self._stream.marks(CARRIED)
        if handed or marks:
            self._register.write(list(handed.items()), [mark for _, mark in marks])
        if marks:
            self._stream.drop_marks([number for number, _ in marks])

    async def close(self) -> None:
        """Carry over what waits, then free the connection."""
        await self.carry()
        self._thread.shutdown()
        self._register.close()

    def _trouble(self, error: Exception) -> None:
        if not self._troubled:
            log.warning("watches cannot be told or noted anything for now: %s", error)
        self._troubled = True


def _again(one: OpenCheckIn, now_ms: int) -> dict[str, object]:
    """Whether the photographs that came show too little, and one more try would help."""
    held = one.stands == "submitted" and one.again_until_ms is not None and one.again_until_ms > now_ms
    return {"again": one.again.split()} if held else {}


def sheet_json(rows: SheetRows, words: tuple[Waiting, ...], now_ms: int) -> dict[str, object]:
    """The sheet as the watch gets it (docs/watch.md): what the server wrote, with the questions as they stand now."""
    sheet: dict[str, object] = {"language": "en", "time_zone": "UTC", "made_ms": now_ms, "duties": [], "push_key": ""}
    try:
        written = msgspec.json.decode(rows.body) if rows.body else {}
    except msgspec.DecodeError:
        written = {}
    sheet.update(written if isinstance(written, dict) else {})
    sheet["check_ins"] = [
        {
            "id": one.id,
            "asked_ms": one.asked_ms,
            "due_ms": one.due_ms,
            "late_until_ms": one.late_until_ms,
            "turn": one.turn,
            "stands": STANDS.get(one.stands, one.stands),
            **_again(one, now_ms),
        }
        for one in rows.check_ins
        if one.asked_ms > now_ms - DAY_MS or one.stands == "asked"
    ]
    told = sheet.get("words")
    known: list[object] = told if isinstance(told, list) else []
    new = ({"text": one.sentence, "at_ms": one.at_ms} for one in words)
    sheet["words"] = [*(one for one in new if one not in known), *known]  # the server writes them a little later
    return sheet
