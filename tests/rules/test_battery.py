"""A battery: low, flat, when it will be flat, and what that explains afterwards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surety.rules.battery import HOUR_MS, Level, forecast, with_level
from surety.rules.conditions import Trail
from surety.rules.facts import DeviceEvent, DeviceReport, Fact
from surety.rules.findings import Cause, Kind
from tests.rules.scenes import curfew, kinds, ms, only, order, run, told, trail

TAG = Trail(silent_after_s=36_000, no_location_after_s=604_800)
NOON = ms("12:00")


def emptying(begin_pct: int, pct_an_hour: float, hours: float, start: str = "12:00", every_min: int = 2) -> list[Fact]:
    """Reports of a battery that empties evenly, in whole percent."""
    found: list[Fact] = []
    for minute in range(0, round(60 * hours), every_min):
        at_ms = ms(start) + minute * 60_000
        pct = int(begin_pct - pct_an_hour * minute / 60)
        found.append(DeviceReport(f"r{at_ms}", "tag", at_ms, at_ms, max(pct, 1)))
    return found


def test_a_low_battery_tells_when_it_will_be_flat_at_its_own_rate() -> None:
    low = only(run(order(trail()), emptying(40, 5, 5.2)), Kind.BATTERY_LOW)
    flat_ms = low.evidence.numbers["flat_at_ms"]
    assert isinstance(flat_ms, int)
    assert abs(flat_ms - (NOON + 8 * HOUR_MS)) < HOUR_MS / 4
    assert low.evidence.numbers["pct_an_hour"] == pytest.approx(5, rel=0.1)
    assert low.cause is Cause.EQUIPMENT


def test_a_battery_that_was_low_from_the_first_word_has_no_forecast() -> None:
    low = only(run(order(trail()), [told("12:00", battery_pct=14)]), Kind.BATTERY_LOW)
    assert "flat_at_ms" not in low.evidence.numbers


def test_a_battery_that_goes_flat_is_told_once_more_and_not_again_until_it_is_charged() -> None:
    facts = [
        *emptying(18, 6, 2.9),
        told("14:56", battery_pct=50, charging=True),
        told("20:00", battery_pct=4, charging=False),
    ]
    found = run(order(TAG), facts)
    assert kinds(found) == [
        Kind.BATTERY_LOW,
        Kind.BATTERY_FLAT,
        Kind.DEVICE_RESTORED,
        Kind.DEVICE_RESTORED,
        Kind.BATTERY_FLAT,
    ]
    assert {f.cause for f in found if f.kind is Kind.DEVICE_RESTORED} == {Cause.CHARGING}


def test_a_silence_after_the_forecast_instant_is_the_batterys() -> None:
    facts = emptying(40, 5, 3)  # to 25 %: neither low nor flat, but flat at eight in the evening
    assert only(run(order(trail(18_600)), facts, "23:59"), Kind.SILENT).cause is Cause.EQUIPMENT
    early = only(run(order(trail(1_800)), facts, "15:40"), Kind.SILENT)
    assert early.cause is Cause.UNKNOWN
    assert early.evidence.numbers["flat_at_ms"]


def test_what_cannot_be_verified_after_the_forecast_instant_is_the_batterys_too() -> None:
    facts = emptying(40, 5, 3)
    found = run(order(curfew(3_600), trail(18_600)), facts, "+1 01:00")
    assert only(found, Kind.CANNOT_VERIFY).cause is Cause.EQUIPMENT


@pytest.mark.parametrize(
    "levels",
    [
        [],
        [(0, 80.0), (HOUR_MS, 70.0), (2 * HOUR_MS, 60.0)],  # too few
        [(0, 80.0), (60_000, 79.0), (120_000, 78.0), (180_000, 77.0)],  # too close together
        [(0, 80.0), (HOUR_MS, 79.5), (2 * HOUR_MS, 79.0), (3 * HOUR_MS, 78.5)],  # hardly any
        [(0, 80.0), (9 * HOUR_MS, 79.0), (9 * HOUR_MS + 300_000, 60.0), (9 * HOUR_MS + 600_000, 40.0)],  # changed
        [(0, 99.0), (10 * HOUR_MS, 98.0), (20 * HOUR_MS, 97.0), (30 * HOUR_MS, 96.0)],  # too far ahead
    ],
)
def test_readings_that_do_not_support_a_forecast_give_none(levels: list[Level]) -> None:
    assert forecast(levels) is None


def test_one_wild_reading_does_not_move_the_forecast() -> None:
    levels = [(hour * HOUR_MS, 90.0 - 5 * hour) for hour in range(8)]
    wild = [*levels[:4], (4 * HOUR_MS, 58.0), *levels[5:]]
    one, other = forecast(levels), forecast(wild)
    assert one is not None
    assert other is not None
    assert abs(one.flat_at_ms - other.flat_at_ms) < HOUR_MS


@given(
    pct_an_hour=st.floats(2, 20),
    begin=st.integers(60, 100),
    every_min=st.integers(1, 15),
    stop_pct=st.integers(10, 40),
)
def test_an_even_discharge_is_forecast_within_a_tenth_of_what_is_left(
    pct_an_hour: float, begin: int, every_min: int, stop_pct: int
) -> None:
    levels: tuple[Level, ...] = ()
    minute, pct = 0, float(begin)
    while pct > stop_pct:
        levels = with_level(levels, minute * 60_000, float(int(pct)), charging=False)
        minute += every_min
        pct = begin - pct_an_hour * minute / 60
    ahead = forecast(levels)
    assert ahead is not None
    truly_ms = begin / pct_an_hour * HOUR_MS
    left_ms = truly_ms - levels[-1][0]
    assert abs(ahead.flat_at_ms - truly_ms) <= 0.15 * left_ms + HOUR_MS / pct_an_hour * 1.5


def test_a_charge_begins_the_readings_anew() -> None:
    levels = with_level(((0, 50.0), (HOUR_MS, 45.0)), 2 * HOUR_MS, 60.0, charging=None)
    assert levels == ()
    assert with_level(((0, 50.0),), HOUR_MS, 49.0, charging=True) == ()


def test_a_warmer_battery_does_not_begin_them_anew() -> None:
    assert with_level(((0, 50.0), (HOUR_MS, 45.0)), 2 * HOUR_MS, 46.0, charging=False) == ((0, 50.0), (HOUR_MS, 45.0))


def test_a_strap_that_is_closed_again_ends_what_was_found() -> None:
    facts = [told("12:01", DeviceEvent.STRAP_TAMPER), told("12:09", DeviceEvent.STRAP_CLOSED)]
    cut, closed = run(order(trail()), facts)
    assert (closed.kind, closed.episode_id, closed.at_ms) == (Kind.DEVICE_RESTORED, cut.id, ms("12:09"))


def test_a_strap_that_stays_open_is_one_finding_for_as_long_as_the_device_says_so() -> None:
    reports: list[Fact] = [told(f"{12 + n // 6}:{n % 6}5", DeviceEvent.STRAP_TAMPER) for n in range(40)]
    assert kinds(run(order(TAG), reports)) == [Kind.STRAP_TAMPER]


def test_a_strap_that_opens_again_hours_later_is_news_though_nobody_told_that_it_was_closed() -> None:
    reports = [told("12:01", DeviceEvent.STRAP_TAMPER), told("12:10"), told("15:00", DeviceEvent.STRAP_TAMPER)]
    assert kinds(run(order(TAG), reports)) == [Kind.STRAP_TAMPER] * 2


def test_a_sensor_that_says_a_thing_and_its_opposite_is_possible_and_its_own_fault() -> None:
    report = told("12:01", DeviceEvent.OFF_WRIST, DeviceEvent.ON_WRIST)
    off = only(run(order(trail()), [report]), Kind.OFF_WRIST)
    assert (off.certainty, off.cause) == ("possible", Cause.EQUIPMENT)


def test_a_device_off_the_wrist_on_its_charger_is_charging() -> None:
    report = told("12:01", DeviceEvent.OFF_WRIST, battery_pct=60, charging=True)
    assert only(run(order(trail()), [report]), Kind.OFF_WRIST).cause is Cause.CHARGING


def test_a_device_that_was_switched_off_is_on_when_it_says_so_or_speaks_again() -> None:
    for later in (told("12:05", DeviceEvent.POWER_ON), told("12:05", battery_pct=80)):
        found = run(order(trail()), [told("12:01", DeviceEvent.POWER_OFF), later])
        assert kinds(found) == [Kind.POWERED_OFF, Kind.DEVICE_RESTORED]


def test_what_a_device_had_queued_when_it_went_off_does_not_switch_it_on() -> None:
    found = run(order(trail()), [told("12:01", DeviceEvent.POWER_OFF), told("12:02", battery_pct=80)])
    assert kinds(found) == [Kind.POWERED_OFF]
