"""True days: whole, possible, mostly within the conditions, and the same whenever they are asked for."""

import itertools
import math
from datetime import date, timedelta

import pytest

from surety.sim.devices import Devices
from surety.sim.lives import Lives, curfew_windows, local_day, minute_ms
from surety.sim.people import part_of
from surety.sim.truth import truth_of_day

START_MS = 1_791_309_120_000  # Tuesday 6 October 2026, 18:52 in London
TUESDAY = date(2026, 10, 6)


@pytest.fixture(scope="module")
def lives() -> Lives:
    return Lives(1, 200, START_MS)


@pytest.mark.parametrize("day", [TUESDAY, date(2026, 10, 10), date(2026, 10, 24), date(2026, 3, 28)])
def test_a_day_has_no_hole_and_begins_and_ends_at_home_also_when_clocks_change(lives: Lives, day: date) -> None:
    for index in range(60):
        life, home = lives.day(index, day), lives.residents[index].home
        assert life.pieces[0].start_ms == life.start_ms
        assert life.pieces[-1].end_ms == life.end_ms
        assert all(a.end_ms == b.start_ms for a, b in itertools.pairwise(life.pieces))
        assert life.pieces[0].points[0] == life.pieces[-1].points[0] == (home.x, home.y)


def test_the_day_of_a_clock_change_is_an_hour_longer_or_shorter(lives: Lives) -> None:
    assert lives.day(0, date(2026, 10, 24)).end_ms - lives.day(0, date(2026, 10, 24)).start_ms == 25 * 3_600_000
    assert lives.day(0, date(2026, 3, 28)).end_ms - lives.day(0, date(2026, 3, 28)).start_ms == 23 * 3_600_000


def test_nobody_jumps_or_runs(lives: Lives) -> None:
    for index in range(0, 200, 7):
        life = lives.day(index, TUESDAY)
        for at_ms in range(life.start_ms, life.end_ms - 10_000, 10_000):
            far = math.dist(lives.position(index, at_ms), lives.position(index, at_ms + 10_000))
            modes = {life.piece(at_ms).mode, life.piece(at_ms + 10_000).mode}
            assert far <= (25 if "train" in modes else 8.5) * 10 + 1


def test_lives_are_the_same_however_they_are_asked_for(lives: Lives) -> None:
    again = Lives(1, 200, START_MS)
    later = TUESDAY + timedelta(days=3)
    assert again.day(17, later) == lives.day(17, later)
    assert again.day(17, TUESDAY) == lives.day(17, TUESDAY)


def test_whoever_does_not_break_a_condition_keeps_all_of_them(lives: Lives) -> None:
    devices = Devices(lives)
    for index, shift in itertools.product(range(200), (1, 2, 4)):
        day = TUESDAY + timedelta(days=shift)
        truth = truth_of_day(lives, devices, index, day)
        if not truth.why:
            assert not truth.absent, (truth.reference, day)
            assert not any(truth.zones.values()), (truth.reference, day)
            assert not truth.overstays, (truth.reference, day)


def test_a_small_share_breaks_something_on_a_usual_day(lives: Lives) -> None:
    devices = Devices(lives)
    days = [TUESDAY + timedelta(days=n) for n in range(1, 6)]
    broken = sum(bool(truth_of_day(lives, devices, i, d).why) for i in range(200) for d in days)
    assert 10 <= broken <= 100  # of 1,000 person-days


def test_the_first_evening_has_something_of_each_kind_within_minutes() -> None:
    town = Lives(1, 8, START_MS)
    devices = Devices(town)
    truths = [truth_of_day(town, devices, index, TUESDAY) for index in range(8)]
    soon = START_MS + 16 * 60_000
    assert part_of(1) == "late"
    assert truths[1].absent[0][0] == minute_ms(TUESDAY, 19 * 60)
    assert any(START_MS <= a < soon for spans in truths[3].zones.values() for a, _ in spans)
    assert START_MS <= truths[2].sos[0] < soon
    assert START_MS <= truths[6].strap[0] < soon
    assert START_MS <= truths[7].dead[0][0] < START_MS + 20 * 60_000
    assert truths[5].absent


def test_on_the_first_evening_somebody_stays_too_long_where_they_may_only_pass() -> None:
    town = Lives(1, 40, START_MS)
    truth = truth_of_day(town, Devices(town), 8, TUESDAY)
    assert part_of(8) == "stay"
    ((start, end),) = truth.overstays
    assert START_MS < start < START_MS + 30 * 60_000
    assert end - start >= 9 * 60_000


def test_some_nights_somebody_of_the_programme_is_where_nobody_of_it_may_be(lives: Lives) -> None:
    assert lives.programme is not None
    devices, days = Devices(lives), [TUESDAY + timedelta(days=n) for n in range(8)]
    bound = [r.index for r in lives.residents if lives.bound_at_night(r)]
    spans = [
        span
        for index in bound
        for day in days
        for span in truth_of_day(lives, devices, index, day).zones[lives.programme.name]
    ]
    assert len(bound) == 50
    assert spans
    for start, end in spans:
        assert (start // 60_000) % 1440 >= 1410 - 60 or (end // 60_000) % 1440 <= 180  # in London, summer or winter


def test_a_curfew_over_midnight_is_two_windows_of_the_days_from_four_to_four() -> None:
    assert curfew_windows((19 * 60, 7 * 60)) == ((240, 420), (1140, 1680))
    assert curfew_windows((8 * 60, 16 * 60)) == ((480, 960),)


def test_the_hours_before_four_belong_to_the_day_before() -> None:
    assert local_day(minute_ms(TUESDAY, 1679)) == TUESDAY
    assert local_day(minute_ms(TUESDAY, 1680)) == TUESDAY + timedelta(days=1)


def test_those_who_attend_something_mostly_do_and_the_truth_says_for_how_long(lives: Lives) -> None:
    devices = Devices(lives)
    weeks = [TUESDAY + timedelta(days=n) for n in range(28)]
    found = [
        (index, attended)
        for index, resident in enumerate(lives.residents)
        if resident.course
        for day in weeks
        for attended in truth_of_day(lives, devices, index, day).attendance
    ]
    assert len(found) > 60
    kept = [attended for _, attended in found if attended.stayed_ms >= attended.needed_ms]
    assert 0.8 < len(kept) / len(found) < 0.98
    for index, attended in found:
        course = lives.residents[index].course
        assert course is not None
        inside = sum(course.ground.holds(*lives.position(index, at_ms)) for at_ms in range(*attended.window, 60_000))
        assert abs(attended.stayed_ms / 60_000 - inside) <= 2


def test_leave_is_spent_elsewhere_and_is_no_absence(lives: Lives) -> None:
    devices = Devices(lives)
    out = 0
    for index, resident in enumerate(lives.residents):
        for day in (TUESDAY + timedelta(days=n) for n in range(1, 8)):
            if resident.leave is None or day.weekday() != resident.leave.weekday:
                continue
            home, during = resident.home_ground, minute_ms(day, resident.leave.end - 60)
            out += not home.holds(*lives.position(index, during))
            for start, end in truth_of_day(lives, devices, index, day).absent:
                assert end <= minute_ms(day, resident.leave.start) or start >= minute_ms(day, resident.leave.end)
    assert out >= 3


def test_the_protected_person_comes_near_the_one_they_are_protected_from_on_the_first_evening_alone() -> None:
    lives = Lives(1, 40, START_MS)

    def nearest_m(from_min: int, to_min: int) -> float:
        times = range(START_MS + from_min * 60_000, START_MS + to_min * 60_000, 30_000)
        return min(math.dist(lives.position(40, at), lives.position(lives.beside.index, at)) for at in times)

    assert nearest_m(4, 18) < 150
    assert nearest_m(-20, 0) > 400
    assert lives.resident(40) is lives.protected
    assert lives.protected not in lives.residents
