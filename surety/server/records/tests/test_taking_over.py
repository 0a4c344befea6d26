"""What an earlier version kept in plain text is encrypted by the migrations, also when they are cut short."""

from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from surety.server.alerts.models import Alert, AlertEvent
from surety.server.cases.models import Person
from surety.server.records import taking_over
from surety.server.records.models import PersonKey

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
BEFORE = [("alerts", "0004_fleet"), ("cases", "0007_photographs")]


def _migrate(targets: list[tuple[str, str]] | None = None) -> Any:
    executor = MigrationExecutor(connection)
    executor.migrate(targets or executor.loader.graph.leaf_nodes())
    return executor.loader.project_state(targets).apps if targets else None


def _of_before(apps: Any) -> None:
    stamp = {"recorded_ms": 1, "recorded_by_name": "Olu"}
    for number in range(5):
        name = {"given_names": f"Ana {number}", "family_name": "Berg", "phone": "" if number else "01632 960001"}
        person = apps.get_model("cases", "Person").objects.create(
            id=f"p{number}", reference=f"R{number}", **name, **stamp
        )
        told = {"severity": 3, "certainty": "established", "cause": "unknown", "at_ms": 5, "opened_ms": 6, "due_ms": 7}
        alerts = apps.get_model("alerts", "Alert").objects
        alert = alerts.create(id=f"a{number}", person_id=person.pk, sentence=f"Ana {number} left.", **told)
        said = {"at_ms": 6, "actor_name": "Sam", "action": "note", "text": "She called.", "detail": {"reached": True}}
        apps.get_model("alerts", "AlertEvent").objects.create(alert_id=alert.pk, **said)


def test_everything_of_before_is_encrypted_once_however_often_it_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        _of_before(_migrate(BEFORE))
        monkeypatch.setattr(taking_over, "CHUNK", 2)
        whole, calls = taking_over._seal_chunk, [0]

        def cut_short(*arguments: Any) -> None:
            calls[0] += 1
            if calls[0] in (2, 5):
                raise KeyboardInterrupt
            whole(*arguments)

        monkeypatch.setattr(taking_over, "_seal_chunk", cut_short)
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                _migrate()
    finally:
        _migrate()
    assert [person.given_names for person in Person.objects.order_by("pk")] == [f"Ana {number}" for number in range(5)]
    assert [person.phone for person in Person.objects.order_by("pk")] == ["01632 960001", "", "", "", ""]
    assert {alert.pk: alert.sentence for alert in Alert.objects.all()} == {f"a{n}": f"Ana {n} left." for n in range(5)}
    assert {(event.text, event.detail["reached"]) for event in AlertEvent.objects.all()} == {("She called.", True)}
    assert PersonKey.objects.count() == 5
    columns = {
        column.name for column in connection.introspection.get_table_description(connection.cursor(), "cases_person")
    }
    assert "given_names" in columns
    assert not [name for name in columns if name.endswith("_sealed")]
