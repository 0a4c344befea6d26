"""Minutes of charging in a local day, counted from what the device told and from nothing else."""

from collections.abc import Iterable

import pytest

from surety.rules.conditions import Condition, ConditionSet, Trail
from surety.rules.facts import DeviceReport, Fact
from surety.rules.findings import Cause, Certainty, Finding, Kind
from tests.rules.scenes import LONDON, curfew, kinds, ms, only, order, run, told

HOUR = Trail(silent_after_s=604_800, no_location_after_s=604_800, charge_min_a_day=60, zone=LONDON)
NEVER: tuple[tuple[str, str], ...] = ()


def days(
    charges: Iterable[tuple[str, str]], begin: str = "12:00", end: str = "+2 12:00", every_min: int = 5
) -> list[Fact]:
    spans = [(ms(a), ms(b)) for a, b in charges]
    times = range(ms(begin), ms(end), every_min * 60_000)
    return [DeviceReport(f"r{at}", "tag", at, at, 70, charging=any(a <= at < b for a, b in spans)) for at in times]


def uncharged(found: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in found if finding.kind is Kind.NOT_CHARGED]


def test_a_day_without_charging_is_told_at_its_end_and_the_first_broken_day_is_not() -> None:
    (finding,) = uncharged(run(order(HOUR), days(NEVER)))
    assert finding.at_ms == ms("+2 00:00")
    assert (finding.certainty, finding.cause) == (Certainty.ESTABLISHED, Cause.UNKNOWN)
    assert finding.evidence.numbers["charged_s"] == 0
    assert finding.evidence.numbers["needed_s"] == 3_600


@pytest.mark.parametrize(
    "charge",
    [("+1 09:00", "+1 10:00"), ("+1 23:20", "+2 00:10"), ("23:20", "+1 00:30"), ("+1 23:50", "+2 03:00")],
    ids=["in the day", "running at its end", "begun the day before", "just before midnight"],
)
def test_a_charge_of_an_hour_keeps_the_day(charge: tuple[str, str]) -> None:
    assert uncharged(run(order(HOUR), days([charge]))) == []


def test_half_of_what_is_ordered_is_told_with_its_minutes() -> None:
    (finding,) = uncharged(run(order(HOUR), days([("+1 09:00", "+1 09:30")])))
    assert finding.evidence.numbers["charged_s"] == pytest.approx(1_800, abs=300)


def test_a_change_of_another_condition_leaves_the_day_that_is_counted() -> None:
    (charge,) = order(HOUR).conditions
    other = Condition("c9", 1, ms("+1 12:00"), None, curfew())
    (finding,) = uncharged(run(ConditionSet("ada", 1, (charge, other)), days(NEVER)))
    assert finding.at_ms == ms("+2 00:00")


def test_several_charges_add_up() -> None:
    assert uncharged(run(order(HOUR), days([("+1 09:00", "+1 09:35"), ("+1 17:00", "+1 17:35")]))) == []


def test_a_device_that_was_not_heard_enough_to_know_is_no_failure() -> None:
    facts = [fact for fact in days(NEVER) if not ms("+1 01:00") <= fact.at_ms < ms("+1 02:30")]
    assert uncharged(run(order(HOUR), facts)) == []


def test_a_device_that_never_says_whether_it_charges_is_no_failure() -> None:
    facts = [told(f"+1 {hour:02d}:{minute:02d}", battery_pct=70) for hour in range(24) for minute in range(0, 60, 10)]
    assert uncharged(run(order(HOUR), facts, "+2 12:00")) == []


def test_nothing_is_told_where_no_charging_is_ordered() -> None:
    assert kinds(run(order(Trail(604_800, 604_800)), days(NEVER))) == []


def test_the_day_is_the_persons_and_as_long_as_the_clocks_make_it() -> None:
    autumn = order(HOUR, since="2026-10-24T12:00Z")
    reports = [
        DeviceReport(f"r{at}", "tag", at, at, 70, charging=False)
        for at in range(ms("2026-10-24T12:00Z"), ms("2026-10-26T12:00Z"), 300_000)
    ]
    finding = only(run(autumn, reports), Kind.NOT_CHARGED)
    start = finding.evidence.numbers["day_start_ms"]
    assert isinstance(start, int)
    assert finding.at_ms - start == 25 * 3_600_000
