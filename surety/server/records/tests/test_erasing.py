"""Who is erased is gone: from every table and file, and by the key from every backup; whatever is killed and when."""

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.journey.house import ROOT

MODULE = "surety.server.records.tests.seeded"
DAY_MS = 86_400_000
SIX_YEARS_AND_ORDER = (10 + 2_191) * DAY_MS
# What tells of the person: names, telephone, what an alert and a document say, the photographs as they were sent.
WORDS = (
    b"Quellmalz",
    b"Ottoline",
    b"960777",
    b"Wilhelmina",
    b"of the probe",
    b"an enrolled image",
    b"a position of hers",
)
# Of what is sealed to the person's key already: a backup holds none of it in the clear.
SEALED = (
    b"960777",
    b"of the probe",
    b"an enrolled image",
    b"decision about",
    b"a position of hers",
    b"entered the zone",
)
STAYS = {"audit_entry", "records_personkey", "records_erasure", "records_erased"}  # ids alone
KILLS = 14


class Office:
    """A data directory, and commands that are run on it as processes of their own."""

    def __init__(self, folder: Path, count: int = 1) -> None:
        self.folder, self.clock = folder, "system"
        made = self.ask("make", str(count))
        self.people: list[dict[str, str]] = made["people"]
        self.t0_ms: int = made["t0"]

    @property
    def env(self) -> dict[str, str]:
        return {
            **os.environ,
            "SURETY_DATA_DIR": str(self.folder),
            "SURETY_CLOCK": self.clock,
            "DJANGO_SETTINGS_MODULE": "surety.server.project.settings",
        }

    def ask(self, *words: str) -> dict:
        command = [sys.executable, "-m", MODULE, *words]
        done = subprocess.run(command, env=self.env, cwd=ROOT, stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout)

    def it_is(self, at_ms: int) -> None:
        """Set the domain's clock; it stands still."""
        self.clock = f"scaled:{time.time_ns() // 1_000_000}:{at_ms}:0.000000001"

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "surety", *words]

    def surety(self, *words: str) -> str:
        done = subprocess.run(self.command(*words), env=self.env, cwd=ROOT, capture_output=True, text=True, check=True)
        return done.stdout

    def holding(self, *words: bytes) -> dict[str, list[bytes]]:
        """The files under the data directory in which any of the words stands."""
        found: dict[str, list[bytes]] = {}
        for file in sorted(path for path in self.folder.rglob("*") if path.is_file()):
            data = file.read_bytes()
            if there := [word for word in words if word in data]:
                found[str(file.relative_to(self.folder))] = there
        return found

    def tables_with(self, text: str) -> set[str]:
        """The tables of both databases in which a text stands anywhere."""
        found: set[str] = set()
        for name in ("surety.sqlite3", "log.sqlite3"):
            connection = sqlite3.connect(self.folder / name)
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            for (table,) in tables:
                rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()  # noqa: S608 - its own tables
                if any(text in _text(value) for row in rows for value in row):
                    found.add(table)
            connection.close()
        return found


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path / "data")


@pytest.mark.slow
def test_who_is_erased_is_in_no_file_any_more_and_a_backup_cannot_be_read(office: Office, tmp_path: Path) -> None:
    (ann,) = office.people
    assert set(office.holding(*WORDS)) >= {"surety.sqlite3"}
    shutil.copytree(office.folder, tmp_path / "backup")
    office.it_is(office.t0_ms + SIX_YEARS_AND_ORDER - 1)
    assert "everything of 0 people" in office.surety("retention", "run")
    assert ann["person"] in "".join(str(path) for path in office.folder.rglob("*"))
    office.it_is(office.t0_ms + SIX_YEARS_AND_ORDER)
    assert "everything of 1 people" in office.surety("retention", "run")
    assert office.holding(*WORDS) == {}
    assert office.tables_with(ann["person"]) <= STAYS
    assert office.tables_with(ann["reference"]) <= {"audit_entry"}
    assert [path.parent.name for path in office.folder.rglob(ann["person"])] == ["erased"]
    # The device stays as equipment, and in the audit log.
    assert office.tables_with(ann["device"]) <= {"cases_device", "audit_entry"}
    told = office.ask("tell")
    assert told["sound"]
    (certificate,) = told["certificates"]
    assert certificate["counts"]["monitoring.StoredFact"] == 1_200
    assert certificate["counts"]["folder:documents"] == 1
    assert certificate["counts"]["cases.Person"] == 1
    assert not set(_words(certificate)) & {"Quellmalz", "Ottoline"}
    shown = json.loads(office.surety("retention", "certificate", ann["reference"]))
    assert shown["person"] == ann["person"]
    _the_backup_tells_nothing_without_the_keys(tmp_path / "backup", ann["person"])
    _restored_it_brings_nobody_back(office, tmp_path / "backup", ann["person"])


def _words(certificate: dict) -> list[str]:
    return json.dumps(certificate).replace('"', " ").split()


def _the_backup_tells_nothing_without_the_keys(backup: Path, person_id: str) -> None:
    """Without the master key, which lies apart, a backup holds sealed boxes alone."""
    theirs = [file.read_bytes() for file in (backup / "photographs" / person_id).iterdir()]
    assert theirs
    for data in [*theirs, (backup / "surety.sqlite3").read_bytes()]:
        assert not [word for word in SEALED if word in data]


def _restored_it_brings_nobody_back(office: Office, backup: Path, person_id: str) -> None:
    """Everything comes from the backup but the folder of marks; the next daily erasure does it once more."""
    marks = office.folder / "erased"
    assert [file.name for file in marks.iterdir()] == [person_id]
    shutil.copytree(marks, backup / "erased")
    shutil.rmtree(office.folder)
    shutil.copytree(backup, office.folder)
    assert office.tables_with(person_id) > {"cases_person", "monitoring_storedfact", "alerts_alert"}
    office.it_is(office.t0_ms + DAY_MS)  # the order would be in force, and nothing due
    assert "everything of 1 people" in office.surety("retention", "run")
    assert office.holding(*WORDS) == {}
    assert office.tables_with(person_id) <= STAYS


@pytest.mark.slow
def test_erasure_under_kill_9_ends_complete(tmp_path: Path) -> None:
    dice, never = random.Random(20261125), threading.Event()
    office = Office(tmp_path / "data", 12)
    office.it_is(office.t0_ms + SIX_YEARS_AND_ORDER)
    seen = set()
    for _ in range(KILLS):
        process = subprocess.Popen(
            office.command("retention", "run"), env=office.env, cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("5 of"):  # it has begun to erase people
                break
        never.wait(dice.uniform(0, 0.25))  # any moment
        process.kill()
        process.wait()
        process.stdout.close()
        seen.add(tuple(office.ask("tell")["states"]))
    assert len(seen) > 1, "no kill came in the middle"
    office.surety("retention", "run")
    told = office.ask("tell")
    assert told["states"] == ["done"] * 12
    assert sorted(one["person"] for one in told["certificates"]) == sorted(one["person"] for one in office.people)
    assert {one["counts"]["monitoring.StoredFact"] for one in told["certificates"]} == {1_200}
    assert told["sound"]
    assert office.holding(*WORDS) == {}
    for one in office.people:
        assert office.tables_with(one["person"]) <= STAYS
