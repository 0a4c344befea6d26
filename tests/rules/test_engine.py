"""The engine as a whole: whatever the ticks, saves, retries and batches, the same facts give the same findings."""

import datetime as dt
import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surety.rules import batch, engine
from surety.rules.conditions import (
    Absence,
    AbsenceKind,
    Attendance,
    Circle,
    Condition,
    ConditionSet,
    Curfew,
    Pause,
    Place,
    Row,
    Timetable,
    Weekday,
    Zone,
    ZoneKind,
)
from surety.rules.facts import ConditionsChanged, DeviceEvent, Fact, Fix, Source, Tick
from surety.rules.findings import ENDS, Certainty, Finding, Kind, to_json
from surety.rules.plan import Plan
from tests.rules.scenes import (
    ALWAYS,
    HOME,
    HOME_CIRCLE,
    LONDON,
    MOTHERS,
    NIGHTS,
    SCHOOL,
    SCHOOL_CIRCLE,
    SCHOOL_HOURS,
    SHOP,
    curfew,
    exclusion,
    fix,
    inclusion,
    kinds,
    ms,
    order,
    run,
    stay,
    told,
    trail,
)

PASS_THROUGH = Zone(ZoneKind.RESTRICTION, "Shops", Circle(*SHOP, 120), ALWAYS, max_stay_s=1_500)
WARNED = msgspec.structs.replace(exclusion(SCHOOL_HOURS), warn_m=150)
TOLERATING = msgspec.structs.replace(curfew(), allowance_day_min=45, allowance_week_min=90)
LEAVE = Absence(
    AbsenceKind.AUTHORISED,
    Timetable(LONDON, tuple(Row(day, "21:00", "22:30") for day in Weekday)),
    (Pause("2026-11-03T04:00", "2026-11-03T09:30"),),
    reason="work",
)
COURSE = Attendance(
    "a course",
    Place("college", Circle(*SHOP, 80)),
    Timetable(LONDON, tuple(Row(day, "09:00", "11:00") for day in Weekday)),
    2_400,
)
EVERYTHING = order(TOLERATING, WARNED, inclusion(), trail(), PASS_THROUGH, LEAVE, COURSE)
MINUTE = 60_000


def _changing() -> ConditionSet:
    """Two addresses, a stay, an appointment, a warning, a short silence; a zone that moves and one that ends early."""
    two = Curfew((Place("home", HOME_CIRCLE), Place("mother", Circle(*MOTHERS, 100))), NIGHTS, 300, 30)
    shop = Circle(*SHOP, 120)
    course = Attendance("course", Place("school", SCHOOL_CIRCLE), SCHOOL_HOURS, 1_800)
    restriction = Zone(ZoneKind.RESTRICTION, "Shop", shop, ALWAYS, 600, 900)
    warned = Zone(ZoneKind.EXCLUSION, "School", SCHOOL_CIRCLE, SCHOOL_HOURS, 1_200, warn_m=300)
    moved = Zone(ZoneKind.EXCLUSION, "School", shop, ALWAYS)
    begun, turn = ms("12:00"), ms("+1 09:30")
    return ConditionSet(
        "ada",
        1,
        (
            Condition("c0", 1, begun, None, two),
            Condition("c1", 1, begun, turn, warned),
            Condition("c1", 2, turn, None, moved),
            Condition("c2", 1, begun, None, restriction),
            Condition("c3", 1, begun, None, course),
            Condition("c4", 1, begun, ms("+1 00:10"), exclusion()),
            Condition("c5", 1, begun, None, trail(600)),
        ),
    )


CHANGING = _changing()

# --- any life: stays and gaps, good and bad fixes, reports, over two days

places = st.sampled_from([HOME, HOME, SHOP, SCHOOL, MOTHERS])
stretches = st.lists(
    st.tuples(places, st.integers(1, 200), st.sampled_from([0, 0, 3, 20, 90, 400]), st.sampled_from([30, 60, 180])),
    min_size=1,
    max_size=10,
)
events = st.lists(st.tuples(st.integers(0, 2_880), st.sampled_from(DeviceEvent), st.integers(0, 100)), max_size=6)


@st.composite
def lives(draw: st.DrawFn) -> list[Fact]:
    at, facts = ms("12:00") + draw(st.integers(-600, 600)) * MINUTE, []
    noise = random.Random(draw(st.integers(0, 9)))
    for place, minutes, gap, every_s in draw(stretches):
        end = at + minutes * MINUTE
        while at < end:
            facts.append(_reported(at, place, noise))
            at += every_s * 1000
        at += gap * MINUTE
    for minute, event, battery in draw(events):
        moment = dt.datetime.fromtimestamp(ms("12:00") / 1000 + 60 * minute, dt.UTC)
        facts.append(told(moment.strftime("%Y-%m-%dT%H:%MZ"), event, battery_pct=battery))
    return sorted({(fact.at_ms, fact.id): fact for fact in facts}.values(), key=lambda fact: (fact.at_ms, fact.id))


def _reported(at_ms: int, place: tuple[float, float], noise: random.Random) -> Fix:
    if noise.random() < 0.01:
        return msgspec.structs.replace(fix(at_ms, MOTHERS), mock=True)
    if noise.random() < 0.1:
        there = (place[0] + noise.gauss(0, 0.002), place[1] + noise.gauss(0, 0.002))
        return fix(
            at_ms, there, accuracy_m=noise.choice([None, 300.0]), source=noise.choice([Source.CELL, Source.WIFI])
        )
    there = (place[0] + noise.gauss(0, 0.0001), place[1] + noise.gauss(0, 0.0001))
    return fix(at_ms, there, accuracy_m=noise.choice([5.0, 12.0, 40.0]))


END = "+3 12:00"


def told_all(conditions: ConditionSet, facts: list[Fact | Tick]) -> list[bytes]:
    return [to_json(finding) for finding in run(conditions, facts, END)]


@settings(max_examples=60, deadline=None)
@given(life=lives(), ticks=st.lists(st.integers(0, 4_320), max_size=30))
def test_extra_ticks_change_no_finding(life: list[Fact], ticks: list[int]) -> None:
    moments = [Tick(ms("12:00") + minute * MINUTE) for minute in ticks]
    mixed: list[Fact | Tick] = sorted([*life, *moments], key=lambda f: (f.at_ms, getattr(f, "id", "")))
    assert told_all(EVERYTHING, mixed) == told_all(EVERYTHING, list(life))


CONCLUSIONS = {Kind.ATTENDANCE_MISSED, Kind.ATTENDANCE_SHORT, Kind.ATTENDANCE_UNVERIFIED}


@settings(max_examples=30, deadline=None)
@given(life=lives())
def test_ticking_exactly_when_asked_gives_every_finding_by_its_own_time(life: list[Fact]) -> None:
    """What a live worker does: nothing is found later than the wake-up that was asked for."""
    state, found = engine.start("ada"), []
    state = engine.step(state, Tick(ms("00:00")), EVERYTHING).state
    wake: int | None = ms("00:00")
    for fact in [*life, Tick(ms(END))]:
        while wake is not None and wake <= fact.at_ms:
            step = engine.step(state, Tick(wake), EVERYTHING)
            assert step.wake_at_ms is None or step.wake_at_ms > wake
            for finding in step.findings:  # an appointment waits a little for the fix that tells how it ended
                assert finding.known_ms == wake
                assert finding.at_ms == wake or finding.kind in CONCLUSIONS
            state, wake = step.state, step.wake_at_ms
            found += step.findings
        step = engine.step(state, fact, EVERYTHING)
        state, wake = step.state, step.wake_at_ms
        found += step.findings
    assert [to_json(finding) for finding in found] == told_all(EVERYTHING, list(life))


def test_where_nothing_is_ever_due_no_wake_up_is_asked_for() -> None:
    nothing = ConditionSet("ada", 1, ())
    assert engine.step(engine.start("ada"), Tick(ms("12:00")), nothing).wake_at_ms is None


def test_a_track_that_was_taken_is_not_taken_again() -> None:
    life, plan = stay(HOME, "12:00", "13:00"), Plan(EVERYTHING)
    once, _ = batch.run(engine.start("ada"), batch.track_of(life), plan)
    for part in (life[-1:], life[-5:]):
        twice, found = batch.run(once, batch.track_of(part), plan)
        assert found == []
        assert engine.encode_state(twice) == engine.encode_state(once)


@settings(max_examples=30, deadline=None)
@given(life=lives(), every=st.integers(1, 40))
def test_saving_and_loading_the_state_anywhere_changes_nothing(life: list[Fact], every: int) -> None:
    state, found = engine.start("ada"), []
    for number, fact in enumerate([*life, Tick(ms(END))]):
        if number % every == 0:
            stored = engine.encode_state(state)
            state = engine.decode_state(stored)
            assert engine.encode_state(state) == stored
        step = engine.step(state, fact, EVERYTHING)
        state = step.state
        found += [to_json(finding) for finding in step.findings]
    assert found == told_all(EVERYTHING, list(life))


@settings(max_examples=30, deadline=None)
@given(life=lives(), every=st.integers(1, 7))
def test_a_fact_given_twice_is_nothing_new(life: list[Fact], every: int) -> None:
    state, found = engine.start("ada"), []
    for number, fact in enumerate([*life, Tick(ms(END))]):
        step = engine.step(state, fact, EVERYTHING)
        found += [to_json(finding) for finding in step.findings]
        state = step.state
        if number % every == 0:
            again = engine.step(state, fact, EVERYTHING)
            assert (again.findings, again.late) == ((), False)
            assert engine.encode_state(again.state) == engine.encode_state(state)
    assert found == told_all(EVERYTHING, list(life))


@pytest.mark.parametrize("conditions", [EVERYTHING, CHANGING], ids=["everything", "changing"])
@settings(max_examples=60, deadline=None)
@given(life=lives(), cut=st.integers(0, 400))
def test_a_whole_track_at_once_gives_the_same_findings_and_the_same_state(
    conditions: ConditionSet, life: list[Fact], cut: int
) -> None:
    plan = Plan(conditions)
    state, found = batch.run(engine.start("ada"), batch.track_of(life[:cut]), plan)
    state, more = batch.run(state, batch.track_of(life[cut:]), plan, ms(END))
    single = engine.start("ada")
    for fact in [*life, Tick(ms(END))]:
        single = engine.step(single, fact, plan).state
    assert [to_json(finding) for finding in [*found, *more]] == told_all(conditions, list(life))
    assert _settled(state) == _settled(single)


def _settled(state: engine.State) -> bytes:
    """A state without the next look, which may be early and then is made again."""
    ready = engine.decode_state(engine.encode_state(state))
    ready.wake_ms = 0
    return engine.encode_state(ready)


@settings(max_examples=40, deadline=None)
@given(life=lives())
def test_every_end_has_its_beginning_and_no_episode_ends_twice(life: list[Fact]) -> None:
    found = run(EVERYTHING, life, END)
    begun: dict[str, Finding] = {}
    ended: set[str] = set()
    for finding in found:
        assert finding.at_ms <= finding.known_ms
        if finding.kind in ENDS:
            assert begun[finding.episode_id].at_ms <= finding.at_ms
            assert finding.episode_id not in ended
            ended.add(finding.episode_id)
        elif finding.episode_id in begun:  # told again, surer
            assert finding.kind is begun[finding.episode_id].kind
            assert begun[finding.episode_id].certainty is Certainty.POSSIBLE
            assert finding.certainty is not Certainty.POSSIBLE
        else:
            assert finding.episode_id == finding.id
            begun[finding.id] = finding
    assert len({finding.id for finding in found}) == len(found)


BREACHES = {
    Kind.CURFEW_ABSENT_AT_START,
    Kind.CURFEW_LEFT,
    Kind.CURFEW_ABSENT_THROUGHOUT,
    Kind.ZONE_ENTERED,
    Kind.INCLUSION_LEFT,
    Kind.INCLUSION_ABSENT_AT_START,
    Kind.RESTRICTION_OVERSTAYED,
}


@settings(max_examples=40, deadline=None)
@given(life=lives())
def test_no_breach_comes_from_not_knowing(life: list[Fact]) -> None:
    """Each breach has a certain fix behind it that is no older than the condition allows."""
    for finding in run(EVERYTHING, life, END):
        if finding.kind in BREACHES - {Kind.CURFEW_ABSENT_THROUGHOUT}:
            last = finding.evidence.numbers["last_certain_ms"]
            assert isinstance(last, int)
            assert finding.at_ms - last <= 3_600_000
            assert finding.evidence.fact_ids


@settings(max_examples=40, deadline=None)
@given(life=lives())
def test_vague_fixes_alone_never_breach_anything(life: list[Fact]) -> None:
    vague = [
        fix(f.at_ms, (f.lat_deg, f.lon_deg), accuracy_m=400.0, source=Source.CELL) if isinstance(f, Fix) else f
        for f in life
    ]
    vague.sort(key=lambda fact: (fact.at_ms, fact.id))
    proven = {Kind.ALLOWANCE_EXCEEDED, Kind.ATTENDANCE_MISSED, Kind.ATTENDANCE_SHORT, Kind.ATTENDANCE_LATE}
    assert not (BREACHES | proven) & set(kinds(run(EVERYTHING, vague, END)))


# --- lateness and changes


def test_a_fact_from_before_what_was_taken_is_late_and_changes_nothing() -> None:
    first, second = stay(HOME, "12:00", "12:02")
    state = engine.step(engine.start("ada"), second, EVERYTHING).state
    before = engine.encode_state(state)
    step = engine.step(state, first, EVERYTHING)
    assert step.late
    assert step.findings == ()
    assert engine.encode_state(state) == before == engine.encode_state(step.state)


def test_a_step_never_changes_the_state_it_was_given() -> None:
    state = engine.step(engine.start("ada"), fix(ms("12:00"), HOME), EVERYTHING).state
    before = engine.encode_state(state)
    engine.step(state, fix(ms("13:00"), SHOP), EVERYTHING)
    assert engine.encode_state(state) == before


def test_a_tick_before_the_wake_up_leaves_time_for_facts_that_are_on_their_way() -> None:
    state = engine.step(engine.start("ada"), fix(ms("12:00"), HOME), EVERYTHING).state
    ticked = engine.step(state, Tick(ms("12:20")), EVERYTHING)
    assert engine.encode_state(ticked.state) == engine.encode_state(state)
    assert not engine.step(ticked.state, fix(ms("12:10"), HOME), EVERYTHING).late


def test_a_wake_up_at_which_nothing_is_due_any_more_makes_no_fact_late() -> None:
    conditions = order(exclusion())
    state = engine.step(engine.start("ada"), fix(ms("12:00"), HOME), conditions).state
    step = engine.step(state, fix(ms("12:40"), HOME), conditions)
    assert step.wake_at_ms is not None
    looked = engine.step(step.state, Tick(step.wake_at_ms), conditions)
    assert looked.findings == ()
    if step.wake_at_ms < ms("13:40"):  # it was an early look
        assert not engine.step(looked.state, fix(ms("12:50"), HOME), conditions).late


@settings(max_examples=40, deadline=None)
@given(life=lives(), change=st.integers(0, 2_000), kept=st.booleans())
def test_a_change_of_conditions_told_when_it_takes_effect_equals_one_known_from_the_start(
    life: list[Fact], change: int, *, kept: bool
) -> None:
    at = ms("12:00") + change * MINUTE
    table = NIGHTS if kept else Timetable(LONDON, tuple(Row(day, "15:00", "22:00") for day in Weekday))
    old = Condition("c0", 1, ms("12:00"), None, curfew())
    after = ConditionSet(
        "ada",
        2,
        (
            Condition("c0", 1, ms("12:00"), at, curfew()),
            Condition("c0", 2, at, None, curfew(timetable=table)),
            Condition("c1", 1, at, None, exclusion()),
        ),
    )
    before = ConditionSet("ada", 1, (old,))
    news = ConditionsChanged("change", at, at)
    state, found = engine.start("ada"), []
    for fact in sorted([*life, news], key=lambda f: (f.at_ms, f.id)):
        step = engine.step(state, fact, before if fact.at_ms < at else after)
        state = step.state
        found += step.findings
    found += engine.step(state, Tick(ms(END)), after).findings
    assert [to_json(f) for f in found] == told_all(after, sorted([*life, news], key=lambda f: (f.at_ms, f.id)))


def test_two_sets_with_the_same_number_are_not_mistaken_for_one_another() -> None:
    facts = stay(SHOP, "18:00", "19:30")
    assert kinds(run(order(curfew()), facts)) == [Kind.CURFEW_ABSENT_AT_START]
    assert run(order(exclusion()), facts[:0]) == []
    assert kinds(run(order(inclusion()), facts, "19:30")) == [Kind.CANNOT_VERIFY, Kind.VERIFIED_AGAIN]


def test_a_state_stays_small_however_long_the_day() -> None:
    """A worker holds fifty thousand of them (speed is measured in benchmarks/engine.py)."""
    state = engine.start("ada")
    for fact in stay(HOME, "12:00", "18:00", every_s=10):
        state = engine.step(state, fact, EVERYTHING).state
    assert len(engine.encode_state(state)) < 2_500


def test_a_timetable_of_no_zone_is_refused_before_anything_is_watched() -> None:
    with pytest.raises(Exception, match="Europe/Leeds"):
        run(order(curfew(timetable=Timetable("Europe/Leeds"))), [], "+1 12:00")
