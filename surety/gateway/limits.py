"""How much one sender may send: token buckets in bounded memory, in real (machine) seconds.

The devices' own limit is wide, so that a phone that was without network for a day may deliver its queue. The addresses'
limit counts refusals alone: many devices share one address of a mobile network, and a neighbour who guesses identifiers
must not silence them.
"""

import msgspec

MAX_BODY = 64 * 1024  # bytes; a hundred readings in JSON are less


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the door allows. Rates are per real second."""

    max_body_bytes: int = MAX_BODY
    device_per_s: float = 10.0
    device_burst: float = 3000.0  # two days of one fix a minute, at once
    refusals_per_s: float = 5.0  # of one address
    refusals_burst: float = 200.0
    buckets: int = 100_000  # of each kind; about 20 MB at most
    max_messages_bytes: int = 256 * 1024  # of a watch's request: fifty signed messages
    max_photo_bytes: int = 1024 * 1024  # docs/watch.md
    photos_per_s: float = 60 / 3600  # of one device; five check-ins a day of five photographs are 25
    photos_burst: float = 60.0
    wrong_codes_per_s: float = 5 / 60  # of one address; a code is one of 30^10
    wrong_codes_burst: float = 5.0
    max_waiting: int = 20_000  # messages that wait for their commit before the door says it is busy


class TokenBuckets:
    """One bucket a key. A bucket that was not used for long is full, so forgetting it changes nothing."""

    def __init__(self, per_s: float, burst: float, capacity: int) -> None:
        self._per_s, self._burst, self._capacity = per_s, burst, capacity
        self._buckets: dict[str, tuple[float, float]] = {}

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: str, now_s: float) -> float:
        """Take one token; 0 when there was one, else in how many seconds there will be."""
        tokens = self._level(key, now_s)
        taken = tokens >= 1
        if key not in self._buckets and len(self._buckets) >= self._capacity:
            self._forget(now_s)
        self._buckets[key] = (tokens - 1 if taken else tokens, now_s)
        return 0.0 if taken else (1 - tokens) / self._per_s

    def is_empty(self, key: str, now_s: float) -> bool:
        """Whether `take` would have to wait; takes nothing."""
        return self._level(key, now_s) < 1

    def _level(self, key: str, now_s: float) -> float:
        tokens, at_s = self._buckets.get(key, (self._burst, now_s))
        return min(self._burst, tokens + max(0.0, now_s - at_s) * self._per_s)

    def _forget(self, now_s: float) -> None:
        """Drop the full buckets; when that is too little, also the oldest: memory is bounded before all else."""
        full_after_s = self._burst / self._per_s
        kept = {key: bucket for key, bucket in self._buckets.items() if now_s - bucket[1] < full_after_s}
        if len(kept) > self._capacity * 3 // 4:
            newest = sorted(kept.items(), key=lambda item: item[1][1])[-self._capacity // 2 :]
            kept = dict(newest)
        self._buckets = kept
