"""Columns under people's keys, beside those in plain text."""

from django.db import migrations, models

from surety.server.cases.migrations._texts import COLUMNS
from surety.server.records.taking_over import added


class Migration(migrations.Migration):
    dependencies = [("cases", "0012_record_fields"), ("records", "0003_master_of_each_key")]

    operations = [
        migrations.AddField(
            "conditionversion",
            "kind",
            models.CharField(blank=True, default="", help_text="The body's kind; empty without one", max_length=16),
            preserve_default=False,
        ),
        *added(COLUMNS),
    ]
