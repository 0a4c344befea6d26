"""A register as the server writes it, and a door of our own around it."""

import hashlib
import json
import sqlite3
from pathlib import Path

FOREVER_MS = 2**53


def make_register(data_dir: Path) -> sqlite3.Connection:
    """The two tables that the door reads, with Django's column names."""
    db = sqlite3.connect(data_dir / "surety.sqlite3", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute(
        """CREATE TABLE cases_doorgrant (id INTEGER PRIMARY KEY, identifier TEXT NOT NULL, protocol TEXT NOT NULL,
        device_id TEXT NOT NULL, person_id TEXT NOT NULL, secret_sha256 TEXT NOT NULL, payload_key TEXT NOT NULL,
        link_id TEXT NOT NULL, photo_key TEXT NOT NULL, data_kinds TEXT NOT NULL, from_ms INTEGER NOT NULL,
        to_ms INTEGER NOT NULL)"""
    )
    db.execute(
        """CREATE TABLE cases_watchkey (device_id TEXT PRIMARY KEY, code_sha256 TEXT NOT NULL UNIQUE,
        code_made_ms INTEGER NOT NULL, code_expires_ms INTEGER NOT NULL, algorithm TEXT NOT NULL,
        public_key TEXT NOT NULL, claimed_ms INTEGER, recorded_ms INTEGER, push TEXT NOT NULL, push_ms INTEGER)"""
    )
    db.execute("CREATE INDEX grant_identifier ON cases_doorgrant (identifier)")
    db.execute("CREATE TABLE cases_doorrevision (id INTEGER PRIMARY KEY, revision INTEGER NOT NULL)")
    db.execute("INSERT INTO cases_doorrevision VALUES (1, 1)")
    return db


def grant(
    db: sqlite3.Connection,
    identifier: str,
    *,
    person: str = "",
    secret: str = "",
    payload_key: str = "",
    link: str = "",
    kinds: tuple[str, ...] = ("position", "device"),
    from_ms: int = 0,
    to_ms: int = FOREVER_MS,
    protocol: str = "any",
    photo_key: str = "",
) -> None:
    """Let the door take data of a device, and raise the revision."""
    sha = hashlib.sha256(secret.encode()).hexdigest() if secret else ""
    row = (
        identifier,
        protocol,
        f"dev-{identifier}",
        person or f"person-{identifier}",
        sha,
        payload_key,
        link,
        photo_key,
        json.dumps(kinds),
    )
    columns = (
        "identifier, protocol, device_id, person_id, secret_sha256, payload_key, link_id, photo_key, data_kinds,"
        " from_ms, to_ms"
    )
    db.execute("BEGIN")
    db.execute(f"INSERT INTO cases_doorgrant ({columns}) VALUES (?,?,?,?,?,?,?,?,?,?,?)", (*row, from_ms, to_ms))  # noqa: S608 - constants
    db.execute("UPDATE cases_doorrevision SET revision = revision + 1")
    db.execute("COMMIT")


def withdraw(db: sqlite3.Connection, identifier: str) -> None:
    """End all grants of a device at once."""
    db.execute("BEGIN")
    db.execute("DELETE FROM cases_doorgrant WHERE identifier = ?", (identifier,))
    db.execute("UPDATE cases_doorrevision SET revision = revision + 1")
    db.execute("COMMIT")
