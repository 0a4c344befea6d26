"""Mandatory attendance: who was there for long enough, who certainly was not, and what nobody can tell."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surety.rules import engine, schedule, words
from surety.rules.conditions import (
    Absence,
    AbsenceKind,
    Attendance,
    Circle,
    Condition,
    ConditionSet,
    OneOff,
    Pause,
    Place,
    Row,
    Timetable,
    Weekday,
)
from surety.rules.facts import Fact, Fix, Source, Tick
from surety.rules.findings import Certainty, Finding, Kind, to_json
from tests.rules.scenes import ALWAYS, HOME, LONDON, MOTHERS, SHOP, fix, kinds, ms, only, order, run, stay

MINUTE = 60_000
CLINIC = SHOP
MONDAYS = Timetable(LONDON, (Row(Weekday.MON, "14:00", "16:00"),))


def clinic(
    minutes: int = 60, tolerance: int = 10, timetable: Timetable = MONDAYS, unknown_after_s: int = 900
) -> Attendance:
    place = Place("Elm Clinic", Circle(*CLINIC, 80))
    return Attendance("counselling", place, timetable, minutes * 60, tolerance * 60, unknown_after_s)


def visit(begin: str, end: str, every_s: int = 60) -> list[Fact]:
    """At home, at the clinic from `begin` until `end`, and home again."""
    return [
        *stay(HOME, "12:30", begin, every_s),
        *stay(CLINIC, begin, end, every_s),
        *stay(HOME, end, "17:00", every_s),
    ]


def test_the_stay_is_kept_at_the_instant_at_which_it_is_long_enough() -> None:
    (kept,) = run(order(clinic()), visit("13:55", "15:30"), "18:00")
    assert kept.kind is Kind.ATTENDANCE_KEPT
    assert kept.at_ms == ms("15:00")
    assert kept.known_ms == ms("15:00")
    assert kept.certainty is Certainty.ESTABLISHED


def test_who_comes_after_the_tolerated_time_is_late_and_may_still_keep_it() -> None:
    late, kept = run(order(clinic()), visit("14:20", "15:50"), "18:00")
    assert (late.kind, kept.kind) == (Kind.ATTENDANCE_LATE, Kind.ATTENDANCE_KEPT)
    assert late.evidence.numbers["late_s"] == (late.at_ms - ms("14:00")) / 1000
    assert ms("14:20") <= late.at_ms <= ms("14:23")


def test_coming_within_the_tolerated_time_is_not_late() -> None:
    assert kinds(run(order(clinic()), visit("14:06", "15:50"), "18:00")) == [Kind.ATTENDANCE_KEPT]


def test_nobody_is_late_who_may_have_been_there_in_time() -> None:
    """The last fix elsewhere is from before the tolerated time was over, the first one there from after it."""
    facts = stay(HOME, "12:30", "14:05") + stay(CLINIC, "14:15", "15:50")
    assert kinds(run(order(clinic()), facts, "18:00")) == [Kind.ATTENDANCE_KEPT]


def test_the_fix_of_the_very_first_instant_counts() -> None:
    facts = [fix(ms("14:00"), CLINIC), fix(ms("14:14"), CLINIC)]
    short = run(order(clinic(minutes=14)), facts, "18:00")
    assert kinds(short) == [Kind.ATTENDANCE_KEPT]


def test_who_leaves_too_soon_is_told_when_the_time_is_over() -> None:
    (short,) = run(order(clinic()), visit("13:55", "14:30"), "18:00")
    assert short.kind is Kind.ATTENDANCE_SHORT
    assert short.at_ms == ms("16:00")
    stayed = short.evidence.numbers["stayed_s"]
    assert isinstance(stayed, float)
    assert 27 * 60 <= stayed <= 30 * 60


def test_who_never_came_and_was_elsewhere_missed_it() -> None:
    conditions = order(clinic())
    (missed,) = run(conditions, stay(HOME, "12:30", "17:00"), "18:00")
    assert missed.kind is Kind.ATTENDANCE_MISSED
    assert missed.at_ms == ms("16:00") == missed.known_ms  # the fix of that minute shows how it ended
    assert missed.certainty is Certainty.ESTABLISHED
    assert missed.evidence.fact_ids
    said = words.sentence(missed, conditions, LONDON)
    assert said.startswith("Did not attend counselling at Elm Clinic, from 14:00")


def test_without_any_fix_it_cannot_be_verified_and_is_no_breach() -> None:
    (unverified,) = run(order(clinic()), [], "18:00")
    assert unverified.kind is Kind.ATTENDANCE_UNVERIFIED
    assert (unverified.at_ms, unverified.known_ms) == (ms("16:00"), ms("16:15"))
    assert "not a breach" in words.sentence(unverified, order(clinic()), LONDON)


def test_who_goes_in_and_has_no_reception_indoors_is_not_short() -> None:
    facts = stay(HOME, "12:30", "13:55") + stay(CLINIC, "13:55", "14:10") + stay(HOME, "15:30", "17:00")
    assert kinds(run(order(clinic()), facts, "18:00")) == [Kind.ATTENDANCE_UNVERIFIED]


def test_a_gap_that_leaves_no_room_for_the_stay_excuses_nobody() -> None:
    facts = stay(HOME, "12:30", "14:30") + stay(HOME, "15:10", "17:00")
    assert kinds(run(order(clinic()), facts, "18:00")) == [Kind.ATTENDANCE_MISSED]
    facts = stay(HOME, "12:30", "14:20") + stay(HOME, "15:30", "17:00")
    assert kinds(run(order(clinic()), facts, "18:00")) == [Kind.ATTENDANCE_UNVERIFIED]


def test_two_stays_add_up() -> None:
    facts = stay(CLINIC, "13:50", "14:40") + stay(HOME, "14:40", "15:10") + stay(CLINIC, "15:10", "15:50")
    assert kinds(run(order(clinic()), facts, "18:00")) == [Kind.ATTENDANCE_KEPT]


def test_sparse_fixes_count_what_lies_between_them() -> None:
    facts = stay(CLINIC, "13:50", "16:30", every_s=840)
    (kept,) = run(order(clinic()), facts, "18:00")
    assert kept.kind is Kind.ATTENDANCE_KEPT
    assert kept.at_ms == ms("15:00")
    assert kinds(run(order(clinic(unknown_after_s=600)), facts, "18:00")) == [Kind.ATTENDANCE_UNVERIFIED]


def test_a_stay_as_long_as_the_window_is_settled_by_the_fix_after_it() -> None:
    whole = Timetable(LONDON, (Row(Weekday.MON, "14:00", "15:00"),))
    facts = [fix(at + 30_000, CLINIC) for at in range(ms("13:00"), ms("16:00"), MINUTE)]
    (kept,) = run(order(clinic(timetable=whole)), facts, "18:00")
    assert (kept.kind, kept.at_ms, kept.known_ms) == (Kind.ATTENDANCE_KEPT, ms("15:00"), ms("15:00") + 30_000)


def test_cell_fixes_prove_no_stay_and_no_absence() -> None:
    there = stay(CLINIC, "12:30", "17:00", accuracy_m=900.0, source=Source.CELL)
    elsewhere = stay(HOME, "12:30", "17:00", accuracy_m=900.0, source=Source.CELL)
    assert kinds(run(order(clinic()), there, "18:00")) == [Kind.ATTENDANCE_UNVERIFIED]
    assert kinds(run(order(clinic()), elsewhere, "18:00")) == [Kind.ATTENDANCE_UNVERIFIED]


def test_every_appointment_is_concluded_by_itself() -> None:
    twice = Timetable(LONDON, (Row(Weekday.MON, "13:00", "14:00"), Row(Weekday.MON, "14:05", "15:00")))
    facts = stay(CLINIC, "12:30", "13:50") + stay(HOME, "13:50", "17:00")
    found = run(order(clinic(30, timetable=twice)), facts, "18:00")
    assert kinds(found) == [Kind.ATTENDANCE_KEPT, Kind.ATTENDANCE_MISSED]


def test_an_appointment_that_began_before_the_condition_is_not_asked() -> None:
    assert run(order(clinic(), since="2026-11-02T14:30Z"), stay(HOME, "14:30", "17:00"), "18:00") == []


def test_leave_that_touches_an_appointment_excuses_it_and_no_other() -> None:
    weekly = Timetable(LONDON, (Row(Weekday.MON, "14:00", "16:00"), Row(Weekday.TUE, "14:00", "16:00")))
    leave = Absence(AbsenceKind.AUTHORISED, ALWAYS, (Pause("2026-11-02T15:30", "2026-11-02T20:00"),), reason="funeral")
    found = run(order(clinic(timetable=weekly), leave), stay(HOME, "12:30", "+1 18:00"), "+1 18:00")
    assert kinds(found) == [Kind.ATTENDANCE_MISSED]
    assert found[0].at_ms == ms("+1 16:00")


def test_a_new_version_in_the_middle_keeps_what_was_counted() -> None:
    at = ms("14:30")
    conditions = ConditionSet(
        "ada",
        1,
        (
            Condition("c0", 1, ms("12:00"), at, clinic(90)),
            Condition("c0", 2, at, None, clinic(45)),
        ),
    )
    (kept,) = run(conditions, visit("13:55", "14:50"), "18:00")
    assert (kept.kind, kept.at_ms, kept.condition_version) == (Kind.ATTENDANCE_KEPT, ms("14:45"), 2)


def test_a_new_time_from_the_middle_drops_the_old_appointment() -> None:
    later = Timetable(LONDON, (Row(Weekday.MON, "17:00", "18:00"),))
    conditions = ConditionSet(
        "ada",
        1,
        (
            Condition("c0", 1, ms("12:00"), ms("14:30"), clinic()),
            Condition("c0", 2, ms("14:30"), None, clinic(30, timetable=later)),
        ),
    )
    found = run(conditions, stay(HOME, "12:30", "19:00"), "19:00")
    assert kinds(found) == [Kind.ATTENDANCE_MISSED]
    assert found[0].at_ms == ms("18:00")


def test_another_place_from_the_middle_drops_the_appointment_and_asks_for_the_next() -> None:
    moved = Attendance("counselling", Place("Oak Clinic", Circle(*MOTHERS, 80)), MONDAYS, 3_600)
    conditions = ConditionSet(
        "ada",
        1,
        (
            Condition("c0", 1, ms("12:00"), ms("14:30"), clinic()),
            Condition("c0", 2, ms("14:30"), None, moved),
        ),
    )
    facts = stay(HOME, "12:30", "+7 13:00") + stay(MOTHERS, "+7 13:00", "+7 17:00")
    (kept,) = run(conditions, facts, "+7 18:00")
    assert (kept.kind, kept.at_ms) == (Kind.ATTENDANCE_KEPT, ms("+7 15:00"))
    assert kept.evidence.numbers["place"] == "Oak Clinic"


def test_an_order_that_ends_with_the_appointment_still_hears_what_came_of_it() -> None:
    found = run(order(clinic(), until="2026-11-02T16:00Z"), stay(HOME, "12:30", "17:00"), "18:00")
    assert kinds(found) == [Kind.ATTENDANCE_MISSED]
    assert run(order(clinic(), until="2026-11-02T15:59Z"), stay(HOME, "12:30", "17:00"), "18:00") == []


@pytest.mark.parametrize(("zone", "date"), [("Europe/London", "2026-10-25"), ("Australia/Lord_Howe", "2026-04-05")])
def test_on_the_night_the_clocks_go_back_the_window_is_as_long_as_the_clocks_make_it(zone: str, date: str) -> None:
    night = Timetable(zone, (), (OneOff(date, "00:30", "03:30"),))
    (window,) = schedule.windows(night, ms(f"{date}T00:00Z") - 2 * 86_400_000, ms(f"{date}T00:00Z") + 2 * 86_400_000)
    length = window.end_ms - window.start_ms
    assert length > 3 * 60 * MINUTE
    facts = [fix(at, CLINIC) for at in range(window.start_ms - 600_000, window.end_ms + 600_000, MINUTE)]
    whole = clinic(length // MINUTE, timetable=night)
    (kept,) = run(order(whole, since="2026-01-01T00:00Z"), facts)
    assert (kept.kind, kept.at_ms) == (Kind.ATTENDANCE_KEPT, window.end_ms)


# --- properties


@st.composite
def afternoons(draw: st.DrawFn) -> list[Fact]:
    """Stays at the clinic and elsewhere between noon and six, at uneven pace, with vague fixes and gaps."""
    noise = random.Random(draw(st.integers(0, 9)))
    at, facts = ms("12:00"), list[Fact]()
    stretches = st.tuples(st.sampled_from([HOME, CLINIC, MOTHERS]), st.integers(3, 120), st.sampled_from([0, 0, 5, 40]))
    for place, minutes, gap in draw(st.lists(stretches, min_size=1, max_size=12)):
        end = at + minutes * MINUTE
        while at < end:
            spot = (place[0] + noise.gauss(0, 0.00005), place[1] + noise.gauss(0, 0.00005))
            vague = noise.random() < 0.1
            facts.append(fix(at, spot, accuracy_m=2_000.0, source=Source.CELL) if vague else fix(at, spot))
            at += noise.choice([60, 61, 240, 700]) * 1000
        at += gap * MINUTE
    return facts


TWICE = Timetable(LONDON, (Row(Weekday.MON, "13:00", "14:30"), Row(Weekday.MON, "15:00", "17:00")))
CONCLUDES = {Kind.ATTENDANCE_KEPT, Kind.ATTENDANCE_SHORT, Kind.ATTENDANCE_MISSED, Kind.ATTENDANCE_UNVERIFIED}


@settings(max_examples=80, deadline=None)
@given(life=afternoons(), minutes=st.integers(1, 90))
def test_each_window_comes_to_one_conclusion_and_breaches_are_those_of_counting_by_hand(
    life: list[Fact], minutes: int
) -> None:
    found = run(order(clinic(minutes, timetable=TWICE)), life, "20:00")
    concluded = [finding for finding in found if finding.kind in CONCLUDES]
    assert [finding.evidence.numbers["window_start_ms"] for finding in concluded] == [ms("13:00"), ms("15:00")]
    for finding in concluded:
        most, least = _by_hand(life, finding)
        if finding.kind is Kind.ATTENDANCE_KEPT:
            assert most >= minutes * MINUTE
        elif finding.kind in (Kind.ATTENDANCE_MISSED, Kind.ATTENDANCE_SHORT):
            assert least >= _length(finding) - minutes * MINUTE


def _length(finding: Finding) -> int:
    begin, end = (finding.evidence.numbers[name] for name in ("window_start_ms", "window_end_ms"))
    assert isinstance(begin, int)
    assert isinstance(end, int)
    return end - begin


def _by_hand(life: list[Fact], finding: Finding) -> tuple[int, int]:
    """The time that fixes at the clinic, and fixes elsewhere, span at most: no conclusion may need more than that."""
    begin, end = (int(str(finding.evidence.numbers[name])) for name in ("window_start_ms", "window_end_ms"))
    good = [one for one in life if isinstance(one, Fix) and one.source is Source.GNSS]
    there = elsewhere = 0
    for one, other in itertools.pairwise(good):
        shared = min(other.at_ms, end) - max(one.at_ms, begin)
        if shared <= 0 or other.at_ms - one.at_ms > 900_000:
            continue
        if _at_clinic(one) and _at_clinic(other):
            there += shared
        elif not _at_clinic(one) and not _at_clinic(other):
            elsewhere += shared
    return there, elsewhere


def _at_clinic(one: Fix) -> bool:
    return abs(one.lat_deg - CLINIC[0]) < 0.0006 and abs(one.lon_deg - CLINIC[1]) < 0.001


@settings(max_examples=40, deadline=None)
@given(life=afternoons(), ticks=st.lists(st.integers(0, 480), max_size=20), every=st.integers(1, 9))
def test_ticks_saves_and_repetitions_change_nothing(life: list[Fact], ticks: list[int], every: int) -> None:
    conditions = order(clinic(timetable=TWICE))
    expected = [to_json(finding) for finding in run(conditions, life, "20:00")]
    moments = [Tick(ms("12:00") + minute * MINUTE) for minute in ticks]
    mixed = sorted([*life, *moments, Tick(ms("20:00"))], key=lambda f: (f.at_ms, getattr(f, "id", "")))
    state, found = engine.start("ada"), []
    for number, fact in enumerate(mixed):
        step = engine.step(state, fact, conditions)
        found += [to_json(finding) for finding in step.findings]
        state = step.state
        if number % every == 0:
            state = engine.decode_state(engine.encode_state(state))
            assert engine.step(state, fact, conditions).findings == ()
    assert found == expected


def test_the_record_stays_small_however_long_the_stay() -> None:
    conditions = order(clinic(minutes=600, timetable=Timetable(LONDON, (Row(Weekday.MON, "13:00", "23:59"),))))
    state = engine.start("ada")
    for fact in stay(CLINIC, "12:30", "20:00", every_s=10):
        state = engine.step(state, fact, conditions).state
    assert len(engine.encode_state(state)) < 1_500


def test_what_is_asked_is_said_in_one_sentence() -> None:
    assert words.describe(clinic()) == (
        "Attend counselling at Elm Clinic, Monday 14:00-16:00 (Europe/London), and stay for at least 1 hour. Coming up "
        "to 10 minutes late is in time."
    )
    kept = only(run(order(clinic()), visit("13:55", "15:30"), "18:00"), Kind.ATTENDANCE_KEPT)
    assert words.sentence(kept, order(clinic()), LONDON).startswith(
        "Attended counselling at Elm Clinic: the 60 minutes ordered were reached at 15:00"
    )
