"""Visits as one thing from start to end, also where they are open at either end of a window."""

from hypothesis import given, settings
from hypothesis import strategies as st

from surety.rules import visits
from surety.rules.facts import Fact
from surety.rules.findings import Finding, Kind
from tests.rules.scenes import (
    HOME,
    LONDON,
    MOTHERS,
    SCHOOL,
    SCHOOL_HOURS,
    SHOP,
    curfew,
    exclusion,
    fix,
    ms,
    order,
    run,
    stay,
)

VISIT = stay(HOME, "12:00", "13:00") + stay(SCHOOL, "13:00", "13:30") + stay(HOME, "13:30", "14:00")
EVERYTHING = (ms("00:00"), ms("+9 00:00"))


def of(facts: list[Fact], conditions: object = None, until: str | None = None) -> list[Finding]:
    return run(conditions or order(exclusion()), facts, until)


def test_enter_stay_and_leave_are_one_thing_with_one_id() -> None:
    found = of(VISIT)
    (visit,) = visits.fold(found, *EVERYTHING)
    assert (visit.id, visit.kind, visit.ended) == (found[0].id, Kind.ZONE_ENTERED, Kind.ZONE_LEFT)
    assert (visit.from_ms, visit.to_ms) == (found[0].at_ms, found[1].at_ms)
    assert (visit.open_before, visit.open_after) == (False, False)


def test_a_visit_that_began_before_the_window_is_kept_and_marked() -> None:
    (visit,) = visits.fold(of(VISIT), ms("13:15"), ms("14:00"))
    assert (visit.open_before, visit.open_after) == (True, False)
    assert visit.from_ms < ms("13:15")


def test_a_visit_that_is_still_going_on_when_the_window_ends_is_kept_and_marked() -> None:
    (visit,) = visits.fold(of(VISIT), ms("12:00"), ms("13:15"))
    assert (visit.open_before, visit.open_after, visit.to_ms, visit.ended) == (False, True, None, None)


def test_a_visit_around_the_whole_window_is_kept_though_no_finding_lies_in_it() -> None:
    (visit,) = visits.fold(of(VISIT), ms("13:10"), ms("13:20"))
    assert (visit.open_before, visit.open_after) == (True, True)


def test_a_visit_that_never_ended_is_kept() -> None:
    facts = stay(HOME, "12:00", "13:00") + stay(SCHOOL, "13:00", "13:30")
    (visit,) = visits.fold(of(facts), *EVERYTHING)
    assert visit.open_after


def test_the_end_alone_tells_when_the_visit_began() -> None:
    found = of(VISIT)
    (whole,) = visits.fold(found, ms("13:15"), ms("14:00"))
    (alone,) = visits.fold(found[1:], ms("13:15"), ms("14:00"))
    assert (alone.id, alone.kind, alone.from_ms, alone.to_ms) == (whole.id, whole.kind, whole.from_ms, whole.to_ms)


def test_what_lies_outside_the_window_is_left_out() -> None:
    assert visits.fold(of(VISIT), ms("12:00"), ms("13:00")) == []
    assert visits.fold(of(VISIT), ms("13:45"), ms("14:00")) == []


def test_two_visits_are_two_and_an_absence_is_one_as_well() -> None:
    again = VISIT + stay(SCHOOL, "14:00", "14:20") + stay(HOME, "14:20", "15:00")
    assert len(visits.fold(of(again), *EVERYTHING)) == 2
    night = stay(HOME, "18:00", "21:00") + stay(SHOP, "21:00", "22:00") + stay(HOME, "22:00", "23:00")
    (absence,) = visits.fold(of(night, order(curfew())), *EVERYTHING)
    assert (absence.kind, absence.ended) == (Kind.CURFEW_LEFT, Kind.CURFEW_RETURNED)


def test_a_crossing_has_the_times_at_which_it_may_have_been() -> None:
    north, south = (SCHOOL[0] + 0.0036, SCHOOL[1]), (SCHOOL[0] - 0.0036, SCHOOL[1])
    (crossing,) = visits.fold(of([fix(ms("13:00"), north), fix(ms("13:04"), south)]), *EVERYTHING)
    assert ms("13:01") < crossing.from_ms < (crossing.to_ms or 0) < ms("13:03")


def test_a_visit_is_told_in_words() -> None:
    conditions = order(exclusion())
    found = of(VISIT, conditions)
    whole, open_one = (visits.fold(found, *window)[0] for window in (EVERYTHING, (ms("13:10"), ms("13:20"))))
    said = visits.sentence(whole, conditions, LONDON)
    assert said.startswith('In the zone "School" from Mon 2 Nov 2026 13:0')
    assert said.endswith(" minutes.")
    assert "before the window began; not ended when the window did" in visits.sentence(open_one, conditions, LONDON)


lives = st.lists(st.tuples(st.sampled_from([HOME, SCHOOL, SHOP, MOTHERS]), st.integers(2, 90)), min_size=1, max_size=8)


@settings(max_examples=40, deadline=None)
@given(lives, st.integers(0, 500), st.integers(1, 300))
def test_every_window_keeps_exactly_the_visits_that_meet_it(
    life: list[tuple[tuple[float, float], int]], start: int, length: int
) -> None:
    at, facts = ms("12:00"), []
    for place, minutes in life:
        facts += [fix(at + 60_000 * n, place) for n in range(minutes)]
        at += 60_000 * minutes
    found = run(order(exclusion(SCHOOL_HOURS), curfew()), facts)
    whole = visits.fold(found, *EVERYTHING)
    window = ms("12:00") + 60_000 * start, ms("12:00") + 60_000 * (start + length)
    met = [v for v in whole if v.from_ms < window[1] and (v.to_ms is None or v.to_ms >= window[0])]
    assert [v.id for v in visits.fold(found, *window)] == [v.id for v in met]
