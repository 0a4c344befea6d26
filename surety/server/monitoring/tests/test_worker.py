"""The worker, one step a call: what it stores, when it wakes, what it does with what it cannot take."""

import pytest
from django.db import OperationalError, connection

from surety.clock import SystemClock
from surety.rules import engine
from surety.rules.facts import Fact, Tick, encode
from surety.server.alerts.models import Alert, AlertEvent
from surety.server.cases import actions as cases
from surety.server.cases.models import Condition, OrderStatus, Person
from surety.server.monitoring import queries
from surety.server.monitoring.actions import LostOwnershipError
from surety.server.monitoring.commands import parse_partitions
from surety.server.monitoring.models import (
    Finding,
    FormerFinding,
    PersonState,
    ReadPosition,
    SetAside,
    StoredFact,
    WorkerHealth,
)
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
    send,
    stay,
)
from surety.server.monitoring.worker import Worker, trim
from surety.stream.contract import Entry, Stream, partition_of

pytestmark = pytest.mark.django_db
MORNING = START_MS + 9 * HOUR_MS
CURFEW_MS = START_MS + 19 * HOUR_MS
JOURNEY = [
    *stay(HOME, MORNING, MORNING + 5 * MINUTE_MS),
    *stay(SCHOOL, MORNING + 9 * MINUTE_MS, MORNING + 13 * MINUTE_MS),
]


def settle(worker: Worker, now_ms: int) -> None:
    """Step until nothing is left to do."""
    while not worker.run_once(now_ms).idle:
        pass


def kinds(who: Person) -> list[str]:
    """The findings that stand, in order of time."""
    return [finding.kind.value for finding in queries.findings(who.pk, 0, 2**60)]


def test_a_fix_in_a_forbidden_zone_becomes_a_finding_and_an_alert(stream: Stream) -> None:
    ada = person(SCHOOL_ZONE, at_ms=MORNING - MINUTE_MS)
    send(
        stream,
        ada,
        JOURNEY,
    )
    settle(Worker(stream), MORNING + 13 * MINUTE_MS)
    alert = Alert.objects.get()
    assert (alert.person_id, alert.kind) == (ada.pk, "zone_entered")
    assert Finding.objects.get().id == alert.finding_id
    assert len(queries.trail(ada.pk, MORNING, MORNING + HOUR_MS)) == 9


def test_a_clock_that_was_put_back_concludes_nothing_of_a_time_that_has_not_come(stream: Stream) -> None:
    """While records wait, time passes up to the last one's receipt; never past the clock."""
    ada = person(NIGHT_CURFEW, at_ms=CURFEW_MS - 11 * MINUTE_MS)
    send(stream, ada, stay(HOME, CURFEW_MS - 10 * MINUTE_MS, CURFEW_MS))
    ahead = fix(CURFEW_MS + MINUTE_MS, HOME, received_ms=CURFEW_MS + 9 * HOUR_MS)
    send(stream, ada, [ahead, *stay(HOME, CURFEW_MS + 2 * MINUTE_MS, CURFEW_MS + 9 * MINUTE_MS)])
    worker = Worker(stream, records_a_step=1)
    settle(worker, CURFEW_MS + 10 * MINUTE_MS)
    assert kinds(ada) == []


def test_somebody_already_out_when_the_curfew_starts_is_found_without_a_new_fix(stream: Stream) -> None:
    ada = person(NIGHT_CURFEW, at_ms=CURFEW_MS - 11 * MINUTE_MS)
    send(stream, ada, stay(AWAY, CURFEW_MS - 10 * MINUTE_MS, CURFEW_MS))
    worker = Worker(stream)
    settle(worker, CURFEW_MS - 1)
    assert kinds(ada) == []
    progress = worker.run_once(CURFEW_MS)
    assert (progress.records, progress.wake_ups, progress.findings) == (0, 1, 1)
    assert kinds(ada) == ["curfew_absent_at_start"]


def test_the_worker_tells_when_it_wants_to_be_woken_and_does_nothing_before(stream: Stream) -> None:
    ada = person(NIGHT_CURFEW, at_ms=CURFEW_MS - 11 * MINUTE_MS)
    send(stream, ada, stay(HOME, CURFEW_MS - 10 * MINUTE_MS, CURFEW_MS))
    worker = Worker(stream)
    settle(worker, CURFEW_MS - 1)
    progress = worker.run_once(CURFEW_MS - 1)
    assert progress.idle
    assert progress.next_wake_ms == CURFEW_MS


def test_a_fact_that_comes_again_is_stored_once_and_finds_nothing_new(stream: Stream) -> None:
    ada = person(SCHOOL_ZONE, TRAIL, at_ms=MORNING - MINUTE_MS)
    worker = Worker(stream)
    for _ in range(3):
        send(stream, ada, JOURNEY)
        settle(worker, MORNING + 13 * MINUTE_MS)
    settle(Worker(stream), MORNING + 13 * MINUTE_MS)
    assert len(queries.trail(ada.pk, MORNING, MORNING + HOUR_MS)) == len(JOURNEY)
    assert kinds(ada) == ["zone_entered"]
    assert Alert.objects.count() == 1


def test_a_late_fix_that_explains_a_silence_supersedes_it_and_the_alert_falls_away(stream: Stream) -> None:
    ada = person(TRAIL, at_ms=MORNING - MINUTE_MS)
    send(stream, ada, stay(HOME, MORNING, MORNING + 5 * MINUTE_MS))
    worker = Worker(stream)
    settle(worker, MORNING + 50 * MINUTE_MS)
    assert kinds(ada) == ["silent"]
    send(stream, ada, stay(HOME, MORNING + 10 * MINUTE_MS, MORNING + 50 * MINUTE_MS))
    settle(worker, MORNING + 51 * MINUTE_MS)
    assert kinds(ada) == []
    silence = Finding.objects.get()
    assert silence.superseded_ms == MORNING + 51 * MINUTE_MS
    assert Alert.objects.get().fell_away_ms == MORNING + 51 * MINUTE_MS
    assert Alert.objects.get().status == "open"
    assert AlertEvent.objects.get(action="fell_away").text.endswith("Nothing took its place.")


def test_a_backdated_change_judges_the_past_anew_and_names_what_took_the_place(stream: Stream) -> None:
    ada = person(SCHOOL_ZONE, at_ms=MORNING - MINUTE_MS)
    send(
        stream,
        ada,
        JOURNEY,
    )
    worker = Worker(stream)
    settle(worker, MORNING + 13 * MINUTE_MS)
    condition = Condition.objects.get()
    larger = replaced(SCHOOL_ZONE, area=replaced(SCHOOL_ZONE.area, radius_m=300))
    cases.change_condition(
        condition.pk, larger, effective_from_ms=MORNING, acting_user=None, now_ms=MORNING + HOUR_MS, reason="misread"
    )
    settle(worker, MORNING + HOUR_MS)
    stands = Finding.objects.get(superseded_ms=None)
    former = Finding.objects.exclude(superseded_ms=None).get()
    assert (stands.kind, stands.condition_version) == ("zone_entered", 2)
    assert former.superseded_by == stands.id
    assert stands.replaces == former.id
    assert former.replaces == ""
    told = AlertEvent.objects.get(finding_id=former.id, action="fell_away")
    assert told.text.startswith("Later facts took this finding away. In its place: ")
    assert told.alert.status == "open"


def test_a_finding_that_comes_back_takes_its_place_back(stream: Stream) -> None:
    ada = person(TRAIL, at_ms=MORNING - MINUTE_MS)
    send(stream, ada, stay(HOME, MORNING, MORNING + 5 * MINUTE_MS))
    worker = Worker(stream)
    settle(worker, MORNING + 40 * MINUTE_MS)
    first = Finding.objects.get()

    def order_is(status: OrderStatus, from_min: int, now_min: int) -> None:
        times = {"effective_from_ms": MORNING + from_min * MINUTE_MS, "now_ms": MORNING + now_min * MINUTE_MS}
        cases.set_order_status(ada.orders.get().pk, status, acting_user=None, reason="told late", **times)

    order_is(OrderStatus.SUSPENDED, 10, 41)
    order_is(OrderStatus.IN_FORCE, 20, 41)
    settle(worker, MORNING + 60 * MINUTE_MS)
    second = Finding.objects.get(superseded_ms=None)
    assert (second.kind, second.at_ms, second.replaces) == ("silent", MORNING + 50 * MINUTE_MS, first.id)
    order_is(OrderStatus.SUSPENDED, 60, 61)
    order_is(OrderStatus.IN_FORCE, 10, 61)  # it had never been suspended
    settle(worker, MORNING + 62 * MINUTE_MS)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.superseded_ms, first.superseded_by, first.replaces) == (None, "", second.id)
    assert (second.superseded_by, second.replaces) == (first.id, "")


def test_a_change_that_lies_ahead_takes_effect_at_its_time_without_any_new_fix(stream: Stream) -> None:
    ada = person(TRAIL, at_ms=CURFEW_MS - 11 * MINUTE_MS)
    send(stream, ada, stay(AWAY, CURFEW_MS - 10 * MINUTE_MS, CURFEW_MS + 10 * MINUTE_MS))
    worker = Worker(stream)
    settle(worker, CURFEW_MS + 10 * MINUTE_MS)
    order = ada.orders.get()
    cases.add_condition(
        order.pk,
        NIGHT_CURFEW,
        label="Curfew",
        effective_from_ms=CURFEW_MS + 20 * MINUTE_MS,
        acting_user=None,
        now_ms=CURFEW_MS + 10 * MINUTE_MS,
    )
    settle(worker, CURFEW_MS + 19 * MINUTE_MS)
    assert kinds(ada) == []
    settle(worker, CURFEW_MS + 36 * MINUTE_MS)
    assert kinds(ada) == ["cannot_verify"]


def test_a_finding_derived_again_with_other_evidence_leaves_what_it_said_before(stream: Stream) -> None:
    ada = person(TRAIL, at_ms=MORNING - MINUTE_MS)
    send(stream, ada, stay(HOME, MORNING, MORNING + 5 * MINUTE_MS))
    worker = Worker(stream)
    settle(worker, MORNING + 50 * MINUTE_MS)
    before = opened(Finding.objects.get())
    send(stream, ada, [fix(MORNING + 90_000, HOME)])  # late, but the silence began after it
    settle(worker, MORNING + 51 * MINUTE_MS)
    assert kinds(ada) == ["silent"]
    if opened(Finding.objects.get()) != before:
        assert opened(FormerFinding.objects.get()) == before
    assert Alert.objects.count() == 1


def test_a_record_that_cannot_be_decoded_is_set_aside_with_the_reason_and_the_others_go_on(stream: Stream) -> None:
    ada = person(SCHOOL_ZONE, at_ms=MORNING - MINUTE_MS)
    good = fix(MORNING, HOME)
    stream.append(
        [
            Entry(ada.pk, "device", "osmand", MORNING, (b"\xc1 no fact", encode(good))),
            Entry(ada.pk, "device", "osmand", MORNING, (encode(fix(MORNING + MINUTE_MS, HOME)),)),
        ]
    )
    worker = Worker(stream)
    assert worker.run_once(MORNING + MINUTE_MS).set_aside == 1
    aside = SetAside.objects.get()
    assert (aside.person_id, aside.log_seq, aside.reason, opened(aside)) == (
        ada.pk,
        1,
        "not_readable",
        b"\xc1 no fact",
    )
    assert len(queries.trail(ada.pk, MORNING, MORNING + HOUR_MS)) == 2
    settle(worker, MORNING + MINUTE_MS)
    assert SetAside.objects.count() == 1


def test_a_message_of_somebody_unknown_is_set_aside(stream: Stream) -> None:
    stream.append([Entry("f" * 32, "device", "osmand", MORNING, (encode(fix(MORNING, HOME)),))])
    settle(Worker(stream), MORNING)
    assert SetAside.objects.get().reason == "unknown_person"
    assert not StoredFact.objects.exists()


class FailingRules:
    """The real rules, but for one fact on which they raise."""

    def __init__(self, on: str = "", *, on_tick: bool = False) -> None:
        self.on, self.on_tick = on, on_tick
        self.start, self.encode_state, self.decode_state = engine.start, engine.encode_state, engine.decode_state

    def step(self, state: engine.State, fact: Fact | Tick, conditions: engine.Plan) -> engine.Step:
        if isinstance(fact, Tick):
            if self.on_tick:
                raise ZeroDivisionError("on a wake-up")
        elif fact.id == self.on:
            raise ZeroDivisionError("on a fact")
        return engine.step(state, fact, conditions)


def test_a_fact_on_which_the_rules_fail_is_set_aside_and_everything_else_is_taken(stream: Stream) -> None:
    ada, bob = (
        person(SCHOOL_ZONE, at_ms=MORNING - MINUTE_MS),
        person(SCHOOL_ZONE, name="Bob", at_ms=MORNING - MINUTE_MS),
    )
    send(stream, ada, JOURNEY)
    send(stream, bob, JOURNEY)
    settle(Worker(stream, rules=FailingRules(on=JOURNEY[2].id)), MORNING + 13 * MINUTE_MS)
    asides = SetAside.objects.all()
    assert {(one.person_id, one.reason) for one in asides} == {(ada.pk, "rules_failed"), (bob.pk, "rules_failed")}
    assert all("ZeroDivisionError" in one.sentence and opened(one) == encode(JOURNEY[2]) for one in asides)
    assert kinds(ada) == kinds(bob) == ["zone_entered"]
    assert len(queries.trail(ada.pk, MORNING, MORNING + HOUR_MS)) == len(JOURNEY) - 1


def test_a_wake_up_on_which_the_rules_fail_is_tried_again_an_hour_later(stream: Stream) -> None:
    ada = person(NIGHT_CURFEW, at_ms=CURFEW_MS - 11 * MINUTE_MS)
    send(stream, ada, stay(AWAY, CURFEW_MS - 10 * MINUTE_MS, CURFEW_MS))
    worker = Worker(stream, rules=FailingRules(on_tick=True))
    settle(worker, CURFEW_MS)
    assert SetAside.objects.get().sentence.startswith("At a wake-up")
    assert worker.run_once(CURFEW_MS + MINUTE_MS).next_wake_ms == CURFEW_MS + HOUR_MS
    settle(Worker(stream), CURFEW_MS + HOUR_MS)
    assert kinds(ada)[0] == "curfew_absent_at_start"


def test_a_database_that_cannot_be_written_stores_nothing_and_the_next_step_takes_everything_again(
    stream: Stream,
) -> None:
    ada = person(SCHOOL_ZONE, at_ms=MORNING - MINUTE_MS)
    worker = Worker(stream)
    settle(worker, MORNING - 1)
    send(stream, ada, JOURNEY)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = ON")
        with pytest.raises(OperationalError, match="readonly"):
            worker.run_once(MORNING + 13 * MINUTE_MS)
        cursor.execute("PRAGMA query_only = OFF")
    assert queries.trail(ada.pk, MORNING, MORNING + HOUR_MS) == []
    settle(worker, MORNING + 13 * MINUTE_MS)
    assert kinds(ada) == ["zone_entered"]
    assert len(queries.trail(ada.pk, MORNING, MORNING + HOUR_MS)) == 9


def test_what_cannot_be_stored_for_one_person_is_set_aside_and_the_others_alerts_are_there(stream: Stream) -> None:
    ada = person(SCHOOL_ZONE, at_ms=MORNING - MINUTE_MS)
    bob = person(SCHOOL_ZONE, name="Bob", at_ms=MORNING - MINUTE_MS)
    worker = Worker(stream)
    settle(worker, MORNING - 1)
    for who in (ada, bob):
        send(stream, who, JOURNEY)
    with connection.cursor() as cursor:  # a fault deep in the transaction, for one person only
        cursor.execute(
            f"CREATE TRIGGER fault BEFORE INSERT ON alerts_alert WHEN NEW.person_id = '{ada.pk}'"
            " BEGIN SELECT RAISE(ABORT, 'a fault'); END"
        )
        settle(worker, MORNING + 13 * MINUTE_MS)
        cursor.execute("DROP TRIGGER fault")
    assert (kinds(ada), kinds(bob)) == ([], ["zone_entered"])
    assert Alert.objects.get().person_id == bob.pk
    asides = SetAside.objects.all()
    assert {(one.person_id, one.reason) for one in asides} == {(ada.pk, "not_stored")}
    assert {opened(one) for one in asides} == {encode(fact) for fact in JOURNEY}
    send(stream, ada, JOURNEY)  # sent again, it is taken
    settle(worker, MORNING + 14 * MINUTE_MS)
    assert kinds(ada) == ["zone_entered"]


def test_of_two_workers_with_the_same_partition_only_one_can_commit(stream: Stream) -> None:
    ada = person(SCHOOL_ZONE, at_ms=MORNING - MINUTE_MS)
    one, other = Worker(stream), Worker(stream)
    settle(one, MORNING)
    settle(other, MORNING)
    send(stream, ada, [fix(MORNING, HOME)])
    one.run_once(MORNING)
    with pytest.raises(LostOwnershipError):
        other.run_once(MORNING)
    assert other.run_once(MORNING).idle
    assert len(queries.trail(ada.pk, MORNING, MORNING + 1)) == 1


def test_two_workers_share_the_people_by_partition(stream: Stream) -> None:
    people = [person(SCHOOL_ZONE, TRAIL, at_ms=MORNING - MINUTE_MS) for _ in range(8)]
    low = frozenset(range(32))
    workers = [Worker(stream, partitions=low), Worker(stream, partitions=frozenset(range(64)) - low)]
    for who in people:
        send(stream, who, JOURNEY)
    settle(workers[0], MORNING + 50 * MINUTE_MS)
    here = set(PersonState.objects.values_list("person_id", flat=True))
    assert here == {who.pk for who in people if partition_of(who.pk) in low}
    settle(workers[1], MORNING + 50 * MINUTE_MS)
    assert all(kinds(who) == ["zone_entered", "silent"] for who in people)


def test_partitions_may_move_to_another_worker(stream: Stream) -> None:
    people = [person(SCHOOL_ZONE, at_ms=MORNING - MINUTE_MS) for _ in range(6)]
    first, then = (
        stay(HOME, MORNING, MORNING + 5 * MINUTE_MS),
        stay(SCHOOL, MORNING + 9 * MINUTE_MS, MORNING + 13 * MINUTE_MS),
    )
    for who in people:
        send(stream, who, first)
    settle(Worker(stream), MORNING + 5 * MINUTE_MS)
    for who in people:
        send(stream, who, then)
    settle(Worker(stream, partitions=frozenset(range(10))), MORNING + 13 * MINUTE_MS)
    settle(Worker(stream, partitions=frozenset(range(10, 64))), MORNING + 13 * MINUTE_MS)
    settle(Worker(stream), MORNING + 13 * MINUTE_MS)
    assert all(kinds(who) == ["zone_entered"] for who in people)
    assert set(ReadPosition.objects.filter(consumer__startswith="log:").values_list("seq", flat=True)) == {
        stream.last_seq()
    }


def test_the_log_is_trimmed_only_behind_every_position_and_after_its_time(stream: Stream) -> None:
    ada = person(TRAIL, at_ms=MORNING - MINUTE_MS)
    send(stream, ada, stay(HOME, MORNING, MORNING + 100 * HOUR_MS, every_ms=HOUR_MS))
    now_ms = MORNING + 100 * HOUR_MS
    assert trim(stream, now_ms) == 0
    worker = Worker(stream)
    settle(worker, now_ms)
    assert trim(stream, now_ms) == 28
    assert trim(stream, now_ms) == 0
    assert stream.read(0, 1)[0].entry.received_ms >= now_ms - 72 * HOUR_MS
    settle(worker, now_ms)


def test_a_sign_of_life_tells_position_and_lag(stream: Stream) -> None:
    ada = person(SCHOOL_ZONE, at_ms=MORNING - MINUTE_MS)
    clock = SystemClock()
    assert not queries.health(clock).live
    worker = Worker(stream)
    worker.run_once(clock.now_ms())
    worker.beat(clock.now_ms())
    assert queries.health(clock).live
    assert queries.health(clock).lag_records == 0
    send(stream, ada, stay(HOME, MORNING, MORNING + 3 * MINUTE_MS))
    worker.beat(clock.now_ms())
    assert queries.health(clock).lag_records == 3


def test_a_worker_for_everybody_takes_the_place_of_those_for_some(stream: Stream) -> None:
    for partitions in (frozenset(range(32)), frozenset({40, 50, 51})):
        Worker(stream, partitions=partitions).beat(MORNING)
    assert set(WorkerHealth.objects.values_list("name", flat=True)) == {"worker:0-31", "worker:40,50-51"}
    Worker(stream).beat(MORNING)
    assert WorkerHealth.objects.get().name == "worker:all"


@pytest.mark.parametrize(("text", "count"), [("", 64), ("0-31", 32), ("5, 7,9-12", 6)])
def test_partitions_are_written_as_numbers_and_spans(text: str, count: int) -> None:
    assert len(parse_partitions(text)) == count


@pytest.mark.parametrize("text", ["64", "a", "3-", "-1", "9-5"])
def test_partitions_that_do_not_exist_are_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="partitions are"):
        parse_partitions(text)
