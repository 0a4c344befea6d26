"""The same rooms on PostgreSQL: migrations, actions, bursts, and the audit log's guards."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import threading
import django
django.setup()
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
call_command("migrate", verbosity=0)

from surety.server.accounts import actions as accounts
from surety.server.alerts import actions as alerts, queries
from surety.server.alerts.models import Alert
from surety.server.alerts.tests import cast
from surety.server.audit import actions as audit, guards
from surety.server.audit.queries import verify
from surety.server.cases import actions as cases
from surety.server.cases.checks import DeviceDetails
from surety.server.cases.models import DoorGrant
from surety.server.cases.queries import condition_set
from surety.rules.conditions import Trail

now = {"acting_user": None, "now_ms": cast.NOW_MS}
ruth, _ = accounts.create_user("ruth", "operator", **now)
sue, _ = accounts.create_user("sue", "supervisor", **now)
ana = cast.person()
order = cast.order(ana)
cases.add_condition(order.pk, Trail(), label="trail", effective_from_ms=cast.NOW_MS, **now)
device, _ = cases.register_device(DeviceDetails(protocol="osmand"), **now)
cases.assign_device(device.pk, ana.pk, from_ms=cast.NOW_MS, **now)
assert DoorGrant.objects.count() == 1
assert Trail() in [condition.body for condition in condition_set(ana.pk).conditions]

found = [cast.finding(ana, at_ms=cast.NOW_MS + n) for n in range(300)]
alerts.apply_findings(found, [], now_ms=cast.NOW_MS)
alerts.apply_findings([], [(found[0].id, "")], now_ms=cast.NOW_MS)
alert = queries.desk(ruth)[3]
alerts.acknowledge(alert.pk, acting_user=ruth, now_ms=cast.NOW_MS)
alerts.resolve(alert.pk, "violation", "no excuse", acting_user=ruth, now_ms=cast.NOW_MS)
alerts.confirm(alert.pk, acting_user=sue, now_ms=cast.NOW_MS)
assert Alert.objects.exclude(fell_away_ms=None).count() == 1

for sql in ("UPDATE audit_entry SET action = 'x'", "DELETE FROM audit_entry WHERE seq = 1", "TRUNCATE audit_entry"):
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    except DatabaseError as refused:
        assert "append-only" in str(refused)
    else:
        raise AssertionError(sql)
assert guards.missing(connection) == []

# Writers in several processes or threads wait for each other at the log's head, and the chain stays whole.
def write_some(number):
    for n in range(25):
        audit.record(action="test", actor=None, subject_type="t", subject_id=f"{number}.{n}", at_ms=cast.NOW_MS)
    connection.close()

threads = [threading.Thread(target=write_some, args=(number,)) for number in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
verdict = verify()
assert verdict.is_sound, verdict
assert verdict.entries > 400
print("well")
"""


@pytest.mark.postgres
def test_the_rooms_work_on_postgresql_as_on_sqlite(postgres_url, tmp_path):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SURETY_")}
    env = {
        **clean,
        "DJANGO_SETTINGS_MODULE": "surety.server.project.settings",
        "SURETY_DATABASE_URL": postgres_url,
        "SURETY_DATA_DIR": str(tmp_path),
    }
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=180, check=False)
    assert done.stdout.strip() == "well", done.stderr
