"""What evidence over time makes of fixes: monotone, bounded, the same live and in batch."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from surety.rules import kernel
from surety.rules.conditions import Circle, Polygon
from surety.rules.facts import Source
from surety.rules.presence import SOURCE_CODES, TRANSITION, Mode, Presence, fresh, observe, pack, read, run, warm_up

EARTH = Geod(ellps="WGS84")
LAT, LON = 51.5, -0.1
GNSS, CELL, WIFI, UNTOLD = (SOURCE_CODES[s] for s in (Source.GNSS, Source.CELL, Source.WIFI, Source.UNKNOWN))
START_MS = 1_700_000_000_000
RADII = st.floats(10, 5_000)
ACCURACIES = st.one_of(st.floats(0, 3_000), st.just(math.nan))
WAITS_MS = st.one_of(st.integers(0, 120_000), st.integers(0, 100_000_000))
SOURCES = st.sampled_from(sorted(SOURCE_CODES.values()))
UNHURRIED = settings(deadline=None, max_examples=300)
HISTORIES = st.lists(st.tuples(WAITS_MS, st.floats(0, 8_000), ACCURACIES, SOURCES), max_size=12)


def at(distance_m, bearing=90.0):
    lon, lat, _ = EARTH.fwd(LON, LAT, bearing, distance_m)
    return lat, lon


class Watch:
    """One circle about (LAT, LON) and its evidence; fixes are told by their distance from the centre."""

    def __init__(self, mode, radius_m=100.0, history=()):
        self.packed = pack([(Circle(LAT, LON, radius_m), mode)])
        self.evidence, self.now_ms = fresh(self.packed), START_MS
        for wait_ms, distance_m, accuracy_m, source in history:
            self.fix(distance_m, accuracy_m, wait_ms / 1000, source)

    def fix(self, distance_m, accuracy_m=10.0, wait_s=30.0, source=GNSS):
        self.now_ms += round(wait_s * 1000)
        changed = observe(self.evidence, self.packed, self.now_ms, *at(distance_m), accuracy_m, source)
        return list(changed)

    @property
    def reading(self):
        return read(self.evidence, 0, self.now_ms)

    @property
    def presence(self):
        return self.reading.presence


def after(mode, radius_m, history, fix):
    watch = Watch(mode, radius_m, history)
    watch.fix(*fix)
    return watch.reading.p_inside


@pytest.mark.parametrize("mode", list(Mode))
def test_nothing_is_known_before_an_informative_fix(mode):
    watch = Watch(mode)
    assert watch.presence is Presence.UNKNOWN
    assert watch.reading.last_informative_ms is None
    for _ in range(50):
        assert watch.fix(5_000, 3_000, 60, UNTOLD) == []
    assert watch.presence is Presence.UNKNOWN


def test_entering_a_zone_is_seen_within_two_good_fixes_and_leaving_it_too():
    watch = Watch(Mode.EXCLUSION)
    for _ in range(60):
        watch.fix(1_000)
    assert watch.presence is Presence.OUTSIDE
    changes = [watch.fix(10) for _ in range(2)]
    assert [0] in changes
    assert watch.presence is Presence.INSIDE
    changes = [watch.fix(1_000) for _ in range(3)]
    assert [0] in changes
    assert watch.presence is Presence.OUTSIDE


def test_an_hour_at_home_does_not_delay_that_leaving_is_seen():
    watch = Watch(Mode.HOME)
    for _ in range(360):
        watch.fix(5, wait_s=10)
    assert watch.presence is Presence.INSIDE
    for _ in range(2):
        watch.fix(800)
    assert watch.presence is Presence.OUTSIDE


@given(st.integers(1, 400), st.floats(20, 30), st.floats(150, 50_000), st.floats(0, 100))
@UNHURRIED
def test_one_wild_fix_never_ends_a_proven_stay_at_home(fixes, wait_s, distance_m, accuracy_m):
    watch = Watch(Mode.HOME)
    for _ in range(fixes + 3):
        watch.fix(5, wait_s=30)
    watch.fix(distance_m, accuracy_m, wait_s)
    assert watch.presence is Presence.INSIDE


def test_a_run_of_the_same_drifting_fix_is_no_more_than_one_that_lasts():
    """A hundred fixes within a second say what one says: the error is one error."""
    watch, other = Watch(Mode.HOME), Watch(Mode.HOME)
    for each in (watch, other):
        for _ in range(10):
            each.fix(5)
    for _ in range(100):
        watch.fix(300, wait_s=0.01)
    other.fix(300, wait_s=1.0)
    assert watch.presence is Presence.INSIDE
    assert watch.reading.p_inside == pytest.approx(other.reading.p_inside, abs=1e-3)


def test_a_cell_fix_just_before_does_not_silence_a_good_one():
    one, two = Watch(Mode.EXCLUSION), Watch(Mode.EXCLUSION)
    for each in (one, two):
        each.fix(2_000)
    two.fix(2_500, 900, 29.9, CELL)
    two.fix(0, 10, 0.1)
    one.fix(0, 10, 30)
    assert one.presence is two.presence is Presence.INSIDE


@given(st.sampled_from(Mode), RADII, HISTORIES, st.floats(0, 1), st.floats(0, 1), ACCURACIES, SOURCES, WAITS_MS)
@UNHURRIED
def test_a_fix_deeper_inside_never_lowers_the_probability(mode, radius_m, history, a, b, accuracy_m, source, wait_ms):
    deep, shallow = sorted((a * radius_m, b * radius_m))
    rest = (accuracy_m, wait_ms / 1000, source)
    high = after(mode, radius_m, history, (deep, *rest))
    assert high >= after(mode, radius_m, history, (shallow, *rest)) - 1e-12


@given(st.sampled_from(Mode), RADII, HISTORIES, st.floats(0, 30), st.floats(0, 30), ACCURACIES, SOURCES, WAITS_MS)
@UNHURRIED
def test_a_fix_nearer_to_the_middle_never_lowers_it_outside_either(
    mode, radius_m, history, a, b, accuracy_m, source, wait_ms
):
    near, far = sorted((a * radius_m, b * radius_m))
    rest = (accuracy_m, wait_ms / 1000, source)
    high = after(mode, radius_m, history, (near, *rest))
    assert high >= after(mode, radius_m, history, (far, *rest)) - 1e-12


@given(
    st.sampled_from(Mode),
    RADII,
    HISTORIES,
    st.floats(0, 0.999),
    st.floats(0, 900),
    st.floats(0, 900),
    SOURCES,
    WAITS_MS,
)
@UNHURRIED
def test_a_more_precise_fix_inside_never_lowers_the_probability(mode, radius_m, history, share, a, b, source, wait_ms):
    precise, vague = sorted((a, b))
    high = after(mode, radius_m, history, (share * radius_m, precise, wait_ms / 1000, source))
    assert high >= after(mode, radius_m, history, (share * radius_m, vague, wait_ms / 1000, source)) - 1e-12


@given(st.sampled_from(Mode), RADII, HISTORIES, st.floats(0, 0.999), ACCURACIES, SOURCES, WAITS_MS)
@UNHURRIED
def test_a_fix_inside_never_lowers_the_probability(mode, radius_m, history, share, accuracy_m, source, wait_ms):
    watch = Watch(mode, radius_m, history)
    before = read(watch.evidence, 0, watch.now_ms + wait_ms).p_inside
    watch.fix(share * radius_m, accuracy_m, wait_ms / 1000, source)
    assert watch.reading.p_inside >= before - 1e-12


BREACH = {mode: Presence.INSIDE if mode in {Mode.EXCLUSION, Mode.RESTRICTION} else Presence.OUTSIDE for mode in Mode}


@given(
    st.sampled_from(Mode),
    RADII,
    st.lists(st.tuples(WAITS_MS, st.floats(0, 30_000), st.floats(0, 1), SOURCES), min_size=1, max_size=40),
)
@UNHURRIED
def test_fixes_that_say_too_little_never_speak_for_a_breach(mode, radius_m, fixes):
    """Unknown is not absent: however many come, of whatever kind and from wherever, they end where nothing is known."""
    watch = Watch(mode, radius_m)
    rest = watch.reading.p_inside
    for wait_ms, distance_m, share, source in fixes:
        coarse_m = 2 * (radius_m + 101) + 150 + 20_000 * share  # of a scale beyond that at which a fix counts half
        accuracy_m = 20.0 if source in {CELL, WIFI} else coarse_m
        assert watch.fix(distance_m, accuracy_m, wait_ms / 1000, source) == []
        assert watch.presence is Presence.UNKNOWN
        assert watch.reading.p_inside == pytest.approx(rest, abs=1e-9)


@given(st.sampled_from(Mode), RADII, HISTORIES, st.floats(-3, 1), st.floats(0, 200), WAITS_MS)
@UNHURRIED
def test_a_breach_begins_only_with_a_fix_past_the_edge_by_its_own_error(
    mode, radius_m, history, sigmas, accuracy_m, wait_ms
):
    watch = Watch(mode, radius_m, history)
    held = watch.presence
    past_m = sigmas * kernel.scale_of(accuracy_m) - 0.01  # a centimetre for what the plane may be off
    distance_m = radius_m - past_m if BREACH[mode] is Presence.INSIDE else radius_m + past_m
    watch.fix(max(0.0, distance_m), accuracy_m, wait_ms / 1000)
    if held is not BREACH[mode] and distance_m >= 0:
        assert watch.presence is not BREACH[mode]


@given(st.sampled_from(Mode), RADII, HISTORIES, st.floats(0, 8_000), ACCURACIES, SOURCES, WAITS_MS, st.integers(2, 30))
@UNHURRIED
def test_a_fix_told_again_at_the_same_instant_says_no_more_than_a_perfect_one_told_once(
    mode, radius_m, history, distance_m, accuracy_m, source, wait_ms, times
):
    watch = Watch(mode, radius_m, history)
    before, packed = watch.evidence.copy(), watch.packed
    for n in range(times):
        watch.fix(distance_m, accuracy_m, wait_ms / 1000 if n == 0 else 0.0, source)
    area, row = packed.areas[0], before[0]
    sigma_m = kernel.scale_of(accuracy_m)
    ratio = kernel.log_likelihood_ratio(area, radius_m - distance_m, sigma_m)
    first = math.isnan(row[kernel.LAST_MS])
    spent_s = math.inf if first else (watch.now_ms - row[kernel.SPENT_MS]) / 1000
    share = 1 - math.exp(
        -min(area[kernel.SETTLED_S], spent_s) / max(area[kernel.LASTS_S], area[kernel.CALM_S_PER_M] * sigma_m)
    )
    rest = area[kernel.REST]
    stood = (
        row[kernel.LOG_ODDS]
        if first
        else kernel.faded(row[kernel.LOG_ODDS], rest, (watch.now_ms - row[kernel.LAST_MS]) / 1000)
    )
    furthest = abs(share * (rest + area[kernel.GAIN] * ratio - stood))
    assert abs(watch.evidence[0, kernel.LOG_ODDS] - stood) <= furthest + 0.02  # the distance is the plane's, not Geod's


def test_a_good_fix_told_twice_at_the_same_instant_is_told_once():
    for mode in Mode:
        once, twice = Watch(mode), Watch(mode)
        for each in (once, twice):
            each.fix(30, 10.0)
        for _ in range(20):
            assert twice.fix(30, 10.0, wait_s=0.0) == []
        assert twice.presence is once.presence
        assert twice.reading.p_inside == pytest.approx(once.reading.p_inside, abs=1e-4)


@given(st.sampled_from(Mode), RADII, HISTORIES)
@UNHURRIED
def test_certainty_is_bounded_by_the_share_of_wild_fixes(mode, radius_m, history):
    p_inside = Watch(mode, radius_m, history).reading.p_inside
    assert 0.01 - 1e-9 <= p_inside <= 0.99 + 1e-9


@given(st.sampled_from(Mode), HISTORIES, st.sampled_from([CELL, WIFI]), st.floats(0, 5_000), st.floats(0, 900))
@UNHURRIED
def test_cell_and_wifi_fixes_never_change_what_is_held(mode, history, source, distance_m, accuracy_m):
    watch = Watch(mode, 100.0, history)
    held, p_before = watch.presence, watch.reading.p_inside
    for _ in range(200):
        assert watch.fix(distance_m, accuracy_m, 30.0, source) == []
    assert watch.presence is held
    p_after = watch.reading.p_inside
    certain = max(0.9527, p_before, 1 - p_before) + 1e-9  # the rest of a mode, or what was certain before
    assert 1 - certain <= p_after <= certain


@pytest.mark.parametrize("source", [CELL, WIFI])
def test_weak_fixes_alone_leave_an_absence_unsaid_and_a_zone_unentered(source):
    home, zone = Watch(Mode.HOME), Watch(Mode.EXCLUSION)
    for _ in range(500):
        home.fix(3_000, 20, 60, source)
        zone.fix(0, 20, 60, source)
    assert home.presence is zone.presence is Presence.UNKNOWN
    assert home.reading.p_inside > 0.7
    assert zone.reading.p_inside < 0.3


def test_without_an_accuracy_a_fix_counts_as_one_of_fifty_metres():
    claimed, silent = Watch(Mode.EXCLUSION), Watch(Mode.EXCLUSION)
    claimed.fix(30, 50.0)
    silent.fix(30, math.nan)
    assert silent.reading == claimed.reading
    assert silent.reading.sigma_m == 16.5


def test_in_silence_the_probability_goes_back_to_rest_and_the_state_stays_as_it_was():
    watch = Watch(Mode.EXCLUSION)
    for _ in range(5):
        watch.fix(0)
    now = watch.now_ms
    kept = watch.evidence.copy()
    probabilities = [read(watch.evidence, 0, now + s * 1000).p_inside for s in (0, 30, 600, 3_600, 86_400)]
    assert probabilities == sorted(probabilities, reverse=True)
    assert probabilities[0] == probabilities[1] == pytest.approx(0.99)
    assert probabilities[2] == pytest.approx(1 / (1 + math.exp(3 - (3 + math.log(99)) * math.exp(-570 / 3_600))))
    assert probabilities[-1] == pytest.approx(1 / (1 + math.exp(3)), abs=1e-6)
    assert read(watch.evidence, 0, now + 86_400_000).presence is Presence.INSIDE
    np.testing.assert_array_equal(watch.evidence, kept)


def test_a_reading_tells_the_last_informative_fix():
    watch = Watch(Mode.HOME)
    watch.fix(30, 8.0)
    when = watch.now_ms
    watch.fix(5_000, 900, 60, CELL)
    reading = watch.reading
    assert reading.last_informative_ms == when
    assert reading.clearance_m == pytest.approx(70, abs=0.01)
    assert reading.sigma_m == 6.0


AREAS = [
    (Circle(LAT, LON, 100.0), Mode.HOME),
    (Polygon(tuple(at(200, b)[::-1] for b in (0, 60, 130, 200, 290))), Mode.EXCLUSION),
    (Circle(*at(3_000), 500.0), Mode.INCLUSION),
]


@given(st.lists(st.tuples(WAITS_MS, st.floats(0, 4_000), st.floats(-180, 180), ACCURACIES, SOURCES), max_size=60))
@settings(deadline=None, max_examples=100)
def test_batch_and_live_give_the_same_to_the_last_bit(steps):
    packed = pack(AREAS)
    live, batch, times = fresh(packed), fresh(packed), START_MS
    rows, expected = [], []
    for number, (wait_ms, distance_m, bearing, accuracy_m, source) in enumerate(steps):
        times += wait_ms
        rows.append((times, *at(distance_m, bearing), accuracy_m, source))
        expected += [(number, i, live[i, kernel.PRESENCE]) for i in observe(live, packed, *rows[-1])]
    found = run(batch, packed, *([row[n] for row in rows] for n in range(5)))
    assert found.dtype == TRANSITION
    assert [(row["fix"], row["area"], row["presence"]) for row in found] == expected
    assert live.tobytes() == batch.tobytes()


@given(
    st.permutations(range(len(AREAS))),
    st.lists(st.tuples(WAITS_MS, st.floats(0, 4_000), st.floats(-180, 180), ACCURACIES, SOURCES), max_size=30),
)
@settings(deadline=None, max_examples=100)
def test_the_order_in_which_areas_stand_changes_nothing_about_any_of_them(order, steps):
    packed, mixed = pack(AREAS), pack([AREAS[i] for i in order])
    one, other, times = fresh(packed), fresh(mixed), START_MS
    for wait_ms, distance_m, bearing, accuracy_m, source in steps:
        times += wait_ms
        fix = (times, *at(distance_m, bearing), accuracy_m, source)
        changed, again = observe(one, packed, *fix), observe(other, mixed, *fix)
        assert sorted(order[i] for i in again) == changed.tolist()
    assert other.tobytes() == one[list(order)].tobytes()


def test_more_changes_than_fit_one_buffer_are_all_told():
    packed = pack([(Circle(LAT, LON, 100.0), Mode.EXCLUSION)] * 3)
    places = np.array([at(0) if n // 3 % 2 else at(2_000) for n in range(6_000)])
    times = START_MS + 30_000 * np.arange(6_000)
    found = run(fresh(packed), packed, times, places[:, 0], places[:, 1], np.full(6_000, 5.0), np.zeros(6_000, int))
    assert len(found) == 3 * 2_000
    assert list(found["fix"]) == sorted(found["fix"])


def test_no_areas_and_no_fixes_are_nothing_to_do():
    packed = pack([])
    assert list(observe(fresh(packed), packed, START_MS, LAT, LON, 5.0, GNSS)) == []
    assert len(run(fresh(pack(AREAS)), pack(AREAS), [], [], [], [], [])) == 0


def test_evidence_survives_being_kept_as_bytes():
    watch = Watch(Mode.HOME)
    watch.fix(10)
    kept = np.frombuffer(watch.evidence.tobytes()).reshape(watch.evidence.shape).copy()
    observe(kept, watch.packed, watch.now_ms + 30_000, *at(500), 5.0, GNSS)
    watch.fix(500, 5.0)
    assert kept.tobytes() == watch.evidence.tobytes()


def test_packed_areas_cannot_be_changed():
    packed = pack(AREAS)
    with pytest.raises(ValueError, match="read-only"):
        packed.areas[0, 0] = 1.0


@pytest.mark.slow
def test_an_installation_nobody_may_write_to_works_the_same(tmp_path):
    """Numba finds no place to keep machine code: the rules are compiled anew and still run."""
    script = (
        "from numba.core import caching\n"
        "caching.CacheImpl._locator_classes = []\n"
        "from surety.rules.presence import Mode, fresh, observe, pack\n"
        "from surety.rules.conditions import Circle\n"
        "p = pack([(Circle(0.0, 0.0, 50.0), Mode.EXCLUSION)])\n"
        "print(observe(fresh(p), p, 0, 0.0, 0.0, 5.0, 0).tolist())\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout.strip(), done.returncode) == ("[0]", 0), done.stderr


def test_warming_up_goes_through():
    """Watching begins with it: where it fails, nobody is watched. In this process, for mutants to be seen."""
    warm_up()


def test_warming_up_leaves_nothing_to_compile():
    script = (
        "from surety.rules import geometry, kernel, presence\n"
        "from surety.rules.conditions import Circle, Polygon\n"
        "jitted = [f for f in vars(kernel).values() if hasattr(f, 'signatures')]\n"
        "presence.warm_up()\n"
        "before = [len(f.signatures) for f in jitted]\n"
        "shapes = (Circle(1.0, 2.0, 50.0), Polygon(((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))))\n"
        "p = presence.pack([(s, presence.Mode.EXCLUSION) for s in shapes])\n"
        "e = presence.fresh(p)\n"
        "presence.observe(e, p, 5, 1.0, 2, 10, 0), presence.read(e, 1, 6)\n"
        "presence.run(e, p, [7], [1], [2], [5], [0])\n"
        "geometry.clearance_m(p, 1, 0.1, 0.1), geometry.crosses(p, 1, (0.0, -1.0), (0.0, 2.0))\n"
        "print([f.__name__ for f, n in zip(jitted, before) if n != len(f.signatures)])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
