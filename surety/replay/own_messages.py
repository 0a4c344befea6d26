"""What no tracker sends: check-ins as messages of our own, one fact each (docs/replay.md)."""

from collections.abc import Mapping

from surety.replay.reading import Unreadable, instant
from surety.rules.facts import CheckInAsked, CheckInDecided, CheckInSubmitted, Fact, Verdict, fact_id

Message = Mapping[str, object]


def fact_of(message: Message) -> Fact:
    """The fact of a message whose type is one of `TYPES`. Raises Unreadable."""
    return TYPES[str(message["type"])](message)


def _asked(message: Message) -> Fact:
    at_ms, due_ms, which = instant(message.get("at")), instant(message.get("due")), _name(message, "check_in")
    if due_ms <= at_ms:
        raise Unreadable("`due` must lie after `at`")
    delivered = message.get("delivered")
    if delivered is not None and not isinstance(delivered, bool):
        raise Unreadable("`delivered` is true, false, or left out where it is not known")
    name = fact_id("check-in", which, "asked", at_ms, due_ms, delivered)
    return CheckInAsked(name, which, at_ms, at_ms, due_ms, delivered)


def _submitted(message: Message) -> Fact:
    at_ms, which = instant(message.get("at")), _name(message, "check_in")
    return CheckInSubmitted(fact_id("check-in", which, "submitted", at_ms), which, "device", at_ms, at_ms)


def _decided(message: Message) -> Fact:
    at_ms, which, told = instant(message.get("at")), _name(message, "check_in"), message.get("verdict")
    if not isinstance(told, str) or told not in list(Verdict):
        raise Unreadable(f"`verdict` is one of {', '.join(Verdict)}")
    people = message.get("deciders", [])
    if not isinstance(people, list) or not all(isinstance(one, str) and one.strip() for one in people):
        raise Unreadable("`deciders` is a list of the people who said so; empty for the machine")
    name = fact_id("check-in", which, "decided", at_ms, told, *people)
    return CheckInDecided(name, which, at_ms, at_ms, Verdict(told), tuple(people))


def _name(message: Message, field: str) -> str:
    value = message.get(field)
    if not isinstance(value, str) or not 1 <= len(value) <= 64:
        raise Unreadable(f"`{field}` is a name of up to 64 letters")
    return value


TYPES = {"check_in_asked": _asked, "check_in_submitted": _submitted, "check_in_decided": _decided}
