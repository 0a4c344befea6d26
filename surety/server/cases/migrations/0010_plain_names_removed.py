"""The columns in plain text are gone; those under the person's key take their names."""

from django.db import migrations

from surety.server.cases.migrations._names import COLUMNS
from surety.server.records.taking_over import renamed


class Migration(migrations.Migration):
    dependencies = [("cases", "0009_seal_names")]

    operations = renamed(COLUMNS)
