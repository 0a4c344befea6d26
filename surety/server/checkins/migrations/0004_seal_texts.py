"""What stands in plain text is encrypted, in chunks: killed anywhere, it goes on where it was."""

from django.db import migrations

from surety.server.checkins.migrations._texts import COLUMNS
from surety.server.records.taking_over import sealed


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("checkins", "0003_twins_of_texts")]

    operations = sealed("checkins", COLUMNS)
