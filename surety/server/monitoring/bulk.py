"""Many rows in one statement, on SQLite and on PostgreSQL: the worker's hot path has no ORM instances."""

from collections.abc import Sequence
from typing import Any

import msgspec
from django.db import connection
from django.db.backends.utils import CursorWrapper

Rows = Sequence[tuple[Any, ...]]
_IDS_A_STATEMENT = 500


class BulkInsert(msgspec.Struct, frozen=True):
    """An INSERT of many rows. `types` are PostgreSQL's; `conflict` is the clause after ON CONFLICT, if any."""

    table: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    conflict: str = ""

    def run(self, cursor: CursorWrapper, rows: Rows) -> None:
        """Insert the rows."""
        if not rows:
            return
        tail = f" ON CONFLICT {self.conflict}" if self.conflict else ""
        head = " ".join(("INSERT INTO", self.table, "(", ", ".join(self.columns), ")"))
        if connection.vendor == "postgresql":
            # One statement with one array a column: executemany would cost a message a row.
            arrays = ", ".join(f"%s::{name}[]" for name in self.types)
            columns = [list(column) for column in zip(*rows, strict=True)]
            cursor.execute("".join((head, " SELECT * FROM unnest(", arrays, ")", tail)), columns)
        else:
            marks = ", ".join(["%s"] * len(self.columns))
            cursor.executemany("".join((head, " VALUES (", marks, ")", tail)), rows)


def update_on(key: str, columns: Sequence[str]) -> str:
    """The conflict clause of an upsert: all columns but the key are taken from the new row."""
    return f"({key}) DO UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in columns if name != key)


def fetch_in(sql: str, ids: Sequence[str]) -> list[tuple[Any, ...]]:
    """The rows of a query with `IN (*)`, where these ids stand for the star; some at a time, as SQLite limits them."""
    found: list[tuple[Any, ...]] = []
    with connection.cursor() as cursor:
        for start in range(0, len(ids), _IDS_A_STATEMENT):
            chunk = list(ids[start : start + _IDS_A_STATEMENT])
            cursor.execute(expand(sql, "%s", len(chunk)), chunk)
            found += cursor.fetchall()
    return found


def expand(sql: str, mark: str, count: int) -> str:
    """The statement with `count` parameter marks in the place of its star."""
    return sql.replace("(*)", "(" + ", ".join([mark] * count) + ")")
