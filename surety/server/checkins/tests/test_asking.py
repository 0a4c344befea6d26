"""Asking: when the rules say so, once, through the log; and what becomes of a question, up to the worker's finding."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from django.db import OperationalError

from surety.rules import asking as rules
from surety.rules.conditions import Absence, AbsenceKind, Pause, Timetable
from surety.rules.facts import CheckInAsked, CheckInSubmitted, DeviceReport, Fact, encode, fact_id
from surety.server.alerts.models import Alert
from surety.server.cases import actions as cases
from surety.server.cases import queries as known
from surety.server.cases.models import Condition, Device, Order, Person, WatchKey
from surety.server.checkins import asking
from surety.server.checkins.asker import Asker
from surety.server.checkins.models import Beat, CheckIn, OutFact, Stands
from surety.server.checkins.tests.asking_cast import (
    DAY_MS,
    HOUR_MS,
    KEY,
    MINUTE_MS,
    MONDAY_MS,
    duty,
    give_watch,
    in_log,
    run,
    somebody,
)
from surety.server.monitoring import queries
from surety.server.monitoring.worker import Worker
from surety.stream.contract import Entry, Stream, StreamUnavailableError

pytestmark = pytest.mark.django_db
TUESDAY_MS = MONDAY_MS + DAY_MS


def planned(person: Person, key: bytes = KEY) -> list[int]:
    """When the rules would ask somebody on Monday, worked out apart from the process."""
    times = rules.between(known.condition_set(person.pk).conditions, key, MONDAY_MS, TUESDAY_MS)
    return [one.question.at_ms for one in times if one.left_out is None]


def through_the_day(asker: Asker, *people: Person) -> None:
    """A step whenever the rules would ask one of them, a little late as steps are, and at both midnights."""
    for now_ms in sorted({MONDAY_MS, *(at_ms + 400 for one in people for at_ms in planned(one)), TUESDAY_MS}):
        asker.run_once(now_ms)


def asked(person: Person) -> list[CheckIn]:
    return list(CheckIn.objects.filter(person=person).order_by("asked_ms"))


def settle(worker: Worker, now_ms: int) -> None:
    while not worker.run_once(now_ms).idle:
        pass


def kinds(person: Person) -> list[str]:
    return [one.kind.value for one in queries.findings(person.pk, 0, 2**60)]


def send(stream: Stream, person: Person, *facts: Fact) -> None:
    stream.append([Entry(person.pk, "watch", "native", one.received_ms, (encode(one),)) for one in facts])


def answer(stream: Stream, person: Person, row: CheckIn, at_ms: int) -> None:
    """The photographs come, and whoever takes them marks the row."""
    send(stream, person, CheckInSubmitted(fact_id("sent", row.pk, at_ms), row.pk, "watch", at_ms, at_ms))
    CheckIn.objects.filter(pk=row.pk).update(stands=Stands.SUBMITTED)


def test_a_day_asks_what_the_rules_say_and_tells_the_log_each_question(stream: Stream) -> None:
    ada = somebody(duty(3))
    through_the_day(Asker(stream, KEY), ada)
    rows = asked(ada)
    assert [row.asked_ms for row in rows] == planned(ada)
    assert [(row.day, row.number) for row in rows] == [("2026-03-02", n) for n in (1, 2, 3)]
    assert all(row.due_ms == row.asked_ms + 30 * MINUTE_MS for row in rows)
    assert all(row.late_until_ms == row.due_ms + DAY_MS and row.turn in ("left", "right") for row in rows)
    told = [fact for fact in in_log(stream) if isinstance(fact, CheckInAsked) and fact.delivered is None]
    assert [(fact.check_in_id, fact.at_ms, fact.due_ms) for fact in told] == [
        (row.pk, row.asked_ms, row.due_ms) for row in rows
    ]


def test_two_processes_at_once_and_one_that_begins_anew_ask_nothing_twice(stream: Stream) -> None:
    ada = somebody(duty(5))
    first, second = Asker(stream, KEY), Asker(stream, KEY)
    for now_ms in range(MONDAY_MS, TUESDAY_MS, 4 * MINUTE_MS):
        first.run_once(now_ms)
        first.beat(now_ms)
        second.run_once(now_ms)
        if now_ms % (3 * HOUR_MS) < 4 * MINUTE_MS:
            first = Asker(stream, KEY)
    assert len(asked(ada)) == len({fact.id for fact in in_log(stream) if fact.delivered is None}) == 5


class Torn:
    """A log that takes what it is given, and whose caller dies before it hears so; or that is away."""

    def __init__(self, log: Stream) -> None:
        self.log, self.taken_but_lost, self.away = log, False, False

    def append(self, entries: Sequence[Entry]) -> list[int]:
        if self.away:
            raise StreamUnavailableError("the disk is full")
        found = self.log.append(entries)
        if self.taken_but_lost:
            raise OperationalError("killed")
        return found


def test_who_dies_between_the_commit_and_the_log_loses_nothing_and_doubles_nothing(stream: Stream) -> None:
    ada, torn = somebody(duty(1)), Torn(stream)
    (at_ms,) = planned(ada)
    asker = Asker(torn, KEY)
    asker.run_once(at_ms - MINUTE_MS)
    asker.beat(at_ms - MINUTE_MS)
    torn.away = True
    with pytest.raises(StreamUnavailableError):
        asker.run_once(at_ms)
    assert OutFact.objects.filter(sent_ms=None).count() == 1
    torn.away, torn.taken_but_lost = False, True
    with pytest.raises(OperationalError):
        Asker(torn, KEY).run_once(at_ms + 1000)
    Asker(stream, KEY).run_once(at_ms + 2000)
    assert [row.asked_ms for row in asked(ada)] == [at_ms]
    log = [fact.id for fact in in_log(stream)]
    assert len(log) == 2
    assert len(set(log)) == 1
    settle(Worker(stream), at_ms + 3000)
    assert kinds(ada) == []


def test_asked_seen_and_not_answered_is_missed_and_answered_later_is_late(stream: Stream) -> None:
    ada, worker, asker = somebody(duty(1)), Worker(stream), Asker(stream, KEY)
    (at_ms,) = planned(ada)
    run(asker, at_ms - HOUR_MS, at_ms, MINUTE_MS)
    CheckIn.objects.update(handed_ms=at_ms + 5_000, seen_ms=at_ms + 60_000)
    run(asker, at_ms, at_ms + 40 * MINUTE_MS, MINUTE_MS)
    settle(worker, at_ms + 40 * MINUTE_MS)
    alert = Alert.objects.get()
    assert (alert.kind, alert.at_ms) == ("check_in_missed", at_ms + 30 * MINUTE_MS)
    answer(stream, ada, asked(ada)[0], at_ms + HOUR_MS)
    settle(worker, at_ms + HOUR_MS)
    assert kinds(ada) == ["check_in_missed", "check_in_late"]


def test_answered_in_time_is_no_finding(stream: Stream) -> None:
    ada, worker, asker = somebody(duty(1)), Worker(stream), Asker(stream, KEY)
    (at_ms,) = planned(ada)
    run(asker, at_ms - HOUR_MS, at_ms, MINUTE_MS)
    answer(stream, ada, asked(ada)[0], at_ms + 10 * MINUTE_MS)
    run(asker, at_ms, at_ms + 2 * DAY_MS, HOUR_MS)
    settle(worker, at_ms + 2 * HOUR_MS)
    assert kinds(ada) == []
    assert asked(ada)[0].stands == Stands.SUBMITTED


def test_what_got_nowhere_is_the_networks_and_no_miss_though_another_device_was_heard(stream: Stream) -> None:
    ada, worker, asker = somebody(duty(1)), Worker(stream), Asker(stream, KEY)
    (at_ms,) = planned(ada)
    run(asker, at_ms - HOUR_MS, at_ms + 10 * MINUTE_MS, MINUTE_MS)
    heard_ms = at_ms + 11 * MINUTE_MS
    send(stream, ada, DeviceReport(fact_id("tag", heard_ms), "tag", heard_ms, heard_ms, battery_pct=80.0))
    run(asker, at_ms + 11 * MINUTE_MS, at_ms + 40 * MINUTE_MS, MINUTE_MS)
    settle(worker, at_ms + 40 * MINUTE_MS)
    (finding,) = queries.findings(ada.pk, 0, 2**60)
    assert (finding.kind.value, finding.cause.value) == ("check_in_undelivered", "network")


def test_nobody_is_asked_who_has_nothing_to_answer_with_and_that_is_said(stream: Stream) -> None:
    ada = somebody(duty(1), watch=False)
    (at_ms,) = planned(ada)
    run(Asker(stream, KEY), at_ms - HOUR_MS, at_ms + HOUR_MS)
    (row,) = asked(ada)
    assert (row.stands, row.note) == (
        Stands.NOT_ASKED,
        "No device that can take photographs is given to the person, or no order lets it.",
    )
    assert in_log(stream) == []


def test_a_watch_that_was_not_set_up_yet_cannot_be_asked(stream: Stream) -> None:
    ada = somebody(duty(1), watch=False)
    give_watch(ada, set_up=False)
    (at_ms,) = planned(ada)
    run(Asker(stream, KEY), at_ms - HOUR_MS, at_ms + HOUR_MS)
    assert asked(ada)[0].note == "The person's device was not set up with its code yet."


def test_an_order_that_does_not_allow_photographs_asks_for_none(stream: Stream) -> None:
    ada = somebody(duty(1))
    (at_ms,) = planned(ada)
    version = known.orders(ada.pk)[0].versions.get()
    terms = cases.terms_of(version)
    less = msgspec.structs.replace(terms, data_kinds=("position",))
    cases.change_order(
        Order.objects.get().pk, less, effective_from_ms=MONDAY_MS, acting_user=None, now_ms=MONDAY_MS, reason="Appeal"
    )
    run(Asker(stream, KEY), at_ms - HOUR_MS, at_ms + HOUR_MS)
    assert [row.stands for row in asked(ada)] == [Stands.NOT_ASKED]


def test_a_process_that_was_down_asks_nothing_for_the_time_that_is_over(stream: Stream) -> None:
    ada = somebody(duty(3))
    before = Asker(stream, KEY)
    before.run_once(MONDAY_MS)
    before.beat(MONDAY_MS)
    run(Asker(stream, KEY), MONDAY_MS + 23 * HOUR_MS, TUESDAY_MS)
    assert [row.stands for row in asked(ada)] == [Stands.NOT_ASKED] * 3
    assert {row.note for row in asked(ada)} == {"It was not asked in time, as the system was not running."}
    assert in_log(stream) == []


def test_a_question_that_comes_two_minutes_late_leaves_the_whole_time_to_answer(stream: Stream) -> None:
    ada, asker = somebody(duty(1)), Asker(stream, KEY)
    (at_ms,) = planned(ada)
    asker.run_once(at_ms - MINUTE_MS)
    asker.run_once(at_ms + 2 * MINUTE_MS)
    assert asked(ada)[0].due_ms == at_ms + 32 * MINUTE_MS


def test_a_suspension_takes_an_open_question_back_and_nothing_is_missed(stream: Stream) -> None:
    ada, worker, asker = somebody(duty(1)), Worker(stream), Asker(stream, KEY)
    (at_ms,) = planned(ada)
    run(asker, at_ms - HOUR_MS, at_ms, MINUTE_MS)
    stay = Absence(AbsenceKind.SUSPENSION, Timetable("Europe/London"), reason="Appeal")
    now_ms = at_ms + 10 * MINUTE_MS
    order = known.orders(ada.pk)[0]
    cases.add_condition(order.pk, stay, label="Stay", effective_from_ms=now_ms, acting_user=None, now_ms=now_ms)
    run(asker, now_ms, at_ms + 40 * MINUTE_MS, MINUTE_MS)
    settle(worker, at_ms + 40 * MINUTE_MS)
    assert kinds(ada) == []
    assert (asked(ada)[0].stands, asked(ada)[0].note) == (
        Stands.CANCELLED,
        "The duty is suspended, or leave covers it.",
    )


def test_a_suspension_that_is_recorded_after_the_miss_takes_it_away(stream: Stream) -> None:
    ada, worker, asker = somebody(duty(1)), Worker(stream), Asker(stream, KEY)
    (at_ms,) = planned(ada)
    run(asker, at_ms - HOUR_MS, at_ms, MINUTE_MS)
    CheckIn.objects.update(seen_ms=at_ms + 1)
    later_ms = at_ms + 2 * HOUR_MS
    run(asker, at_ms, later_ms, MINUTE_MS)
    settle(worker, later_ms)
    assert kinds(ada) == ["check_in_missed"]
    day = (Pause("2026-03-02", "2026-03-02"),)
    stay = Absence(AbsenceKind.SUSPENSION, Timetable("Europe/London"), spans=day, reason="Appeal")
    cases.add_condition(
        known.orders(ada.pk)[0].pk,
        stay,
        label="Stay",
        effective_from_ms=MONDAY_MS,
        acting_user=None,
        now_ms=later_ms,
        reason="Ordered yesterday",
    )
    run(asker, later_ms, later_ms + MINUTE_MS)
    settle(worker, later_ms + MINUTE_MS)
    assert kinds(ada) == []


def test_a_watch_that_is_given_back_ends_the_question(stream: Stream) -> None:
    ada, asker = somebody(duty(1)), Asker(stream, KEY)
    (at_ms,) = planned(ada)
    run(asker, at_ms - HOUR_MS, at_ms, MINUTE_MS)
    now_ms = at_ms + 5 * MINUTE_MS
    row = known.devices_of(ada.pk)[0]
    cases.end_assignment(row.pk, to_ms=now_ms, acting_user=None, now_ms=now_ms)
    asker.run_once(now_ms)
    assert asked(ada)[0].stands == Stands.CANCELLED


def test_a_changed_duty_is_followed_from_then_on_and_asks_no_more_a_day_than_it_says(stream: Stream) -> None:
    ada, asker = somebody(duty(5)), Asker(stream, KEY)
    noon_ms = MONDAY_MS + 12 * HOUR_MS
    run(asker, MONDAY_MS, noon_ms)
    morning = len(asked(ada))
    cases.change_condition(
        Condition.objects.get().pk, duty(2), effective_from_ms=noon_ms, acting_user=None, now_ms=noon_ms, reason="Less"
    )
    run(asker, noon_ms, TUESDAY_MS)
    assert len(asked(ada)) <= max(morning, 2)
    run(asker, TUESDAY_MS, TUESDAY_MS + DAY_MS)
    assert CheckIn.objects.filter(day="2026-03-03").count() == 2
    assert not CheckIn.objects.filter(stands=Stands.NOT_ASKED).exists()


def test_a_duty_that_is_ordered_backdated_asks_nothing_for_the_past(stream: Stream) -> None:
    ada, asker = somebody(), Asker(stream, KEY)
    evening_ms = MONDAY_MS + 21 * HOUR_MS
    run(asker, MONDAY_MS, evening_ms, HOUR_MS)
    cases.add_condition(
        known.orders(ada.pk)[0].pk,
        duty(5),
        label="Photographs",
        effective_from_ms=MONDAY_MS,
        acting_user=None,
        now_ms=evening_ms,
        reason="Ordered this morning",
    )
    run(asker, evening_ms, TUESDAY_MS)
    assert all(row.asked_ms >= evening_ms for row in asked(ada))
    assert not CheckIn.objects.filter(stands=Stands.NOT_ASKED).exists()


def test_what_nobody_answers_lapses_when_it_is_too_late(stream: Stream) -> None:
    ada, asker = somebody(duty(1)), Asker(stream, KEY)
    (at_ms,) = planned(ada)
    run(asker, at_ms - HOUR_MS, at_ms + HOUR_MS)
    assert asked(ada)[0].stands == Stands.ASKED
    asker.run_once(at_ms + 25 * HOUR_MS)
    assert asked(ada)[0].stands == Stands.LAPSED


def test_the_keys_of_people_say_nothing_of_others(stream: Stream) -> None:
    people = [somebody(duty(3)) for _ in range(3)]
    through_the_day(Asker(stream, KEY), *people)
    assert len({row.asked_ms for person in people for row in asked(person)}) == 9
    assert Device.objects.count() == WatchKey.objects.count() == 3


def test_one_persons_trouble_keeps_nobody_else_from_being_asked(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, ben, asker = somebody(duty(2)), somebody(duty(2)), Asker(stream, KEY)
    asks, troubled = asking.ask_due, [ada.pk]

    def broken(person_id: str, *arguments: Any, **more: Any) -> asking.Deed:
        if person_id in troubled:
            raise ValueError("a row that cannot be")
        return asks(person_id, *arguments, **more)

    monkeypatch.setattr(asking, "ask_due", broken)
    first = planned(ada)[0]
    run(asker, MONDAY_MS, max(first, planned(ben)[0]) + MINUTE_MS, MINUTE_MS)
    assert asked(ben)
    assert not asked(ada)
    troubled.clear()
    run(asker, MONDAY_MS + 22 * HOUR_MS, MONDAY_MS + 22 * HOUR_MS + 4 * MINUTE_MS, MINUTE_MS)
    assert [row.asked_ms for row in asked(ada)] == planned(ada)


def test_the_sign_of_life_comes_also_while_people_are_asked_all_the_time(stream: Stream) -> None:
    ada, asker = somebody(duty(1)), Asker(stream, KEY)
    at_ms = planned(ada)[0]
    asker.run_once(at_ms - MINUTE_MS)
    asker.run_once(at_ms)
    asker.beat(at_ms)
    assert Beat.objects.get().at_ms == at_ms
