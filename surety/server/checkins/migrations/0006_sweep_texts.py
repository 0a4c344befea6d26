"""No free page of the database's files keeps what stood there in plain text."""

from django.db import migrations

from surety.server.checkins.migrations._texts import COLUMNS
from surety.server.records.taking_over import swept


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("checkins", "0005_texts_plain_removed")]

    operations = swept("checkins", COLUMNS)
