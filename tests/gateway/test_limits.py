"""Token buckets: they let a burst through, then a pace, and never need more memory than they may."""

from hypothesis import given
from hypothesis import strategies as st

from surety.gateway.limits import TokenBuckets


def test_a_burst_passes_and_then_the_pace_holds() -> None:
    buckets = TokenBuckets(per_s=2, burst=3, capacity=10)
    assert [buckets.take("a", 0) for _ in range(4)] == [0, 0, 0, 0.5]
    assert buckets.take("a", 0.5) == 0
    assert buckets.take("a", 0.5) == 0.5
    assert buckets.take("b", 0.5) == 0


@given(st.lists(st.tuples(st.integers(0, 60), st.floats(0, 5)), max_size=300))
def test_memory_is_bounded_and_no_key_gets_more_than_its_share(calls: list[tuple[int, float]]) -> None:
    buckets = TokenBuckets(per_s=1, burst=4, capacity=100)
    now_s, taken = 0.0, dict.fromkeys(range(61), 0)
    for key, pause_s in calls:
        now_s += pause_s
        taken[key] += buckets.take(str(key), now_s) == 0
        assert taken[key] <= 4 + now_s + 1e-6
        assert len(buckets) <= 100


@given(st.lists(st.integers(0, 1000), max_size=300))
def test_more_keys_than_fit_are_forgotten_oldest_first(keys: list[int]) -> None:
    buckets = TokenBuckets(per_s=0.001, burst=4, capacity=8)
    for now_s, key in enumerate(keys):
        buckets.take(str(key), now_s)
        assert len(buckets) <= 8
