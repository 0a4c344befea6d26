"""The server's tables of watches, for a door of our own: the same statements for SQLite and PostgreSQL."""

import base64
import hashlib
import sqlite3
from pathlib import Path
from typing import Any

from surety.blobs import sealing
from surety.blobs.local import LocalBlobs
from surety.gateway.watch_parts import WatchParts
from surety.gateway.watch_register import open_watch_register
from surety.settings import Settings
from tests.gateway.harness import NOW
from tests.gateway.support import FOREVER_MS, grant

TABLES = (
    "CREATE TABLE cases_device (id VARCHAR(32) PRIMARY KEY, identifier VARCHAR(64) UNIQUE)",
    """CREATE TABLE checkins_checkin (id VARCHAR(32) PRIMARY KEY, person_id VARCHAR(32), asked_ms BIGINT, due_ms BIGINT,
    late_until_ms BIGINT, turn VARCHAR(8), stands VARCHAR(12), handed_ms BIGINT, seen_ms BIGINT,
    again VARCHAR(120) DEFAULT '', again_until_ms BIGINT)""",
    """CREATE TABLE portal_watchlink (token_sha256 VARCHAR(64) PRIMARY KEY, asked_sha256 VARCHAR(64) UNIQUE,
    person_id VARCHAR(32), device_id VARCHAR(32), made_ms BIGINT, expires_ms BIGINT, used_ms BIGINT)""",
    "CREATE TABLE checkins_sheet (person_id VARCHAR(32) PRIMARY KEY, body TEXT)",
)
ANN = "a" * 32
CODE = "K7M4T-9QXHB"
PAIR = sealing.new_pair()
KINDS = ("position", "device", "photo")


def add_watch(
    db: sqlite3.Connection,
    name: str = "watch",
    *,
    person: str = ANN,
    code: str = CODE,
    kinds: tuple[str, ...] = KINDS,
    from_ms: int = 0,
    to_ms: int = FOREVER_MS,
    expires_ms: int = NOW + 72 * 3_600_000,
) -> None:
    """Register a device of the protocol native with a one-time code, worn by this person."""
    key = base64.urlsafe_b64encode(PAIR.public).decode() if "photo" in kinds else ""
    db.execute("INSERT INTO cases_device VALUES (?, ?)", (f"dev-{name}", name))
    add_code(db, name, code=code, expires_ms=expires_ms)
    grant(db, name, person=person, kinds=kinds, from_ms=from_ms, to_ms=to_ms, protocol="native", photo_key=key)


def add_code(
    db: sqlite3.Connection, name: str = "watch", *, code: str = CODE, expires_ms: int = NOW + 72 * 3_600_000
) -> None:
    """Write a one-time code for a device, in place of whatever was there."""
    db.execute(
        "INSERT OR REPLACE INTO cases_watchkey VALUES (?, ?, ?, ?, '', '', NULL, NULL, '', NULL)",
        (f"dev-{name}", hashlib.sha256(code.encode()).hexdigest(), NOW, expires_ms),
    )
    db.execute("UPDATE cases_doorrevision SET revision = revision + 1")


def ask(db: sqlite3.Connection, check_in_id: str = "c1", person: str = ANN, **more: Any) -> None:
    """Write a check-in that was asked now."""
    row = {"asked_ms": NOW, "due_ms": NOW + 1_800_000, "late_until_ms": NOW + 88_200_000, "turn": "left",
           "stands": "asked", **more}  # fmt: skip
    db.execute(
        "INSERT INTO checkins_checkin (id, person_id, asked_ms, due_ms, late_until_ms, turn, stands)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (check_in_id, person, *(row[key] for key in ("asked_ms", "due_ms", "late_until_ms", "turn", "stands"))),
    )


def watch_parts(data_dir: Path) -> WatchParts:
    settings = Settings(data_dir=data_dir)
    return WatchParts(open_watch_register(settings), LocalBlobs(settings.photographs_dir), "https://pages.example")
