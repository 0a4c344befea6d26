"""The one place that reads the time. Everything else is given a clock.

A scaled clock lets a demonstration run a day in minutes: all processes of one system share its anchors.
"""

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the domain's time in milliseconds since the epoch."""

    def now_ms(self) -> int:
        """The present instant."""

    @property
    def speed(self) -> float:
        """How many domain seconds pass in a real second."""


class SystemClock:
    """The machine's clock."""

    speed = 1.0

    def now_ms(self) -> int:
        """The machine's time."""
        return time.time_ns() // 1_000_000


class ScaledClock:
    """Runs `speed` times as fast as the machine's clock, from `start_ms` at the machine's `anchor_ms`."""

    def __init__(self, anchor_ms: int, start_ms: int, speed: float) -> None:
        self.anchor_ms, self.start_ms, self.speed = anchor_ms, start_ms, speed

    def now_ms(self) -> int:
        """The scaled time."""
        return self.start_ms + int((time.time_ns() // 1_000_000 - self.anchor_ms) * self.speed)


def parse_clock(text: str) -> Clock:
    """The clock a setting names: "system", or "scaled:ANCHOR_MS:START_MS:SPEED".

    Raises ValueError with one sentence when it names none.
    """
    if text == "system":
        return SystemClock()
    kind, _, rest = text.partition(":")
    parts = rest.split(":")
    if kind != "scaled" or len(parts) != 3:
        raise ValueError(f'clock is "{text}"; write "system" or "scaled:ANCHOR_MS:START_MS:SPEED"')
    try:
        anchor, start, speed = int(parts[0]), int(parts[1]), float(parts[2])
    except ValueError:
        raise ValueError(f'clock is "{text}"; ANCHOR_MS and START_MS are whole numbers, SPEED a number') from None
    if not 0 < speed <= 3600:
        raise ValueError(f"clock runs at speed {speed}; choose a speed above 0 and up to 3600")
    return ScaledClock(anchor, start, speed)
