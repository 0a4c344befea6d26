"""Names and telephone numbers are encrypted, in chunks: killed anywhere, it goes on where it was."""

from typing import Any

from django.db import migrations

from surety.server.records.sealed import SealedText
from surety.server.records.taking_over import seal_columns

COLUMNS = {
    "given_names": SealedText("person.given_names"),
    "family_name": SealedText("person.family_name"),
    "phone": SealedText("person.phone", hides_empty=True),
}


def seal(apps: Any, _schema_editor: Any) -> None:
    seal_columns(apps, "cases", "Person", COLUMNS, lambda row: row.pk)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("cases", "0008_sealed_names")]

    operations = [migrations.RunPython(seal, elidable=True)]
