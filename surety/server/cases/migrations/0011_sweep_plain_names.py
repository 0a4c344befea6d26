"""No free page of the database's files keeps the names that stood there in plain text."""

from typing import Any

from django.db import migrations

from surety.server.records.taking_over import sweep


def swept(_apps: Any, schema_editor: Any) -> None:
    sweep(schema_editor, "cases_person")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("cases", "0010_plain_names_removed")]

    operations = [migrations.RunPython(swept, elidable=True)]
