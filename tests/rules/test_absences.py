"""Leave and suspensions: while they hold nothing is asked, and what is told near them says so."""

import datetime as dt

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from surety.rules import leave as rules_leave
from surety.rules import schedule, words
from surety.rules.conditions import (
    Absence,
    AbsenceKind,
    Body,
    Condition,
    ConditionSet,
    OneOff,
    Pause,
    Row,
    Timetable,
    Weekday,
)
from surety.rules.findings import Finding, Kind
from tests.rules.scenes import (
    ALWAYS,
    HOME,
    LONDON,
    NIGHTS,
    SCHOOL,
    SHOP,
    curfew,
    exclusion,
    inclusion,
    kinds,
    ms,
    only,
    order,
    run,
    stay,
)
from tests.rules.test_engine import BREACHES, END, lives

MONDAY_EVENING = Pause("2026-11-02T20:00", "2026-11-02T22:00")


def leave(*spans: Pause, to: tuple[str, ...] = (), table: Timetable = ALWAYS) -> Absence:
    return Absence(AbsenceKind.AUTHORISED, table, spans, to, "a wedding")


def suspension(*spans: Pause, to: tuple[str, ...] = (), table: Timetable = ALWAYS) -> Absence:
    return Absence(AbsenceKind.SUSPENSION, table, spans, to)


def test_who_is_out_while_leave_holds_is_not_asked() -> None:
    facts = stay(HOME, "18:00", "20:05") + stay(SHOP, "20:05", "21:50") + stay(HOME, "21:50", "+1 08:00")
    assert kinds(run(order(curfew()), facts, "+1 12:00")) == [Kind.CURFEW_LEFT, Kind.CURFEW_RETURNED]
    assert run(order(curfew(), leave(MONDAY_EVENING)), facts, "+1 12:00") == []


def test_silence_while_leave_holds_is_not_told() -> None:
    facts = stay(HOME, "18:00", "20:00") + stay(HOME, "21:55", "+1 08:00")
    assert Kind.CANNOT_VERIFY in kinds(run(order(curfew()), facts, "+1 12:00"))
    assert run(order(curfew(), leave(MONDAY_EVENING)), facts, "+1 12:00") == []


def test_times_of_leave_are_all_of_it_within_the_version_that_is_in_force() -> None:
    evenings = Timetable(LONDON, (Row(Weekday.MON, "18:00", "19:00"),))
    both = Condition("l", 1, ms("12:00"), ms("+1 12:00"), leave(MONDAY_EVENING, table=evenings))
    spans = [(one.start_ms, one.end_ms) for one in rules_leave.windows_of(both, ms("00:00"), ms("+9 00:00"))]
    assert spans == [(ms("18:00"), ms("19:00")), (ms("20:00"), ms("22:00"))]
    open_ended = msgspec.structs.replace(both, effective_to_ms=None)
    assert len(rules_leave.windows_of(open_ended, ms("00:00"), ms("+9 00:00"))) == 3


def test_what_began_before_leave_stays_and_ends_with_it() -> None:
    facts = stay(HOME, "18:00", "19:30") + stay(SHOP, "19:30", "21:50") + stay(HOME, "21:50", "+1 08:00")
    conditions = order(curfew(), leave(MONDAY_EVENING))
    left, ended = run(conditions, facts, "+1 12:00")
    assert (left.kind, ended.kind) == (Kind.CURFEW_LEFT, Kind.DUTY_ENDED)
    assert left.evidence.numbers["leave_begins_ms"] == ended.at_ms == ms("20:00")
    assert ended.evidence.numbers["ended_by"] == "absence"
    said = [words.sentence(one, conditions, LONDON) for one in (left, ended)]
    assert "The authorised absence begins at 20:00" in said[0]
    assert "The authorised absence began at 20:00" in said[1]


def test_who_is_not_back_when_leave_ends_is_absent_then_and_returns_late() -> None:
    facts = stay(HOME, "18:00", "19:59") + stay(SHOP, "19:59", "22:20") + stay(HOME, "22:20", "+1 08:00")
    conditions = order(curfew(), leave(MONDAY_EVENING))
    found = run(conditions, facts, "+1 12:00")
    absent, back = (one for one in found if one.at_ms >= ms("22:00"))
    assert (absent.kind, absent.at_ms, back.kind) == (Kind.CURFEW_ABSENT_AT_START, ms("22:00"), Kind.CURFEW_RETURNED)
    late = back.evidence.numbers["late_s"]
    assert isinstance(late, float)
    assert 20 * 60 <= late <= 23 * 60
    said = [words.sentence(one, conditions, LONDON) for one in (absent, back)]
    assert "when the authorised absence ended at 22:00" in said[0]
    assert said[1].startswith("Late return: ")
    assert "after the authorised absence ended (22:00)" in said[1]


def test_leave_over_the_end_of_a_night_is_no_absence_throughout() -> None:
    over_the_end = leave(Pause("2026-11-03T05:00", "2026-11-03T12:00"))
    found = run(order(curfew(), over_the_end), stay(SHOP, "18:00", "+1 08:00"), "+1 12:00")
    assert kinds(found) == [Kind.CURFEW_ABSENT_AT_START, Kind.DUTY_ENDED]
    assert found[1].at_ms == ms("+1 05:00")


def test_recurring_leave_is_cut_out_of_every_night() -> None:
    prayers = leave(table=Timetable(LONDON, (Row(Weekday.MON, "20:00", "21:00"), Row(Weekday.WED, "20:00", "21:00"))))
    facts = []
    for day in (0, 1, 2):
        facts += stay(HOME, f"+{day} 12:00", f"+{day} 20:03") + stay(SHOP, f"+{day} 20:03", f"+{day} 20:55")
        facts += stay(HOME, f"+{day} 20:55", f"+{day + 1} 12:00")
    found = run(order(curfew(), prayers), facts, "+3 12:00")
    assert kinds(found) == [Kind.CURFEW_LEFT, Kind.CURFEW_RETURNED]
    assert ms("+1 20:00") < found[0].at_ms < ms("+1 21:00")


def test_leave_never_opens_an_exclusion_zone_but_a_suspension_does() -> None:
    facts = stay(HOME, "12:00", "20:30") + stay(SCHOOL, "20:30", "21:00")
    entered = run(order(exclusion(), leave(MONDAY_EVENING)), facts)
    assert kinds(entered) == [Kind.ZONE_ENTERED]
    assert run(order(exclusion(), suspension(MONDAY_EVENING)), facts) == []
    assert run(order(exclusion(), leave(MONDAY_EVENING, to=("c0",))), facts) == []


def test_leave_covers_the_conditions_it_names_and_no_other() -> None:
    facts = stay(HOME, "18:00", "20:05") + stay(SHOP, "20:05", "21:50") + stay(HOME, "21:50", "+1 08:00")
    assert kinds(run(order(curfew(), leave(MONDAY_EVENING, to=("c7",))), facts, "+1 12:00")) == [
        Kind.CURFEW_LEFT,
        Kind.CURFEW_RETURNED,
    ]
    assert run(order(curfew(), leave(MONDAY_EVENING, to=("c0",))), facts, "+1 12:00") == []


def test_a_suspension_without_times_holds_as_long_as_it_is_in_force_to_the_second() -> None:
    conditions = ConditionSet(
        "ada",
        1,
        (
            Condition("c0", 1, ms("12:00"), None, curfew()),
            Condition("c1", 1, ms("20:00"), ms("22:00"), suspension()),
        ),
    )
    facts = stay(HOME, "18:00", "19:30") + stay(SHOP, "19:30", "22:20") + stay(HOME, "22:20", "+1 08:00")
    found = run(conditions, facts, "+1 12:00")
    assert kinds(found) == [Kind.CURFEW_LEFT, Kind.DUTY_ENDED, Kind.CURFEW_ABSENT_AT_START, Kind.CURFEW_RETURNED]
    assert [one.at_ms for one in found[1:3]] == [ms("20:00"), ms("22:00")]
    assert found[1].evidence.numbers["ended_by"] == "suspension"
    assert found[2].evidence.numbers["leave_ended_ms"] == ms("22:00")


def test_leave_on_the_night_the_clocks_go_back_is_an_hour_longer() -> None:
    """01:00 to 03:00 on that night lasts three hours; the curfew asks again when clocks show 03:00."""
    table = Timetable(LONDON, (), (OneOff("2026-10-25", "01:00", "03:00"),))
    conditions = order(curfew(), leave(table=table), since="2026-10-24T12:00Z")
    facts = stay(HOME, "2026-10-24T12:00Z", "2026-10-25T00:02Z") + stay(SHOP, "2026-10-25T00:02Z", "2026-10-25T04:00Z")
    found = run(conditions, facts)
    assert kinds(found) == [Kind.CURFEW_ABSENT_AT_START]
    assert found[0].at_ms == ms("2026-10-25T03:00Z")


def test_what_leave_is_and_for_what_is_said_in_plain_words() -> None:
    once = words.describe(leave(MONDAY_EVENING))
    assert once == (
        "Authorised absence: no need to be where you are ordered to be 20:00-22:00 on Mon 2 Nov 2026. "
        "Zones to stay out of still hold. Reason: a wedding."
    )
    assert (
        words.describe(suspension())
        == "Suspended: every curfew, zone, attendance and photo check-in need not be kept at all times."
    )


# --- properties


@settings(max_examples=40, deadline=None)
@given(life=lives(), start=st.integers(0, 2_800), minutes=st.integers(1, 900))
def test_no_breach_is_stamped_within_leave_that_covers_it(life: list, start: int, minutes: int) -> None:
    begin = ms("12:00") + start * 60_000
    end = begin + minutes * 60_000
    covered: tuple[Body, ...] = (curfew(), inclusion())
    cut = ConditionSet(
        "ada",
        1,
        (
            *(Condition(f"c{i}", 1, ms("12:00"), None, body) for i, body in enumerate(covered)),
            Condition("leave", 1, begin, end, suspension()),
        ),
    )
    for finding in run(cut, life, END):
        if finding.kind in BREACHES:
            inside = begin <= finding.at_ms < end
            assert not inside or finding.kind is Kind.CURFEW_ABSENT_THROUGHOUT


@settings(max_examples=40, deadline=None)
@given(life=lives(), start=st.integers(0, 2_800), minutes=st.integers(1, 900))
def test_leave_written_as_dates_and_leave_in_force_for_that_time_ask_the_same(
    life: list,
    start: int,
    minutes: int,
) -> None:
    """One is cut out of the windows, the other turns an epoch: two ways through the engine, the same findings."""
    begin = ms("12:00") + start * 60_000
    end = begin + minutes * 60_000
    span = Pause(_utc(begin), _utc(end))
    duties = (Condition("c0", 1, ms("12:00"), None, curfew()), Condition("c1", 1, ms("12:00"), None, inclusion()))
    dated = ConditionSet("ada", 1, (*duties, Condition("leave", 1, ms("12:00"), None, suspension(span))))
    in_force = ConditionSet("ada", 1, (*duties, Condition("leave", 1, begin, end, suspension())))
    assert _plain(run(dated, life, END)) == _plain(run(in_force, life, END))


def _plain(found: list[Finding]) -> list[tuple[Kind, int, str]]:
    """Kinds and times; only the first form knows beforehand that leave will come."""
    return sorted((one.kind, one.at_ms, str(one.certainty)) for one in found)


def _utc(at_ms: int) -> str:
    return dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC).strftime("%Y-%m-%dT%H:%MZ")


@settings(max_examples=30, deadline=None)
@given(life=lives(), day=st.sampled_from(list(Weekday)), hour=st.integers(0, 22))
def test_leave_that_touches_no_window_changes_nothing_that_is_concluded(life: list, day: Weekday, hour: int) -> None:
    table = Timetable(LONDON, (Row(day, f"{hour:02d}:00", f"{hour + 1:02d}:00"),))
    if any(
        schedule.around(NIGHTS, w.start_ms).start_ms < w.end_ms
        for w in schedule.windows(table, ms("12:00"), ms("+8 12:00"))
    ):
        return
    with_leave = order(curfew(), leave(table=table))
    assert _plain(run(with_leave, life, END)) == _plain(run(order(curfew()), life, END))


def test_a_return_within_the_window_is_told_only_with_leave_that_is_near() -> None:
    late_leave = leave(Pause("2026-11-03T05:00", "2026-11-03T06:00"))
    facts = stay(HOME, "18:00", "21:00") + stay(SHOP, "21:00", "22:00") + stay(HOME, "22:00", "+1 08:00")
    left = only(run(order(curfew(), late_leave), facts, "+1 04:00"), Kind.CURFEW_LEFT)
    assert "leave_begins_ms" not in left.evidence.numbers
