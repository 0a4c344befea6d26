"""What is asked over a time, as pages and calendars tell it; and that the engine asks the same of each instant."""

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from surety.rules import asked, schedule
from surety.rules.conditions import (
    Absence,
    AbsenceKind,
    CheckInDuty,
    Condition,
    ConditionSet,
    Curfew,
    Exemption,
    Pause,
    Place,
    Row,
    Timetable,
    Trail,
    Weekday,
)
from surety.rules.intervals import BEGINNING, END
from surety.rules.plan import Plan
from tests.rules.scenes import ALWAYS, HOME_CIRCLE, LONDON, NIGHTS, ms, order, trail

HOUR = 3_600_000


def curfew(table: Timetable = NIGHTS, begin: int = BEGINNING, end: int | None = None) -> Condition:
    return Condition("night", 1, begin, end, Curfew((Place("home", HOME_CIRCLE),), table))


def away(*spans: Pause, rows: tuple[Row, ...] = (), begin: int = BEGINNING, end: int | None = None) -> Condition:
    body = Absence(AbsenceKind.AUTHORISED, Timetable(LONDON, rows), spans, (), "work")
    return Condition(f"leave-{begin}", 1, begin, end, body)


def told(condition: Condition, *among: Condition, begin: str = "12:00", end: str = "+2 12:00") -> list[tuple[int, int]]:
    found = asked.windows(condition, [condition, *among], ms(begin), ms(end))
    return [(w.start_ms, w.end_ms) for w in found]


def test_windows_are_cut_to_the_term_of_the_version_and_not_to_the_time_asked_about() -> None:
    assert told(curfew(begin=ms("20:00"), end=ms("+2 01:00")), begin="23:00", end="+1 22:00") == [
        (ms("20:00"), ms("+1 07:00")),
        (ms("+1 19:00"), ms("+2 01:00")),
    ]


def test_a_term_that_does_not_meet_the_time_and_a_condition_without_times_ask_nothing() -> None:
    assert told(curfew(end=ms("12:00"))) == []
    assert told(curfew(begin=ms("+2 12:00"))) == []
    assert told(Condition("tag", 1, BEGINNING, None, Trail())) == []
    assert told(away(rows=NIGHTS.rows)) == []


def test_leave_cuts_what_it_covers_only_while_it_is_in_force() -> None:
    wedding = away(Pause("2026-11-02T18:00", "2026-11-03T12:00"), begin=ms("22:00"))
    assert told(curfew(), wedding) == [(ms("19:00"), ms("22:00")), (ms("+1 19:00"), ms("+2 07:00"))]


def test_a_piece_after_leave_belongs_to_its_night() -> None:
    (_, piece) = asked.windows(
        curfew(), [away(Pause("2026-11-02T22:00", "2026-11-02T23:00"))], ms("12:00"), ms("+1 07:00")
    )
    assert (piece.start_ms, piece.ordered_ms) == (ms("23:00"), ms("19:00"))


def test_a_piece_that_only_touches_the_time_asked_about_is_not_in_it() -> None:
    hour = away(Pause("2026-11-02T22:00", "2026-11-02T23:00"))
    assert told(curfew(), hour, begin="22:00", end="+1 12:00") == [(ms("23:00"), ms("+1 07:00"))]
    assert told(curfew(), hour, begin="12:00", end="23:00") == [(ms("19:00"), ms("22:00"))]


def test_leave_at_all_times_leaves_nothing_and_weekly_leave_bounds_what_never_ends() -> None:
    assert told(curfew(), away()) == []
    sundays = away(rows=(Row(Weekday.SUN, "10:00", "12:00"),))
    assert told(curfew(ALWAYS), sundays) == [(ms("-1 12:00"), END)]
    assert told(curfew(ALWAYS), sundays, end="+7 00:00") == [(ms("-1 12:00"), ms("+6 10:00")), (ms("+6 12:00"), END)]


hours = st.integers(0, 95)


@settings(max_examples=60, deadline=None)
@given(
    nights=st.sets(st.sampled_from(list(Weekday))),
    leaves=st.lists(
        st.tuples(hours, hours, hours, hours, st.sets(st.sampled_from(list(Weekday)), max_size=2)), max_size=3
    ),
    term=st.tuples(hours, hours),
)
def test_the_engine_asks_the_same_of_each_instant(
    nights: set[Weekday], leaves: list[tuple[int, int, int, int, set[Weekday]]], term: tuple[int, int]
) -> None:
    start = ms("00:00")
    table = Timetable("UTC", tuple(Row(day, "19:00", "07:00") for day in sorted(nights)))
    conditions = [curfew(table, start + min(term) * HOUR, start + (max(term) + 1) * HOUR)]
    for i, (a, b, c, d, days) in enumerate(leaves):
        spans = (
            (Pause(*(f"2026-11-{2 + h // 24:02d}T{h % 24:02d}:00" for h in (min(a, b), max(a, b)))),) if a != b else ()
        )
        body = Absence(
            AbsenceKind.AUTHORISED, Timetable("UTC", tuple(Row(day, "20:00", "22:00") for day in days)), spans
        )
        conditions.append(Condition(f"leave-{i}", 1, start + min(c, d) * HOUR, start + (max(c, d) + 1) * HOUR, body))
    plan = Plan(ConditionSet("p", 1, tuple(sorted(conditions, key=lambda one: one.id))))
    shown = asked.windows(conditions[0], conditions, start, start + 96 * HOUR)
    for at in range(start + HOUR // 2, start + 96 * HOUR, HOUR):
        duties = plan.epoch(at).duties
        window = duties[0].around(at) if duties else None
        engine = window is not None and window.start_ms <= at
        assert any(w.start_ms <= at < w.end_ms for w in shown) == engine, (at - start) / HOUR
    assert schedule.merge(schedule.Span(w.start_ms, w.end_ms) for w in shown) == tuple(
        schedule.Span(w.start_ms, w.end_ms) for w in shown
    )


def test_a_check_in_duty_is_told_by_when_it_may_ask_cut_to_its_own_term() -> None:
    day = Timetable(LONDON, tuple(Row(each, "07:00", "22:00") for each in Weekday))
    body = CheckInDuty(
        3, timetable=day, exempt=(Exemption("work", Timetable(LONDON, (Row(Weekday.TUE, "09:00", "12:00"),))),)
    )
    ordered = order(body, until="+1 20:00")
    told = asked.times(ordered.conditions[0], ordered.conditions, ms("00:00"), ms("+2 00:00"))
    assert [(one.start_ms, one.end_ms) for one in told] == [
        (ms("12:00"), ms("22:00")),  # in force from noon
        (ms("+1 07:00"), ms("+1 08:30")),  # so long before an exemption nothing is asked
        (ms("+1 12:00"), ms("+1 20:00")),
    ]
    none = order(msgspec.structs.replace(body, per_day=0))
    assert asked.times(none.conditions[0], none.conditions, ms("00:00"), ms("+2 00:00")) == ()


def test_what_is_carried_and_leave_have_times_too() -> None:
    away = Absence(AbsenceKind.AUTHORISED, ALWAYS, (Pause("2026-11-02T20:00", "2026-11-02T22:00"),))
    ordered = order(trail(), away, until="+1 06:00")
    carried, left = (asked.times(one, ordered.conditions, ms("00:00"), ms("+2 00:00")) for one in ordered.conditions)
    assert [(one.start_ms, one.end_ms) for one in carried] == [(ms("12:00"), ms("+1 06:00"))]
    assert [(one.start_ms, one.end_ms) for one in left] == [(ms("20:00"), ms("22:00"))]
