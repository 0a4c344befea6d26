"""What an installation had before alerts could be about several episodes is kept."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from surety.server.alerts.tests import cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def test_each_alert_of_before_is_about_its_own_episode():
    ana = cast.person()
    executor = MigrationExecutor(connection)
    executor.migrate([("alerts", "0002_desk")])
    try:
        old = executor.loader.project_state([("alerts", "0002_desk")]).apps.get_model("alerts", "Alert")
        alert = {"severity": 3, "certainty": "established", "cause": "unknown", "sentence": "Quiet.", "at_ms": 5}
        times = {"opened_ms": 6, "due_ms": 7, "cleared_ms": 9, "cleared_by": "f2"}
        old.objects.create(person_id=ana.pk, finding_id="f1", episode_id="e1", kind="silent", **alert, **times)
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())
    from surety.server.alerts.models import Alert  # noqa: PLC0415 - the table has its present shape only now

    (part,) = Alert.objects.get().parts.all()
    assert (part.episode_id, part.finding_id, part.at_ms, part.opened_ms) == ("e1", "f1", 5, 6)
    assert (part.cleared_ms, part.cleared_by) == (9, "f2")
