"""Receivers err as measured: these are the figures of the GPS page, checked on many thousands of simulated fixes."""

import itertools
import math
import random
from collections import Counter

import pytest

from surety.sim.devices import within
from surety.sim.geo import to_plane
from surety.sim.lives import Lives, local_day
from surety.sim.receivers import CELL_RADIUS_M, HOUR_MS, Drift, Message, Receivers, sigma_m, student_t4

START_MS = 1_791_309_120_000  # Tuesday 6 October 2026, 18:52 in London
NIGHT_MS = (START_MS // HOUR_MS + 7) * HOUR_MS
DAY_MS = (START_MS // HOUR_MS + 17) * HOUR_MS


@pytest.fixture(scope="module")
def receivers() -> Receivers:
    return Receivers(Lives(1, 300, START_MS))


def _errors(receivers: Receivers, index: int, messages: list[Message]) -> list[tuple[float, Message]]:
    found = []
    for m in messages:
        if m.lat is not None and m.lon is not None:
            truth = receivers.lives.position(index, m.at_ms)
            found.append((math.dist(to_plane(m.lat, m.lon), truth), m))
    return found


def _many(receivers: Receivers, hour_ms: int, hours: int = 3) -> list[tuple[float, Message, bool]]:
    found = []
    for index in range(300):
        for n in range(hours):
            for error, m in _errors(receivers, index, receivers.hour(index, hour_ms + n * HOUR_MS)):
                piece = receivers.lives.day(index, local_day(m.at_ms)).piece(m.at_ms)
                found.append((error, m, piece.indoors))
    return found


def test_the_error_wanders_with_the_measured_autocorrelation() -> None:
    drift = Drift(random.Random(7))
    steps = [drift.step(10_000 * n)[0] for n in range(200_000)]
    variance = sum(x * x for x in steps) / len(steps)
    for lag_s, measured in ((10, 0.86), (30, 0.52), (60, 0.31), (120, 0.18), (600, 0.07)):
        n = lag_s // 10
        found = sum(a * b for a, b in zip(steps, steps[n:], strict=False)) / len(steps) / variance
        assert found == pytest.approx(measured, abs=0.07), lag_s


def test_the_error_is_student_t_with_four_degrees_of_freedom() -> None:
    rng = random.Random(3)
    found = sorted(abs(student_t4(rng.gauss(0, 1))) for _ in range(200_000))
    for share, quantile in ((0.5, 0.741), (0.9, 2.132), (0.95, 2.776), (0.99, 4.604)):
        assert found[int(share * len(found))] == pytest.approx(quantile, rel=0.03)


def test_the_scale_follows_the_reported_radius() -> None:
    assert sigma_m(10) == 6.5
    assert sigma_m(150) == 41.5
    assert sigma_m(900) == 450


def test_outdoors_the_error_at_each_reported_radius_follows_the_calibration(receivers: Receivers) -> None:
    by_radius: dict[float, list[float]] = {}
    for error, m, indoors in _many(receivers, DAY_MS - 2 * HOUR_MS, hours=3):
        if not indoors and m.accuracy_m <= 30:
            by_radius.setdefault(m.accuracy_m, []).append(error)
    assert len(by_radius) >= 6
    for radius, errors in by_radius.items():
        if len(errors) > 60:
            # Two independent axes of Student t4: 68 % lie within 1.83 scales of the true place.
            assert sorted(errors)[int(0.68 * len(errors))] == pytest.approx(1.83 * sigma_m(radius), rel=0.3), radius


def test_a_quarter_of_indoor_night_fixes_lies_170_to_300_metres_off_in_runs_of_up_to_ten(receivers: Receivers) -> None:
    far, runs = 0, Counter[int]()
    total = 0
    for index in range(300):
        run = 0
        for error, m in _errors(receivers, index, receivers.hour(index, NIGHT_MS)):
            if m.accuracy_m == CELL_RADIUS_M:
                continue
            total += 1
            if error > 140:
                far, run = far + 1, run + 1
                assert error < 340
            elif run:
                runs[run] += 1
                run = 0
    assert far / total == pytest.approx(0.25, abs=0.05)
    assert sum(n for length, n in runs.items() if length <= 10) / sum(runs.values()) > 0.9
    assert len(runs) >= 8


def test_cell_fixes_repeat_the_same_wrong_place(receivers: Receivers) -> None:
    found: dict[int, set[tuple[float, float]]] = {}
    errors = []
    for index in range(300):
        for error, m in _errors(receivers, index, receivers.hour(index, DAY_MS)):
            if m.accuracy_m == CELL_RADIUS_M:
                errors.append(error)
                found.setdefault(index, set()).add((round(m.lat or 0, 6), round(m.lon or 0, 6)))
    assert len(found) >= 5
    assert all(len(places) == 1 for places in found.values())
    assert 250 < sorted(errors)[len(errors) // 2] < 1000


def test_devices_measure_each_minute_on_the_way_and_more_rarely_when_still(receivers: Receivers) -> None:
    gaps: dict[bool, list[float]] = {True: [], False: []}
    for index in range(300):
        messages = sorted(receivers.hour(index, DAY_MS), key=lambda m: m.at_ms)
        life = receivers.lives.day(index, local_day(DAY_MS))
        for a, b in itertools.pairwise(messages):
            if life.piece(a.at_ms) is life.piece(b.at_ms) and b.at_ms > a.at_ms:
                gaps[life.piece(a.at_ms).mode == "stay"].append((b.at_ms - a.at_ms) / 1000)
    assert sorted(gaps[False])[len(gaps[False]) // 2] == pytest.approx(60, abs=4)
    assert sorted(gaps[True])[len(gaps[True]) // 2] == pytest.approx(120, abs=4)


def test_without_a_network_messages_are_kept_and_sent_with_their_own_time(receivers: Receivers) -> None:
    late = []
    for index in range(300):
        device = receivers.devices.at(index, DAY_MS)
        for n in range(6):
            for m in receivers.hour(index, DAY_MS + n * HOUR_MS):
                span = within(device.unlinked, m.at_ms + 2_500)
                if span and span[0] <= m.at_ms:
                    late.append(m.due_ms - m.at_ms)
                    assert m.due_ms >= span[1]
    assert late
    assert max(late) > 120_000


def test_a_device_that_is_off_says_nothing(receivers: Receivers) -> None:
    lives = receivers.lives
    off = receivers.devices.day(7, lives.first_day).dead[0]
    for n in range(4):
        for m in receivers.hour(7, (off[0] // HOUR_MS + n) * HOUR_MS):
            assert not off[0] <= m.at_ms < off[1]


def test_an_hour_is_the_same_whenever_it_is_made(receivers: Receivers) -> None:
    again = Receivers(Lives(1, 300, START_MS))
    assert again.hour(12, NIGHT_MS) == receivers.hour(12, NIGHT_MS)
    assert again.hour(12, NIGHT_MS) != receivers.hour(12, NIGHT_MS + HOUR_MS)
