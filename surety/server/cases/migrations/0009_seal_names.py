"""Names and telephone numbers are encrypted, in chunks: killed anywhere, it goes on where it was."""

from django.db import migrations

from surety.server.cases.migrations._names import COLUMNS
from surety.server.records.taking_over import sealed


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("cases", "0008_sealed_names")]

    operations = sealed("cases", COLUMNS)
