"""The surroundings of an exclusion zone, where the person is warned before anybody else is told of anything."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surety.rules import geometry, presence, words
from surety.rules.conditions import Area, Circle, Polygon, Timetable, Zone, ZoneKind
from surety.rules.facts import Fact
from surety.rules.findings import Kind
from surety.rules.kernel import AREA_M2, WGS84_A_M
from surety.rules.presence import Mode
from tests.rules.scenes import (
    ALWAYS,
    LONDON,
    SCHOOL,
    SCHOOL_CIRCLE,
    SCHOOL_HOURS,
    kinds,
    ms,
    only,
    order,
    run,
    stay,
)

METRE = 1 / 111_200  # degrees of latitude
CLOSE = (SCHOOL[0] + 250 * METRE, SCHOOL[1])  # 100 m from the edge
FAR = (SCHOOL[0] + 600 * METRE, SCHOOL[1])


def warned(timetable: Timetable = ALWAYS, warn_m: int = 200) -> Zone:
    return Zone(ZoneKind.EXCLUSION, "School", SCHOOL_CIRCLE, timetable, warn_m=warn_m)


def walk(*parts: tuple[tuple[float, float], str, str]) -> list[Fact]:
    return [fact for place, begin, end in parts for fact in stay(place, begin, end)]


def test_coming_close_warns_and_going_away_clears() -> None:
    conditions = order(warned())
    found = run(conditions, walk((FAR, "12:00", "13:00"), (CLOSE, "13:00", "13:20"), (FAR, "13:20", "14:00")))
    assert kinds(found) == [Kind.ZONE_NEAR, Kind.ZONE_CLEAR]
    assert found[1].episode_id == found[0].id
    assert ms("13:00") <= found[0].at_ms <= ms("13:02")
    assert found[0].evidence.numbers["edge_m"] == pytest.approx(100, abs=2)
    near, clear = (words.sentence(finding, conditions, LONDON) for finding in found)
    assert near.endswith(": 100 m from its edge. A warning to the person, no breach.")
    assert clear.startswith('No longer close to the zone "School" since 13:2')


def test_a_zone_without_a_warning_distance_warns_nobody() -> None:
    assert run(order(warned(warn_m=0)), walk((FAR, "12:00", "13:00"), (CLOSE, "13:00", "13:20"))) == []


def test_entering_the_zone_is_found_beside_the_warning() -> None:
    parts = (FAR, "12:00", "13:00"), (CLOSE, "13:00", "13:10"), (SCHOOL, "13:10", "13:30"), (FAR, "13:30", "14:00")
    found = run(order(warned()), walk(*parts))
    assert kinds(found) == [Kind.ZONE_NEAR, Kind.ZONE_ENTERED, Kind.ZONE_LEFT, Kind.ZONE_CLEAR]


def test_nobody_is_warned_outside_the_hours() -> None:
    hours = order(warned(SCHOOL_HOURS))
    assert run(hours, walk((FAR, "12:00", "17:00"), (CLOSE, "17:00", "18:00"))) == []


def test_whoever_is_close_when_the_hours_begin_is_warned_then() -> None:
    hours = order(warned(SCHOOL_HOURS), since="2026-11-03T07:00Z")
    found = run(hours, walk((CLOSE, "+1 07:00", "+1 07:59")), "+1 08:01")
    assert [(f.kind, f.at_ms) for f in found] == [(Kind.ZONE_NEAR, ms("+1 08:00"))]


def test_an_old_fix_warns_nobody_when_the_hours_begin() -> None:
    hours = order(warned(SCHOOL_HOURS), since="2026-11-03T07:00Z")
    assert run(hours, walk((CLOSE, "+1 07:00", "+1 07:30")), "+1 08:01") == []


def test_the_end_of_the_hours_ends_the_warning() -> None:
    hours = order(warned(SCHOOL_HOURS), since="2026-11-03T15:00Z")
    found = run(hours, walk((FAR, "+1 15:00", "+1 16:00"), (CLOSE, "+1 16:00", "+1 17:00")))
    assert kinds(found) == [Kind.ZONE_NEAR, Kind.DUTY_ENDED]
    assert "still close to" in words.sentence(found[1], hours, LONDON)


def test_the_condition_says_where_the_person_is_warned() -> None:
    assert words.describe(warned()).endswith("Within 200 m of it the person is warned.")
    assert only(run(order(warned()), walk((CLOSE, "12:00", "13:00"))), Kind.ZONE_NEAR)


# --- the grown area

SQUARE = Polygon(tuple((SCHOOL[1] + x * 0.002, SCHOOL[0] + y * 0.001) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))))
around = st.tuples(st.floats(-0.01, 0.01), st.floats(-0.01, 0.01))


@settings(deadline=None)  # the first call compiles
@given(around, st.sampled_from([SCHOOL_CIRCLE, SQUARE]), st.floats(10, 800))
def test_a_grown_area_is_nearer_by_exactly_what_it_was_grown(
    offset: tuple[float, float], area: Area, grown_m: float
) -> None:
    packed = presence.pack([(area, Mode.EXCLUSION)] * 2, grown_m=[0.0, grown_m])
    place = SCHOOL[0] + offset[0], SCHOOL[1] + offset[1]
    alone, grown = (geometry.clearance_m(packed, i, *place) for i in (0, 1))
    assert grown == pytest.approx(alone + grown_m, abs=1e-6)


@pytest.mark.parametrize("grown_m", [50.0, 400.0])
def test_the_square_metres_of_a_grown_area(grown_m: float) -> None:
    packed = presence.pack([(SQUARE, Mode.EXCLUSION), (Circle(*SCHOOL, 150), Mode.EXCLUSION)], grown_m=[grown_m] * 2)
    wide = 0.002 * math.pi / 180 * WGS84_A_M * math.cos(math.radians(SCHOOL[0]))
    high = 0.001 * math.pi / 180 * WGS84_A_M
    expected = wide * high + 2 * (wide + high) * grown_m + math.pi * grown_m**2
    assert packed.areas[0, AREA_M2] == pytest.approx(expected, rel=0.01)
    assert packed.areas[1, AREA_M2] == pytest.approx(math.pi * (150 + grown_m) ** 2, rel=0.001)
