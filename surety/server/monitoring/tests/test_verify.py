"""Everything is derived again and compared: whatever was tampered with is found and named."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection
from typer.testing import CliRunner

from surety.cli import app
from surety.rules import engine
from surety.rules.facts import DeviceReport, decode, encode
from surety.rules.findings import RULES_VERSION
from surety.server.audit.models import Entry as AuditEntry
from surety.server.cases import actions as cases
from surety.server.cases.models import Condition, Person
from surety.server.monitoring import actions, queries
from surety.server.monitoring.models import Finding, PersonState, RulesInForce, Snapshot, StoredFact
from surety.server.monitoring.sealed import FINDING, seal
from surety.server.monitoring.tests.cast import (
    AWAY,
    HOME,
    HOUR_MS,
    MINUTE_MS,
    NIGHT_CURFEW,
    SCHOOL,
    SCHOOL_ZONE,
    START_MS,
    TRAIL,
    opened,
    person,
    replaced,
    rewrite,
    send,
    stay,
)
from surety.server.monitoring.verify_run import Place, Position, run
from surety.server.monitoring.verifying import Options, people, verify_person
from surety.server.monitoring.worker import Worker
from surety.stream.contract import Stream

pytestmark = pytest.mark.django_db
MORNING = START_MS + 9 * HOUR_MS
CURFEW_MS = START_MS + 19 * HOUR_MS
END_MS = CURFEW_MS + 8 * HOUR_MS
DAY = [
    *stay(HOME, MORNING, MORNING + 40 * MINUTE_MS),
    *stay(SCHOOL, MORNING + 45 * MINUTE_MS, MORNING + 70 * MINUTE_MS),
    *stay(HOME, MORNING + 80 * MINUTE_MS, MORNING + 300 * MINUTE_MS),
    *stay(AWAY, CURFEW_MS - 30 * MINUTE_MS, CURFEW_MS + 5 * MINUTE_MS),
    *stay(HOME, CURFEW_MS + 9 * MINUTE_MS, CURFEW_MS + 40 * MINUTE_MS),
]


def settle(worker: Worker, now_ms: int) -> None:
    while not worker.run_once(now_ms).idle:
        pass


@pytest.fixture
def ada(stream: Stream) -> Person:
    who = person(SCHOOL_ZONE, NIGHT_CURFEW, TRAIL)
    send(stream, who, DAY)
    settle(Worker(stream), END_MS)
    return who


def found(who: Person, **options: object) -> list[tuple[str, str, str]]:
    return [(one.what, one.name, one.how) for one in verify_person(who.pk, Options(**options)).differences]


@pytest.mark.parametrize("by_step", [False, True])
@pytest.mark.parametrize("since_ms", [None, MORNING + 3 * HOUR_MS])
def test_an_untouched_person_is_derived_again_without_a_difference(ada: Person, since_ms: int, by_step: bool) -> None:  # noqa: FBT001
    report = verify_person(ada.pk, Options(since_ms, by_step))
    assert report.differences == []
    assert (report.waits, report.older) == ("", 0)
    assert report.findings >= 4
    assert report.states >= 3
    assert (report.facts == StoredFact.objects.count()) == (since_ms is None)


def test_a_changed_finding_is_named_with_what_differs(ada: Person) -> None:
    row = Finding.objects.get(kind="zone_entered")
    rewrite(row, opened(row).replace(b"established", b"probable"))
    [one] = verify_person(ada.pk).differences
    assert (one.what, one.name, one.how) == ("finding", row.pk, "different")
    assert "certainty: stored 'probable', derived 'established'" in one.text


def test_a_removed_and_an_invented_finding_are_named(ada: Person) -> None:
    row = Finding.objects.get(kind="zone_entered")
    Finding.objects.filter(pk=row.pk).delete()
    other = Finding.objects.get(kind="curfew_absent_at_start")
    body = opened(other).replace(other.pk.encode(), b"f" * 32)
    other.pk, other.body, other.episode_id = "f" * 32, seal(ada.pk, body, FINDING), "f" * 32
    other.save(force_insert=True)
    assert set(found(ada)) == {("finding", row.pk, "missing"), ("finding", "f" * 32, "extra")}


def test_a_finding_that_was_hidden_as_superseded_is_named(ada: Person) -> None:
    row = Finding.objects.get(kind="zone_entered")
    Finding.objects.filter(pk=row.pk).update(superseded_ms=END_MS)
    assert found(ada) == [("finding", row.pk, "missing")]


def test_bytes_that_are_no_finding_are_named(ada: Person) -> None:
    row = Finding.objects.get(kind="zone_entered")
    rewrite(row, b"{}")
    assert found(ada) == [("finding", row.pk, "unreadable")]


def test_a_moved_position_is_noticed_and_the_findings_that_it_would_change_are_named(ada: Person) -> None:
    at_school = StoredFact.objects.filter(at_ms__gte=MORNING + 45 * MINUTE_MS).order_by("at_ms")[0]
    moved = replaced(decode(opened(at_school)), lat_deg=HOME[0], lon_deg=HOME[1])
    rewrite(at_school, encode(moved))
    assert {"finding", "facts"} == {what for what, _, _ in found(ada)}


def test_a_fact_whose_columns_name_another_is_named(ada: Person) -> None:
    one = StoredFact.objects.order_by("at_ms")[5]
    StoredFact.objects.filter(pk=one.pk).update(fact_id="0" * 32)
    assert ("fact", "0" * 32, "different") in found(ada)


def test_a_removed_fact_is_noticed_though_no_finding_rests_on_it(ada: Person) -> None:
    quiet = StoredFact.objects.filter(at_ms__gt=MORNING + 200 * MINUTE_MS).order_by("at_ms")[0]
    quiet.delete()
    assert found(ada) == [("facts", "", "different")]


def test_a_changed_report_is_noticed_though_its_id_does_not_tell(ada: Person, stream: Stream) -> None:
    report = DeviceReport("r" * 32, "device", END_MS - MINUTE_MS, END_MS, battery_pct=80.0)
    send(stream, ada, [report])
    settle(Worker(stream), END_MS)
    assert found(ada) == []
    rewrite(StoredFact.objects.get(fact_id=report.id), encode(replaced(report, battery_pct=81.0)))
    assert ("facts", "", "different") in found(ada)


def test_a_person_without_a_state_is_named(ada: Person) -> None:
    PersonState.objects.all().delete()
    assert ("state", "", "missing") in found(ada)


def test_a_changed_snapshot_and_a_changed_state_are_named(ada: Person) -> None:
    snapshot = Snapshot.objects.order_by("at_ms")[1]
    state = engine.decode_state(opened(snapshot))
    state.evidence[0, 0] += 1e-9
    rewrite(snapshot, engine.encode_state(state))
    now = PersonState.objects.get()
    later = engine.decode_state(opened(now))
    later.heard_ms = 0
    rewrite(now, engine.encode_state(later))
    differences = verify_person(ada.pk).differences
    assert [(one.what, one.name, one.how) for one in differences] == [
        ("snapshot", str(snapshot.at_ms), "different"),
        ("state", str(now.at_ms), "different"),
    ]
    assert "evidence" in differences[0].text
    assert "heard_ms" in differences[1].text


def test_a_wake_up_that_was_put_off_is_named(ada: Person) -> None:
    now = PersonState.objects.get()
    PersonState.objects.update(wake_at_ms=now.wake_at_ms + HOUR_MS)
    [one] = verify_person(ada.pk).differences
    assert (one.what, one.how) == ("state", "different")
    assert "wakes the rules at" in one.text
    state = engine.decode_state(opened(now))
    state.wake_ms += 24 * HOUR_MS
    PersonState.objects.update(wake_at_ms=state.wake_ms)
    rewrite(now, engine.encode_state(state))
    [one] = verify_person(ada.pk).differences
    assert "it asks to be woken too late" in one.text


def test_bytes_that_are_no_state_are_named(ada: Person) -> None:
    snapshot = Snapshot.objects.order_by("at_ms")[0]
    rewrite(snapshot, b"?")
    assert found(ada) == [("snapshot", str(snapshot.at_ms), "unreadable")]


def test_a_fact_that_nobody_can_read_is_told_and_the_others_people_are_verified(ada: Person) -> None:
    rewrite(StoredFact.objects.order_by("at_ms")[5], b"?")
    [one] = verify_person(ada.pk).differences
    assert (one.what, one.how) == ("rules", "failed")


def test_a_change_that_the_worker_has_not_taken_yet_is_no_difference(ada: Person, stream: Stream) -> None:
    zone = next(c for c in Condition.objects.all() if c.versions.get().body["kind"] == "zone")
    change = {"effective_from_ms": START_MS, "acting_user": None, "now_ms": END_MS, "reason": "misread"}
    cases.change_condition(zone.pk, replaced(SCHOOL_ZONE, area=replaced(SCHOOL_ZONE.area, radius_m=400)), **change)
    report = verify_person(ada.pk)
    assert (report.differences, bool(report.waits)) == ([], True)
    settle(Worker(stream), END_MS)
    report = verify_person(ada.pk)
    assert (report.differences, report.waits) == ([], "")


def test_a_change_that_lies_ahead_changes_no_kept_state(ada: Person, stream: Stream) -> None:
    zone = next(c for c in Condition.objects.all() if c.versions.get().body["kind"] == "zone")
    change = {"effective_from_ms": END_MS + HOUR_MS, "acting_user": None, "now_ms": END_MS, "reason": "agreed"}
    cases.change_condition(zone.pk, replaced(SCHOOL_ZONE, area=replaced(SCHOOL_ZONE.area, radius_m=400)), **change)
    settle(Worker(stream), END_MS)
    assert found(ada) == []


def test_what_arrived_but_is_not_stored_yet_is_no_difference(ada: Person, stream: Stream) -> None:
    send(stream, ada, stay(SCHOOL, END_MS - HOUR_MS, END_MS - HOUR_MS + 5 * MINUTE_MS))
    assert found(ada) == []


def test_what_other_rules_made_is_told_apart_and_counted(ada: Person) -> None:
    RulesInForce.objects.all().delete()
    RulesInForce.objects.create(rules_version="2020.1.1", since_ms=0)
    actions.use_rules(RULES_VERSION, CURFEW_MS - HOUR_MS)
    for row in Finding.objects.filter(known_ms__lt=CURFEW_MS - HOUR_MS):
        body = opened(row).replace(RULES_VERSION.encode(), b"2020.1.1")
        rewrite(row, body)
    entered = Finding.objects.get(kind="zone_entered")
    rewrite(entered, opened(entered).replace(b"established", b"probable"))
    Finding.objects.get(kind="zone_left").delete()  # those rules may not have found it
    snapshot = Snapshot.objects.order_by("at_ms")[0]
    rewrite(snapshot, b"2020.1.1\x00what they remembered")
    report = verify_person(ada.pk)
    assert report.differences == []
    early = Finding.objects.filter(known_ms__lt=CURFEW_MS - HOUR_MS).count()
    assert (report.older, report.older_agree) == (early + 2, early - 1)
    Finding.objects.filter(kind="curfew_absent_at_start").delete()
    assert [how for _, _, how in found(ada)] == ["missing"]


def test_the_rules_in_use_are_written_down_once_a_change(ada: Person) -> None:
    assert queries.rules_since(RULES_VERSION) == 0
    actions.use_rules("next", END_MS)
    actions.use_rules("next", END_MS + 1)
    assert (queries.rules_since("next"), queries.rules_since(RULES_VERSION)) == (END_MS, None)


def test_a_person_who_is_nowhere_else_is_still_verified(ada: Person) -> None:
    stray = Finding.objects.get(kind="zone_entered")
    stray.pk, stray.person_id = "e" * 32, "nobody"
    stray.save(force_insert=True)
    assert people() == sorted([ada.pk, "nobody"])
    assert [one.how for one in verify_person("nobody").differences] == ["unreadable"]


# --- many people ----------------------------------------------------------------------------------------------------


@pytest.fixture
def town(stream: Stream) -> list[str]:
    """Seven people with a day each; one finding of the sixth was changed."""
    everybody = [person(SCHOOL_ZONE, NIGHT_CURFEW, TRAIL) for _ in range(7)]
    for who in everybody:
        send(stream, who, DAY, one_message=True)
    settle(Worker(stream), END_MS)
    ids = people()
    Finding.objects.filter(person_id=ids[5], kind="zone_entered").update(certainty="possible")
    return ids


def stopping_after(count: int) -> Callable[[], None]:
    seen = iter(range(1, 100))

    def done() -> None:
        if next(seen) == count:
            raise KeyboardInterrupt

    return done


def test_stopped_and_resumed_it_reports_what_an_undisturbed_run_reports(town: list[str], tmp_path: Path) -> None:
    whole, place = Position(Options()), Place(tmp_path)
    assert run(town, whole, place)
    parts = Position(Options())
    for count in (3, 2):
        assert not run(town, parts, place, done=stopping_after(count))
        kept = place.load()
        assert kept is not None
        parts = kept
    assert parts.last_person_id == town[4]
    assert run(town, parts, place)
    assert place.load() is None
    assert parts == whole
    assert [(one.person_id, one.what) for one in whole.differences] == [(town[5], "finding")]


def test_a_place_of_other_rules_is_not_gone_on_from(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.save(Position(Options(), rules_version="2020.1.1"))
    assert place.load() is None


@pytest.mark.slow
@pytest.mark.skipif(connection.vendor != "sqlite", reason="one way to share a database with other processes is enough")
def test_whoever_waits_for_the_worker_is_looked_at_again_at_the_end(
    town: list[str], stream: Stream, tmp_path: Path
) -> None:
    zone = next(
        c for c in Condition.objects.filter(order__person_id=town[0]) if c.versions.get().body["kind"] == "zone"
    )
    change = {"effective_from_ms": START_MS, "acting_user": None, "now_ms": END_MS, "reason": "misread"}
    cases.change_condition(zone.pk, replaced(SCHOOL_ZONE, area=replaced(SCHOOL_ZONE.area, radius_m=400)), **change)
    position, worker = Position(Options()), Worker(stream)
    assert run(town[:2], position, Place(tmp_path), done=lambda: settle(worker, END_MS))
    assert (position.people, position.waits, position.differing) == (2, [], 0)


# --- the command ----------------------------------------------------------------------------------------------------


def verify(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["verify", *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_the_command_says_that_everything_agrees_and_leaves_an_entry(ada: Person) -> None:
    code, out, _ = verify()
    assert code == 0, out
    assert out.startswith("1 person, ")
    assert "0 differences" in out
    assert json.loads(AuditEntry.objects.get(action="findings.verified").detail)["finished"] is True
    assert not AuditEntry.objects.filter(action="trail.read").exists()


def test_the_command_names_person_finding_and_difference_and_writes_them_to_a_file(ada: Person, tmp_path: Path) -> None:
    row = Finding.objects.get(kind="zone_entered")
    Finding.objects.filter(pk=row.pk).update(certainty="possible")
    code, out, _ = verify("--json", str(tmp_path / "report.json"), "--person", ada.reference)
    assert code == 1
    assert f"{ada.reference}: finding {row.pk} different: certainty: the column says 'possible'" in out
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["differences"][0]["name"] == row.pk
    assert report["finished"] is True


def test_only_what_came_since_is_looked_at_when_asked(ada: Person) -> None:
    Finding.objects.filter(kind="zone_entered").update(certainty="possible")
    day = "1970-01-01"
    assert verify("--since", day)[0] == 1  # nothing is kept from before, so from the beginning
    later = "2026-03-01T16:00"
    code, out, _ = verify("--since", later)
    assert code == 0, out


@pytest.mark.parametrize("arguments", [("--since", "yesterday"), ("--person", "X-1"), ("--resume",)])
def test_what_cannot_be_done_is_told_in_one_sentence(ada: Person, arguments: tuple[str, ...]) -> None:
    code, _, error = verify(*arguments)
    assert code == 2
    assert len(error.strip().splitlines()) == 1


def test_waiting_people_are_told_and_end_with_code_3(ada: Person) -> None:
    zone = next(c for c in Condition.objects.all() if c.versions.get().body["kind"] == "zone")
    change = {"effective_from_ms": START_MS, "acting_user": None, "now_ms": END_MS, "reason": "misread"}
    cases.change_condition(zone.pk, replaced(SCHOOL_ZONE, area=replaced(SCHOOL_ZONE.area, radius_m=400)), **change)
    code, out, _ = verify()
    assert code == 3
    assert "Not looked at: 1 person with a change" in out
