"""The domain's time in the server: one clock a process, as the operator set it."""

from functools import cache

from django.conf import settings

from surety.clock import Clock, parse_clock


@cache
def clock() -> Clock:
    """The clock of this process. Log-ins, sessions and one-time codes go by the machine's time instead."""
    return parse_clock(settings.SURETY.clock)


def now_ms() -> int:
    """The domain's present instant in milliseconds."""
    return clock().now_ms()
