"""Protected persons' positions in the worker: what is found, what is never shown, and that they are deleted in time."""

import math
from typing import NamedTuple

import pytest

from surety.rules import engine
from surety.rules.facts import Fact, ProtectedFix, Source, decode, encode, fact_id
from surety.rules.state import Apart
from surety.server.alerts.models import Alert
from surety.server.cases import protected as cases
from surety.server.cases.models import Order, Person, ProtectedLink
from surety.server.monitoring import explain, queries, verifying
from surety.server.monitoring.models import Finding, PersonState, SetAside, Snapshot, StoredFact
from surety.server.monitoring.protected import KEEP_MS
from surety.server.monitoring.tests.cast import (
    DAY_MS,
    HOME,
    HOUR_MS,
    MINUTE_MS,
    START_MS,
    TRAIL,
    fix,
    opened,
    person,
    send,
)
from surety.server.monitoring.worker import Worker
from surety.stream.contract import Entry, Stream

pytestmark = pytest.mark.django_db
AGAIN = {"acting_user": None, "now_ms": START_MS}
MORNING = START_MS + 9 * HOUR_MS
MARKER = 51.5012345  # a latitude that nothing else here has


class Pair(NamedTuple):
    """A supervised person and the link to the one who is protected from them."""

    ada: Person
    link: ProtectedLink


@pytest.fixture
def pair() -> Pair:
    ada = person(TRAIL)
    details = cases.ProtectedDetails(reference="P-1", name="Pia Secret", contact="0800")
    pia = cases.register_protected(details, **AGAIN)
    terms = cases.LinkTerms(legal_basis="Protection Act, s. 5", alert_m=500)
    consent = cases.Consent(at_ms=START_MS, how="signed form")
    order = Order.objects.get(person=ada)
    link = cases.propose_link(pia.pk, order.pk, terms, consent, from_ms=START_MS, **AGAIN)
    cases.approve_link(link.pk, **AGAIN)
    told = cases.Told(at_ms=START_MS, how="in person", language="en")
    return Pair(ada, cases.record_link_told(link.pk, told, **AGAIN))


def theirs(pair: Pair, at_ms: int, east_m: float) -> ProtectedFix:
    lon = HOME[1] + east_m / (111_200 * math.cos(math.radians(MARKER)))
    name = fact_id("secret", at_ms, east_m)
    return ProtectedFix(name, pair.link.pk, at_ms, at_ms, MARKER, lon, 8.0, Source.GNSS)


def meet(stream: Stream, pair: Pair, begin_ms: int = MORNING, distances_m: tuple[float, ...] = ()) -> int:
    """Twenty minutes: first two kilometres apart, then near; the last instant."""
    far_near = distances_m or (2_000.0,) * 10 + (150.0,) * 10
    own = [fix(begin_ms + n * MINUTE_MS, HOME) for n in range(len(far_near))]
    send(stream, pair.ada, own)
    sent: list[Fact] = [theirs(pair, begin_ms + n * MINUTE_MS + 20_000, m) for n, m in enumerate(far_near)]
    stream.append([Entry(pair.ada.pk, pair.link.pk, "protected", one.received_ms, (encode(one),)) for one in sent])
    return begin_ms + len(far_near) * MINUTE_MS


def settle(worker: Worker, now_ms: int) -> None:
    while not worker.run_once(now_ms).idle:
        pass


def kinds(who: Person) -> list[str]:
    return [one.kind.value for one in queries.findings(who.pk, 0, 2**60) if one.condition_id.startswith("link:")]


def kept_positions() -> int:
    return sum(isinstance(decode(opened(row)), ProtectedFix) for row in StoredFact.objects.all())


def kept_places() -> list[object]:
    """Protected places in the rules' memory, current and earlier."""
    bodies = [opened(row) for row in (*PersonState.objects.all(), *Snapshot.objects.all())]
    records = [record for body in bodies for record in engine.decode_state(bytes(body)).records]
    return [record.other for record in records if isinstance(record, Apart) and record.other is not None]


def test_two_who_come_near_each_other_are_a_critical_alert(stream: Stream, pair: Pair) -> None:
    settle(Worker(stream), meet(stream, pair))
    alert = Alert.objects.get(kind="protected_near")
    assert (alert.person_id, alert.severity) == (pair.ada.pk, 1)
    assert "500 m ordered" in alert.sentence


def test_what_pages_and_explanations_read_never_holds_a_protected_position(stream: Stream, pair: Pair) -> None:
    now = meet(stream, pair)
    settle(Worker(stream), now)
    assert kept_positions() == 20
    shown = [*queries.trail(pair.ada.pk, 0, now), *queries.newest(pair.ada.pk, now, 100)]
    assert shown
    assert not [fact for fact in shown if isinstance(fact, ProtectedFix)]
    finding = Finding.objects.get(kind="protected_near")
    again = explain.rederive(finding.pk)
    assert again.differences == []
    assert str(MARKER) not in repr(again)
    assert "51.501" not in opened(finding).decode()
    assert queries.last_protected_ms(pair.ada.pk, pair.link.pk, now) == now - 40_000


def test_a_consent_that_is_withdrawn_deletes_everything_that_is_kept_of_them(stream: Stream, pair: Pair) -> None:
    now = meet(stream, pair)
    worker = Worker(stream)
    settle(worker, now)
    assert kept_places()
    cases.withdraw_consent(pair.link.pk, acting_user=None, now_ms=now)
    settle(worker, now)
    assert (kept_positions(), kept_places()) == (0, [])
    in_log = [body for record in stream.read(0, 1_000) for body in record.entry.facts]
    assert not [body for body in in_log if isinstance(decode(body), ProtectedFix)]
    assert kinds(pair.ada)[-2:] == ["protected_near", "duty_ended"]
    assert not SetAside.objects.exists()


def test_what_still_comes_out_of_the_log_after_a_withdrawal_is_deleted_too(stream: Stream, pair: Pair) -> None:
    worker = Worker(stream)
    now = meet(stream, pair)
    settle(worker, now)
    cases.withdraw_consent(pair.link.pk, acting_user=None, now_ms=now)
    settle(worker, now)
    late = theirs(pair, now - 5_000, 150)
    stream.append([Entry(pair.ada.pk, pair.link.pk, "protected", now, (encode(late),))])
    settle(worker, now + MINUTE_MS)
    worker.erase(now + 10 * MINUTE_MS)
    assert (kept_positions(), kept_places()) == (0, [])


def test_positions_older_than_three_days_are_deleted_and_what_was_found_stays(stream: Stream, pair: Pair) -> None:
    worker = Worker(stream)
    settle(worker, meet(stream, pair))
    later = meet(stream, pair, MORNING + 4 * DAY_MS, (2_000.0,) * 20)
    settle(worker, later)
    worker.erase(later)
    assert kept_positions() == 20
    # A message that comes four days late makes the rules go back over time whose positions are gone.
    send(stream, pair.ada, [fix(MORNING + 30 * MINUTE_MS, HOME)])
    settle(worker, later + MINUTE_MS)
    assert "protected_near" in kinds(pair.ada)
    assert Alert.objects.get(kind="protected_near").fell_away_ms is None
    assert ProtectedLink.objects.get().erased_to_ms == later - KEEP_MS


def test_verifying_takes_deletion_by_design_for_what_it_is(stream: Stream, pair: Pair) -> None:
    worker = Worker(stream)
    settle(worker, meet(stream, pair))
    assert verifying.verify_person(pair.ada.pk).differences == []
    later = meet(stream, pair, MORNING + 4 * DAY_MS, (2_000.0,) * 20)
    settle(worker, later)
    worker.erase(later)
    assert verifying.verify_person(pair.ada.pk).differences == []
    settle(worker, later + HOUR_MS)
    assert verifying.verify_person(pair.ada.pk).differences == []
    finding = Finding.objects.get(kind="protected_near")
    assert "deleted" in explain.rederive(finding.pk, from_start=True).differences[0]


def test_others_facts_are_left_alone(stream: Stream, pair: Pair) -> None:
    worker = Worker(stream)
    now = meet(stream, pair)
    settle(worker, now)
    own = StoredFact.objects.count() - kept_positions()
    cases.withdraw_consent(pair.link.pk, acting_user=None, now_ms=now)
    settle(worker, now)
    assert StoredFact.objects.count() == own + 1  # the change itself
