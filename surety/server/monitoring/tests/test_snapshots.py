"""Which earlier states are kept."""

from hypothesis import given
from hypothesis import strategies as st

from surety.server.monitoring.snapshots import DAY_MS, EVERY_FACTS, HOUR_MS, KEEP_MS, due, thin

NOW = 2_000 * DAY_MS + 11 * HOUR_MS


def test_a_state_is_kept_once_an_hour_and_after_many_facts() -> None:
    assert not due(NOW + 59 * 60_000, NOW, 0, 10)
    assert due(NOW + HOUR_MS, NOW, 0, 10)
    assert due(NOW + 1_000, NOW, 0, EVERY_FACTS)


def test_a_state_without_any_fact_since_the_last_one_is_not_kept_again() -> None:
    assert not due(NOW + DAY_MS, NOW, 0, 0)


@given(st.integers(0, 60 * 24))
def test_what_is_thinned_leaves_a_start_for_everything_that_may_still_come(minutes_ago: int) -> None:
    hourly = [NOW - n * HOUR_MS for n in range(40 * 24)]
    kept = sorted(set(hourly) - set(thin(hourly, NOW)))
    assert len(kept) < 50
    late_ms = NOW - minutes_ago * 60_000
    newest_before = max(at_ms for at_ms in kept if at_ms < late_ms)
    age_ms = NOW - late_ms
    longest = 2 * HOUR_MS if age_ms <= 5 * HOUR_MS else 12 * HOUR_MS if age_ms <= 42 * HOUR_MS else 2 * DAY_MS
    assert late_ms - newest_before <= longest


@given(st.lists(st.integers(NOW - 50 * DAY_MS, NOW), max_size=200))
def test_thinning_again_takes_nothing_more_and_keeps_the_newest(times: list[int]) -> None:
    kept = [at_ms for at_ms in times if at_ms not in set(thin(sorted(set(times)), NOW))]
    assert thin(sorted(set(kept)), NOW) == []
    if times:
        assert max(times) in kept
    if any(NOW - at_ms > KEEP_MS for at_ms in times):
        assert any(NOW - at_ms > KEEP_MS for at_ms in kept)
