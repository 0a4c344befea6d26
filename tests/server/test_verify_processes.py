"""`surety verify` as an operator runs it: several processes that share the work."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # each starts the command as a process, and that one others

RUN = "from surety.cli import main; main()"
SEED = """
import django; django.setup()
from surety.server.monitoring.tests import cast
from surety.server.monitoring.tests.test_verify import DAY, END_MS
from surety.server.monitoring.worker import Worker
from surety.stream.sql import SqliteStream
from pathlib import Path
log = SqliteStream(Path("log.sqlite3"))
for _ in range(12):
    cast.send(log, cast.person(cast.SCHOOL_ZONE, cast.NIGHT_CURFEW, cast.TRAIL), DAY, one_message=True)
worker = Worker(log)
while not worker.run_once(END_MS).idle:
    pass
from surety.server.monitoring.models import Finding
last = Finding.objects.filter(kind="zone_entered").order_by("-person_id")[0]
Finding.objects.filter(pk=last.pk).update(certainty="possible")
print(last.pk)
"""


def environment() -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SURETY_", "DJANGO_"))}
    return {**clean, "COLUMNS": "200"}


def surety(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", RUN, *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=300, check=False
    )


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A directory with twelve people, and the one finding that was changed: the last to be looked at."""
    folder = tmp_path_factory.mktemp("verify")
    made = surety(folder, "init", "--data-dir", "data", "--password", "correct horse battery staple")
    assert made.returncode == 0, made.stderr
    env = {**environment(), "DJANGO_SETTINGS_MODULE": "surety.server.project.settings"}
    seeded = subprocess.run(
        [sys.executable, "-c", SEED], cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert seeded.returncode == 0, seeded.stderr
    return folder, seeded.stdout.strip()


def test_several_processes_find_what_one_finds(town: tuple[Path, str]) -> None:
    folder, changed = town
    reports = []
    for number in ("1", "3"):
        done = surety(folder, "verify", "--jobs", number, "--json", f"report{number}.json")
        assert done.returncode == 1, done.stderr
        assert f"finding {changed} different" in done.stdout
        reports.append(json.loads((folder / f"report{number}.json").read_text()))
    assert reports[0] == reports[1]
    assert reports[0]["people"] == 12
    assert not (folder / "data" / "verify.json").exists()
