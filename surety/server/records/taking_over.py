"""For migrations: what earlier versions kept as plain text is encrypted, in chunks that can be stopped and resumed.

A column is taken over in four migrations: the first adds `NAME_sealed` (null); the second, outside a transaction,
fills it (`seal_columns`: each chunk commits, and only rows whose `NAME_sealed` is null are looked at); the third
removes NAME and renames `NAME_sealed`; the fourth sweeps (`sweep`): in SQLite the whole file is written anew and the
log behind it emptied, in PostgreSQL the tables. What no program can reach are a file system's and a disk's own copies,
older backups, and PostgreSQL's archived write-ahead log: docs/keys.md tells operators.

Models come from the migration's own state, not from the code, which knows later columns.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import transaction

from surety.blobs import sealing
from surety.server.records import masters, vault
from surety.server.records.sealed import Box, Sealed

CHUNK = 500

PersonOf = Callable[[Any], str]


def seal_columns(apps: Any, app: str, model: str, columns: Mapping[str, Sealed[Any, Any]], person_of: PersonOf) -> int:
    """Fill each column's `_sealed` twin, the key being made where a person has none; how many rows were done."""
    rows = apps.get_model(app, model).objects
    first = f"{next(iter(columns))}_sealed"
    done, after = 0, None
    while True:
        found = rows.filter(**{f"{first}__isnull": True}).order_by("pk")
        chunk = list((found if after is None else found.filter(pk__gt=after))[:CHUNK])
        if not chunk:
            return done
        _seal_chunk(apps, chunk, columns, person_of)
        done, after = done + len(chunk), chunk[-1].pk


def _seal_chunk(apps: Any, chunk: Sequence[Any], columns: Mapping[str, Sealed[Any, Any]], person_of: PersonOf) -> None:
    ciphers: dict[tuple[str, str], AESGCM | None] = {}
    with transaction.atomic():
        privates = _privates(apps, {person_of(row) for row in chunk})
        for row in chunk:
            for name, field in columns.items():
                value = getattr(row, name)
                setattr(row, f"{name}_sealed", _box(field, value, person_of(row), privates, ciphers))
            row.save(update_fields=[f"{name}_sealed" for name in columns])


def _box(
    field: Sealed[Any, Any],
    value: Any,
    person_id: str,
    privates: Mapping[str, bytes],
    ciphers: dict[tuple[str, str], AESGCM | None],
) -> Box:
    if value == field.empty and not field.hides_empty:
        return Box(b"")
    if person_id not in privates:  # their key was destroyed
        return field.erased_box()
    key = person_id, field.purpose
    cipher = ciphers.get(key) or vault.cipher_of(privates[person_id], field.purpose)
    ciphers[key] = cipher
    return Box(vault.seal(cipher, person_id, field.dump(value), bound=field.label))


def _privates(apps: Any, person_ids: set[str]) -> dict[str, bytes]:
    keys = apps.get_model("records", "PersonKey").objects
    known = {key.person_id: key for key in keys.filter(person_id__in=person_ids)}
    opened = {
        one: masters.unwrap(bytes(key.wrapped), getattr(key, "master", ""))
        for one, key in known.items()
        if key.wrapped is not None
    }
    made = {one: sealing.new_pair() for one in person_ids - set(known)}
    keys.bulk_create(
        keys.model(
            person_id=one, public=pair.public, wrapped=masters.wrap(pair.private)[0], made_ms=_now_ms()
        )
        for one, pair in made.items()
    )  # fmt: skip
    return opened | {one: pair.private for one, pair in made.items()}


def _now_ms() -> int:
    return int(time.time() * 1000)  # a migration runs by the machine's clock


def sweep(schema_editor: Any, *tables: str) -> None:
    """After a column of plain text was removed: write the tables anew, so that no free page keeps it."""
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            for table in tables:
                cursor.execute(f"VACUUM FULL {schema_editor.quote_name(table)}")
