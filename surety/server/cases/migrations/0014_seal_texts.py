"""What stands in plain text is encrypted, in chunks: killed anywhere, it goes on where it was."""

from typing import Any

from django.db import migrations

from surety.server.cases.migrations._texts import COLUMNS
from surety.server.records.taking_over import sealed


def _kinds(apps: Any, _schema_editor: Any) -> None:
    """What was searched in the body stands beside it from now on."""
    rows = apps.get_model("cases", "ConditionVersion").objects.filter(kind="", body__isnull=False)
    for kind in set(rows.values_list("body__kind", flat=True)):
        rows.filter(body__kind=kind).update(kind=kind)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("cases", "0013_twins_of_texts")]

    operations = [migrations.RunPython(_kinds, migrations.RunPython.noop), *sealed("cases", COLUMNS)]
