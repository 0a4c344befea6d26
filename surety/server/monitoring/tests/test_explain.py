"""A finding is derived again from what is stored, and shown with its arithmetic."""

import contextlib
import io
import itertools
import json
from pathlib import Path

import pytest
from django.db import connection
from typer.testing import CliRunner

from surety.cli import app
from surety.rules.facts import DeviceEvent, DeviceReport, decode, encode, fact_id
from surety.rules.findings import RULES_VERSION
from surety.server.audit.models import Entry as AuditEntry
from surety.server.audit.words import detail_of
from surety.server.cases import actions as cases
from surety.server.cases.models import Condition, Person
from surety.server.errors import ConflictError, NotFoundError
from surety.server.monitoring import explain_report, stored
from surety.server.monitoring.explain import find_row, rederive
from surety.server.monitoring.models import Finding, Snapshot, StoredFact
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
    fix,
    opened,
    person,
    replaced,
    rewrite,
    send,
    stay,
)
from surety.server.monitoring.worker import Worker
from surety.stream.contract import Stream

pytestmark = pytest.mark.django_db
MORNING = START_MS + 9 * HOUR_MS
EVENING = START_MS + 18 * HOUR_MS
CURFEW_MS = START_MS + 19 * HOUR_MS
DAY = [
    *stay(HOME, MORNING, MORNING + 40 * MINUTE_MS),
    *stay(SCHOOL, MORNING + 45 * MINUTE_MS, MORNING + 70 * MINUTE_MS),
    DeviceReport(
        fact_id("device", MORNING + 71 * MINUTE_MS),
        "device",
        MORNING + 71 * MINUTE_MS,
        0,
        battery_pct=55.0,
        events=(DeviceEvent.SOS,),
    ),
    *stay(AWAY, MORNING + 75 * MINUTE_MS, MORNING + 140 * MINUTE_MS),
    *stay(AWAY, EVENING, CURFEW_MS + 5 * MINUTE_MS),
    *stay(HOME, CURFEW_MS + 9 * MINUTE_MS, CURFEW_MS + 40 * MINUTE_MS),
]
END_MS = CURFEW_MS + 4 * HOUR_MS


def settle(worker: Worker, now_ms: int) -> None:
    while not worker.run_once(now_ms).idle:
        pass


@pytest.fixture
def ada(stream: Stream) -> Person:
    """Somebody with a day behind them that raised findings of most kinds."""
    who = person(SCHOOL_ZONE, NIGHT_CURFEW, TRAIL)
    send(stream, who, DAY)
    settle(Worker(stream), END_MS)
    return who


def of_kind(kind: str) -> Finding:
    return Finding.objects.filter(kind=kind, superseded_ms=None).order_by("at_ms").first()


def test_every_finding_is_derived_again_byte_for_byte_from_a_snapshot_and_from_the_beginning(ada: Person) -> None:
    assert Snapshot.objects.count() > 2
    rows = list(Finding.objects.all())
    assert {"zone_entered", "zone_left", "curfew_absent_at_start", "silent", "sos", "cannot_verify"} <= {
        row.kind for row in rows
    }
    for row in rows:
        for from_start in (False, True):
            known = rederive(row.pk, from_start=from_start)
            assert known.differences == [], row.kind
            assert known.again is not None
    assert rederive(of_kind("curfew_returned").pk).base_ms is not None


def test_the_last_row_of_the_arithmetic_is_what_the_finding_stores(ada: Person) -> None:
    for row in Finding.objects.all():
        known = rederive(row.pk)
        has_place = "p_inside" in known.finding.evidence.numbers
        assert (known.worked is not None) == has_place
        if known.worked is None:
            continue
        assert known.worked.agrees, row.kind
        last = known.worked.steps[-1] if known.worked.steps else None
        if last is not None and last.at_ms == row.known_ms:  # no wait in between that fades it
            assert known.finding.evidence.numbers["log_odds"] == round(last.after, 4)
            assert known.finding.evidence.numbers["p_inside"] == round(last.p_inside, 6)


def test_each_step_goes_from_where_the_step_before_ended_towards_what_its_position_says(ada: Person) -> None:
    steps = rederive(of_kind("zone_entered").pk).worked.steps
    assert len(steps) > 20
    for before, after in itertools.pairwise(steps):
        assert after.before == before.after
        assert min(after.faded, after.alone) - 1e-9 <= after.after <= max(after.faded, after.alone) + 1e-9
        assert after.share is None or 0 <= after.share <= 1
    assert steps[-1].held.name == "INSIDE"
    assert steps[-1].after > steps[-2].after


def test_the_sums_of_time_of_silence_and_of_not_knowing_add_up(ada: Person) -> None:
    first, later = Finding.objects.filter(kind="silent").order_by("at_ms")[:2]
    never_heard = explain_report.report(rederive(first.pk)).sums[0]
    assert never_heard.startswith("1 Mar 00:00:00 (the time from which the condition asks) + 1800 s = 1 Mar 00:30:00.")
    assert (
        "1 Mar 11:19:00 (the last message) + 1800 s = 1 Mar 11:49:00."
        in explain_report.report(rederive(later.pk)).sums[0]
    )
    unseen = explain_report.report(rederive(of_kind("cannot_verify").pk))
    assert any("+ 3600 s = " in line or "+ 900 s = " in line for line in unseen.sums)


def test_a_changed_fact_makes_the_finding_differ_and_says_in_what(ada: Person) -> None:
    row = of_kind("zone_entered")
    named = rederive(row.pk).finding.evidence.fact_ids
    moved = StoredFact.objects.get(fact_id=named[-1])

    fact = decode(opened(moved))
    rewrite(moved, encode(replaced(fact, lat_deg=AWAY[0])))
    known = rederive(row.pk)
    assert known.differences == ["the rules do not give this finding from what is stored"]


def test_a_changed_number_is_named_with_what_the_rules_give(ada: Person) -> None:
    row = of_kind("zone_entered")
    body = opened(row).replace(b'"certainty":"established"', b'"certainty":"probable"')
    rewrite(row, body)
    assert rederive(row.pk).differences == ["certainty: stored 'probable', derived 'established'"]
    rewrite(row, opened(row), cause="network")
    assert rederive(row.pk).differences == ["cause: the column says 'network', the finding 'behaviour'"]


def test_a_beginning_of_eight_digits_is_enough_when_it_is_unique(ada: Person) -> None:
    row = of_kind("sos")
    assert find_row(row.pk[:8]).pk == row.pk
    with pytest.raises(NotFoundError, match="at least its first 8"):
        find_row(row.pk[:7])
    with pytest.raises(NotFoundError, match="No finding"):
        find_row("0" * 32)
    twin = Finding.objects.get(pk=row.pk)
    twin.pk = row.pk[:31] + ("0" if row.pk[31] != "0" else "1")
    twin.save(force_insert=True)
    with pytest.raises(ConflictError, match=row.pk):
        find_row(row.pk[:10])


def test_what_later_facts_took_away_is_derived_from_what_was_known_then(stream: Stream) -> None:
    ada = person(TRAIL, at_ms=MORNING - MINUTE_MS)
    send(stream, ada, stay(HOME, MORNING, MORNING + 5 * MINUTE_MS))
    worker = Worker(stream)
    settle(worker, MORNING + 50 * MINUTE_MS)
    send(stream, ada, stay(HOME, MORNING + 10 * MINUTE_MS, MORNING + 12 * MINUTE_MS))
    settle(worker, MORNING + 51 * MINUTE_MS)
    fell, stands = Finding.objects.order_by("at_ms")
    known = rederive(fell.pk)
    assert known.differences == []
    assert known.as_known_ms == fell.processed_ms
    told = explain_report.report(known)
    assert "It was superseded" in told.standing[0]
    assert stands.pk in told.standing[0]
    other = explain_report.report(rederive(stands.pk))
    assert "It took the place of" in other.standing[0]
    assert fell.pk in other.standing[0]


def test_a_finding_made_before_its_condition_was_changed_back_in_time_is_derived_under_what_was_on_record(
    stream: Stream,
) -> None:
    ada = person(SCHOOL_ZONE)
    send(stream, ada, stay(SCHOOL, MORNING, MORNING + 5 * MINUTE_MS))
    worker = Worker(stream)
    settle(worker, MORNING + 6 * MINUTE_MS)
    condition = Condition.objects.get()
    far = replaced(SCHOOL_ZONE, area=replaced(SCHOOL_ZONE.area, lat_deg=52.0))
    change = {"effective_from_ms": START_MS, "acting_user": None, "now_ms": MORNING + HOUR_MS, "reason": "wrong place"}
    cases.change_condition(condition.pk, far, **change)
    settle(worker, MORNING + HOUR_MS + MINUTE_MS)
    fell = Finding.objects.get(kind="zone_entered")
    assert fell.superseded_ms is not None
    assert rederive(fell.pk).differences == []


# --- the command -------------------------------------------------------------------------------------------------


def explain(*arguments: str) -> tuple[int, str, str]:
    """Run the command in this process; the exit code and what it printed."""
    done = CliRunner().invoke(app, ["explain", *arguments])
    return done.exit_code, done.stdout, done.stderr


def test_the_command_tells_everything_and_its_reading_is_on_record(ada: Person) -> None:
    row = of_kind("zone_entered")
    code, out, _ = explain(row.pk[:12], "--purpose", "an appeal before the court")
    assert code == 0, out
    for heading in (
        "What was ordered",
        "What was recorded",
        "How it was worked out: School",
        "How sure it is, and why",
        "What else could explain it",
        "Who decided what",
        "byte for byte",
    ):
        assert heading in out
    entry = AuditEntry.objects.filter(action="trail.read", person_id=ada.pk).get()
    assert detail_of(entry)["purpose"] == "an appeal before the court"
    assert entry.actor_name.endswith("(command line)")
    assert not entry.actor_role


def test_without_a_purpose_nothing_is_shown_and_nothing_is_read(ada: Person) -> None:
    code, out, error = explain(of_kind("zone_entered").pk)
    assert code == 2
    assert "--purpose" in error
    assert out == ""
    assert not AuditEntry.objects.filter(action="trail.read").exists()


def test_json_holds_the_arithmetic_and_the_stored_finding_as_it_is(ada: Person) -> None:
    row = of_kind("zone_entered")
    code, out, _ = explain(row.pk, "--purpose", "an appeal before the court", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["same"] is True
    assert told["arithmetic"]["rows"][-1][0] == "conclusion"
    numbers = told["stored"]["evidence"]["numbers"]
    assert told["arithmetic"]["rows"][-1][-2] == f"{numbers['p_inside']:.6f}"
    assert told["arithmetic"]["rows"][-1][-3] == f"{numbers['log_odds']:+.4f}"


def test_a_map_is_drawn_with_the_zone_and_the_position_that_decided(ada: Person, tmp_path: Path) -> None:
    row = of_kind("zone_entered")
    for name, begins in (("m.svg", b"<svg"), ("m.png", b"\x89PNG")):
        code, _, told = explain(row.pk, "--purpose", "an appeal before the court", "--map", str(tmp_path / name))
        assert code == 0, told
        assert (tmp_path / name).read_bytes().startswith(begins)
    svg = (tmp_path / "m.svg").read_text()
    assert 'exclusion zone "School"' in svg.replace("&quot;", '"')
    assert svg.count("sketch-spot sketch-deciding") >= 1
    code, _, told = explain(row.pk, "--purpose", "an appeal before the court", "--map", str(tmp_path / "m.gif"))
    assert code == 2
    assert "neither .svg nor .png" in told


def test_a_finding_that_differs_ends_with_code_1(ada: Person) -> None:
    row = of_kind("zone_entered")
    Finding.objects.filter(pk=row.pk).update(certainty="possible")
    code, out, _ = explain(row.pk, "--purpose", "an appeal before the court")
    assert code == 1
    assert "DIFFERS" in out
    assert "certainty: the column says 'possible'" in out


@pytest.mark.django_db(transaction=True)
def test_a_frozen_view_reads_one_instant_and_holds_nobody_up(stream: Stream) -> None:

    ada = person(TRAIL)
    send(stream, ada, [fix(MORNING, HOME)])
    settle(Worker(stream), MORNING)
    with stored.frozen_view(), contextlib.redirect_stdout(io.StringIO()):
        assert not connection.in_atomic_block or connection.vendor == "postgresql"
        assert sum(len(rows) for rows in stored.fact_rows(ada.pk)) >= 1
    send(stream, ada, [fix(MORNING + MINUTE_MS, HOME)])
    settle(Worker(stream), MORNING + MINUTE_MS)  # the connection is as it was: it writes
    assert StoredFact.objects.filter(person_id=ada.pk).count() >= 2


def test_what_other_rules_made_is_told_from_what_these_make(ada: Person) -> None:
    row = of_kind("zone_entered")
    older = opened(row).replace(RULES_VERSION.encode(), b"2020.1.1")
    rewrite(row, older)
    told = explain_report.report(rederive(row.pk))
    assert told.differences == (f"rules_version: stored '2020.1.1', derived '{RULES_VERSION}'",)
    assert told.verdict.endswith("and it agrees in everything else.")
    rewrite(row, older.replace(b"established", b"probable"), certainty="probable")
    assert "it also differs in what follows" in explain_report.report(rederive(row.pk)).verdict


def test_snapshots_of_other_rules_are_passed_over(ada: Person) -> None:
    row = of_kind("curfew_returned")
    base_ms = rederive(row.pk).base_ms
    rewrite(Snapshot.objects.get(at_ms=base_ms), b"2020.1.1\x00 written long ago")
    known = rederive(row.pk)
    assert known.differences == []
    assert known.base_ms is None or known.base_ms < base_ms
