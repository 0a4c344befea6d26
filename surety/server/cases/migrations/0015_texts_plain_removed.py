"""The columns in plain text are gone; those under people's keys take their names."""

from django.db import migrations

from surety.server.cases.migrations._texts import COLUMNS
from surety.server.records.taking_over import renamed


class Migration(migrations.Migration):
    dependencies = [("cases", "0014_seal_texts")]

    operations = renamed(COLUMNS)
