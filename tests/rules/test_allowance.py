"""Time away that adds up: what counts, what never does, and the instant at which it is too much."""

import datetime as dt
import functools
import itertools
import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surety.rules import allowance, words
from surety.rules.conditions import Condition, ConditionSet, Curfew, OneOff, Row, Timetable, Weekday
from surety.rules.facts import Fact, Fix
from surety.rules.findings import Certainty, Finding, Kind
from tests.rules.scenes import HOME, LONDON, MOTHERS, NIGHTS, SHOP, curfew, fix, kinds, ms, only, order, run, stay

MINUTE = 60_000


def tolerating(day: int = 0, week: int = 0, timetable: Timetable = NIGHTS) -> Curfew:
    return msgspec.structs.replace(curfew(timetable=timetable), allowance_day_min=day, allowance_week_min=week)


def evening_out(day: int, begin: str, end: str) -> list[Fact]:
    """At home but for one outing on a day of the scene, a fix a minute."""
    out, back = f"+{day} {begin}", f"+{day} {end}"
    return stay(HOME, f"+{day} 18:00", out) + stay(SHOP, out, back) + stay(HOME, back, f"+{day + 1} 08:00")


def exceeded(found: list[Finding]) -> list[Finding]:
    return [finding for finding in found if finding.kind is Kind.ALLOWANCE_EXCEEDED]


def test_what_an_absence_came_to_is_told_with_its_end() -> None:
    left, back = run(order(tolerating(day=60)), evening_out(0, "21:00", "21:30"), "+1 12:00")
    assert left.evidence.numbers["allowance_left_s"] == 3_600
    counted, spent = back.evidence.numbers["counted_s"], back.evidence.numbers["spent_day_s"]
    last_fix_out_ms = ms("21:29")
    assert counted == spent == (last_fix_out_ms - left.at_ms) / 1000
    assert back.evidence.numbers["allowed_day_s"] == 3_600


def test_more_than_the_day_tolerates_is_found_with_the_instant_at_which_it_was() -> None:
    found = run(order(tolerating(day=30)), evening_out(0, "21:00", "22:00"), "+1 12:00")
    assert kinds(found) == [Kind.CURFEW_LEFT, Kind.ALLOWANCE_EXCEEDED, Kind.CURFEW_RETURNED]
    assert found[1].at_ms == found[0].at_ms + 30 * MINUTE
    assert found[1].at_ms < found[1].known_ms <= found[1].at_ms + MINUTE  # the next fix confirms it
    assert found[1].evidence.numbers["per"] == "day"
    assert found[1].certainty is Certainty.ESTABLISHED


def test_absences_of_one_night_add_up_past_midnight() -> None:
    facts = stay(HOME, "18:00", "21:00") + stay(SHOP, "21:00", "21:20") + stay(HOME, "21:20", "+1 02:00")
    facts += stay(SHOP, "+1 02:00", "+1 02:20") + stay(HOME, "+1 02:20", "+1 08:00")
    (too_much,) = exceeded(run(order(tolerating(day=30)), facts, "+1 12:00"))
    assert ms("+1 02:00") < too_much.at_ms < ms("+1 02:20")


def test_each_night_has_its_own_sum_and_the_week_has_all_of_them() -> None:
    facts = [fact for day in range(4) for fact in evening_out(day, "21:00", "21:25")]
    facts = sorted({(f.at_ms, f.id): f for f in facts}.values(), key=lambda f: (f.at_ms, f.id))
    assert exceeded(run(order(tolerating(day=30)), facts, "+4 12:00")) == []
    (too_much,) = exceeded(run(order(tolerating(day=30, week=60)), facts, "+4 12:00"))
    assert too_much.evidence.numbers["per"] == "week"
    assert ms("+2 21:00") < too_much.at_ms < ms("+2 21:25")


def test_a_week_begins_with_the_night_of_its_monday() -> None:
    """The night from Sunday to Monday belongs to the week that ends; nothing of it counts in the next."""
    sunday = (
        stay(HOME, "+6 18:00", "+7 02:00") + stay(SHOP, "+7 02:00", "+7 02:40") + stay(HOME, "+7 02:40", "+7 08:00")
    )
    monday = evening_out(7, "21:00", "21:40")
    assert exceeded(run(order(tolerating(week=60)), sunday + monday, "+8 12:00")) == []
    saturday = evening_out(5, "21:00", "21:40")
    assert len(exceeded(run(order(tolerating(week=60)), saturday + sunday[420:], "+7 12:00"))) == 1


def test_it_is_told_once_a_day_and_once_a_week_also_at_the_same_instant() -> None:
    facts = stay(HOME, "18:00", "21:00") + stay(SHOP, "21:00", "23:00") + stay(HOME, "23:00", "+1 02:00")
    facts += stay(SHOP, "+1 02:00", "+1 04:00") + stay(HOME, "+1 04:00", "+1 08:00")
    found = exceeded(run(order(tolerating(day=30, week=30)), facts, "+1 12:00"))
    assert [finding.evidence.numbers["per"] for finding in found] == ["day", "week"]
    assert len({finding.id for finding in found}) == 2
    assert found[0].at_ms == found[1].at_ms


def test_what_nobody_can_tell_adds_nothing() -> None:
    """Out, and then no fix for two hours: only what was certain counts, up to the last fix and from the next."""
    facts = stay(HOME, "18:00", "21:00") + stay(SHOP, "21:00", "21:10")
    facts += stay(SHOP, "23:00", "23:10") + stay(HOME, "23:10", "+1 08:00")
    found = run(order(tolerating(day=30)), facts, "+1 12:00")
    assert exceeded(found) == []
    left, back = only(found, Kind.CURFEW_LEFT), only(found, Kind.CURFEW_RETURNED)
    assert back.evidence.numbers["counted_s"] == (ms("21:09") - left.at_ms + 9 * MINUTE) / 1000


def test_silence_after_the_last_fix_out_never_passes_the_allowance() -> None:
    facts = stay(HOME, "18:00", "21:00") + stay(SHOP, "21:00", "21:29")
    found = run(order(tolerating(day=30)), facts, "+1 12:00")
    assert exceeded(found) == []
    assert Kind.CANNOT_VERIFY in kinds(found)


def test_an_order_without_an_allowance_counts_nothing() -> None:
    found = run(order(curfew()), evening_out(0, "21:00", "23:00"), "+1 12:00")
    assert all("counted_s" not in finding.evidence.numbers for finding in found)


def test_somebody_absent_throughout_is_told_what_counts_at_the_end_of_the_night() -> None:
    found = run(order(tolerating(day=120)), stay(SHOP, "18:00", "+1 08:00"), "+1 12:00")
    assert kinds(found) == [Kind.CURFEW_ABSENT_AT_START, Kind.ALLOWANCE_EXCEEDED, Kind.CURFEW_ABSENT_THROUGHOUT]
    assert found[1].at_ms == ms("21:00")
    assert found[2].evidence.numbers["counted_s"] == found[2].evidence.numbers["spent_day_s"] == 12 * 3_600 - 60


def test_another_allowance_from_the_middle_of_the_night_counts_what_was_there() -> None:
    at = ms("21:30")
    conditions = ConditionSet(
        "ada",
        1,
        (
            Condition("c0", 1, ms("12:00"), at, tolerating(day=60)),
            Condition("c0", 2, at, None, tolerating(day=40)),
        ),
    )
    found = run(conditions, evening_out(0, "21:00", "22:00"), "+1 12:00")
    (too_much,) = exceeded(found)
    assert too_much.at_ms == found[0].at_ms + 40 * MINUTE
    assert too_much.condition_version == 2


def test_the_sentence_says_how_much_of_how_much() -> None:
    conditions = order(tolerating(day=30, week=90))
    left, too_much, back = run(conditions, evening_out(0, "21:00", "22:00"), "+1 12:00")
    said = [words.sentence(one, conditions, LONDON) for one in (left, too_much, back)]
    assert "The order tolerates 30 minutes more." in said[0]
    assert "away for more than the 30 minutes that the order tolerates a day" in said[1].lower()
    assert "of the 30 minutes tolerated a day" in said[2]
    assert "of the 90 minutes tolerated a week" in said[2]


# --- to which day a minute belongs

LOCKDOWN = Timetable(LONDON, (), tuple(OneOff(f"2026-11-0{n}", "00:00", "24:00") for n in (2, 3, 4)))


@pytest.mark.parametrize(
    ("timetable", "at", "day"),
    [
        (NIGHTS, "23:00", "2026-11-02"),
        (NIGHTS, "+1 06:59", "2026-11-02"),
        (NIGHTS, "+1 19:00", "2026-11-03"),
        (Timetable(LONDON), "+1 06:59", "2026-11-03"),  # at all times: each calendar day for itself
        (LOCKDOWN, "+1 06:00", "2026-11-03"),
        (Timetable(LONDON, (), (OneOff("2026-11-02", "00:00", "24:00"),)), "23:30", "2026-11-02"),
        (Timetable(LONDON, (Row(Weekday.MON, "12:00", "12:00"),)), "+1 11:00", "2026-11-02"),  # a day and no more
    ],
)  # fmt: skip
def test_a_night_counts_on_the_day_it_begins_and_longer_windows_day_by_day(
    timetable: Timetable, at: str, day: str
) -> None:
    found, until_ms = allowance.day_of(timetable, ms(at))
    assert found == dt.date.fromisoformat(day).toordinal()
    assert until_ms > ms(at)


@pytest.mark.parametrize(
    ("zone", "at"),
    [
        ("America/Havana", "2026-11-01T04:30Z"),
        ("America/Havana", "2026-11-01T05:30Z"),
        ("Pacific/Apia", "2011-12-30T10:30Z"),
    ],
)
def test_days_never_run_backwards_where_clocks_are_put_back_at_midnight(zone: str, at: str) -> None:
    day, until_ms = allowance.day_of(Timetable(zone), ms(at))
    following, _ = allowance.day_of(Timetable(zone), until_ms)
    assert until_ms > ms(at)
    assert following > day


# --- against counting by hand

ZONES = st.sampled_from(["Europe/London", "America/Havana", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"])


@st.composite
def traces(draw: st.DrawFn) -> list[Fix]:
    """A few days of stays at home and elsewhere, at uneven pace, some of it without any fix."""
    noise = random.Random(draw(st.integers(0, 9)))
    at, facts = ms("12:00"), list[Fix]()
    stretches = st.tuples(st.sampled_from([HOME, SHOP, MOTHERS]), st.integers(5, 300), st.sampled_from([0, 0, 5, 40]))
    for place, minutes, gap in draw(st.lists(stretches, min_size=1, max_size=14)):
        end = at + minutes * MINUTE
        while at < end:
            facts.append(fix(at, (place[0] + noise.gauss(0, 0.00005), place[1] + noise.gauss(0, 0.00005))))
            at += noise.choice([60, 61, 240, 700]) * 1000
        at += gap * MINUTE
    return facts


@settings(max_examples=60, deadline=None)
@given(trace=traces(), zone=ZONES, day=st.integers(1, 90), week=st.integers(1, 200))
def test_sums_and_the_instants_that_pass_them_are_those_of_counting_every_second(
    trace: list[Fix], zone: str, day: int, week: int
) -> None:
    """Every second between two certain fixes outside, while an absence is open, one by one."""
    table = Timetable(zone, NIGHTS.rows)
    conditions = order(tolerating(day, week, table), since="2026-11-02T11:00Z")
    found = run(conditions, trace, "+6 12:00")
    told = [(f.evidence.numbers["per"], f.at_ms) for f in exceeded(found)]
    assert sorted(told) == sorted(by_hand(trace, found, table, day, week))


def by_hand(trace: list[Fix], found: list[Finding], table: Timetable, day: int, week: int) -> list[tuple[str, int]]:
    """Seconds of open absences between neighbouring fixes, both at places far from home, no more than 15 min apart."""
    spans, begun = list[tuple[int, int]](), dict[str, Finding]()
    for finding in found:
        if finding.kind in (Kind.CURFEW_LEFT, Kind.CURFEW_ABSENT_AT_START) and finding.id == finding.episode_id:
            begun[finding.episode_id] = finding
        elif finding.episode_id in begun and finding.kind is not Kind.ALLOWANCE_EXCEEDED:
            spans.append((begun.pop(finding.episode_id).at_ms, finding.at_ms))
    spans += [(finding.at_ms, 2**62) for finding in begun.values()]
    sums, passed = dict[tuple[str, int], int](), list[tuple[str, int]]()
    for one, other in itertools.pairwise(trace):
        if not (_is_far(one) and _is_far(other)) or other.at_ms - one.at_ms > 900_000:
            continue
        for begin, end in spans:  # an absence counts from its finding, and up to the last fix in it
            last_ms = other.at_ms if begin <= other.at_ms < end else begin
            for second in range(max(one.at_ms, begin), last_ms, 1000):
                ordinal = _day(table, second // MINUTE * MINUTE)
                for per, key, limit in (("day", ordinal, day), ("week", ordinal - (ordinal - 1) % 7, week)):
                    before = sums.get((per, key), 0)
                    sums[per, key] = before + 1000
                    if before == limit * MINUTE:
                        passed.append((per, second))
    return passed


@functools.cache
def _day(table: Timetable, minute_ms: int) -> int:
    return allowance.day_of(table, minute_ms)[0]


def _is_far(one: Fix) -> bool:
    return abs(one.lat_deg - HOME[0]) > 0.003
