"""The columns in plain text are gone; those under people's keys take their names."""

from django.db import migrations

from surety.server.checkins.migrations._texts import COLUMNS
from surety.server.records.taking_over import renamed


class Migration(migrations.Migration):
    dependencies = [("checkins", "0004_seal_texts")]

    operations = renamed(COLUMNS)
