"""The log in an SQL database: a SQLite file for a small install, PostgreSQL for a larger one."""

from collections.abc import Sequence
from typing import Protocol

from surety.settings import Settings
from surety.stream.asides import ChainAt, DeviceNote, Linked, Mark
from surety.stream.contract import Entry, Stream
from surety.stream.postgres import PostgresStream
from surety.stream.refusals import RefusalNote
from surety.stream.sqlite import SqliteStream

__all__ = ["PostgresStream", "SqlStream", "SqliteStream", "open_stream"]

LOG_FILE = "log.sqlite3"


class SqlStream(Stream, Protocol):
    """A log that also keeps the door's memory of unknown devices."""

    def probe(self) -> None:
        """Write and make durable one small row. Raises StreamUnavailableError when the log cannot be written."""

    def record_refusals(self, notes: list[RefusalNote]) -> None:
        """Add to what is known of unknown devices."""

    def refusals(self) -> list[RefusalNote]:
        """The unknown devices, the latest first."""

    def append_linked(self, entries: Sequence[Entry], linked: Sequence[Linked]) -> list[bool]:
        """Make the entries durable together with each of `linked` whose chain has not moved meanwhile.

        Whether it had not, for each, in order. Raises StreamUnavailableError; then nothing is in the log.
        """

    def chain(self, device_id: str) -> ChainAt | None:
        """How far the chain of a device has come; None before its first message."""

    def marks(self, limit: int) -> list[tuple[int, Mark]]:
        """The oldest marks that the server was not told yet, each with its number."""

    def drop_marks(self, numbers: Sequence[int]) -> None:
        """Forget marks that the server's tables have by now."""

    def record_notes(self, notes: Sequence[DeviceNote]) -> None:
        """Add to what is known of devices."""

    def notes(self, device_id: str) -> list[DeviceNote]:
        """What is known of a device, by kind."""


def open_stream(settings: Settings) -> SqlStream:
    """The log that the settings choose. It connects at the first use, so opening it never fails."""
    if settings.database_url:
        return PostgresStream(settings.database_url)
    return SqliteStream(settings.data_dir / LOG_FILE)
