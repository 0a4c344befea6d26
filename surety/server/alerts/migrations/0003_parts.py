"""An alert may be about several episodes of one person: each becomes a part, and every alert so far has one."""

import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

_COPIED = (
    "episode_id",
    "finding_id",
    "kind",
    "severity",
    "certainty",
    "cause",
    "sentence",
    "at_ms",
    "opened_ms",
    "cleared_ms",
    "cleared_by",
    "fell_away_ms",
)
_SEVERITIES = [(1, "Critical"), (2, "Serious"), (3, "Routine"), (4, "Notice")]


def _part_of_each(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    alerts = apps.get_model("alerts", "Alert").objects.using(schema_editor.connection.alias)
    parts = apps.get_model("alerts", "Part")
    rows = (
        parts(alert_id=row["id"], since_ms=row["at_ms"], **{name: row[name] for name in _COPIED})
        for row in alerts.values("id", *_COPIED).iterator(1_000)
    )
    parts.objects.using(schema_editor.connection.alias).bulk_create(rows, batch_size=1_000)


class Migration(migrations.Migration):
    dependencies = [("alerts", "0002_desk")]

    operations = [
        migrations.CreateModel(
            name="Part",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("episode_id", models.CharField(max_length=64, unique=True)),
                ("finding_id", models.CharField(db_index=True, max_length=32)),
                ("kind", models.CharField(max_length=40)),
                ("severity", models.PositiveSmallIntegerField(choices=_SEVERITIES)),
                ("certainty", models.CharField(max_length=16)),
                ("cause", models.CharField(max_length=16)),
                ("sentence", models.TextField()),
                ("at_ms", models.BigIntegerField()),
                ("opened_ms", models.BigIntegerField(help_text="When it became a part of the alert")),
                (
                    "since_ms",
                    models.BigIntegerField(
                        help_text="Since when nothing came, for what begins with a silence; else at_ms"
                    ),
                ),
                ("cleared_ms", models.BigIntegerField(null=True)),
                (
                    "cleared_by",
                    models.CharField(blank=True, help_text="The finding that says so", max_length=32),
                ),
                ("fell_away_ms", models.BigIntegerField(null=True)),
                (
                    "alert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="parts", to="alerts.alert"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["kind", "since_ms"], name="alerts_part_kind_since")],
            },
        ),
        migrations.RunPython(_part_of_each, migrations.RunPython.noop),
        migrations.RemoveField(model_name="alert", name="episode_id"),
    ]
