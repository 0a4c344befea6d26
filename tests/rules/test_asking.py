"""When a check-in duty asks: in its times, at its distance, foreseen by nobody, and the same when worked out again."""

import datetime as dt
import itertools
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surety.rules import asking
from surety.rules.asking import Asked, LeftOut, Planned, between, questions_of
from surety.rules.conditions import (
    Absence,
    AbsenceKind,
    Body,
    CheckInDuty,
    Condition,
    Exemption,
    OneOff,
    Pause,
    Row,
    Timetable,
    Weekday,
)
from tests.rules.test_clock_changes import YEARS, Wall

KEY, MINUTE, HOUR, DAY = b"k" * 32, 60_000, 3_600_000, 86_400_000
LONDON = "Europe/London"
BEGIN = dt.datetime(2026, 3, 2, tzinfo=ZoneInfo(LONDON))  # a Monday


def at(days: int, time: str) -> int:
    """An instant some days after the first Monday, by the clocks of London."""
    hour, minute = map(int, time.split(":"))
    return int(BEGIN.replace(hour=hour, minute=minute).timestamp() * 1000) + days * DAY


def rows(start: str, end: str, days: tuple[Weekday, ...] = tuple(Weekday)) -> tuple[Row, ...]:
    return tuple(Row(day, start, end) for day in days)


def duty(
    per_day: int = 3, *, zone: str = LONDON, times: tuple[Row, ...] = rows("07:00", "22:00"), **more: object
) -> CheckInDuty:
    table = Timetable(zone, times, exceptions=more.pop("pauses", ()))
    return CheckInDuty(per_day, timetable=table, **more)


def condition(body: Body, since: int = 0, until: int | None = None, *, version: int = 1, name: str = "c") -> Condition:
    return Condition(name, version, since, until, body)


def asked_of(*conditions: Condition, since: int, until: int, before: tuple[Asked, ...] = ()) -> list[Planned]:
    return [one for one in between(conditions, KEY, since, until, before) if one.left_out is None]


def times(planned: list[Planned]) -> list[int]:
    return [one.question.at_ms for one in planned]


# --- properties ----------------------------------------------------------------------------------------------------

clock = st.integers(0, 95).map(lambda quarter: f"{quarter // 4:02d}:{quarter % 4 * 15:02d}")
some_rows = st.lists(st.builds(Row, st.sampled_from(Weekday), clock, clock), max_size=8).map(tuple)
zones_of_change = st.sampled_from(
    [(zone, year) for zone, (first, last) in YEARS.items() for year in range(first, last)]
)


@st.composite
def duties(draw: st.DrawFn) -> tuple[CheckInDuty, dt.date]:
    """A duty of any kind in a zone and a year in which its clocks change, and a date of that year."""
    zone, year = draw(zones_of_change)
    date = dt.date(year, 1, 1) + dt.timedelta(days=draw(st.integers(3, 360)))
    one_off = st.builds(OneOff, st.just(date.isoformat()), clock, clock)
    table = Timetable(zone, draw(some_rows), tuple(draw(st.lists(one_off, max_size=2))))
    exempt = tuple(
        Exemption("work", Timetable(zone, draw(some_rows) or rows("09:00", "17:00")))
        for _ in range(draw(st.integers(0, 2)))
    )
    fixed = tuple(sorted(draw(st.sets(clock, max_size=5)))) if draw(st.booleans()) else ()
    apart_s = draw(st.sampled_from([0, 600, 3_600, 7_200, 43_200]))
    return CheckInDuty(draw(st.integers(0, 5)), 1_800, 0, table, apart_s, fixed, exempt), date


@settings(deadline=None, max_examples=120)
@given(duties())
def test_any_duty_asks_at_most_so_often_at_its_distance_and_only_when_it_may(
    drawn: tuple[CheckInDuty, dt.date],
) -> None:
    body, date = drawn
    week = [questions_of("c", 1, body, KEY, (date + dt.timedelta(days=k)).isoformat()) for k in range(-2, 3)]
    whole = [one for day in week for one in day]
    if not body.fixed:
        assert all(later.at_ms - one.at_ms >= max(body.apart_s * 1000, 1) for one, later in itertools.pairwise(whole))
    noon = int(dt.datetime.combine(date, dt.time(12), ZoneInfo(body.timetable.zone)).timestamp() * 1000)
    wall = Wall(body.timetable.zone, noon - 6 * DAY, noon + 6 * DAY)
    active, exempt = minutes_of(wall, body.timetable), set[int]()
    for exemption in body.exempt:
        exempt |= minutes_of(wall, exemption.timetable)
    for day in week:
        assert len(day) <= body.per_day
        assert [one.number for one in day] == list(range(1, len(day) + 1))
        assert {one.turn for one in day} <= {"left", "right"}
        for one in day:
            minute = one.at_ms // MINUTE * MINUTE
            assert minute in active
            assert not any(minute + k * MINUTE in exempt for k in range(30))


def minutes_of(wall: Wall, table: Timetable) -> set[int]:
    """When a timetable is active, as somebody sees who looks at the clock every minute."""
    if not table.rows and not table.one_offs:
        return set(wall.minutes)
    return set().union(*wall.active(table).values())


@settings(deadline=None, max_examples=60)
@given(duties(), st.binary(min_size=32, max_size=32))
def test_worked_out_again_the_times_are_the_same(drawn: tuple[CheckInDuty, dt.date], key: bytes) -> None:
    body, date = drawn
    first = questions_of("c", 1, body, key, date.isoformat())
    for cache in (asking._beside_others, asking._allowed):
        cache.cache_clear()
    assert questions_of("c", 1, body, key, date.isoformat()) == first


@settings(deadline=None, max_examples=60)
@given(
    zones_of_change, st.sampled_from(["00:00 24:00", "22:00 06:00", "01:00 03:30", "23:30 00:30"]), st.integers(0, 364)
)
def test_every_question_is_of_exactly_one_date_also_when_days_run_into_each_other(
    place: tuple[str, int], hours: str, day: int
) -> None:
    zone, year = place
    body = duty(5, zone=zone, times=rows(*hours.split()), apart_s=0)
    date = dt.date(year, 1, 1) + dt.timedelta(days=day)
    spans = sorted(span for k in range(3) for span in asking.allowed(body, (date + dt.timedelta(days=k)).isoformat()))
    assert all(one.end_ms <= later.start_ms for one, later in itertools.pairwise(spans))


# --- unforeseen, and even ------------------------------------------------------------------------------------------


def test_another_key_date_version_or_condition_gives_other_times() -> None:
    body, day = duty(3), "2026-03-04"
    first = questions_of("c", 1, body, KEY, day)
    others = [
        questions_of("c", 1, body, b"K" * 32, day),
        questions_of("c", 2, body, KEY, day),
        questions_of("d", 1, body, KEY, day),
        questions_of("c", 1, body, KEY, "2026-03-05"),
    ]
    shown = [[one.at_ms % DAY for one in day] for day in (first, *others)]
    assert len({tuple(one) for one in shown}) == 5
    assert not set(shown[0]) & set(itertools.chain(*shown[1:]))


def test_single_questions_come_evenly_over_the_allowed_time() -> None:
    """Chi-square over 15 hours of 3,000 questions: 14 degrees of freedom, 36.1 is passed once in a thousand keys."""
    hours = [0] * 15
    for number in range(3_000):
        (one,) = questions_of(f"c{number}", 1, duty(1), KEY, "2026-03-02")
        hours[(one.at_ms - at(0, "07:00")) // HOUR] += 1
    assert sum((count - 200) ** 2 / 200 for count in hours) < 36.1


def test_every_set_of_times_that_keeps_its_distance_is_as_likely_as_every_other() -> None:
    """Two an hour apart in three hours: with the first at x, the second has 2-x hours, so firsts fall off evenly.

    Of the first, P(first hour) = 3/4. Two standard deviations of 3,000 draws are 1.6 %.
    """
    body = duty(2, times=rows("07:00", "10:00"))
    firsts = [questions_of(f"c{n}", 1, body, KEY, "2026-03-02")[0].at_ms for n in range(3_000)]
    early = sum(one < at(0, "08:00") for one in firsts) / len(firsts)
    assert abs(early - 0.75) < 0.024


def test_turns_come_to_both_sides() -> None:
    turns = [one.turn for n in range(400) for one in questions_of(f"c{n}", 1, duty(1), KEY, "2026-03-02")]
    assert 150 < turns.count("left") < 250


# --- what fits -----------------------------------------------------------------------------------------------------


def test_as_many_are_asked_as_fit() -> None:
    close = duty(5, times=rows("09:00", "09:01"), apart_s=0)
    assert asking.fit(close, "2026-03-02") == 5
    body = duty(5, times=rows("09:00", "11:30"), apart_s=3_600)
    assert asking.fit(body, "2026-03-02") == 3
    for day in range(2, 9):
        assert len(questions_of("c", 1, body, KEY, f"2026-03-{day:02d}")) == 3


def test_nothing_is_asked_while_a_duty_asks_for_none() -> None:
    assert questions_of("c", 1, duty(0), KEY, "2026-03-02") == ()


def test_a_window_over_midnight_is_of_the_date_on_which_it_starts() -> None:
    body = duty(5, times=rows("22:00", "02:00", (Weekday.MON,)), apart_s=1_800)
    found = questions_of("c", 1, body, KEY, "2026-03-02")
    assert len(found) == 5
    assert all(at(0, "22:00") <= one.at_ms < at(1, "02:00") for one in found)
    assert questions_of("c", 1, body, KEY, "2026-03-03") == ()


def test_nothing_is_asked_in_an_exemption_or_so_shortly_before_that_the_answer_would_fall_into_it() -> None:
    work = Exemption("Work", Timetable(LONDON, rows("08:00", "21:00")))
    body = duty(5, exempt=(work,), apart_s=300)
    for day in range(2, 16):
        for one in questions_of("c", 1, body, KEY, f"2026-03-{day:02d}"):
            since = one.at_ms - at(day - 2, "00:00")
            assert since < 7.5 * HOUR or since >= 21 * HOUR


def test_a_pause_asks_nothing_and_neither_does_the_time_to_answer_before_it() -> None:
    pause = Pause("2026-03-03T12:00", "2026-03-05", "Funeral")
    body = duty(5, pauses=(pause,), response_s=2 * 3_600)
    assert all(one.at_ms < at(1, "10:00") for one in questions_of("c", 1, body, KEY, "2026-03-03"))
    assert questions_of("c", 1, body, KEY, "2026-03-04") == questions_of("c", 1, body, KEY, "2026-03-05") == ()


def test_fixed_times_are_asked_by_the_clock_on_the_wall_also_when_the_clocks_change() -> None:
    body = duty(3, fixed=("01:30", "12:00"), times=rows("00:00", "24:00"))
    spring, autumn = (questions_of("c", 1, body, KEY, day) for day in ("2026-03-29", "2026-10-25"))
    zone = ZoneInfo(LONDON)
    shown = [dt.datetime.fromtimestamp(one.at_ms / 1000, zone) for one in (*spring, *autumn)]
    assert [f"{one:%H:%M %Z}" for one in shown] == ["02:00 BST", "12:00 BST", "01:30 BST", "12:00 GMT"]


def test_of_fixed_times_those_are_left_out_that_may_not_be_asked_at() -> None:
    body = duty(2, fixed=("06:00", "09:00", "09:30", "21:00", "21:59"))
    shown = [one.at_ms for one in questions_of("c", 1, body, KEY, "2026-03-02")]
    assert shown == [at(0, "09:00"), at(0, "21:00")]


# --- what changes --------------------------------------------------------------------------------------------------


def test_a_changed_duty_keeps_what_was_asked_and_never_asks_more_a_day_than_it_says() -> None:
    for number in range(40):
        name = f"c{number}"
        change = at(0, "13:00")
        first = condition(duty(3), until=change, name=name)
        second = condition(duty(3, response_s=600), change, version=2, name=name)
        morning = asked_of(first, second, since=at(0, "00:00"), until=change)
        before = tuple(Asked(name, one.question.day, one.question.at_ms) for one in morning)
        evening = asked_of(first, second, since=change, until=at(1, "00:00"), before=before)
        assert all(one.condition.version == 2 for one in evening)
        assert len(morning) + len(evening) <= 3
        gaps = itertools.pairwise([*times(morning), *times(evening)])
        assert all(later - one >= HOUR for one, later in gaps)


def test_nothing_is_asked_under_a_suspension_nor_when_one_begins_before_the_answer_is_due() -> None:
    stay = Absence(AbsenceKind.SUSPENSION, Timetable(LONDON), spans=(Pause("2026-03-02T12:00", "2026-03-02T18:00"),))
    found = list(between([condition(duty(5)), condition(stay, name="s")], KEY, at(0, "00:00"), at(1, "00:00")))
    for one in found:
        held = at(0, "11:30") < one.question.at_ms < at(0, "18:00")
        assert (one.left_out is LeftOut.LEAVE) == held


@pytest.mark.parametrize(("applies_to", "left"), [((), 5), (("c",), 0), (("other",), 5)])
def test_an_authorised_absence_stops_questions_only_where_it_names_the_duty(
    applies_to: tuple[str, ...], left: int
) -> None:
    away = Absence(AbsenceKind.AUTHORISED, Timetable(LONDON), applies_to=applies_to)
    conditions = condition(duty(5, apart_s=600)), condition(away, name="a")
    assert len(asked_of(*conditions, since=at(0, "00:00"), until=at(1, "00:00"))) == left


def test_nothing_is_asked_that_could_not_be_answered_before_the_duty_ends() -> None:
    for number in range(40):
        ends = condition(duty(5), until=at(0, "12:00"), name=f"c{number}")
        for one in asked_of(ends, since=at(0, "00:00"), until=at(1, "00:00")):
            assert one.due_ms <= at(0, "12:00")


def test_looking_in_two_steps_or_one_asks_the_same() -> None:
    whole = asked_of(condition(duty(5)), since=at(0, "00:00"), until=at(3, "00:00"))
    parts: list[Planned] = []
    for hour in range(72):
        before = tuple(Asked("c", one.question.day, one.question.at_ms) for one in parts)
        start = at(0, "00:00") + hour * HOUR
        parts += asked_of(condition(duty(5)), since=start, until=start + HOUR, before=before)
    assert parts == whole
    assert len(whole) == 15


def test_what_was_asked_in_the_window_is_told_as_asked_and_counts_once() -> None:
    body = condition(duty(2))
    whole = asked_of(body, since=at(0, "00:00"), until=at(1, "00:00"))
    before = tuple(Asked("c", one.question.day, one.question.at_ms) for one in whole)
    assert asked_of(body, since=at(0, "00:00"), until=at(1, "00:00"), before=before) == whole


def test_the_next_time_is_the_first_that_is_asked() -> None:
    body = condition(duty(2))
    first = asked_of(body, since=at(0, "00:00"), until=at(1, "00:00"))[0].question.at_ms
    assert asking.next_ms([body], KEY, at(0, "00:00"), 1) == first
    assert asking.next_ms([condition(msgspec.structs.replace(duty(), per_day=0))], KEY, at(0, "00:00"), 3) is None


@pytest.mark.parametrize("known", range(6))
def test_looking_again_at_a_day_of_which_some_was_asked_asks_the_rest(known: int) -> None:
    whole = asked_of(condition(duty(5)), since=at(0, "00:00"), until=at(1, "00:00"))
    assert len(whole) == 5
    before = tuple(Asked("c", one.question.day, one.question.at_ms) for one in whole[:known])
    again = asked_of(condition(duty(5)), since=at(0, "00:00"), until=at(1, "00:00"), before=before)
    assert times(again) == times(whole)
