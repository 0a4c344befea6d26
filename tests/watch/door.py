"""The real door in a process of its own, with a register as the server writes it, for one watch to speak to."""

import json
import time
from pathlib import Path
from typing import Any, Self

from surety.blobs import sealing
from surety.blobs.contract import name_of
from surety.blobs.local import LocalBlobs
from surety.rules.facts import CheckInSubmitted, DeviceEvent, DeviceReport, Fact, Fix, ProblemTold, decode
from surety.settings import Settings
from surety.stream.sql import SqliteStream
from tests.gateway.process import DoorProcess
from tests.gateway.support import make_register
from tests.gateway.test_notices import TABLE as NOTICES
from tests.gateway.watch_tables import ANN, CODE, KINDS, PAIR, TABLES, add_code, add_watch

MINUTE_MS = 60_000
DAY_MS = 1440 * MINUTE_MS


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class RealDoor:
    """Use it with `with`. `url` is where the watch's browser goes."""

    def __init__(self, data_dir: Path, kinds: tuple[str, ...] = KINDS) -> None:
        self._data_dir = data_dir
        self.db = make_register(data_dir)
        for table in (*TABLES, NOTICES):
            self.db.execute(table)
        add_watch(self.db, kinds=kinds, expires_ms=now_ms() + DAY_MS)
        self.write_sheet()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.__exit__()
        self.db.close()

    def start(self, port: int = 0) -> None:
        """Start the process; with `port`, where it was before."""
        self.process = DoorProcess(self._data_dir, port)
        self.url = f"http://localhost:{self.process.port}/watch/"

    def write_sheet(self, language: str = "en", **more: Any) -> None:
        """What the server's asking process writes for the person's watch."""
        sheet = {"language": language, "time_zone": "Europe/London", "made_ms": now_ms(), "duties": [], "push_key": ""}
        self.db.execute("INSERT OR REPLACE INTO checkins_sheet VALUES (?, ?)", (ANN, json.dumps({**sheet, **more})))

    def ask(self, check_in_id: str = "photo-1", turn: str = "left", due_in_ms: int = 30 * MINUTE_MS) -> None:
        """Ask the person for photographs, now."""
        now = now_ms()
        row = (check_in_id, ANN, now, now + due_in_ms, now + due_in_ms + DAY_MS, turn, "asked")
        columns = "id, person_id, asked_ms, due_ms, late_until_ms, turn, stands"
        self.db.execute(f"INSERT INTO checkins_checkin ({columns}) VALUES (?,?,?,?,?,?,?)", row)  # noqa: S608 - constants

    def warn(self, sentence: str) -> None:
        """A word of the office to the person."""
        columns = "person_id, at_ms, sentence, expires_ms"
        row = (ANN, now_ms(), sentence, now_ms() + DAY_MS)
        self.db.execute(f"INSERT INTO notices_notice ({columns}) VALUES (?,?,?,?)", row)  # noqa: S608 - constants

    def new_code(self, code: str) -> None:
        """A new one-time code for the same device: the key of before does not count any more."""
        add_code(self.db, code=code, expires_ms=now_ms() + DAY_MS)

    def end_order(self) -> None:
        """No order is in force from now on."""
        self.db.execute("UPDATE cases_doorgrant SET to_ms = ?", (now_ms(),))
        self.db.execute("UPDATE cases_doorrevision SET revision = revision + 1")

    def facts(self) -> list[Fact]:
        """What is in the log, in order."""
        log = SqliteStream(self._data_dir / "log.sqlite3")
        try:
            return [decode(data) for record in log.read(0, 100_000) for data in record.entry.facts]
        finally:
            log.close()

    def check_ins(self) -> list[CheckInSubmitted]:
        return [one for one in self.facts() if isinstance(one, CheckInSubmitted)]

    def fixes(self) -> list[Fix]:
        return [one for one in self.facts() if isinstance(one, Fix)]

    def problems(self) -> list[ProblemTold]:
        return [one for one in self.facts() if isinstance(one, ProblemTold)]

    def events(self, event: DeviceEvent) -> list[DeviceReport]:
        return [one for one in self.facts() if isinstance(one, DeviceReport) and event in one.events]

    def sealed(self, sha256: str) -> bytes:
        """A photograph as it lies in the store."""
        return LocalBlobs(Settings(data_dir=self._data_dir).photographs_dir).get(name_of(ANN, sha256))

    def photo(self, sha256: str) -> bytes:
        """A photograph, opened with the person's own key."""
        return sealing.open_sealed(PAIR.private, self.sealed(sha256))


__all__ = ["CODE", "DAY_MS", "MINUTE_MS", "RealDoor", "now_ms"]
