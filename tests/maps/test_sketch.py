"""The map of a finding, read as whoever looks at it would: by its shapes, its words and its proportions."""

import math
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surety.maps.plane import Plane, Size
from surety.maps.png import CannotDrawError, png
from surety.maps.sketch import Mark, Outline, Spot, draw
from surety.rules.conditions import Circle, Polygon

SVG = "{http://www.w3.org/2000/svg}"
MINUTE_MS = 60_000
ZONE = Outline("School <annexe>", "exclusion", Circle(51.5, -0.12, 150.0), buffer_m=50.0)


def spot(
    number: int, minute: float, lat: float, lon: float, accuracy_m: float | None = 10.0, mark: Mark = Mark.PLAIN
) -> Spot:
    return Spot(number, int(minute * MINUTE_MS), (lon, lat), accuracy_m, f"10:{minute:02.0f}", mark)


def parts(svg: str, kind: str) -> list[ET.Element]:
    return [e for e in ET.fromstring(svg).iter() if kind in (e.get("class") or "").split()]  # noqa: S314 - our own


WAY = [spot(1, 0, 51.4990, -0.12), spot(2, 1, 51.4995, -0.12), spot(3, 2, 51.5, -0.12, mark=Mark.DECIDING)]


def test_it_is_well_formed_and_tells_in_words_what_it_shows():
    root = ET.fromstring(draw([ZONE], WAY, title="Before & after"))  # noqa: S314 - our own
    assert root.find(f"{SVG}title").text == "Before & after"
    told = root.find(f"{SVG}desc").text
    assert '3 positions from 10:00 to 10:02; exclusion zone "School <annexe>". Position 3 of 10:02 decided.' in told


def test_north_is_up_and_east_is_right():
    plane = Plane([], [((0.0, 10.0), 0.0), ((0.1, 10.1), 0.0)], Size())
    (x_west, y_south), (x_east, y_north) = plane.units((0.0, 10.0)), plane.units((0.1, 10.1))
    assert x_west < x_east
    assert y_north < y_south


def test_circles_have_the_size_that_the_scale_bar_says():
    svg = draw([ZONE], WAY, title="t")
    [rule] = parts(svg, "sketch-rule")
    left, right = 16.0, float(rule.get("d").split("H")[1].split("V")[0])
    [words] = [t.text for t in parts(svg, "sketch-text") if t.text and t.text.endswith(" m")]
    units_a_metre = (right - left) / float(words.removesuffix(" m"))
    [area] = parts(svg, "sketch-area")
    assert float(area.get("r")) / units_a_metre == pytest.approx(150, rel=0.01)
    assert float(parts(svg, "sketch-error")[0].get("r")) / units_a_metre == pytest.approx(10, rel=0.05)


def test_a_gap_is_never_joined_by_a_line():
    later = [*WAY, spot(4, 20, 51.5004, -0.12), spot(5, 21, 51.5008, -0.12)]
    svg = draw([ZONE], later, title="t")
    assert len(parts(svg, "sketch-way")) == 3
    assert "1 gap of over five minutes" in svg


def test_a_long_gap_says_how_long_nothing_was_recorded():
    svg = draw([], [spot(1, 0, 51.49, -0.12), spot(2, 31, 51.51, -0.12)], title="t")
    assert "31 min without a record" in svg


def test_what_decided_is_a_star_and_what_is_named_a_square():
    svg = draw([], [WAY[0], spot(2, 1, 51.4995, -0.12, mark=Mark.NAMED), WAY[2]], title="t")
    spots = [e.tag.removeprefix(SVG) for e in parts(svg, "sketch-spot")]
    assert sorted(spots[:3]) == ["circle", "polygon", "rect"]
    assert "decided" in svg
    assert "named in the finding" in svg


def test_numbers_that_would_cover_each_other_are_left_out_but_never_that_of_what_decided():
    crowd = [spot(n, n / 10, 51.5, -0.12 + n * 1e-7) for n in range(1, 40)]
    svg = draw([ZONE], [*crowd, spot(40, 4, 51.5, -0.12, mark=Mark.DECIDING)], title="t")
    assert "40" in [e.text for e in parts(svg, "sketch-number")]
    assert len(parts(svg, "sketch-number")) < 10


def test_a_drawing_for_a_page_has_no_style_of_its_own():
    assert "<style" not in draw([ZONE], WAY, title="t", standing_alone=False)
    assert "prefers-color-scheme:dark" in draw([ZONE], WAY, title="t")


def test_nothing_recorded_is_said():
    assert "no position was recorded" in draw([ZONE], [], title="t")


def test_it_becomes_a_png_and_what_cannot_says_so():
    assert png(draw([ZONE], WAY, title="t"))[:8] == b"\x89PNG\r\n\x1a\n"
    with pytest.raises(CannotDrawError, match="could not be made into a PNG"):
        png("<svg")


@given(
    lat=st.floats(-89.9, 89.9),
    lon=st.floats(-180, 180),
    north_m=st.floats(-2000, 2000),
    east_m=st.floats(-2000, 2000),
)
def test_distances_are_true_anywhere_on_earth(lat: float, lon: float, north_m: float, east_m: float):
    other_lat = min(90.0, max(-90.0, lat + math.degrees(north_m / 6_371_000)))
    other_lon = (lon + math.degrees(east_m / 6_371_000) / math.cos(math.radians(lat)) + 180) % 360 - 180
    area = Circle(lat, lon, 100.0)
    plane = Plane([area], [((other_lon, other_lat), 0.0)], Size())
    a, b = plane.units((lon, lat)), plane.units((other_lon, other_lat))
    told_m = math.dist(a, b) / plane.units_a_metre
    chord = math.dist(_ecef(lat, lon), _ecef(other_lat, other_lon))
    assert told_m == pytest.approx(chord, rel=0.02, abs=1 / plane.units_a_metre)
    assert all(-1 <= x <= 761 for x in (a[0], b[0]))
    assert all(-1 <= y <= 521 for y in (a[1], b[1]))


def _ecef(lat: float, lon: float) -> tuple[float, ...]:
    from surety.rules.kernel import earth_centred  # noqa: PLC0415 - compiled at first use

    return earth_centred(lat, lon)


def test_a_polygon_over_the_antimeridian_stays_in_one_piece():
    area = Polygon(((179.99, 0.0), (-179.99, 0.0), (-179.99, 0.01), (179.99, 0.01)))
    svg = draw([Outline("z", "inclusion", area)], [], title="t")
    xs = [float(pair.split()[0]) for pair in parts(svg, "sketch-area")[0].get("d").strip("MZ").split("L")]
    assert 0 < min(xs) < max(xs) < 760
