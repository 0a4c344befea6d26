"""The comparison of truth and alerts: what counts as caught, missed, hidden and false."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surety.sim.score import AlertSeen, Score, poisson_interval, score
from surety.sim.truth import Attended, DayTruth

T = 1_791_309_120_000
MINUTE = 60_000
DAY = 86_400_000


def _truth(**what: object) -> DayTruth:
    empty = {
        "absent": (),
        "zones": {},
        "why": (),
        "sos": (),
        "strap": (),
        "dead": (),
        "unlinked": (),
        "blind": (),
        "low": (),
    }
    return DayTruth(reference="AL-1", day="2026-10-06", **{**empty, **what})


def _alert(kind: str, at_ms: int, *, reference: str = "AL-1") -> AlertSeen:
    return AlertSeen(reference, kind, at_ms, at_ms + 90_000, fell_away=False)


def _line(found: Score, name: str):
    return next(line for line in found.lines if line.name == name)


def test_an_absence_with_an_alert_is_caught_and_its_delay_told() -> None:
    found = score([_truth(absent=((T, T + 20 * MINUTE),))], [_alert("curfew_absent_at_start", T)], T - DAY, T + DAY)
    line = _line(found, "absent in curfew")
    assert (line.true_events, line.caught, line.missed, line.false) == (1, 1, 0, 0)
    assert line.delay_median_s == 90


def test_an_absence_without_an_alert_is_missed_and_an_alert_without_absence_false() -> None:
    alerts = [_alert("curfew_left", T + 5 * 60 * MINUTE), _alert("curfew_left", T, reference="AL-2")]
    found = score([_truth(absent=((T, T + 20 * MINUTE),))], alerts, T - DAY, T + DAY)
    line = _line(found, "absent in curfew")
    assert (line.caught, line.missed, line.false) == (0, 1, 2)
    assert found.missed[0][:2] == ("absent in curfew", "AL-1")


def test_an_absence_of_somebody_whose_device_was_off_is_hidden() -> None:
    truth = _truth(absent=((T, T + 20 * MINUTE),), dead=((T - MINUTE, T + DAY),))
    line = _line(score([truth], [], T - DAY, T + DAY), "absent in curfew")
    assert (line.missed, line.hidden) == (0, 1)


def test_a_stay_past_the_limit_is_an_event_of_its_own() -> None:
    truth = _truth(overstays=((T, T + 12 * MINUTE),))
    found = score([truth], [_alert("restriction_overstayed", T)], T - DAY, T + DAY)
    line = _line(found, "too long in a zone")
    assert (line.true_events, line.caught, line.missed, line.false) == (1, 1, 0, 0)


def test_a_moment_outside_is_neither_an_event_nor_makes_its_alert_false() -> None:
    found = score([_truth(absent=((T, T + MINUTE),))], [_alert("curfew_left", T)], T - DAY, T + DAY)
    line = _line(found, "absent in curfew")
    assert (line.true_events, line.false) == (0, 0)


def test_an_absence_over_four_in_the_morning_is_one() -> None:
    days = [_truth(absent=((T, T + 60 * MINUTE),)), _truth(absent=((T + 60 * MINUTE, T + 90 * MINUTE),))]
    found = score(days, [_alert("curfew_left", T)], T - DAY, T + DAY)
    assert _line(found, "absent in curfew").true_events == 1


def test_what_has_just_begun_is_not_judged_yet() -> None:
    found = score([_truth(absent=((T, T + 20 * MINUTE),))], [], T - DAY, T + 5 * MINUTE)
    assert _line(found, "absent in curfew").true_events == 0


def test_other_kinds_of_alert_are_counted_apart() -> None:
    assert score([_truth()], [_alert("mock_location", T)], T - DAY, T + DAY).other_alerts == {"mock_location": 1}


@pytest.mark.parametrize(
    ("count", "low", "high"), [(0, 0, 3.689), (1, 0.0253, 5.572), (10, 4.795, 18.39), (100, 81.36, 121.63)]
)
def test_the_poisson_interval_is_the_exact_one(count: int, low: float, high: float) -> None:
    assert poisson_interval(count) == pytest.approx((low, high), rel=0.001, abs=0.001)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 150))
def test_the_interval_holds_the_count_and_widens_with_confidence(count: int) -> None:
    low, high = poisson_interval(count)
    wide_low, wide_high = poisson_interval(count, 0.99)
    assert low <= count <= high
    assert wide_low <= low
    assert wide_high >= high


def test_an_appointment_that_was_not_kept_is_caught_by_the_alert_at_its_end() -> None:
    window = (T, T + 120 * MINUTE)
    missed, kept = Attended(window, 0, 60 * MINUTE), Attended(window, 70 * MINUTE, 60 * MINUTE)
    alerts = [_alert("attendance_missed", window[1])]
    caught = _line(score([_truth(attendance=(missed,))], alerts, T - DAY, T + DAY), "attendance")
    assert (caught.true_events, caught.caught, caught.false) == (1, 1, 0)
    false = _line(score([_truth(attendance=(kept,))], alerts, T - DAY, T + DAY), "attendance")
    assert (false.true_events, false.caught, false.false) == (0, 0, 1)
