"""When an order ends, by all of its versions: the first instant from which on no version lets it stand."""

from hypothesis import given
from hypothesis import strategies as st

from surety.server.cases.models import OrderStatus, OrderVersion
from surety.server.records.dues import order_end_ms

VERSIONS = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from(OrderStatus.values), st.integers(1, 40)), min_size=1, max_size=6
)


def _stands(rows: list[OrderVersion], at_ms: int) -> bool:
    """As it is said: the version in force is the one with the greatest number among those that took effect by then."""
    known = [row for row in rows if row.effective_from_ms <= at_ms]
    if not known:
        return False
    latest = max(known, key=lambda row: row.version)
    return latest.status != OrderStatus.ENDED and at_ms < latest.ends_ms


@given(VERSIONS)
def test_an_order_ends_with_the_last_millisecond_in_which_it_stands(versions: list[tuple[int, str, int]]) -> None:
    rows = [
        OrderVersion(version=number, effective_from_ms=from_ms, status=status, ends_ms=ends_ms)
        for number, (from_ms, status, ends_ms) in enumerate(versions, 1)
    ]
    standing = [at_ms for at_ms in range(50) if _stands(rows, at_ms)]
    end_ms = order_end_ms(rows)
    if standing:
        assert end_ms == max(standing) + 1
    else:
        assert not any(_stands(rows, at_ms) for at_ms in range(end_ms, 50))
