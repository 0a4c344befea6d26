"""No free page of the database's files keeps the names that stood there in plain text."""

from django.db import migrations

from surety.server.cases.migrations._names import COLUMNS
from surety.server.records.taking_over import swept


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("cases", "0010_plain_names_removed")]

    operations = swept("cases", COLUMNS)
