"""A device that speaks and tells no place, and one whose messages come late."""

import msgspec
import pytest

from surety.rules import batch, engine
from surety.rules.conditions import Trail
from surety.rules.facts import DeviceEvent, Fact, Fix, Source
from surety.rules.findings import Cause, Certainty, Kind, to_json
from surety.rules.plan import Plan
from tests.rules.scenes import HOME, fix, kinds, ms, only, order, run, stay, told, trail

CELL = {"accuracy_m": 900.0, "source": Source.CELL}
SPEAKS = [told(f"{13 + minute // 60}:{minute % 60:02d}", battery_pct=70) for minute in range(0, 180, 10)]


def test_a_device_that_speaks_without_a_place_for_an_hour_is_told_so() -> None:
    found = run(order(trail()), [*stay(HOME, "12:00", "13:00"), *SPEAKS])
    finding = only(found, Kind.NO_LOCATION)
    assert finding.at_ms == ms("12:59") + 3_600_000
    assert (finding.certainty, finding.cause) == (Certainty.ESTABLISHED, Cause.UNKNOWN)
    assert finding.evidence.numbers["last_fix_ms"] == ms("12:59")
    assert Kind.SILENT not in kinds(found)


def test_cell_fixes_are_words_but_no_place() -> None:
    facts = [*stay(HOME, "12:00", "13:00"), *stay(HOME, "13:00", "15:00", **CELL)]
    assert only(run(order(trail()), facts), Kind.NO_LOCATION).at_ms == ms("12:59") + 3_600_000


def test_the_next_good_fix_ends_it() -> None:
    facts = [*stay(HOME, "12:00", "13:00"), *SPEAKS[:12], *stay(HOME, "15:00", "15:10")]
    missing, again = [f for f in run(order(trail()), facts) if f.kind in (Kind.NO_LOCATION, Kind.LOCATED_AGAIN)]
    assert (again.kind, again.episode_id, again.at_ms) == (Kind.LOCATED_AGAIN, missing.id, ms("15:00"))


def test_a_silent_device_is_silent_and_not_without_a_place() -> None:
    found = run(order(trail()), stay(HOME, "12:00", "13:00"), "20:00")
    assert kinds(found) == [Kind.SILENT]


def test_after_a_silence_a_place_is_missed_only_when_the_device_has_spoken_for_long_enough() -> None:
    later = [told(f"{18 + minute // 60}:{minute % 60:02d}", battery_pct=70) for minute in range(0, 180, 10)]
    found = run(order(trail()), [*stay(HOME, "12:00", "13:00"), *later])
    assert only(found, Kind.NO_LOCATION).at_ms == ms("19:00")


@pytest.mark.parametrize(
    ("word", "cause"),
    [
        (told("13:05", battery_pct=60, charging=True), Cause.CHARGING),
        (told("13:05", battery_pct=9), Cause.EQUIPMENT),
        (told("13:05", battery_pct=60), Cause.UNKNOWN),
    ],
)
def test_its_cause_is_what_the_device_last_told(word: Fact, cause: Cause) -> None:
    facts = [*stay(HOME, "12:00", "13:00"), word, *(told(f"13:{m}") for m in (20, 40, 55))]
    assert only(run(order(trail()), facts, "14:10"), Kind.NO_LOCATION).cause is cause


def test_positions_that_were_switched_off_are_told_as_such_and_blame_nobody() -> None:
    facts = [*stay(HOME, "12:00", "13:00"), told("13:01", DeviceEvent.LOCATION_OFF), *SPEAKS[1:]]
    finding = only(run(order(trail()), facts), Kind.NO_LOCATION)
    assert (finding.evidence.numbers["location"], finding.cause) == ("off", Cause.UNKNOWN)
    assert Kind.JAMMING_SUSPECTED not in kinds(run(order(trail()), facts))


def test_precise_fixes_that_stop_at_once_may_be_jamming_which_is_possible_and_never_more() -> None:
    found = run(order(trail()), [*stay(HOME, "12:00", "13:00"), *SPEAKS])
    finding = only(found, Kind.JAMMING_SUSPECTED)
    assert finding.certainty is Certainty.POSSIBLE
    assert len(finding.evidence.fact_ids) == 5


@pytest.mark.parametrize("how", [{"every_s": 120}, {"accuracy_m": 40.0}], ids=["still", "indoors"])
def test_fixes_that_were_rare_or_vague_before_are_a_building_and_not_jamming(how: dict[str, float]) -> None:
    found = run(order(trail()), [*stay(HOME, "12:00", "13:00", **how), *SPEAKS])
    assert Kind.NO_LOCATION in kinds(found)
    assert Kind.JAMMING_SUSPECTED not in kinds(found)


def test_a_device_that_says_that_it_is_jammed_is_believed_to_be_probably_so() -> None:
    finding = only(run(order(trail()), [told("12:01", DeviceEvent.JAMMING)]), Kind.JAMMING_SUSPECTED)
    assert finding.certainty is Certainty.PROBABLE


def test_long_stretches_of_fixes_still_go_through_in_one_call() -> None:
    facts = [*stay(HOME, "12:00", "+1 12:00")]
    plan = Plan(order(trail()))
    state, found = batch.run(engine.start("ada"), batch.track_of(facts), plan)
    assert found == []
    assert not state.attention
    assert state.heard_ms == facts[-1].at_ms


# --- messages that the device had to keep


def kept(facts: list[Fact], until: str) -> list[Fact]:
    return [msgspec.structs.replace(fact, received_ms=ms(until)) for fact in facts]


def test_what_was_kept_and_arrives_later_proves_the_network_for_a_silence_and_does_not_undo_it() -> None:
    before, after = stay(HOME, "12:00", "13:00"), stay(HOME, "14:00", "14:30")
    without = run(order(trail()), [*before, *after])
    found = run(order(trail()), [*before, *kept(stay(HOME, "13:00", "14:00"), "14:00"), *after])
    assert kinds(found) == kinds(without) == [Kind.SILENT, Kind.HEARD_AGAIN]
    assert found[0].id == without[0].id
    assert [finding.cause for finding in found] == [Cause.NETWORK, Cause.NETWORK]
    assert [finding.cause for finding in without] == [Cause.UNKNOWN, Cause.UNKNOWN]
    assert found[0].evidence.numbers["arrived_ms"] == ms("14:00")


def test_a_short_break_that_was_made_up_for_is_no_silence() -> None:
    facts = [*stay(HOME, "12:00", "13:00"), *kept(stay(HOME, "13:00", "13:20"), "13:20"), *stay(HOME, "13:20", "14:00")]
    assert run(order(trail()), facts) == []


def test_a_device_whose_clock_is_behind_is_heard_all_the_same() -> None:
    facts = [msgspec.structs.replace(f, received_ms=f.at_ms + 1_500_000) for f in stay(HOME, "12:00", "18:00")]
    assert run(order(trail(1_800)), facts) == []


def test_a_silence_ends_when_what_was_kept_arrives_though_nothing_new_comes() -> None:
    facts = [*stay(HOME, "12:00", "13:00"), *kept(stay(HOME, "13:00", "13:45"), "13:50")]
    silent, again = run(order(trail(1_800)), facts, "14:00")
    assert (silent.kind, again.kind, again.at_ms) == (Kind.SILENT, Kind.HEARD_AGAIN, ms("13:50"))


def test_kept_fixes_in_a_batch_give_what_they_give_one_by_one() -> None:
    facts = [*stay(HOME, "12:00", "13:00"), *kept(stay(HOME, "13:00", "14:30"), "14:30"), *stay(HOME, "14:30", "20:00")]
    plan = Plan(order(trail()))
    _, found = batch.run(engine.start("ada"), batch.track_of(facts), plan)
    assert [to_json(f) for f in found] == [to_json(f) for f in run(order(trail()), facts)]


def test_a_place_that_was_kept_is_a_place() -> None:
    quiet = Trail(silent_after_s=86_400)
    facts = [*stay(HOME, "12:00", "13:00"), *kept(stay(HOME, "13:00", "16:00"), "16:00"), told("16:01", battery_pct=50)]
    assert run(order(quiet), facts) == []


def test_a_fix_of_no_accuracy_is_as_good_as_the_arithmetic_takes_it() -> None:
    vague: list[Fact] = [fix(ms("12:00") + n * 60_000, HOME, accuracy_m=None) for n in range(200)]
    assert all(isinstance(one, Fix) for one in vague)
    assert run(order(trail()), vague) == []
