"""Keeping away from somebody who moves: near, far, or nobody can tell; and never a word of where they are."""

import dataclasses
import math
import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surety.rules import engine, to_person, words
from surety.rules.conditions import ConditionSet, MovingZone, Timetable
from surety.rules.facts import Fact, ProtectedFix, Source, Tick, fact_id
from surety.rules.findings import Cause, Certainty, Finding, Kind, to_json
from tests.rules.scenes import ALWAYS, LONDON, SCHOOL_HOURS, curfew, exclusion, fix, kinds, ms, only, order, run, trail

LINK = "link-1"
ZONE = MovingZone(LINK, 500, ALWAYS)
WARNING = MovingZone(LINK, 500, ALWAYS, warn_m=1_500)
HERE = (53.8000, -1.5500)
MINUTE = 60_000


def away(metres: float, bearing_deg: float = 90.0, start: tuple[float, float] = HERE) -> tuple[float, float]:
    """A place so far from another, on a sphere: within half a per cent."""
    north = metres * math.cos(math.radians(bearing_deg)) / 111_200
    east = metres * math.sin(math.radians(bearing_deg)) / (111_200 * math.cos(math.radians(start[0])))
    return (start[0] + north, start[1] + east)


def protected(
    at_ms: int,
    place: tuple[float, float],
    *,
    accuracy_m: float | None = 8.0,
    source: Source = Source.GNSS,
    link: str = LINK,
) -> ProtectedFix:
    name = fact_id("secret", link, at_ms, *place, accuracy_m, source)
    return ProtectedFix(name, link, at_ms, at_ms, *place, accuracy_m, source)


@dataclasses.dataclass
class Walk:
    """Two people with a fix a minute each, half a minute apart: distances by minute, and who tells where."""

    begin: str = "13:00"

    def facts(self, distances_m: list[float | None], **how: object) -> list[Fact]:
        """The protected person `distances_m[n]` away in minute n; None: their device says nothing then."""
        facts: list[Fact] = []
        for n, distance in enumerate(distances_m):
            at = ms(self.begin) + n * MINUTE
            facts.append(fix(at, HERE))
            if distance is not None:
                facts.append(protected(at + 30_000, away(distance), **how))
        return facts


def find(facts: list[Fact], zone: MovingZone = ZONE, since: str = "12:59") -> list[Finding]:
    return run(order(zone, since=since), sorted(facts, key=lambda fact: (fact.at_ms, fact.id)))


def test_somebody_who_comes_nearer_than_ordered_is_found_within_minutes_and_cleared_again() -> None:
    near, clear = find(Walk().facts([3_000.0] * 10 + [200.0] * 10 + [3_000.0] * 10))
    assert (near.kind, near.certainty) == (Kind.PROTECTED_NEAR, Certainty.ESTABLISHED)
    assert ms("13:10") <= near.at_ms <= ms("13:12")
    assert (clear.kind, clear.episode_id) == (Kind.PROTECTED_CLEAR, near.id)
    assert ms("13:20") <= clear.at_ms <= ms("13:24")


def test_who_came_towards_whom_is_not_said() -> None:
    near = only(find(Walk().facts([3_000.0] * 10 + [200.0] * 5)), Kind.PROTECTED_NEAR)
    assert near.cause is Cause.UNKNOWN
    assert "do not say who came towards whom" in words.sentence(near, order(ZONE), LONDON)


@pytest.mark.parametrize("distance", [700.0, 1_500.0, 50_000.0])
def test_two_people_who_are_far_enough_apart_are_no_finding(distance: float) -> None:
    assert find(Walk().facts([distance] * 120)) == []


def test_the_desk_is_told_before_where_a_warning_distance_is_ordered() -> None:
    found = find(Walk().facts([5_000.0] * 10 + [1_000.0] * 10 + [200.0] * 10 + [5_000.0] * 10), WARNING)
    assert kinds(found) == [
        Kind.PROTECTED_APPROACHED,
        Kind.PROTECTED_NEAR,
        Kind.PROTECTED_CLEAR,
        Kind.PROTECTED_CLEAR,
    ]
    said = words.sentence(found[0], order(WARNING), LONDON)
    assert "within 1.5 km of the protected person" in said.lower()
    assert "not a breach" in said
    assert {found[2].episode_id, found[3].episode_id} == {found[0].id, found[1].id}


def test_a_protected_device_that_says_nothing_is_cannot_verify_and_never_a_breach() -> None:
    unseen, again = find(Walk().facts([3_000.0] * 10 + [None] * 60 + [3_000.0] * 5))
    assert (unseen.kind, again.kind) == (Kind.CANNOT_VERIFY, Kind.VERIFIED_AGAIN)
    assert unseen.cause is Cause.UNKNOWN
    # Positions up to ten minutes apart are compared, but count for ever less; a half hour after the last that counted.
    assert ms("13:39") < unseen.at_ms < ms("13:52")
    assert "not a breach" in words.sentence(unseen, order(ZONE), LONDON)


def test_a_persons_own_silence_is_cannot_verify_with_the_cause_that_their_device_told() -> None:
    begin = ms("13:00")
    facts: list[Fact] = [fix(begin + n * MINUTE, HERE) for n in range(5)]
    facts += [protected(begin + n * MINUTE + 30_000, away(3_000)) for n in range(90)]
    assert kinds(find(facts)) == [Kind.CANNOT_VERIFY]


@pytest.mark.parametrize("coarse", [Source.CELL, Source.WIFI])
def test_cell_and_wifi_positions_of_the_protected_person_never_establish_anything(coarse: Source) -> None:
    found = find(Walk().facts([100.0] * 60, accuracy_m=40.0, source=coarse))
    assert kinds(found) == [Kind.CANNOT_VERIFY]


def test_a_vague_position_does_not_take_the_place_of_a_good_one_of_a_moment_ago() -> None:
    facts = Walk().facts([200.0] * 20)
    vague = [
        protected(fact.at_ms + 5_000, away(2_000), accuracy_m=900.0, source=Source.CELL)
        for fact in facts
        if isinstance(fact, ProtectedFix)
    ]
    assert kinds(find([*facts, *vague])) == [Kind.PROTECTED_NEAR]


def test_positions_too_far_apart_in_time_are_not_compared() -> None:
    begin = ms("13:00")
    facts: list[Fact] = [protected(begin, away(100))]
    facts += [fix(begin + 11 * MINUTE + n * 10_000, HERE) for n in range(20)]
    assert find(facts) == []


def test_somebody_in_a_car_is_known_to_be_elsewhere_by_now() -> None:
    """At 25 metres a second, a position of two minutes ago says next to nothing about 500 metres."""
    begin = ms("13:00")
    facts: list[Fact] = [protected(begin + n * 20_000, away(10_000 - 500 * n)) for n in range(20)]
    last = facts[-1].at_ms
    facts += [fix(last + 120_000 + n * 15_000, HERE) for n in range(8)]
    assert find(facts) == []


def test_the_hours_of_a_moving_zone_are_kept() -> None:
    school = MovingZone(LINK, 500, SCHOOL_HOURS)
    found = find(Walk("16:00").facts([200.0] * 60), school, "15:59")
    assert kinds(found) == [Kind.PROTECTED_NEAR, Kind.DUTY_ENDED]
    assert found[1].at_ms == ms("16:30")
    assert find(Walk("17:00").facts([200.0] * 60), school, "16:59") == []


def test_positions_of_another_link_say_nothing_here() -> None:
    assert find(Walk().facts([200.0] * 20, link="other")) == []


def test_the_end_of_the_link_ends_what_goes_on() -> None:
    facts = Walk().facts([200.0] * 40)
    found = run(order(ZONE, since="12:59", until="13:20"), facts)
    assert kinds(found) == [Kind.PROTECTED_NEAR, Kind.DUTY_ENDED]
    state = engine.start("ada")
    for fact in facts:
        state = engine.step(state, fact, order(ZONE, since="12:59", until="13:20")).state
    assert state.records == ()


# --- nothing of the place


def secret_numbers(facts: list[Fact]) -> list[str]:
    """Every way in which a protected position might be written."""
    found = []
    for fact in facts:
        if isinstance(fact, ProtectedFix):
            for degrees in (fact.lat_deg, fact.lon_deg):
                found += [repr(degrees), f"{degrees:.4f}", f"{degrees:.3f}"]
    return found


@settings(max_examples=40, deadline=None)
@given(bearing=st.floats(0, 360), near_m=st.floats(20, 350), far_m=st.floats(1_000, 40_000))
def test_no_finding_tells_the_place_the_direction_or_the_distance(bearing: float, near_m: float, far_m: float) -> None:
    facts: list[Fact] = []
    for n, distance in enumerate([far_m] * 8 + [near_m] * 8 + [far_m] * 8):
        at = ms("13:00") + n * MINUTE
        facts += [fix(at, HERE), protected(at + 30_000, away(distance, bearing, start=away(7_000, 30)))]
        facts[-2] = fix(at, away(7_000, 30))
    found = find(facts)
    text = b"".join(to_json(finding) for finding in found).decode()
    text += " ".join(words.sentence(finding, order(ZONE), LONDON) for finding in found)
    text += " ".join(line for finding in found for line in words.explanation(finding, order(ZONE), LONDON))
    assert not [secret for secret in secret_numbers(facts) if secret in text]
    for finding in found:
        allowed = {"within_m", "last_certain_ms", "window_start_ms", "window_end_ms", "began", "began_ms", "ended_by"}
        assert set(finding.evidence.numbers) <= allowed | {"unknown_after_s"}
        assert finding.evidence.numbers["within_m"] == 500.0


def test_pairs_on_the_same_side_of_the_distance_are_told_in_the_same_words() -> None:
    """From 100 m and from 200 m, north or south: only instants may differ."""
    told = set()
    for distance, bearing in [(100, 0), (150, 77), (200, 180), (120, 290)]:
        near = find(
            [
                one
                for n in range(12)
                for one in (
                    fix(ms("13:00") + n * MINUTE, HERE),
                    protected(ms("13:00") + n * MINUTE + 1_000, away(3_000 if n < 6 else distance, bearing)),
                )
            ]
        )[0]
        told.add((near.kind, near.certainty, near.cause, tuple(near.evidence.numbers)))
    assert len(told) == 1


# --- any two lives


@st.composite
def two_lives(draw: st.DrawFn) -> list[Fact]:
    noise = random.Random(draw(st.integers(0, 999)))
    facts: list[Fact] = []
    at = ms("12:00") + draw(st.integers(-60, 60)) * MINUTE
    for minutes, distance, gap in draw(
        st.lists(
            st.tuples(st.integers(1, 40), st.sampled_from([50, 300, 450, 600, 2_000, 9_000]), st.integers(0, 90)),
            min_size=1,
            max_size=6,
        )
    ):
        for _ in range(minutes):
            if noise.random() < 0.9:
                facts.append(fix(at, away(noise.gauss(0, 8)), accuracy_m=noise.choice([5.0, 15.0, None])))
            if noise.random() < 0.1:
                facts.append(msgspec.structs.replace(fix(at + 7_000, away(4_000)), mock=True))
            if noise.random() < 0.8:
                place = away(distance + noise.gauss(0, 8), noise.uniform(0, 30))
                source = noise.choice([Source.GNSS, Source.GNSS, Source.FUSED, Source.CELL])
                facts.append(protected(at + noise.randrange(60) * 1000, place, source=source))
            at += MINUTE
        at += gap * MINUTE
    return sorted({(fact.at_ms, fact.id): fact for fact in facts}.values(), key=lambda fact: (fact.at_ms, fact.id))


EVERYTHING = order(WARNING, curfew(), exclusion(), trail())
END = "+1 12:00"


def told_all(conditions: ConditionSet, facts: list[Fact | Tick]) -> list[bytes]:
    return [to_json(finding) for finding in run(conditions, facts, END)]


@settings(max_examples=25, deadline=None)
@given(life=two_lives(), ticks=st.lists(st.integers(0, 1_440), max_size=10), every=st.integers(1, 30))
def test_ticks_saves_and_repetitions_change_nothing(life: list[Fact], ticks: list[int], every: int) -> None:
    plain = told_all(EVERYTHING, list(life))
    moments = [Tick(ms("12:00") + minute * MINUTE) for minute in ticks]
    mixed = sorted([*life, *moments], key=lambda fact: (fact.at_ms, getattr(fact, "id", "")))
    state, found = engine.start("ada"), list[bytes]()
    for number, fact in enumerate([*mixed, Tick(ms(END))]):
        if number % every == 0:
            state = engine.decode_state(engine.encode_state(state))
        step = engine.step(state, fact, EVERYTHING)
        assert engine.step(step.state, fact, EVERYTHING).findings == ()
        state = step.state
        found += [to_json(finding) for finding in step.findings]
    assert found == plain


@settings(max_examples=25, deadline=None)
@given(life=two_lives())
def test_without_the_protected_persons_positions_there_is_no_breach(life: list[Fact]) -> None:
    own = [fact for fact in life if not isinstance(fact, ProtectedFix)]
    found = run(order(ZONE), own, END)
    assert set(kinds(found)) <= {Kind.CANNOT_VERIFY, Kind.VERIFIED_AGAIN, Kind.MOCK_LOCATION, Kind.IMPLAUSIBLE_MOVEMENT}


def test_the_person_is_never_told_by_their_device_that_the_protected_one_is_near() -> None:
    assert not {Kind.PROTECTED_NEAR, Kind.PROTECTED_APPROACHED, Kind.PROTECTED_CLEAR} & to_person.USEFUL_MS.keys()


def test_a_zone_needs_a_distance_that_positions_can_tell() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(
            {
                "kind": "moving_zone",
                "link_id": LINK,
                "alert_m": 20,
                "timetable": msgspec.to_builtins(Timetable(LONDON)),
            },
            MovingZone,
        )
