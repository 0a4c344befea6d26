"""The columns in plain text are gone; those under the person's key take their names."""

from django.db import migrations

from surety.server.records.sealed import SealedText


class Migration(migrations.Migration):
    dependencies = [("cases", "0009_seal_names")]

    operations = [
        migrations.RemoveField("person", "given_names"),
        migrations.RemoveField("person", "family_name"),
        migrations.RemoveField("person", "phone"),
        migrations.RenameField("person", "given_names_sealed", "given_names"),
        migrations.RenameField("person", "family_name_sealed", "family_name"),
        migrations.RenameField("person", "phone_sealed", "phone"),
        migrations.AlterField("person", "given_names", SealedText("person.given_names")),
        migrations.AlterField("person", "family_name", SealedText("person.family_name")),
        migrations.AlterField("person", "phone", SealedText("person.phone", hides_empty=True)),
    ]
