"""`surety replay` as a person runs it, on the worked example of the documentation."""

import datetime as dt
import json
import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from surety.replay.commands import replay
from surety.replay.evaluate import evaluate
from surety.replay.orders import read_order
from surety.replay.traces import read_traces
from surety.rules import engine
from surety.rules.facts import Tick
from surety.rules.findings import to_json

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
ORDER, WEEK = EXAMPLES / "order.yaml", EXAMPLES / "week.csv"

app = typer.Typer(pretty_exceptions_enable=False)
app.command()(replay)


def surety_replay(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env={"COLUMNS": "200"})


def findings(*arguments: object) -> list[dict[str, object]]:
    result = surety_replay(ORDER, WEEK, "--json", *arguments)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_the_worked_example_finds_what_was_put_into_it() -> None:
    battery = {"battery_low", "device_restored"}
    found = [(finding["kind"], finding["sentence"]) for finding in findings() if finding["kind"] not in battery]
    assert [kind for kind, _ in found] == [
        "curfew_left",
        "curfew_returned",
        "curfew_absent_at_start",
        "curfew_returned",
        "cannot_verify",
        "silent",
        "heard_again",
        "verified_again",
        "zone_entered",
        "zone_left",
    ]
    assert str(found[2][1]).startswith("Not at home when the curfew began at 19:00 GMT.")


def test_a_table_shows_each_finding_in_words() -> None:
    result = surety_replay(ORDER, WEEK)
    assert result.exit_code == 0
    plain = " ".join(re.sub(r"[│┃]", " ", result.stdout).split())
    assert re.search(r"Late return: at home since 20:1\d GMT, 7\d minutes after the curfew began", plain)
    assert "findings in 4,573 fixes." in plain


def test_until_takes_nothing_that_came_later() -> None:
    early = findings("--until", "2026-10-25T00:00")
    assert [finding["kind"] for finding in early] == [
        "battery_low",
        "device_restored",
        "curfew_left",
        "curfew_returned",
    ]
    assert early == findings()[: len(early)]


def test_the_batch_path_gives_what_single_steps_give() -> None:
    order, facts = read_order(ORDER), read_traces([WEEK]).facts
    result = evaluate(order, facts)
    state, single = engine.start(result.conditions.person_id), []
    for fact in [*result.facts, Tick(result.until_ms)]:
        step = engine.step(state, fact, result.conditions)
        state = step.state
        single += step.findings
    assert [to_json(finding) for finding in result.findings] == [to_json(finding) for finding in single]


def test_the_page_is_whole_in_itself(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert surety_replay(ORDER, WEEK, "--html", page).exit_code == 0
    html = page.read_text()
    assert "Mill Lane School" in html
    assert "<svg" in html
    assert "Not at home when the curfew began at 19:00 GMT." in html
    assert not re.search(r"(?:src|href)=|url\(|https?://(?!www\.w3\.org)|<script|@import", html)
    assert "default-src 'none'" in html


def test_names_from_files_cannot_write_into_the_page(tmp_path: Path) -> None:
    order, page = tmp_path / "order.yaml", tmp_path / "page.html"
    order.write_text(ORDER.read_text().replace("name: Mill Lane School", "name: <script>alert(1)</script>"))
    assert surety_replay(order, WEEK, "--html", page).exit_code == 0
    assert "<script" not in page.read_text()


def test_a_bad_line_is_named_on_stderr_and_the_rest_is_evaluated(tmp_path: Path) -> None:
    trace = tmp_path / "trace.csv"
    lines = WEEK.read_text().splitlines()
    lines[41] = "2026-10-23T12:45:00Z,north,-1.5"
    trace.write_text("\n".join(lines))
    result = surety_replay(ORDER, trace, "--json")
    assert result.exit_code == 0
    assert f'{trace}:42: the latitude is "north"; a number was expected' in result.stderr
    assert "1 line could not be read" in result.stderr
    assert len(result.stdout.splitlines()) == len(findings())
    assert surety_replay(ORDER, trace, "--strict").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["absent.yaml", WEEK], "absent.yaml: cannot be read (no such file or directory)"),
        ([ORDER, "absent.csv"], "absent.csv: cannot be read (no such file or directory)"),
        ([ORDER, ORDER], "the format is not known"),
        ([WEEK, WEEK], "week.csv:"),
        ([ORDER], "an order and at least one trace are needed"),
        ([], "an order and at least one trace are needed"),
        ([ORDER, WEEK, "--until", "soon"], '--until is "soon"'),
        ([ORDER, WEEK, "--html", "/nowhere/page.html"], "/nowhere/page.html: cannot be written"),
        (["--cases", "cases.json"], "--cases, --fixes and --alerts belong together"),
    ],
)
def test_a_mistake_ends_with_one_sentence_and_code_2(arguments: list[object], told: str) -> None:
    result = surety_replay(*arguments)
    assert result.exit_code == 2
    assert told in " ".join(re.sub("[│╭╰╮╯─]", " ", result.stderr).split())
    assert "Traceback" not in result.output


def test_an_order_without_a_start_begins_with_the_first_fix(tmp_path: Path) -> None:
    order = tmp_path / "order.yaml"
    order.write_text(ORDER.read_text().replace("from: 2026-10-23T13:00", "# no start"))
    result = surety_replay(order, WEEK, "--json")
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == [f["id"] for f in findings()]


def test_check_ins_are_read_as_messages_and_found(tmp_path: Path) -> None:
    documented = (EXAMPLES.parent / "replay.md").read_text().split("```json\n")[1].split("```")[0]
    order, messages = tmp_path / "order.yaml", tmp_path / "check-ins.jsonl"
    order.write_text("time_zone: Europe/London\nconditions:\n  - {kind: check_in, per_day: 2}\n")
    messages.write_text(documented)
    result = surety_replay(order, messages, "--json")
    assert [json.loads(line)["kind"] for line in result.stdout.splitlines()] == ["face_not_verified"]
    messages.write_text("\n".join([documented.splitlines()[0], '{"_type": "lwt", "tst": "2026-11-02T14:00Z"}']))
    table = surety_replay(order, messages).stdout
    assert "No photograph asked for at 12:00 had come by 12:30 GMT." in " ".join(table.split())


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        ('{"type": "check_in_asked", "check_in": "a", "at": 1793620800, "due": 1793620800}', "`due` must lie after"),
        ('{"type": "check_in_asked", "at": 1793620800, "due": 1793620900}', "`check_in` is a name"),
        ('{"type": "check_in_decided", "check_in": "a", "at": 1793620800, "verdict": "no"}', "`verdict` is one of"),
        ('{"type": "check_in_decided", "check_in": "a", "at": 1, "verdict": "same", "deciders": "R"}', "is a list"),
    ],
)
def test_a_check_in_message_that_is_not_right_is_told_with_what_was_expected(
    tmp_path: Path, message: str, problem: str
) -> None:
    (tmp_path / "bad.jsonl").write_text(message)
    result = surety_replay(ORDER, tmp_path / "bad.jsonl")
    assert result.exit_code == 2
    assert problem in result.stderr


def test_visits_and_absences_are_told_once_each_and_stay_open_at_the_end() -> None:
    plain = " ".join(surety_replay(ORDER, WEEK).stdout.split())
    assert plain.count('In the zone "') == 2  # as a finding, and as a visit
    told = [json.loads(line) for line in surety_replay(ORDER, WEEK, "--json", "--visits").stdout.splitlines()]
    assert [visit["kind"] for visit in told] == ["curfew_left", "curfew_absent_at_start", "zone_entered"]
    assert not any(visit["open_after"] for visit in told)
    entered = next(finding for finding in findings() if finding["kind"] == "zone_entered")
    soon = dt.datetime.fromtimestamp(int(str(entered["at_ms"])) / 1000 + 120, dt.UTC).isoformat()
    lines = surety_replay(ORDER, WEEK, "--json", "--visits", "--until", soon).stdout.splitlines()
    cut = [json.loads(line) for line in lines]
    assert [visit["open_after"] for visit in cut if visit["id"] == entered["episode_id"]] == [True]
