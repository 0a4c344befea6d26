"""What stands in plain text is encrypted, in chunks: killed anywhere, it goes on where it was."""

from django.db import migrations

from surety.server.alerts.migrations._texts import COLUMNS
from surety.server.records.taking_over import sealed


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("alerts", "0005_twins_of_texts")]

    operations = sealed("alerts", COLUMNS)
