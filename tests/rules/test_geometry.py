"""Clearance, area and crossings against geodesics (pyproj) and planar oracles (shapely), anywhere on Earth."""

import math

import pytest
import shapely
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pyproj import Geod, Transformer

from surety.rules.conditions import Circle, Polygon
from surety.rules.geometry import area_m2, clearance_m, crosses
from surety.rules.presence import Mode, pack

EARTH = Geod(ellps="WGS84")
# Places where longitudes wrap, meridians meet, or the ellipsoid is flattest, beside everywhere else.
LATITUDES = st.one_of(st.sampled_from([-90.0, -89.9999, 0.0, 45.0, 89.9999, 90.0]), st.floats(-90, 90))
LONGITUDES = st.one_of(st.sampled_from([-180.0, -179.9999, 0.0, 179.9999, 180.0]), st.floats(-180, 180))
BEARINGS = st.floats(-180, 180)
UNHURRIED = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def clearance(area, lat, lon):
    return clearance_m(pack([(area, Mode.EXCLUSION)]), 0, lat, lon)


def away(lat, lon, bearing, distance_m):
    lon, lat, _ = EARTH.fwd(lon, lat, bearing, distance_m)
    return lat, lon


def shape_around(lat, lon, corners):
    """A ring of (lon, lat) from (bearing, metres) about a centre, along true geodesics."""
    return tuple(away(lat, lon, bearing, metres)[::-1] for bearing, metres in corners)


def star(radii, turn=0.0):
    step = 360 / len(radii)
    return [(turn + n * step, radius) for n, radius in enumerate(radii)]


class Flat:
    """The oracle: the same rings in pyproj's azimuthal equidistant plane, edges cut into short geodesics."""

    def __init__(self, lat, lon, ring, holes=(), cut_m=2_000):
        wanted = f"+proj=aeqd +lat_0={lat} +lon_0={lon} +ellps=WGS84 +units=m"
        self.into = Transformer.from_crs("+proj=longlat +ellps=WGS84", wanted, always_xy=True)
        self.area = shapely.Polygon(self._cut(ring, cut_m), [self._cut(hole, cut_m) for hole in holes])

    def _cut(self, ring, cut_m):
        points = []
        for (lon_a, lat_a), (lon_b, lat_b) in zip(ring, [*ring[1:], ring[0]], strict=True):
            pieces = int(EARTH.inv(lon_a, lat_a, lon_b, lat_b)[2] / cut_m)
            points += [(lon_a, lat_a), *(EARTH.npts(lon_a, lat_a, lon_b, lat_b, pieces) if pieces else [])]
        return [self.into.transform(lon, lat) for lon, lat in points]

    def clearance(self, lat, lon):
        point = shapely.Point(self.into.transform(lon, lat))
        edge = point.distance(self.area.boundary)
        return edge if self.area.contains(point) else -edge


def tolerance(expected, reach_m=0.0):
    return max(0.1, 1e-3 * abs(expected), 1e-6 * reach_m)


@UNHURRIED
@given(LATITUDES, LONGITUDES, st.floats(10, 200_000), BEARINGS, st.floats(0, 2))
def test_clearance_of_a_circle_is_its_radius_less_the_geodesic(lat, lon, radius_m, bearing, share):
    lat_p, lon_p = away(lat, lon, bearing, share * radius_m)
    found = clearance(Circle(lat, lon, radius_m), lat_p, lon_p)
    assert found == pytest.approx(radius_m - share * radius_m, abs=max(0.01, 1e-6 * radius_m))


@UNHURRIED
@given(LATITUDES, LONGITUDES, LATITUDES, LONGITUDES)
def test_a_point_anywhere_on_earth_is_far_from_a_circle_elsewhere_by_about_its_distance(lat, lon, lat_p, lon_p):
    distance = EARTH.inv(lon, lat, lon_p, lat_p)[2]
    about = 1 + (0.01 if distance < 10_000_000 else 0.1) * distance
    assert clearance(Circle(lat, lon, 1_000), lat_p, lon_p) == pytest.approx(1_000 - distance, abs=about)


@UNHURRIED
@given(
    LATITUDES,
    LONGITUDES,
    st.lists(st.floats(0.15, 1), min_size=3, max_size=40),
    st.floats(20, 20_000),
    BEARINGS,
    st.floats(0, 2),
    BEARINGS,
)
def test_clearance_of_a_concave_polygon_is_the_plane_oracles(lat, lon, radii, reach_m, turn, share, bearing):
    ring = shape_around(lat, lon, star([reach_m * r for r in radii], turn))
    lat_p, lon_p = away(lat, lon, bearing, share * reach_m)
    expected = Flat(lat, lon, ring).clearance(lat_p, lon_p)
    assert clearance(Polygon(ring), lat_p, lon_p) == pytest.approx(expected, abs=tolerance(expected, reach_m))


@UNHURRIED
@given(LATITUDES, LONGITUDES, st.lists(st.floats(0.4, 1), min_size=6, max_size=9), st.floats(0, 1.3), BEARINGS)
def test_a_polygon_of_200_km_edges_is_bounded_by_geodesics(lat, lon, radii, share, bearing):
    ring = shape_around(lat, lon, star([180_000 * r for r in radii]))
    lat_p, lon_p = away(lat, lon, bearing, share * 180_000)
    expected = Flat(lat, lon, ring).clearance(lat_p, lon_p)
    assert clearance(Polygon(ring), lat_p, lon_p) == pytest.approx(expected, abs=1.0 + tolerance(expected))


@UNHURRIED
@given(LATITUDES, LONGITUDES, st.floats(50, 5_000), st.floats(0, 1.5), BEARINGS)
def test_a_hole_is_outside_and_its_edge_counts(lat, lon, reach_m, share, bearing):
    ring = shape_around(lat, lon, star([reach_m] * 7))
    hole = shape_around(lat, lon, star([reach_m * 0.5, reach_m * 0.3] * 4))
    lat_p, lon_p = away(lat, lon, bearing, share * reach_m)
    expected = Flat(lat, lon, ring, [hole]).clearance(lat_p, lon_p)
    found = clearance(Polygon(ring, (hole,)), lat_p, lon_p)
    assert found == pytest.approx(expected, abs=tolerance(expected, reach_m))


@UNHURRIED
@given(LATITUDES, LONGITUDES, BEARINGS, st.floats(0.5, 20), st.floats(-1, 1), st.floats(-30, 30))
def test_a_sliver_is_as_thin_as_it_is_drawn(lat, lon, bearing, width_m, along, across_m):
    ends = [away(lat, lon, bearing, -2_000), away(lat, lon, bearing, 2_000)]
    sides = [(ends[0], 0), (ends[1], 0), (ends[1], width_m), (ends[0], width_m)]
    lat_p, lon_p = away(lat, lon, bearing, 2_000 * along)
    if max(abs(lat_p), abs(lat)) > 89.9:
        return  # a bearing means nothing at the pole; the other tests go there
    ring = tuple(away(*end, _heading(lat, lon, bearing, end) + 90, wide)[::-1] for end, wide in sides)
    lat_q, lon_q = away(lat_p, lon_p, _heading(lat, lon, bearing, (lat_p, lon_p)) + 90, across_m)
    expected = Flat(lat, lon, ring).clearance(lat_q, lon_q)
    assert clearance(Polygon(ring), lat_q, lon_q) == pytest.approx(expected, abs=0.05)


def _heading(lat, lon, bearing, place):
    """The bearing, at a place on the geodesic through (lat, lon), of that geodesic going forward."""
    forward, _, distance = EARTH.inv(lon, lat, place[1], place[0])
    if distance < 1e-6:
        return bearing
    backward = EARTH.inv(place[1], place[0], lon, lat)[0]
    return backward + 180 if math.cos(math.radians(forward - bearing)) > 0 else backward


@UNHURRIED
@given(
    LATITUDES,
    LONGITUDES,
    st.lists(st.floats(0.2, 1), min_size=3, max_size=30),
    st.floats(30, 3_000),
    st.floats(0, 1.5),
    BEARINGS,
)
@example(90.0, 0.0, [1.0] * 3, 100.0, 0.1, 0.0)
@example(0.0, 180.0, [1.0] * 4, 100.0, 0.9, 90.0)
def test_moving_everything_to_another_place_changes_hardly_anything(lat, lon, radii, reach_m, share, bearing):
    def at(lat_c, lon_c):
        ring = shape_around(lat_c, lon_c, star([reach_m * r for r in radii]))
        return clearance(Polygon(ring), *away(lat_c, lon_c, bearing, share * reach_m))

    assert at(lat, lon) == pytest.approx(at(51.5, -0.1), abs=0.01 + 1e-6 * reach_m)


@UNHURRIED
@given(LATITUDES, LONGITUDES, st.lists(st.floats(0.2, 1), min_size=3, max_size=30), st.floats(30, 100_000))
def test_area_of_a_polygon_is_the_geodesic_area(lat, lon, radii, reach_m):
    ring = shape_around(lat, lon, star([reach_m * r for r in radii]))
    expected, _ = EARTH.polygon_area_perimeter(*zip(*ring, strict=True))
    assert area_m2(Polygon(ring)) == pytest.approx(abs(expected), rel=2e-4, abs=0.1)


def test_area_without_its_holes():
    ring = shape_around(40, 10, star([1_000] * 60))
    hole = shape_around(40, 10, star([500] * 60))
    assert area_m2(Polygon(ring, (hole,))) == pytest.approx(0.75 * area_m2(Polygon(ring)), rel=1e-3)


@pytest.mark.parametrize("radius_m", [10, 1_000, 200_000])
def test_area_of_a_circle_is_that_of_the_curved_cap(radius_m):
    expected = 4 * math.pi * 6_371_000**2 * math.sin(radius_m / 6_371_000 / 2) ** 2
    assert area_m2(Circle(50, 0, radius_m)) == pytest.approx(expected, rel=1e-5)


def test_a_ring_around_the_pole_holds_the_pole():
    ring = tuple((float(lon), 89.0) for lon in range(-180, 180, 10))
    assert clearance(Polygon(ring), 90, 0) == pytest.approx(EARTH.inv(0, 90, 0, 89)[2], rel=5e-3)
    assert clearance(Polygon(ring), 88, 77) < 0


def test_a_ring_across_the_antimeridian_is_the_small_side():
    ring = ((179.9, 10.0), (-179.9, 10.0), (-179.9, 10.2), (179.9, 10.2))
    assert clearance(Polygon(ring), 10.1, 180) > 10_000
    assert clearance(Polygon(ring), 10.1, -180) == pytest.approx(clearance(Polygon(ring), 10.1, 180), abs=1e-6)
    assert clearance(Polygon(ring), 10.1, 0) < -1_000_000


@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.parametrize("clockwise", [False, True])
def test_a_ring_may_be_closed_or_not_and_run_either_way(closed, clockwise):
    corners = [(13.0, 52.0), (13.01, 52.0), (13.01, 52.01), (13.0, 52.01)][:: -1 if clockwise else 1]
    ring = tuple(corners + corners[:1] if closed else corners)
    assert clearance(Polygon(ring), 52.005, 13.005) == pytest.approx(343.35, abs=0.05)


@UNHURRIED
@given(LATITUDES, LONGITUDES, BEARINGS, st.floats(-900, 900), st.floats(1_500, 100_000), st.floats(1_500, 100_000))
def test_a_straight_way_through_a_circle_is_found_with_its_ends(lat, lon, bearing, aside_m, before_m, after_m):
    if abs(lat) > 89:
        lat = math.copysign(89, lat)
    lat_m, lon_m = away(lat, lon, bearing + 90, aside_m)
    heading = EARTH.inv(lon_m, lat_m, lon, lat)[0] + (90 if aside_m > 0 else -90) if abs(aside_m) > 1 else bearing
    start, end = away(lat_m, lon_m, heading, -before_m), away(lat_m, lon_m, heading, after_m)
    found = crosses(pack([(Circle(lat, lon, 1_000), Mode.EXCLUSION)]), 0, start, end)
    half = math.sqrt(1_000**2 - aside_m**2)
    length = before_m + after_m
    assert found is not None
    assert found.entered * length == pytest.approx(before_m - half, abs=5 + 2e-3 * length)
    assert found.left * length == pytest.approx(before_m + half, abs=5 + 2e-3 * length)


@UNHURRIED
@given(LATITUDES, LONGITUDES, BEARINGS, st.floats(1_050, 50_000), st.floats(0, 100_000))
def test_a_straight_way_past_a_circle_is_no_crossing(lat, lon, bearing, aside_m, length_m):
    lat_m, lon_m = away(lat, lon, bearing, aside_m)
    heading = EARTH.inv(lon_m, lat_m, lon, lat)[0] + 90
    ends = away(lat_m, lon_m, heading, -length_m / 2), away(lat_m, lon_m, heading, length_m / 2)
    bulge = length_m**2 / 8 / 6_350_000 * math.tan(min(aside_m / 6_350_000, 1))
    if aside_m - bulge > 1_010:
        assert crosses(pack([(Circle(lat, lon, 1_000), Mode.EXCLUSION)]), 0, *ends) is None


def test_a_way_through_the_hole_of_a_ring_enters_and_leaves_the_ring():
    ring = shape_around(52, 13, star([1_000] * 40))
    hole = shape_around(52, 13, star([900] * 40))
    packed = pack([(Polygon(ring, (hole,)), Mode.EXCLUSION)])
    through = crosses(packed, 0, away(52, 13, 90, -2_000), away(52, 13, 90, 2_000))
    assert through is not None
    assert (through.entered, through.left) == (pytest.approx(0.25, abs=0.002), pytest.approx(0.75, abs=0.002))
    assert crosses(packed, 0, away(52, 13, 90, -500), away(52, 13, 90, 500)) is None


def test_two_fixes_at_one_place_cross_what_they_lie_in_alone():
    packed = pack([(Circle(52, 13, 100), Mode.EXCLUSION)])
    assert crosses(packed, 0, (52, 13), (52, 13)) is not None
    assert crosses(packed, 0, (52.1, 13), (52.1, 13)) is None


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(LONGITUDES, LATITUDES), min_size=3, max_size=8), LATITUDES, LONGITUDES)
def test_even_a_senseless_ring_gives_a_number(ring, lat, lon):
    """Crossed, doubled or as large as the Earth: the editor refuses these, and the rules still have an answer."""
    assert math.isfinite(clearance(Polygon(tuple(ring)), lat, lon))
    assert area_m2(Polygon(tuple(ring))) >= 1
