"""Columns for names and telephone numbers under each person's own key, beside those in plain text."""

from django.db import migrations

from surety.server.cases.migrations._names import COLUMNS
from surety.server.records.taking_over import added


class Migration(migrations.Migration):
    dependencies = [("cases", "0007_photographs"), ("records", "0001_initial")]

    operations = added(COLUMNS)
