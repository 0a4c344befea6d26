"""What of a message an order in force covers, and for whom it is kept."""

from collections.abc import Iterable, Sequence

import msgspec

from surety.gateway.answers import NO_ORDER, NOT_COVERED, RefusedError
from surety.gateway.register import Grant, Grants
from surety.rules.facts import (
    CheckInSubmitted,
    DeviceEvent,
    DeviceReport,
    Fact,
    Fix,
    ProblemTold,
    ProtectedFix,
    encode,
    fact_id,
)
from surety.stream.contract import Entry
from surety.wire.contract import Rejected

PROTECTED_LATE_MS = 72 * 3_600_000  # older ones would be deleted as soon as they are stored
PROTECTED = "protected"  # the kind of data, and the name in the log, of positions of a protected person
DeviceFact = Fix | DeviceReport | ProblemTold | CheckInSubmitted
_HEARD = frozenset({DeviceEvent.SOS, DeviceEvent.MESSAGES_LOST})  # told, not collected


def grants_now(grants: Grants, received_ms: int) -> list[Grant]:
    """The grants in force at the time of receipt. Raises RefusedError when there is none."""
    now = [grant for grant in grants if grant.from_ms <= received_ms < grant.to_ms]
    if not now:
        raise RefusedError(NO_ORDER)
    return now


class Collected:
    """What is to be kept of one request. Raises RefusedError when no order covers the device at the time of receipt."""

    def __init__(self, protocol: str, grants: Grants, received_ms: int) -> None:
        self.now = grants_now(grants, received_ms)
        self._protocol, self._received_ms = protocol, received_ms
        self._taken: dict[tuple[str, str], list[bytes]] = {}

    def add(self, fact: DeviceFact) -> bool:
        """Keep the fact for everybody for whom an order covers it; whether there was one."""
        covering = covering_grants(fact, self.now, self._received_ms)
        for grant in covering:
            self._taken.setdefault((grant.person_id, grant.link_id), []).append(encode(kept(fact, grant)))
        return bool(covering)

    def wearer(self) -> Grant | None:
        """The grant of the supervised person who wears the device now; None for a protected person's device."""
        return next((grant for grant in self.now if not grant.link_id), None)

    def entries(self) -> list[Entry]:
        """One entry a person."""
        device_id = self.now[0].device_id
        # A protected person's device is nowhere named with the supervised person: the link stands in its place.
        return [
            Entry(person, link or device_id, PROTECTED if link else self._protocol, self._received_ms, tuple(facts))
            for (person, link), facts in self._taken.items()
        ]


def authorise(
    protocol: str, facts: Iterable[DeviceFact], grants: Grants, received_ms: int
) -> tuple[list[Entry], list[Rejected]]:
    """One entry a person, and a refusal for each fact that no order covers. Raises when none is in force now."""
    collected = Collected(protocol, grants, received_ms)
    refused = [NOT_COVERED for fact in facts if not collected.add(fact)]
    return collected.entries(), refused


def kept(fact: DeviceFact, grant: Grant) -> Fact:
    """The fact as it is kept for the person of a grant."""
    if not grant.link_id or not isinstance(fact, Fix):
        return msgspec.structs.replace(fact, device_id=grant.device_id)
    # The id of the fact is a hash of its content with the device's unguessable identifier, so this one tells nothing.
    return ProtectedFix(
        id=fact_id(grant.link_id, fact.id),
        link_id=grant.link_id,
        at_ms=fact.at_ms,
        received_ms=fact.received_ms,
        lat_deg=fact.lat_deg,
        lon_deg=fact.lon_deg,
        accuracy_m=fact.accuracy_m,
        source=fact.source,
    )


def covering_grants(fact: DeviceFact, now: Sequence[Grant], received_ms: int) -> list[Grant]:
    """The grants, of those in force at the time of receipt, that also cover the fact's kind at its own time.

    A supervised person's device has one at a time; a protected person's has one for each link, and gives its positions
    alone (never one that it calls simulated itself). What somebody tells of their own will needs an order in force, and
    no kind of data that it names: that somebody has a problem is not collected, it is heard.
    """
    kind = _kind(fact)
    then = [grant for grant in now if grant.from_ms <= fact.at_ms < grant.to_ms]
    own = [grant for grant in then if (kind in grant.data_kinds if kind else not grant.link_id)]
    if own or not isinstance(fact, Fix) or fact.mock:
        return own[:1]
    if received_ms - fact.at_ms > PROTECTED_LATE_MS:
        return []
    of_links = {grant.link_id: grant for grant in then if PROTECTED in grant.data_kinds}
    return list(of_links.values())


def _kind(fact: DeviceFact) -> str:
    """The kind of data that an order has to name for this fact; "" where any order in force will do."""
    match fact:
        case Fix():
            return "position"
        case CheckInSubmitted():
            return "photo"
        case DeviceReport(battery_pct=None, charging=None, events=events) if events and _HEARD.issuperset(events):
            return ""
        case DeviceReport():
            return "device"
        case ProblemTold():
            return ""
