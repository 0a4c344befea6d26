"""Columns under people's keys, beside those in plain text."""

from django.db import migrations

from surety.server.checkins.migrations._texts import COLUMNS
from surety.server.records.taking_over import added


class Migration(migrations.Migration):
    dependencies = [("checkins", "0002_photographs_erased"), ("records", "0003_master_of_each_key")]

    operations = added(COLUMNS)
