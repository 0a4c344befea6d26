"""What a device tells of itself, and its silence."""

import pytest

from surety.rules.facts import DeviceEvent, Fact
from surety.rules.findings import Cause, Certainty, Kind
from tests.rules.scenes import HOME, curfew, kinds, ms, only, order, run, stay, told, trail


def test_an_sos_with_a_low_battery_and_a_cut_strap_is_all_three() -> None:
    report = told("13:00", DeviceEvent.SOS, DeviceEvent.BATTERY_LOW, DeviceEvent.STRAP_TAMPER)
    assert set(kinds(run(order(trail()), [*stay(HOME, "12:00", "13:00"), report]))) == {
        Kind.SOS,
        Kind.BATTERY_LOW,
        Kind.STRAP_TAMPER,
    }


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (DeviceEvent.CASE_TAMPER, Kind.CASE_TAMPER),
        (DeviceEvent.OFF_WRIST, Kind.OFF_WRIST),
        (DeviceEvent.POWER_OFF, Kind.POWERED_OFF),
        (DeviceEvent.MOCK_LOCATION, Kind.MOCK_LOCATION),
    ],
)
def test_each_event_is_a_finding_that_names_its_report(event: DeviceEvent, kind: Kind) -> None:
    report = told("12:10", event)
    finding = only(run(order(trail()), [report]), kind)
    assert finding.evidence.fact_ids == (report.id,)
    assert finding.condition_id == "c0"


def test_a_sensors_word_is_probable_and_a_buttons_established() -> None:
    found = run(order(trail()), [told("12:10", DeviceEvent.SOS, DeviceEvent.STRAP_TAMPER)])
    assert only(found, Kind.SOS).certainty is Certainty.ESTABLISHED
    assert only(found, Kind.STRAP_TAMPER).certainty is Certainty.PROBABLE


def test_a_state_that_is_repeated_in_every_message_is_told_once() -> None:
    reports: list[Fact] = [told(f"12:{minute:02d}", DeviceEvent.STRAP_TAMPER) for minute in range(30)]
    assert kinds(run(order(trail()), reports)) == [Kind.STRAP_TAMPER]


def test_a_second_call_for_help_minutes_later_is_told_again() -> None:
    reports = [told("12:01", DeviceEvent.SOS), told("12:02", DeviceEvent.SOS), told("12:20", DeviceEvent.SOS)]
    assert kinds(run(order(trail()), reports)) == [Kind.SOS, Kind.SOS]


def test_a_watch_that_was_put_on_again_and_taken_off_is_told_again() -> None:
    reports = [told("12:01", DeviceEvent.OFF_WRIST), told("12:05", DeviceEvent.ON_WRIST)]
    assert kinds(run(order(trail()), [*reports, told("12:10", DeviceEvent.OFF_WRIST)])) == [
        Kind.OFF_WRIST,
        Kind.DEVICE_RESTORED,
        Kind.OFF_WRIST,
    ]


def test_a_battery_that_wavers_about_the_limit_is_told_once_until_it_is_charged() -> None:
    levels = [16, 15, 16, 14, 17, 15, 60, 14]
    reports = [told(f"12:{5 * i:02d}", battery_pct=level) for i, level in enumerate(levels)]
    assert kinds(run(order(trail()), reports)) == [Kind.BATTERY_LOW, Kind.DEVICE_RESTORED, Kind.BATTERY_LOW]


def test_a_low_battery_on_the_charger_is_no_finding() -> None:
    assert run(order(trail()), [told("12:10", battery_pct=9, charging=True)]) == []


def test_a_report_counts_even_where_no_condition_watches_the_device() -> None:
    finding = only(run(order(curfew(), until="12:05"), [told("12:10", DeviceEvent.SOS)]), Kind.SOS)
    assert (finding.condition_id, finding.condition_version) == ("", 0)


def test_silence_is_found_without_any_message_and_ends_with_the_next() -> None:
    facts = [*stay(HOME, "12:00", "13:00"), told("15:00", battery_pct=70)]
    silent, again = run(order(trail(1_800)), facts)
    assert (silent.kind, silent.at_ms) == (Kind.SILENT, ms("12:59") + 1_800_000)
    assert (again.kind, again.at_ms, again.episode_id) == (Kind.HEARD_AGAIN, ms("15:00"), silent.id)
    assert silent.cause is Cause.UNKNOWN


def test_a_device_that_is_never_heard_is_silent_from_the_start_of_its_condition() -> None:
    (silent,) = run(order(trail(1_800)), [], "+3 12:00")
    assert silent.at_ms == ms("12:30")


@pytest.mark.parametrize(
    ("last_word", "cause"),
    [
        (told("12:00", battery_pct=4), Cause.EQUIPMENT),
        (told("12:00", battery_pct=40, charging=True), Cause.CHARGING),
        (told("12:00", DeviceEvent.OFFLINE), Cause.NETWORK),
        (told("12:00", battery_pct=80), Cause.UNKNOWN),
    ],
)
def test_the_cause_of_a_silence_is_what_the_device_last_told(last_word: Fact, cause: Cause) -> None:
    found = run(order(trail(), curfew()), [last_word], "20:00")
    assert only(found, Kind.SILENT).cause is cause
    assert only(found, Kind.CANNOT_VERIFY).cause is cause


def test_a_second_silence_is_a_second_episode() -> None:
    facts = [told("12:10", battery_pct=70), told("14:00", battery_pct=70)]
    found = run(order(trail(1_800)), facts, "18:00")
    assert kinds(found) == [Kind.SILENT, Kind.HEARD_AGAIN, Kind.SILENT]
    assert len({finding.episode_id for finding in found}) == 2


def test_a_silence_that_outlasts_its_condition_ends_with_it() -> None:
    found = run(order(trail(1_800), until="14:00"), [], "18:00")
    assert kinds(found) == [Kind.SILENT, Kind.DUTY_ENDED]
