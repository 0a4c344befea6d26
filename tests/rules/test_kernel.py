"""The arithmetic of the rules, function by function, against figures that were worked out another way.

Where a figure has no derivation beside it, it is from a table (Student's t), from pyproj, or by numerical integration.
Also run with NUMBA_DISABLE_JIT=1, as plain Python.
"""

import math

import numpy as np
import pytest
from pyproj import Geod

from surety.rules import kernel, presence
from surety.rules.conditions import Circle, Polygon
from surety.rules.presence import MODES, Mode

EARTH = Geod(ellps="WGS84")
LAT, LON = 51.5, -0.1
LN99 = 4.59511985013459
NOW = 1_700_000_000_000.0
EXACT = 1e-9


def area(mode, radius_m=100.0):
    return presence.pack([(Circle(LAT, LON, radius_m), mode)]).areas[0]


class Evidence:
    """One area's evidence, moved by fixes that are told by what they say."""

    def __init__(self, mode, log_odds=None, radius_m=100.0, spent_ms=NOW, last_ms=NOW, held=kernel.UNKNOWN):
        packed = presence.pack([(Circle(LAT, LON, radius_m), mode)])
        self.area, self.row = packed.areas[0], presence.fresh(packed)[0]
        if log_odds is not None:
            self.row[kernel.LOG_ODDS], self.row[kernel.LAST_MS] = log_odds, last_ms
            self.row[kernel.SPENT_MS], self.row[kernel.PRESENCE] = spent_ms, held

    def take(self, wait_s=30.0, ratio=0.0, inside_m=-500.0, sigma_m=10.0, source=kernel.GNSS):
        at_ms = NOW + wait_s * 1000
        held = kernel._held(self.row)
        after = kernel._taken(held, kernel._terms(self.area), at_ms, ratio, inside_m, sigma_m, source)
        kernel._keep(self.row, after, 0.0)
        return bool(after.presence != held.presence)

    @property
    def log_odds(self):
        return self.row[kernel.LOG_ODDS]

    @property
    def held(self):
        return self.row[kernel.PRESENCE]


# --- places --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lat", "lon", "place"),
    [
        (0.0, 0.0, (6_378_137.0, 0.0, 0.0)),
        (0.0, 90.0, (0.0, 6_378_137.0, 0.0)),
        (90.0, 0.0, (0.0, 0.0, 6_356_752.314245)),
        (-90.0, 0.0, (0.0, 0.0, -6_356_752.314245)),
        (45.0, 180.0, (-4_517_590.878849, 0.0, 4_487_348.408866)),
    ],
)
def test_places_on_the_ellipsoid_are_where_wgs_84_has_them(lat, lon, place):
    assert kernel.earth_centred(lat, lon) == pytest.approx(place, abs=1e-5)


@pytest.mark.parametrize("distance_m", [0.5, 80.0, 5_000.0, 150_000.0, 3_000_000.0])
@pytest.mark.parametrize("bearing", [0.0, 37.0, 90.0, 200.0, 300.0])
def test_the_plane_of_an_area_keeps_distance_and_direction_from_its_centre(distance_m, bearing):
    lon, lat, _ = EARTH.fwd(LON, LAT, bearing, distance_m)
    east, north, distance = kernel.onto_plane(area(Mode.HOME), *kernel.earth_centred(lat, lon))
    assert distance == pytest.approx(distance_m, abs=1e-4, rel=1e-3 if distance_m > 1e6 else 1e-6)
    assert math.hypot(east, north) == pytest.approx(distance, rel=1e-12)
    astray = (math.degrees(math.atan2(east, north)) - bearing + 180) % 360 - 180
    assert abs(astray) < (0.1 if distance_m > 1e6 else 1e-3)


def test_the_centre_is_at_no_distance_and_its_antipode_half_round_the_earth():
    middle = area(Mode.HOME)
    place = kernel.earth_centred(LAT, LON)
    assert kernel.onto_plane(middle, *place) == pytest.approx((0.0, 0.0, 0.0), abs=1e-8)
    far = kernel.onto_plane(middle, *(-part for part in place))[2]
    assert far == pytest.approx(20_003_900, rel=0.05)


def test_the_clearance_of_a_circle_is_its_radius_less_the_distance():
    packed = presence.pack([(Circle(LAT, LON, 100.0), Mode.EXCLUSION)])
    for distance_m in (0.0, 99.0, 101.0, 700.0):
        lon, lat, _ = EARTH.fwd(LON, LAT, 70.0, distance_m)
        place = kernel.earth_centred(lat, lon)
        found = kernel.clearance(packed.areas[0], packed.blocks, packed.corners, *place)
        assert found == pytest.approx(100.0 - distance_m, abs=1e-4)


def square(half_m, holes=()):
    """A square about (LAT, LON), its corners at the given distance north, east, south and west of the centre."""

    def ring(size_m):
        corners = []
        for bearing in (45.0, 135.0, 225.0, 315.0):
            lon, lat, _ = EARTH.fwd(LON, LAT, bearing, size_m * math.sqrt(2))
            corners.append((lon, lat))
        return tuple(corners)

    return Polygon(ring(half_m), tuple(ring(hole) for hole in holes))


@pytest.mark.parametrize(
    ("north_m", "east_m", "clear_m"),
    [(0, 0, 60.0), (0, 90, 10.0), (0, 110, -10.0), (103, 104, -5.0), (0, 50, 10.0), (0, 30, -10.0), (-500, 0, -400.0)],
)
def test_the_clearance_of_a_square_with_a_square_hole_is_to_the_nearest_edge(north_m, east_m, clear_m):
    shape = square(100.0, [40.0]) if (north_m, east_m) != (0, 0) else square(60.0)
    packed = presence.pack([(shape, Mode.EXCLUSION)])
    bearing, distance = math.degrees(math.atan2(east_m, north_m)), math.hypot(east_m, north_m)
    lon, lat, _ = EARTH.fwd(LON, LAT, bearing, distance)
    place = kernel.earth_centred(lat, lon)
    found = kernel.clearance(packed.areas[0], packed.blocks, packed.corners, *place)
    assert found == pytest.approx(clear_m, abs=0.02)


# --- what one fix says ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "share"),
    [
        (0.0, 0.5),
        (0.5, 0.6783350184),
        (1.0, 0.8130495168),
        (2.131846786, 0.95),
        (2.776445105, 0.975),
        (-3.746947388, 0.01),
        (-10.0, 0.00028100181),
    ],
)
def test_the_distribution_of_errors_is_students_t_with_four_degrees_of_freedom(x, share):
    assert kernel.student4(x) == pytest.approx(share, abs=1e-9)
    assert kernel.student4(-x) == pytest.approx(1 - share, abs=1e-9)


@pytest.mark.parametrize(
    ("claimed_m", "sigma_m"),
    [
        (0.0, 4.0),
        (10.0, 6.5),
        (65.0, 20.25),
        (150.0, 41.5),
        (150.1, 75.05),
        (2_000.0, 1_000.0),
        (math.nan, 16.5),
        (-1.0, 16.5),
    ],
)
def test_the_error_scale_follows_from_the_claimed_radius(claimed_m, sigma_m):
    assert kernel.scale_of(claimed_m) == pytest.approx(sigma_m, abs=EXACT)


@pytest.mark.parametrize(
    ("mode", "inside_m", "sigma_m", "ratio"),
    [
        (Mode.EXCLUSION, 100.0, 6.5, 8.4552218186),
        (Mode.EXCLUSION, 20.0, 20.0, 3.2550594598),
        (Mode.EXCLUSION, 0.0, 10.0, 1.7893184513),
        (Mode.EXCLUSION, -30.0, 10.0, -2.1025899540),
        (Mode.EXCLUSION, -60.0, 10.0, -3.9219733363),
        (Mode.EXCLUSION, 50.0, 200.0, 2.1403589516),
        (Mode.HOME, 100.0, 6.5, 8.4728583482),
        (Mode.HOME, 20.0, 20.0, 3.8097141599),
        (Mode.HOME, -30.0, 10.0, -1.5439108354),
        (Mode.HOME, -60.0, 10.0, -3.8911604575),
        (Mode.HOME, -4_000.0, 10.0, -3.9219733363),
    ],
)
def test_the_word_of_a_fix_is_the_ratio_of_its_likelihoods_inside_and_outside(mode, inside_m, sigma_m, ratio):
    assert kernel.log_likelihood_ratio(area(mode), inside_m, sigma_m) == pytest.approx(ratio, abs=1e-8)


# --- evidence over time --------------------------------------------------------------------------------------------


def test_evidence_stands_for_half_a_minute_and_then_goes_back_to_rest_within_the_hour():
    for wait_s in (-5.0, 0.0, 30.0):
        assert kernel.faded(4.0, -3.0, wait_s) == 4.0
    assert kernel.faded(4.0, -3.0, 30.0 + 3_600.0) == pytest.approx(-3.0 + 7.0 / math.e, abs=EXACT)
    assert kernel.faded(-4.5, 3.0, 1_830.0) == pytest.approx(3.0 - 7.5 * math.exp(-0.5), abs=EXACT)


def test_evidence_is_drawn_a_share_of_the_way_and_stays_between_one_and_ninety_nine_percent():
    assert kernel._moved(1.0, 3.0, 0.25) == 1.5
    assert kernel._moved(1.0, -3.0, 0.5) == -1.0
    assert kernel._moved(4.0, 90.0, 0.9) == pytest.approx(LN99, abs=EXACT)
    assert kernel._moved(-4.0, -90.0, 0.9) == pytest.approx(-LN99, abs=EXACT)


@pytest.mark.parametrize(
    ("log_odds", "moved", "rest", "becomes"),
    [
        (-4.0, -3.5, -3.0, -3.5),  # some certainty of being outside is taken away
        (-4.0, -1.0, -3.0, -3.0),  # down to what is presumed, not further
        (-2.0, -1.0, -3.0, -2.0),  # what already stands nearer to a breach is not raised
        (2.0, 1.0, -3.0, 1.0),
        (2.0, -4.0, -3.0, -3.0),
        (-3.5, -4.0, -3.0, -3.5),  # and no certainty of either kind is made
        (4.0, 3.5, 3.0, 3.5),
        (4.0, -4.0, 3.0, 3.0),
        (1.0, 4.0, 3.0, 3.0),
    ],
)
def test_a_weak_fix_takes_certainty_away_and_never_makes_any(log_odds, moved, rest, becomes):
    assert kernel._less_certain(log_odds, moved, rest) == becomes


def test_the_first_fix_speaks_for_the_longest_time_that_one_may():
    evidence = Evidence(Mode.EXCLUSION)
    assert evidence.take(ratio=-0.5)
    weight = 1 / (1 + (10 / 200) ** 2)  # an area of 100 m: a fix of a scale of 200 m counts half
    assert evidence.log_odds == pytest.approx(-3.0 + weight * (1 - math.exp(-60 / 20)) * 2 * -0.5, abs=EXACT)
    assert evidence.row[kernel.LAST_MS] == NOW + 30_000
    assert evidence.row[kernel.SPENT_MS] == pytest.approx(NOW + 30_000 - 60_000 * (1 - weight), abs=1e-3)
    assert evidence.held == kernel.OUTSIDE
    assert tuple(evidence.row[[kernel.INFORMATIVE_MS, kernel.CLEARANCE_M, kernel.SIGMA_M]]) == (NOW + 30_000, -500, 10)


@pytest.mark.parametrize(
    ("mode", "wait_s", "sigma_m", "share"),
    [
        (Mode.EXCLUSION, 10.0, 10.0, 1 - math.exp(-10 / 20)),
        (Mode.EXCLUSION, 10.0, 50.0, 1 - math.exp(-10 / 20)),
        (Mode.HOME, 10.0, 5.0, 1 - math.exp(-10 / 20)),
        (Mode.HOME, 10.0, 20.0, 1 - math.exp(-10 / 50)),  # 2.5 s a metre of the scale
        (Mode.HOME, 28.0, 40.0, 1 - math.exp(-28 / 100)),
    ],
)
def test_a_later_fix_speaks_for_the_time_since_the_last_one(mode, wait_s, sigma_m, share):
    evidence = Evidence(mode, log_odds=1.0)
    evidence.take(wait_s, ratio=-0.25, sigma_m=sigma_m)
    alone, weight = MODES[mode].rest - 0.5, 1 / (1 + (sigma_m / 200) ** 2)
    assert evidence.log_odds == pytest.approx(1.0 + weight * share * (alone - 1.0), abs=EXACT)


@pytest.mark.parametrize("mode", list(Mode))
def test_time_beyond_the_minute_that_counts_is_lost(mode):
    evidence = Evidence(mode, log_odds=1.0, last_ms=NOW + 200_000)
    evidence.take(200.0, ratio=-0.25, sigma_m=1.0)
    weight = 1 / (1 + (1 / 200) ** 2)
    share = weight * (1 - math.exp(-60 / 20))
    assert evidence.log_odds == pytest.approx(1.0 + share * (MODES[mode].rest - 1.5), abs=EXACT)
    assert evidence.row[kernel.SPENT_MS] == pytest.approx(NOW + 200_000 - 60_000 * (1 - weight), abs=1e-3)


def test_what_a_silence_left_of_the_evidence_is_moved():
    evidence = Evidence(Mode.EXCLUSION, log_odds=4.0)
    evidence.take(1_830.0, ratio=-0.25, sigma_m=1.0)
    left, weight = -3.0 + 7.0 * math.exp(-0.5), 1 / (1 + (1 / 200) ** 2)
    share = weight * (1 - math.exp(-60 / 20))
    assert evidence.log_odds == pytest.approx(left + share * (-3.5 - left), abs=EXACT)


@pytest.mark.parametrize("source", [kernel.WIFI, kernel.CELL])
def test_a_cell_or_wifi_fix_counts_a_tenth_spends_a_tenth_and_changes_nothing_held(source):
    evidence = Evidence(Mode.EXCLUSION, log_odds=4.0, held=kernel.INSIDE)
    assert not evidence.take(10.0, ratio=-3.0, sigma_m=10.0, source=source)
    worth = 0.1 / (1 + (10 / 200) ** 2)
    assert evidence.log_odds == pytest.approx(4.0 + worth * (1 - math.exp(-0.5)) * (-9.0 - 4.0), abs=EXACT)
    assert evidence.row[kernel.SPENT_MS] == pytest.approx(NOW + 10_000 - 10_000 * (1 - worth), abs=1e-3)
    assert evidence.held == kernel.INSIDE
    assert math.isnan(evidence.row[kernel.INFORMATIVE_MS])


def test_a_fix_that_is_no_later_than_what_was_spent_moves_nothing():
    evidence = Evidence(Mode.EXCLUSION, log_odds=1.0, spent_ms=NOW + 5_000)
    evidence.take(5.0, ratio=-3.0)
    evidence.take(2.0, ratio=-3.0)
    assert evidence.log_odds == 1.0


@pytest.mark.parametrize(("sigma_m", "counts"), [(199.0, True), (201.0, False)])
def test_a_fix_vaguer_than_the_area_and_its_surroundings_changes_nothing_held(sigma_m, counts):
    evidence = Evidence(Mode.HOME, log_odds=-4.5, held=kernel.UNKNOWN)
    assert bool(evidence.take(30.0, ratio=-3.0, sigma_m=sigma_m, inside_m=-900.0)) is counts
    assert evidence.held == (kernel.OUTSIDE if counts else kernel.UNKNOWN)
    assert bool(evidence.row[kernel.SIGMA_M] == sigma_m) is counts


def test_a_vague_fix_says_no_more_than_that_less_is_certain():
    evidence = Evidence(Mode.EXCLUSION, log_odds=-3.0)
    evidence.take(30.0, ratio=3.0, sigma_m=300.0, inside_m=10.0)
    assert evidence.log_odds == -3.0
    evidence = Evidence(Mode.HOME, log_odds=3.0)
    evidence.take(30.0, ratio=-3.9, sigma_m=300.0)
    assert evidence.log_odds == 3.0


def test_a_fix_inside_never_speaks_against_being_inside():
    at_the_edge, outside = Evidence(Mode.HOME, log_odds=LN99), Evidence(Mode.HOME, log_odds=LN99)
    at_the_edge.take(30.0, ratio=0.1, inside_m=0.0)
    outside.take(30.0, ratio=0.1, inside_m=-0.001)
    assert at_the_edge.log_odds == LN99
    assert outside.log_odds < LN99


# --- what is concluded ---------------------------------------------------------------------------------------------

CLEAR = 10.0  # the error scale of the fixes below


def concluded(mode, log_odds, inside_m, held=kernel.UNKNOWN):
    """What is held after a fix that moves the evidence nowhere: it says what already stands."""
    evidence = Evidence(mode, log_odds=log_odds, held=held)
    ratio = (log_odds - MODES[mode].rest) / MODES[mode].gain
    changes = evidence.take(10.0, ratio=ratio, inside_m=inside_m, sigma_m=CLEAR)
    assert evidence.log_odds == pytest.approx(log_odds, abs=EXACT)
    assert changes is bool(evidence.held != held)
    return evidence.held


def odds(p):
    return math.log(p / (1 - p))


@pytest.mark.parametrize("mode", list(Mode))
def test_presence_changes_at_the_probabilities_of_its_mode(mode):
    enter, leave = odds(MODES[mode].enter_p), odds(MODES[mode].leave_p)
    for held in (kernel.UNKNOWN, kernel.OUTSIDE):
        assert concluded(mode, enter + 1e-6, 50.0, held) == kernel.INSIDE
        assert concluded(mode, enter - 1e-6, 50.0, held) == held
    for held in (kernel.UNKNOWN, kernel.INSIDE):
        assert concluded(mode, leave - 1e-6, -50.0, held) == kernel.OUTSIDE
        assert concluded(mode, leave + 1e-6, -50.0, held) == held


@pytest.mark.parametrize("mode", [Mode.EXCLUSION, Mode.RESTRICTION])
def test_a_zone_is_entered_only_by_a_fix_inside_by_its_own_error_and_left_only_by_one_outside(mode):
    assert concluded(mode, 4.0, 9.99, kernel.OUTSIDE) == kernel.OUTSIDE
    assert concluded(mode, 4.0, 10.01, kernel.OUTSIDE) == kernel.INSIDE
    assert concluded(mode, -4.0, 0.01, kernel.INSIDE) == kernel.INSIDE
    assert concluded(mode, -4.0, -0.01, kernel.INSIDE) == kernel.OUTSIDE


@pytest.mark.parametrize("mode", [Mode.HOME, Mode.INCLUSION])
def test_home_is_left_only_by_a_fix_outside_by_its_own_error_and_reached_only_by_one_inside(mode):
    assert concluded(mode, -4.0, -9.99, kernel.INSIDE) == kernel.INSIDE
    assert concluded(mode, -4.0, -10.01, kernel.INSIDE) == kernel.OUTSIDE
    assert concluded(mode, 4.0, -0.01, kernel.OUTSIDE) == kernel.OUTSIDE
    assert concluded(mode, 4.0, 0.01, kernel.OUTSIDE) == kernel.INSIDE


@pytest.mark.parametrize("mode", list(Mode))
def test_what_lies_exactly_at_a_limit_is_within_it(mode):
    """The evidence is moved nowhere, as no time has passed; the fix lies at the very distance that it must have."""
    adverse = kernel.INSIDE if MODES[mode].rest < 0 else kernel.OUTSIDE
    for column, held, concludes in (
        (kernel.ENTER_AT, kernel.OUTSIDE, kernel.INSIDE),
        (kernel.LEAVE_AT, kernel.INSIDE, kernel.OUTSIDE),
    ):
        evidence = Evidence(mode, log_odds=area(mode)[column], held=held)
        past_m = CLEAR if concludes == adverse else 0.0
        assert evidence.take(0.0, inside_m=past_m if concludes == kernel.INSIDE else -past_m, sigma_m=CLEAR)
        assert evidence.held == concludes


def test_a_fix_that_counts_exactly_half_still_counts():
    evidence = Evidence(Mode.HOME, log_odds=3.0)
    evidence.area = evidence.area.copy()
    evidence.area[kernel.SOFT_M] = 200.0
    evidence.take(30.0, ratio=-2.0, inside_m=-300.0, sigma_m=200.0)
    assert evidence.log_odds < 3.0
    assert evidence.row[kernel.SIGMA_M] == 200.0


def test_since_when_a_presence_is_held_begins_anew_after_five_and_a_half_minutes_without_a_good_fix():
    evidence = Evidence(Mode.HOME)
    for wait_s in (0.0, 100.0, 430.0):
        evidence.take(wait_s, ratio=8.0, inside_m=90.0)
        assert evidence.row[kernel.SINCE_MS] == NOW
    evidence.take(760.001, ratio=8.0, inside_m=90.0)
    assert evidence.row[kernel.SINCE_MS] == NOW + 760_001
    evidence.take(820.0, ratio=-3.9, inside_m=-300.0)
    assert evidence.held == kernel.OUTSIDE
    assert evidence.row[kernel.SINCE_MS] == NOW + 820_000


# --- one fix against all areas -------------------------------------------------------------------------------------


def test_a_fix_far_from_an_area_is_not_measured_and_says_the_least_it_can():
    packed = presence.pack([(square(100.0), Mode.EXCLUSION)])
    evidence = presence.fresh(packed)
    lon, lat, _ = EARTH.fwd(LON, LAT, 0.0, 10_000.0)
    presence.observe(evidence, packed, int(NOW), lat, lon, 10.0, kernel.GNSS)
    reach_m = 100 * math.sqrt(2)
    assert evidence[0, kernel.CLEARANCE_M] == pytest.approx(reach_m - 10_000.0, abs=0.5)
    assert evidence[0, kernel.LOG_ODDS] == pytest.approx(-LN99, abs=EXACT)


def test_each_area_takes_the_fix_for_itself_and_the_changed_ones_are_told():
    lon, lat, _ = EARTH.fwd(LON, LAT, 90.0, 300.0)
    shapes = [(Circle(LAT, LON, 100.0), Mode.EXCLUSION), (Circle(lat, lon, 100.0), Mode.EXCLUSION)]
    packed = presence.pack(shapes)
    evidence = presence.fresh(packed)
    assert presence.observe(evidence, packed, int(NOW), LAT, LON, 5.0, kernel.GNSS).tolist() == [0, 1]
    assert evidence[:, kernel.PRESENCE].tolist() == [kernel.INSIDE, kernel.OUTSIDE]
    assert presence.observe(evidence, packed, int(NOW) + 30_000, LAT, LON, 5.0, kernel.GNSS).tolist() == []
    assert evidence[:, kernel.CHANGED].tolist() == [0.0, 0.0]
    changed = presence.observe(evidence, packed, int(NOW) + 60_000, lat, lon, 5.0, kernel.GNSS)
    assert 1 in changed.tolist()


def test_the_settings_of_a_mode_are_laid_out_in_the_row_of_its_area():
    row = area(Mode.EXCLUSION, radius_m=200.0)
    size = math.pi * 200.0**2
    assert row[kernel.AREA_M2] == pytest.approx(size, rel=1e-9)
    assert row[kernel.HALF_RADIUS_M] == pytest.approx(100.0, rel=1e-9)
    assert row[kernel.SOFT_M] == pytest.approx(300.0, rel=1e-9)
    assert row[kernel.RING_M2] == pytest.approx(math.pi * 300.0**2 - size, rel=1e-9)
    assert row[kernel.ENTER_AT] == pytest.approx(odds(MODES[Mode.EXCLUSION].enter_p), abs=EXACT)
    assert row[kernel.LEAVE_AT] == pytest.approx(odds(MODES[Mode.EXCLUSION].leave_p), abs=EXACT)
    wide = area(Mode.HOME, radius_m=40_000.0)  # its ring is a hundredth of the radius
    radius = math.sqrt(wide[kernel.AREA_M2] / math.pi)
    assert wide[kernel.RING_M2] == pytest.approx(math.pi * (1.01**2 - 1) * radius**2, rel=1e-9)
    assert not np.isnan(row).any()


def test_only_an_exclusion_zone_itself_can_be_passed_unseen_and_nothing_is_told_as_changed_before_a_fix():
    shapes = [(Circle(LAT, LON, 100.0), mode) for mode in Mode]
    packed, grown = presence.pack(shapes), presence.pack(shapes, grown_m=[50.0] * len(shapes))
    assert packed.areas[:, kernel.PASSABLE].tolist() == [float(mode is Mode.EXCLUSION) for mode in Mode]
    assert not grown.areas[:, kernel.PASSABLE].any()
    evidence = presence.fresh(packed)
    assert evidence[:, kernel.CHANGED].tolist() == [0.0] * len(Mode)
    assert evidence[:, kernel.PRESENCE].tolist() == [kernel.UNKNOWN] * len(Mode)
    np.testing.assert_array_equal(evidence[:, kernel.LOG_ODDS], [MODES[mode].rest for mode in Mode])


@pytest.mark.parametrize("lon_deg", [0.0, 90.0])
def test_the_place_exactly_opposite_an_areas_centre_is_half_the_earth_away_from_it(lon_deg):
    """Straight through the Earth no direction is left to tell: without a word on it the place would be the centre."""
    row = kernel.frame(lon_deg, 0.0)
    opposite = -row[kernel.CENTRE : kernel.CENTRE + 3]
    assert kernel.onto_plane(row, *opposite)[2] == math.pi * kernel.WGS84_A_M
    assert kernel.onto_plane(row, *-opposite)[2] == 0.0
