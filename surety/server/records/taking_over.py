"""For migrations: what earlier versions kept as plain text is encrypted, in chunks that can be stopped and resumed.

A column is taken over in four migrations: the first adds `NAME_sealed` (null); the second, outside a transaction,
fills it (`seal_columns`: each chunk commits, and only rows whose `NAME_sealed` is null are looked at); the third
removes NAME and renames `NAME_sealed`; the fourth sweeps (`sweep`): in SQLite the whole file is written anew and the
log behind it emptied, in PostgreSQL the tables. What no program can reach are a file system's and a disk's own copies,
older backups, and PostgreSQL's archived write-ahead log: docs/keys.md tells operators.

Models come from the migration's own state, not from the code, which knows later columns.
"""

import copy
import time
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import migrations, transaction
from django.db.models import NOT_PROVIDED

from surety.blobs import sealing
from surety.server.records import masters, vault
from surety.server.records.sealed import Box, Sealed, person_of

CHUNK = 500

Columns = Mapping[str, Mapping[str, Sealed[Any, Any]]]  # by model, by the column's name


# --- the operations of the four migrations --------------------------------------------------------------------------


def added(columns: Columns) -> list[Any]:
    """The twins, null so far."""
    return [
        migrations.AddField(model.lower(), f"{name}_sealed", _nullable(field))
        for model, fields in columns.items()
        for name, field in fields.items()
    ]


def sealed(app: str, columns: Columns) -> list[Any]:
    """Fill them; the migration must not be atomic."""

    def seal(apps: Any, _schema_editor: Any) -> None:
        for model, fields in columns.items():
            seal_columns(apps, app, model, fields)

    def unseal(apps: Any, _schema_editor: Any) -> None:
        if full := [model for model in columns if apps.get_model(app, model).objects.exists()]:
            raise RuntimeError(f"there is no way back to plain text: {', '.join(full)} would lose what they say")

    return [migrations.RunPython(seal, unseal, elidable=True)]


def renamed(columns: Columns) -> list[Any]:
    """The plain columns go, and the twins take their names."""
    each = [(model.lower(), name, field) for model, fields in columns.items() for name, field in fields.items()]
    return [
        *(migrations.RemoveField(model, name) for model, name, _ in each),
        *(migrations.RenameField(model, f"{name}_sealed", name) for model, name, _ in each),
        *(migrations.AlterField(model, name, field) for model, name, field in each if not field.null),
    ]


def swept(app: str, columns: Columns) -> list[Any]:
    """No free page keeps what stood there; the migration must not be atomic."""

    def run(_apps: Any, schema_editor: Any) -> None:
        sweep(schema_editor, *(f"{app}_{model.lower()}" for model in columns))

    return [migrations.RunPython(run, migrations.RunPython.noop, elidable=True)]


def _nullable(field: Sealed[Any, Any]) -> Sealed[Any, Any]:
    twin: Sealed[Any, Any] = copy.deepcopy(field)
    twin.null, twin.default = True, NOT_PROVIDED
    return twin


# --- filling a twin -------------------------------------------------------------------------------------------------


def seal_columns(apps: Any, app: str, model: str, columns: Mapping[str, Sealed[Any, Any]]) -> int:
    """Fill each column's `_sealed` twin, the key being made where a person has none; how many rows were done."""
    rows = apps.get_model(app, model).objects
    if ways := {field.of.rpartition(".")[0].replace(".", "__") for field in columns.values() if "." in field.of}:
        rows = rows.select_related(*ways)
    first = f"{next(iter(columns))}_sealed"
    done, after = 0, None
    while True:
        found = rows.filter(**{f"{first}__isnull": True}).order_by("pk")
        chunk = list((found if after is None else found.filter(pk__gt=after))[:CHUNK])
        if not chunk:
            return done
        _seal_chunk(apps, chunk, columns)
        done, after = done + len(chunk), chunk[-1].pk


def _seal_chunk(apps: Any, chunk: Sequence[Any], columns: Mapping[str, Sealed[Any, Any]]) -> None:
    ciphers: dict[tuple[str, str], AESGCM] = {}
    fields = columns.items()
    with transaction.atomic():
        privates = _privates(apps, {person_of(row, field.of) for row in chunk for _, field in fields} - {""})
        for row in chunk:
            for name, field in fields:
                box = _box(field, getattr(row, name), person_of(row, field.of), privates, ciphers)
                setattr(row, f"{name}_sealed", box)
            row.save(update_fields=[f"{name}_sealed" for name in columns])


def _box(
    field: Sealed[Any, Any],
    value: Any,
    person_id: str,
    privates: Mapping[str, bytes],
    ciphers: dict[tuple[str, str], AESGCM],
) -> Box | None:
    if value is None:
        return None
    if (value == field.empty and not field.hides_empty) or not person_id:
        return field.sealed(person_id, value)
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
