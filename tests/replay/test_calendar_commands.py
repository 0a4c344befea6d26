"""`surety calendar`: an order as a calendar file, and a calendar file as a part of an order."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from surety.cli import app
from surety.replay.orders import read_order
from surety.rules import schedule
from surety.rules.conditions import Curfew
from surety.rules.intervals import END
from tests.replay.test_orders import CALENDAR, EXAMPLE, NIGHTS_WITH
from tests.rules.scenes import ms


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["calendar", *map(str, arguments)])


@pytest.fixture
def shifts(tmp_path: Path) -> Path:
    file = tmp_path / "shifts.ics"
    file.write_text(CALENDAR)
    return file


def test_what_is_exported_and_imported_again_says_the_same_windows(tmp_path: Path) -> None:
    exported = run("export", EXAMPLE)
    assert exported.exit_code == 0
    file = tmp_path / "duties.ics"
    file.write_bytes(exported.stdout_bytes)
    printed = run("import", file, "--zone", "Europe/London", "--dates")
    assert printed.exit_code == 0
    head = NIGHTS_WITH.split("    times:")[0].replace("2026-11-01", "2026-10-20")
    order = tmp_path / "again.yaml"
    order.write_text(head + "".join(f"    {line}\n" for line in printed.stdout.splitlines()))
    (again,) = read_order(order).conditions.conditions
    assert isinstance(again.body, Curfew)
    wanted = []
    for condition in read_order(EXAMPLE).conditions.conditions[:2]:
        term = (condition.effective_from_ms, condition.effective_to_ms or END)
        found = schedule.windows(condition.body.timetable, *term)
        wanted += [schedule.Span(w.start_ms, w.end_ms) for w in schedule.clip(found, *term)]
    found = schedule.windows(again.body.timetable, ms("2026-10-20T00:00Z"), ms("2026-12-01T00:00Z"))
    assert schedule.merge(schedule.Span(w.start_ms, w.end_ms) for w in found) == schedule.merge(wanted)


def test_an_export_may_be_cut_to_dates(tmp_path: Path) -> None:
    order = tmp_path / "order.yaml"
    order.write_text(NIGHTS_WITH)
    assert run("export", order, "--from", "2026-11-03", "--to", "2026-11-04").stdout.count("BEGIN:VEVENT") == 3


def test_an_import_is_printed_as_the_exceptions_of_an_order_file(shifts: Path) -> None:
    printed = run("import", shifts, "--zone", "Europe/London", "--from", "2026-11-01", "--to", "2026-11-09")
    assert printed.stdout == "exceptions:\n  - {from: 2026-11-03T04:00, to: 2026-11-03T06:00, name: 'Early shift'}\n"


def test_a_name_that_yaml_would_misread_is_quoted(tmp_path: Path) -> None:
    file = tmp_path / "odd.ics"
    file.write_text(CALENDAR.replace("Early shift", "Eid 'al-Fitr: {or #1}").replace("RRULE:FREQ=WEEKLY;COUNT=2\n", ""))
    printed = run("import", file, "--zone", "Europe/London").stdout
    order = tmp_path / "order.yaml"
    order.write_text(NIGHTS_WITH + "".join(f"    {line}\n" for line in printed.splitlines()))
    (condition,) = read_order(order).conditions.conditions
    assert isinstance(condition.body, Curfew)
    assert condition.body.timetable.exceptions[0].name == "Eid 'al-Fitr: {or #1}"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("export", "gone.yaml"), "gone.yaml: cannot be read"),
        (("import", "gone.ics", "--zone", "UTC"), "gone.ics: cannot be read"),
        (("import", "shifts.ics", "--zone", "UTC"), "repeats, and nothing says from when on"),
        (("import", "shifts.ics", "--zone", "Europe/Leeds"), "Europe/Leeds"),
        (("import", "shifts.ics", "--zone", "UTC", "--from", "tomorrow"), "tomorrow"),
        (
            ("import", "shifts.ics", "--zone", "UTC", "--from", "2026-11-05", "--to", "2026-11-03"),
            "must not lie before",
        ),
        (("import", "shifts.ics", "--zone", "UTC", "--from", "2027-11-05"), "no event in the time"),
        (("export", "open.yaml"), "--from"),
    ],
)
def test_a_mistake_ends_with_code_2_and_a_sentence(
    shifts: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(shifts.parent)
    Path("open.yaml").write_text(NIGHTS_WITH.replace("from: 2026-11-01\n", ""))
    done = run(*arguments)
    assert done.exit_code == 2
    assert said in " ".join(done.output.replace("│", " ").split())
