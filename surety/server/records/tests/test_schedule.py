"""Every table has one rule within six years; whoever forgets one cannot start anything."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core import checks
from django.db import models
from django.test.utils import isolate_apps

from surety.server.records import checking, periods
from surety.server.records.schedule import BY_KIND, CEILING_DAYS, RULES, STORES, Whose


def test_the_schedule_is_complete() -> None:
    assert checking.problems() == []


@isolate_apps("surety.server.records")
def test_a_table_that_is_not_listed_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    class Diary(models.Model):
        class Meta:
            app_label = "records"

    tables = [*checking._tables(), Diary]
    assert checking.problems(tables) == [
        "surety/server/records/schedule.py: table records.Diary has no line; say whose its rows are and their kind"
    ]
    monkeypatch.setattr(checking, "_tables", lambda: tables)
    with pytest.raises(SystemExit, match=r"records\.Diary has no line"):
        checking.stop_unless_complete()
    errors = [found for found in checks.run_checks() if found.id == "surety.records"]
    assert [error.level for error in errors] == [checks.ERROR]


def test_a_rule_beyond_six_years_is_found() -> None:
    longer = [rule._replace(days=CEILING_DAYS + 1) if rule.name == "trail" else rule for rule in RULES]
    assert checking.problems(rules=longer) == [
        'surety/server/records/schedule.py: kind "trail" is kept 2192 days; at most 2191 (six years) are allowed'
    ]


def test_a_line_that_leads_nowhere_is_double_or_hides_a_person_is_found() -> None:
    changed = [
        {
            "cases.Order": store._replace(path="persons_id"),
            "cases.Caseload": store._replace(whose=Whose.NOBODY, kind="", path=""),
            "alerts.Alert": store._replace(kind="alarms"),
        }.get(store.name, store)
        for store in STORES
    ]
    found = "\n".join(checking.problems(stores=[*changed, STORES[0]]))
    assert 'cases.Order: "persons_id" is no way from a row to a person' in found
    assert "cases.Caseload names a person (person) and cannot be of nobody" in found
    assert 'alerts.Alert has no known kind ("alarms")' in found
    assert f"{STORES[0].name} has 2 lines" in found


def test_every_kind_of_a_person_is_used_and_told_in_words() -> None:
    for rule in RULES:
        assert rule.words
        assert rule.basis
        assert 0 <= rule.days <= CEILING_DAYS


def test_a_deployment_may_change_periods_within_six_years(tmp_path: Path, settings) -> None:
    file = tmp_path / "retention.toml"
    file.write_text("[days]\nphoto_matched = 14\ntrail = 2191\n")
    changed = periods.with_changes(periods._days_in(file), str(file))
    assert (changed["photo_matched"].days, changed["trail"].days) == (14, 2_191)
    assert changed["case"] == BY_KIND["case"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[days]\nphotos_matched = 14", 'no kind of data "photos_matched"; write "photo_matched"'),
        ("[days]\ntrail = 2192", r"trail cannot be 2192; write a whole number of days from 0 to 2191 \(six years\)"),
        ("[days]\ntrail = true", "trail cannot be True"),
        ("[days]\ntrail = -1", "trail cannot be -1"),
        ("trail = 1", r"write one table, \"\[days\]\""),
        ("[days", "this is not TOML"),
    ],
)
def test_a_retention_file_that_is_wrong_is_refused_with_one_sentence(text: str, sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "retention.toml"
    file.write_text(text)
    with pytest.raises(periods.ScheduleError, match=sentence):
        periods.with_changes(periods._days_in(file), str(file))


@pytest.mark.slow
def test_a_process_does_not_start_with_a_retention_file_that_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "retention.toml"
    file.write_text("[days]\ntrial = 5\n")
    env = {**os.environ, "SURETY_DATA_DIR": str(tmp_path), "SURETY_RETENTION_FILE": str(file)}
    (tmp_path / "secret.key").write_text("x")
    for name in ("keeper", "worker", "web", "serve"):
        done = subprocess.run(
            [sys.executable, "-m", "surety", name], env=env, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 1, name
        assert done.stderr.strip().splitlines()[-1].endswith('no kind of data "trial"; write "trail"'), name
