"""The invented town: the same for the same seed, whole, and of a size that fits its people."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surety.sim.geo import to_degrees, to_plane
from surety.sim.lives import Lives
from surety.sim.people import conditions_of
from surety.sim.town import build_town
from surety.sim.townmap import feature_collection

START_MS = 1_791_309_120_000  # Tuesday 6 October 2026, 18:52 in London


def test_the_same_seed_gives_the_same_town_and_another_seed_another() -> None:
    one, same, other = build_town(1, 40), build_town(1, 40), build_town(2, 40)
    assert feature_collection(one) == feature_collection(same)
    assert feature_collection(one) != feature_collection(other)


@pytest.mark.parametrize("people", [1, 40, 2000, 5000])
def test_every_home_can_be_reached_from_the_station_along_streets(people: int) -> None:
    town = build_town(3, people)
    for home in town.homes[:: max(1, len(town.homes) // 60)]:
        way = town.route(home, town.station)
        assert way[0] == (home.x, home.y)
        assert way[-1] == (town.station.x, town.station.y)
        assert max(math.dist(a, b) for a, b in itertools.pairwise(way)) < 320


def test_the_town_grows_with_its_people() -> None:
    sizes = [len(build_town(1, people).homes) for people in (40, 2000, 5000)]
    assert sizes == sorted(sizes)
    assert all(homes >= 2 * people for homes, people in zip(sizes, (40, 2000, 5000), strict=True))


def test_a_town_without_people_is_refused_in_one_sentence() -> None:
    with pytest.raises(ValueError, match="choose between 1 and 20,000"):
        build_town(1, 0)


def test_the_map_has_every_kind_that_the_console_draws_and_closed_rings() -> None:
    features = feature_collection(build_town(1, 40))["features"]
    kinds = {f["properties"]["kind"] for f in features}
    assert kinds == {"street", "building", "water", "park", "rail", "school", "station", "shop"}
    for f in features:
        assert f["properties"]["name"]
        if f["geometry"]["type"] == "Polygon":
            assert f["geometry"]["coordinates"][0][0] == f["geometry"]["coordinates"][0][-1]


@settings(max_examples=50, deadline=None)
@given(st.floats(-8000, 8000), st.floats(-8000, 8000))
def test_the_plane_and_degrees_are_each_other_backwards(x: float, y: float) -> None:
    assert to_plane(*to_degrees(x, y)) == pytest.approx((x, y), abs=0.001)


def test_orders_leave_room_for_everyday_life() -> None:
    lives = Lives(5, 300, START_MS)
    for resident in lives.residents:
        regular = [*resident.shops, *resident.friends, *([resident.workplace] if resident.workplace else [])]
        for zone in resident.zones:
            assert not zone.holds(resident.home.x, resident.home.y)
            for place in regular:
                way = lives.town.route(resident.home, place)
                assert not any(zone.holds(x, y) for x, y in way), (resident.reference, zone.name)


def test_every_resident_has_conditions_and_an_invented_name_of_their_own_town() -> None:
    residents = Lives(1, 120, START_MS).residents
    assert len({r.reference for r in residents}) == 120
    assert len({r.family for r in residents}) > 40
    assert all(conditions_of(r)[-1][0] == "Trail monitoring" for r in residents)
    assert sum(bool(r.curfew) for r in residents) > 80
    assert 30 < sum(bool(r.zones) for r in residents) < 90
