"""Columns under people's keys, beside those in plain text."""

from django.db import migrations

from surety.server.alerts.migrations._texts import COLUMNS
from surety.server.records.taking_over import added


class Migration(migrations.Migration):
    dependencies = [("alerts", "0004_fleet"), ("records", "0003_master_of_each_key")]

    operations = added(COLUMNS)
