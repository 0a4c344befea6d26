"""Which earlier states are kept, so that a late fact costs a short replay and not a person's whole history.

Dense where lateness is usual and sparse further back: the newest of each hour for six hours, of each six hours for two
days, of each day for 31 days. That is as far back as the door takes facts (refused as TOO_OLD before), so a late fact
always finds a snapshot; what is changed further back is replayed from the person's first fact.
"""

from collections.abc import Sequence

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
KEEP_MS = 31 * DAY_MS
EVERY_MS = HOUR_MS
EVERY_FACTS = 500  # at a fix a second, a replay stays under a tenth of a second

# (age up to which, one snapshot in each of these)
_TIERS = ((6 * HOUR_MS, HOUR_MS), (2 * DAY_MS, 6 * HOUR_MS), (KEEP_MS, DAY_MS))


def due(at_ms: int, previous_ms: int, phase_ms: int, facts_since: int) -> bool:
    """Whether the state of `previous_ms` is to be kept before a fact at `at_ms` changes it.

    `phase_ms` differs from person to person, so that not all are kept in the same second of an hour.
    """
    if facts_since <= 0:
        return False
    return facts_since >= EVERY_FACTS or (at_ms + phase_ms) // EVERY_MS != (previous_ms + phase_ms) // EVERY_MS


def thin(times_ms: Sequence[int], now_ms: int) -> list[int]:
    """Which of a person's snapshots may go. One older than KEEP_MS stays, so that everything since has a start."""
    kept: set[tuple[int, int]] = set()
    gone = []
    for at_ms in sorted(times_ms, reverse=True):
        slot = _slot(at_ms, now_ms)
        if slot in kept:
            gone.append(at_ms)
        kept.add(slot)
    return gone


def _slot(at_ms: int, now_ms: int) -> tuple[int, int]:
    age_ms = now_ms - at_ms
    for until_ms, every_ms in _TIERS:
        if age_ms <= until_ms:
            return every_ms, at_ms // every_ms
    return 0, 0
