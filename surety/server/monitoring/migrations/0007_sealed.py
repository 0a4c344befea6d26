"""What was kept of people in plain bytes is sealed to their keys, some thousand rows a transaction.

It may be stopped and started again: what is sealed already begins with another byte than anything that was kept plain.
"""

from collections.abc import Iterator
from typing import Any

from django.db import migrations, models, transaction

ROWS_A_TRANSACTION = 2_000
PURPOSES = {
    "StoredFact": "fact",
    "SetAside": "fact",
    "Finding": "finding",
    "FormerFinding": "finding",
    "PersonState": "state",
    "Snapshot": "state",
}


def seal_all(apps: Any, editor: Any) -> None:
    for name, purpose in PURPOSES.items():
        model = apps.get_model("monitoring", name)
        key = "person_id" if name == "PersonState" else "id"
        sql = f"UPDATE monitoring_{name.lower()} SET body = %s WHERE {key} = %s"  # noqa: S608 - names from above
        for rows in _pieces(model):
            with transaction.atomic(), editor.connection.cursor() as cursor:
                cursor.executemany(sql, _sealed(rows, purpose))


def _pieces(model: Any) -> Iterator[list[Any]]:
    last = None
    while True:
        rows = model.objects.order_by("pk") if last is None else model.objects.order_by("pk").filter(pk__gt=last)
        found = list(rows.only("pk", "person_id", "body")[:ROWS_A_TRANSACTION])
        if not found:
            return
        yield found
        last = found[-1].pk


def _sealed(rows: list[Any], purpose: str) -> list[tuple[bytes, Any]]:
    from surety.server.records import vault  # noqa: PLC0415 - only where there is anything to seal

    plain = [row for row in rows if row.body and bytes(row.body)[:1] != vault.FORMAT]
    erased = vault.warm({row.person_id for row in plain}, make=True)
    # Of somebody whose key was destroyed nothing may be kept.
    return [
        (b"" if row.person_id in erased else vault.encrypt(row.person_id, bytes(row.body), purpose=purpose), row.pk)
        for row in plain
    ]


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("monitoring", "0006_not_asked"), ("records", "0003_master_of_each_key")]

    operations = [
        migrations.RunPython(seal_all),
        migrations.AlterField(
            model_name="setaside",
            name="reason",
            field=models.CharField(
                choices=[
                    ("not_readable", "Cannot be decoded"),
                    ("unknown_person", "No such person"),
                    ("rules_failed", "The rules failed on it"),
                    ("not_stored", "What follows from it could not be stored"),
                    ("not_asked", "Photographs for a question that nobody asked of this person"),
                    ("erased", "Came for somebody whose records were erased"),
                    ("behind_horizon", "From before the time up to which this person's positions were deleted"),
                ],
                max_length=24,
            ),
        ),
        migrations.AlterField(
            model_name="storedfact",
            name="body",
            field=models.BinaryField(help_text="rules.facts.encode, sealed (sealed.py) like every body here"),
        ),
    ]
