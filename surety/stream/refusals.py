"""What the log keeps of devices that the door does not know: how often and when they came, never where they were."""

import msgspec

KEPT_REFUSALS = 1000  # the most recent ones; guessing at the door must not fill the disk


class RefusalNote(msgspec.Struct, frozen=True):
    """One unknown device. `count` is how many of its messages were refused."""

    identifier: str
    protocol: str
    first_seen_ms: int
    last_seen_ms: int
    count: int
