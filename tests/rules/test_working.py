"""The arithmetic that is shown is the arithmetic that was done."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surety.rules import kernel, presence, working
from surety.rules.conditions import Circle
from surety.rules.facts import Fix, Source
from surety.rules.presence import Mode, Presence

AREA = Circle(51.5, -0.12, 100.0)
START_MS = 1_772_323_200_000
METRE = 1 / 111_250.0  # degrees of latitude at 51.5 north, near enough for a tenth of a metre


def fix(second: float, north_m: float, accuracy_m: float | None = 8.0, source: Source = Source.GNSS) -> Fix:
    at_ms = START_MS + int(second * 1000)
    return Fix(f"f{second}", "d", at_ms, at_ms, 51.5 + north_m * METRE, -0.12, accuracy_m, source)


moments = st.lists(
    st.tuples(
        st.floats(1, 4_000),  # seconds since the one before
        st.floats(-2_000, 2_000),
        st.one_of(st.none(), st.floats(1, 2_000)),
        st.sampled_from([Source.GNSS, Source.FUSED, Source.WIFI, Source.CELL, Source.UNKNOWN]),
    ),
    min_size=1,
    max_size=30,
)


@settings(deadline=None)  # the first call compiles
@given(moments=moments, mode=st.sampled_from([Mode.EXCLUSION, Mode.HOME, Mode.INCLUSION]))
def test_each_step_ends_where_the_rules_end_and_begins_where_the_one_before_ended(moments, mode):
    packed = presence.pack([(AREA, mode)])
    evidence, after, second = presence.fresh(packed), None, 0.0
    for wait_s, north_m, accuracy_m, source in moments:
        second += wait_s
        one = fix(second, north_m, accuracy_m, source)
        untouched = evidence.copy()
        step = working.work_out(evidence, packed, 0, one)
        assert evidence.tobytes() == untouched.tobytes()
        assert after is None or step.before == after
        radius = math.nan if accuracy_m is None else accuracy_m
        presence.observe(evidence, packed, one.at_ms, one.lat_deg, one.lon_deg, radius, presence.SOURCE_CODES[source])
        reading = presence.read(evidence, 0, one.at_ms)
        assert step.after == evidence[0, kernel.LOG_ODDS]
        assert step.p_inside == pytest.approx(reading.p_inside, abs=1e-12)
        assert step.held is reading.presence
        assert step.informative == (reading.last_informative_ms == one.at_ms)
        if step.informative:
            assert step.sigma_m == reading.sigma_m
            assert step.clearance_m == reading.clearance_m
        after = step.after


@settings(deadline=None)  # the same
@given(moments=moments)
def test_a_step_never_goes_past_what_its_position_says(moments):
    packed = presence.pack([(AREA, Mode.EXCLUSION)])
    evidence, second = presence.fresh(packed), 0.0
    for wait_s, north_m, accuracy_m, source in moments:
        second += wait_s
        one = fix(second, north_m, accuracy_m, source)
        step = working.work_out(evidence, packed, 0, one)
        low, high = sorted((step.faded, step.alone))
        assert low - 1e-9 <= step.after <= high + 1e-9 or abs(step.after) == kernel.CERTAIN
        radius = math.nan if accuracy_m is None else accuracy_m
        presence.observe(evidence, packed, one.at_ms, one.lat_deg, one.lon_deg, radius, presence.SOURCE_CODES[source])


def test_the_first_step_tells_each_figure():
    packed = presence.pack([(AREA, Mode.EXCLUSION)])
    step = working.work_out(presence.fresh(packed), packed, 0, fix(0, -60.0))
    assert (step.fact_id, step.source, step.accuracy_m) == ("f0", "gnss", 8.0)
    assert step.clearance_m == pytest.approx(40.0, abs=0.2)
    assert step.sigma_m == kernel.scale_of(8.0) == 6.0
    assert step.wait_s is None
    assert step.before == step.faded == -3.0
    assert step.alone == pytest.approx(-3.0 + 2.0 * step.ratio)
    assert step.share == pytest.approx((step.after + 3.0) / (step.alone + 3.0))
    assert step.after == kernel.CERTAIN  # the share is what is left of the way by the last hundredth of doubt
    assert 0 < step.share < 1
    assert step.held is Presence.INSIDE


def test_a_wait_is_told_in_seconds_and_fades_towards_rest():
    packed = presence.pack([(AREA, Mode.EXCLUSION)])
    evidence = presence.fresh(packed)
    first = fix(0, -60.0)
    presence.observe(evidence, packed, first.at_ms, first.lat_deg, first.lon_deg, 8.0, kernel.GNSS)
    step = working.work_out(evidence, packed, 0, fix(1830, 3_000.0))
    assert step.wait_s == 1830.0
    assert step.faded == kernel.faded(step.before, -3.0, 1830.0)
    assert -3.0 < step.faded < step.before


def test_where_there_was_no_way_to_go_no_share_is_told():
    packed = presence.pack([(AREA, Mode.EXCLUSION)])
    evidence, far = presence.fresh(packed), fix(0, 3_000.0)
    alone = working.work_out(evidence, packed, 0, far).alone
    evidence[0, kernel.LOG_ODDS] = alone
    assert working.work_out(evidence, packed, 0, far).share is None


def test_limits_are_told_as_probabilities_and_readings_for_each_area():
    packed = presence.pack([(AREA, Mode.EXCLUSION), (AREA, Mode.HOME)])
    exclusion, home = (working.limits(packed, row) for row in range(2))
    assert (exclusion.rest, exclusion.gain) == (-3.0, 2.0)
    assert (exclusion.enter_p, exclusion.leave_p) == pytest.approx((0.8, 0.3))
    assert home.rest > 0 > exclusion.rest
    assert home.enter_p < exclusion.enter_p
    readings = working.readings(presence.fresh(packed), START_MS)
    assert [reading.presence for reading in readings] == [Presence.UNKNOWN, Presence.UNKNOWN]
    assert readings[0].p_inside == pytest.approx(working.probability(-3.0))
    evidence = presence.fresh(packed)
    presence.observe(evidence, packed, START_MS, 53.8, -1.55, 8.0, presence.SOURCE_CODES[Source.GNSS])
    (now, _), (later, _) = (working.readings(evidence, START_MS + wait_ms) for wait_ms in (0, 3_600_000))
    assert now.last_informative_ms == START_MS
    assert abs(later.p_inside - working.probability(-3.0)) < abs(now.p_inside - working.probability(-3.0))
    assert working.probability(0.0) == 0.5
    assert np.isclose(working.probability(kernel.CERTAIN), 0.99)
