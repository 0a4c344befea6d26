"""When a device was heard, where its messages may come long after their own time. Decides nothing.

A message that arrives soon after what it tells was heard at its own time. One that the device had to keep, because it
had no network, was heard only when it arrived: until then nobody knew, but afterwards it proves that the device went on
measuring and that the network was what failed.
"""

import msgspec

from surety.rules.facts import DeviceReport, Fix, Millis
from surety.rules.state import Kept, State

PROMPT_MS = 120_000  # clocks differ and messages take their way; a longer delay is a message that was kept


def is_prompt(fact: Fix | DeviceReport) -> bool:
    """Whether a message arrived about when what it tells happened."""
    return fact.received_ms - fact.at_ms <= PROMPT_MS


def hear(state: State, fact: Fix | DeviceReport) -> None:
    """Take note of a message, in the order of the messages' own times; changes the state in place."""
    at_ms, kept = fact.at_ms, state.kept
    if kept is not None and kept.first_ms <= at_ms:
        state.heard_ms = heard_by(state.heard_ms, kept, at_ms)
        kept = None if kept.last_ms <= at_ms else msgspec.structs.replace(kept, first_ms=at_ms)
    if is_prompt(fact):
        state.heard_ms = at_ms
    elif kept is None:
        kept = Kept(fact.received_ms, fact.received_ms, fact.id, at_ms)
    else:
        came = fact.received_ms
        kept = Kept(min(kept.first_ms, came), max(kept.last_ms, came), kept.fact_id, at_ms)
    state.kept = kept


def heard_by(heard_ms: Millis | None, kept: Kept | None, now_ms: Millis) -> Millis | None:
    """When the device was heard last, as far as that could be known at an instant."""
    if kept is None or kept.first_ms > now_ms:
        return heard_ms
    last_ms = min(kept.last_ms, now_ms)
    return last_ms if heard_ms is None else max(heard_ms, last_ms)
