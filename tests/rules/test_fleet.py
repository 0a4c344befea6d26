"""A fault of many devices at once is one event of their network or model; of a few, or one by one, it is not."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surety.rules import fleet
from surety.rules.findings import Cause
from surety.rules.fleet import DAY_MS, HOUR_MS, MINUTE_MS, GroupKind, Symptom, Trouble, Watched

NOW = 1_800_000_000_000
NETWORKS, MODELS = ("Northtel", "Vale", "Crown"), ("tag 2", "phone")
TOWN = [Watched(f"p{n}", NETWORKS[n % 3], MODELS[n % 2]) for n in range(60)]


def silent(
    people: list[str], minutes_ago: float = 40, spread_min: float = 2, cause: Cause = Cause.UNKNOWN
) -> list[Trouble]:
    begin = NOW - round(minutes_ago * MINUTE_MS)
    step = round(spread_min * MINUTE_MS / max(len(people), 1))
    return [Trouble(who, Symptom.SILENT, cause, begin + n * step) for n, who in enumerate(people)]


def on(network: str) -> list[str]:
    return [one.person_id for one in TOWN if one.network == network]


def of(model: str) -> list[str]:
    return [one.person_id for one in TOWN if one.model == model]


def test_an_outage_of_a_network_is_one_event_with_its_numbers() -> None:
    (cause,) = fleet.decide(TOWN, silent(on("Northtel")), NOW)
    assert (cause.group.kind, cause.group.name, cause.cause) == (GroupKind.NETWORK, "Northtel", Cause.NETWORK)
    assert (cause.watched, cause.failed) == (20, 20)
    assert cause.people == tuple(sorted(on("Northtel")))
    assert cause.p < 1e-20
    assert cause.expected < 0.2
    assert fleet.sentence(cause).startswith("Network Northtel: 20 of 20 devices fell silent within ")
    assert "20 did" in fleet.explanation(cause)
    assert "Northtel" in fleet.explanation(cause)


def test_a_fault_of_a_model_is_equipment() -> None:
    (cause,) = fleet.decide(TOWN, silent(of("tag 2")), NOW)
    assert (cause.group.kind, cause.group.name, cause.cause) == (GroupKind.MODEL, "tag 2", Cause.EQUIPMENT)


def test_when_everything_falls_silent_it_is_neither_one_network_nor_one_model() -> None:
    (cause,) = fleet.decide(TOWN, silent([one.person_id for one in TOWN]), NOW)
    assert (cause.group.kind, cause.failed) == (GroupKind.ALL, 60)


def test_a_part_of_a_network_is_enough_where_it_is_no_chance() -> None:
    (cause,) = fleet.decide(TOWN, silent(on("Vale")[:9]), NOW)
    assert (cause.group.name, cause.failed) == ("Vale", 9)


def test_a_network_hit_four_fifths_as_hard_as_one_of_its_models_explains_more() -> None:
    """Exactly four fifths still count as about as hard; a device fewer and it is the model."""
    network = [Watched(f"n{n}", "Northtel", "tag 2" if n < 10 else f"other {n}") for n in range(20)]
    others = [Watched(f"o{n}", "Vale", f"another {n}") for n in range(20)]
    for failed, name in (16, "Northtel"), (15, "tag 2"):
        cause = fleet.decide([*network, *others], silent([one.person_id for one in network[:failed]]), NOW)[0]
        assert cause.group.name == name


def test_two_networks_at_once_are_two_events() -> None:
    found = fleet.decide(TOWN, [*silent(on("Vale")), *silent(on("Crown")[:12], 90)], NOW)
    assert {cause.group.name for cause in found} == {"Vale", "Crown"}


def test_four_devices_are_looked_into_one_by_one() -> None:
    assert fleet.decide(TOWN, silent(on("Vale")[:4]), NOW) == []


def test_many_silences_spread_over_the_day_are_no_event() -> None:
    spread = [Trouble(f"p{n}", Symptom.SILENT, Cause.UNKNOWN, NOW - n * 25 * MINUTE_MS) for n in range(60)]
    assert fleet.decide(TOWN, spread, NOW) == []


def test_who_began_to_fail_long_before_the_others_is_not_counted_with_them() -> None:
    one_by_one = [Trouble(f"p{n}", Symptom.SILENT, Cause.UNKNOWN, NOW - n * 6 * MINUTE_MS) for n in range(60)]
    assert fleet.decide(TOWN, one_by_one, NOW) == []
    *first, second, third, fourth, fifth = on("Northtel")
    together, others = silent(first, 100), (second, third, fourth, fifth)
    later = [Trouble(who, Symptom.SILENT, Cause.UNKNOWN, NOW - n * 20 * MINUTE_MS) for n, who in enumerate(others)]
    (cause,) = fleet.decide(TOWN, [*together, *later], NOW)
    assert cause.from_ms == together[0].since_ms


def test_what_is_usual_for_a_group_is_no_event() -> None:
    """Phones of one make that go to sleep every night at the same time."""
    habit = [
        Trouble(who, Symptom.SILENT, Cause.UNKNOWN, NOW - 40 * MINUTE_MS - day * DAY_MS, NOW - day * DAY_MS + HOUR_MS)
        for day in range(1, 8)
        for who in of("phone")[:8]
    ]
    assert fleet.decide(TOWN, [*habit, *silent(of("phone")[:8])], NOW) == []


@pytest.mark.parametrize("cause", [Cause.EQUIPMENT, Cause.CHARGING, Cause.BEHAVIOUR])
def test_a_silence_that_explains_itself_is_nobody_elses_fault(cause: Cause) -> None:
    assert fleet.decide(TOWN, silent(on("Northtel"), cause=cause), NOW) == []


def test_devices_that_are_well_again_are_not_counted() -> None:
    well = [Trouble(t.person_id, t.symptom, t.cause, t.since_ms, NOW - MINUTE_MS) for t in silent(on("Northtel"))]
    assert fleet.decide(TOWN, well, NOW) == []


def test_a_device_of_unknown_network_and_model_counts_only_for_all() -> None:
    unknown = [Watched(f"u{n}", "", "") for n in range(20)]
    (cause,) = fleet.decide(unknown, silent([one.person_id for one in unknown]), NOW)
    assert cause.group.kind is GroupKind.ALL


def test_lost_satellites_and_flat_batteries_are_events_of_their_own_kind() -> None:
    lost = [Trouble(t.person_id, Symptom.NO_LOCATION, t.cause, t.since_ms) for t in silent(of("tag 2"))]
    (cause,) = fleet.decide(TOWN, lost, NOW)
    assert (cause.symptom, cause.cause) == (Symptom.NO_LOCATION, Cause.EQUIPMENT)
    assert "stopped telling a place" in fleet.sentence(cause)


def test_it_is_over_when_all_are_well_or_most_and_the_rest_had_their_time() -> None:
    began, well = NOW - HOUR_MS, NOW - 11 * MINUTE_MS
    assert fleet.is_over([well] * 4, began, NOW)
    assert fleet.is_over([well, well, well, None], began, NOW)
    assert not fleet.is_over([well, well, None, None], began, NOW)
    assert not fleet.is_over([NOW - MINUTE_MS] * 4, began, NOW)
    assert not fleet.is_over([NOW - MINUTE_MS] * 3 + [None], began, NOW)
    assert fleet.is_over([None] * 4, NOW - fleet.LONGEST_MS, NOW)


def test_the_tail_is_that_of_the_binomial() -> None:
    p = 0.01
    exact = math.fsum(math.comb(20, k) * p**k * (1 - p) ** (20 - k) for k in range(3, 21))
    assert fleet.tail(3, 20, p) == pytest.approx(exact, rel=1e-9)
    assert fleet.tail(0, 20, p) == pytest.approx(1)


troubles = st.lists(
    st.builds(
        Trouble,
        st.sampled_from([one.person_id for one in TOWN]),
        st.sampled_from(Symptom),
        st.sampled_from(Cause),
        st.integers(NOW - 4 * HOUR_MS, NOW),
        st.none() | st.integers(NOW - HOUR_MS, NOW),
    ),
    max_size=80,
)


@settings(max_examples=100, deadline=None)
@given(given=troubles, data=st.data())
def test_any_order_and_any_doubling_gives_the_same_decision(given: list[Trouble], data: st.DataObject) -> None:
    again = data.draw(st.permutations([*given, *given[: len(given) // 2]]))
    town = data.draw(st.permutations(TOWN))
    assert fleet.decide(town, again, NOW) == fleet.decide(TOWN, given, NOW)


@settings(max_examples=100, deadline=None)
@given(given=troubles)
def test_nobody_is_explained_twice_and_everybody_explained_does_fail(given: list[Trouble]) -> None:
    for symptom in Symptom:
        causes = [cause for cause in fleet.decide(TOWN, given, NOW) if cause.symptom is symptom]
        people = list(itertools.chain.from_iterable(cause.people for cause in causes))
        assert len(people) == len(set(people))
        failing = {one.person_id for one in given if one.symptom is symptom and one.ended_ms is None}
        assert set(people) <= failing
        assert all(cause.p <= fleet.LIMIT_P and cause.failed >= fleet.LEAST_DEVICES for cause in causes)


def test_two_months_of_people_going_silent_by_themselves_makes_no_event() -> None:
    """A hundred and twenty devices at twice the usual rate, looked at every quarter of an hour for sixty days."""
    import random  # noqa: PLC0415 - used here alone

    noise = random.Random(7)
    town = [Watched(f"p{n}", NETWORKS[n % 3], MODELS[n % 2]) for n in range(120)]
    own = [
        Trouble(one.person_id, Symptom.SILENT, Cause.UNKNOWN, at, at + 2 * HOUR_MS)
        for one in town
        for day in range(60)
        if noise.random() < 2 * fleet.USUAL_A_DAY
        for at in [NOW + day * DAY_MS + noise.randrange(DAY_MS)]
    ]
    for quarter in range(0, 60 * 96, 4):
        now = NOW + quarter * 15 * MINUTE_MS
        lately = [
            Trouble(t.person_id, t.symptom, t.cause, t.since_ms)
            for t in own
            if now - fleet.LOOK_BACK_MS < t.since_ms <= now
        ]
        assert fleet.decide(town, lately, now) == []
