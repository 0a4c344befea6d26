"""Columns for names and telephone numbers under each person's own key, beside those in plain text."""

from django.db import migrations

from surety.server.records.sealed import SealedText


class Migration(migrations.Migration):
    dependencies = [("cases", "0007_photographs"), ("records", "0001_initial")]

    operations = [
        migrations.AddField("person", "given_names_sealed", SealedText("person.given_names", null=True)),
        migrations.AddField("person", "family_name_sealed", SealedText("person.family_name", null=True)),
        migrations.AddField("person", "phone_sealed", SealedText("person.phone", hides_empty=True, null=True)),
    ]
