"""A log of each test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from surety.stream.contract import Stream
from surety.stream.sql import SqliteStream


@pytest.fixture
def stream(tmp_path: Path) -> Iterator[Stream]:
    """An empty log."""
    log = SqliteStream(tmp_path / "log.sqlite3")
    yield log
    log.close()
