"""Decides that a fault of many devices at once is one event of their network or model, and when it is over.

A thousand silences within minutes are not a thousand people's doing. For each group of devices (those of one network
operator, those of one model, all of them) it is asked how probable it is that so many of them fail within a quarter
of an hour by themselves, each at the group's usual rate: the binomial tail. Where that is next to impossible, and few
of those would have failed anyway, the group's network or model explains them. Nothing here knows of any place.

What explains itself (a battery, a charger, a switch) is nobody else's fault and is left out.
"""

import enum
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from surety.rules.facts import Millis
from surety.rules.findings import Cause, Kind

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
WITHIN_MS = 15 * MINUTE_MS  # devices that report every few minutes fall silent within this, seen from the last message
LOOK_BACK_MS = 3 * HOUR_MS  # how long ago it may have begun, as silence is told only after its condition's time
HISTORY_MS = 7 * DAY_MS  # over which the usual rate is taken
LEAST_DEVICES = 5  # fewer are looked into one by one
# Some two million questions are asked in a year (a window each quarter of an hour, fifty groups): at this limit one
# answer in fifty years is chance.
LIMIT_P = 1e-8
ANYWAY = 0.1  # the share of them, at most, that would have failed at the usual rate in the same time
USUAL_A_DAY, USUAL_WEIGHT_DAYS = 0.1, 20.0  # failures a device and day before any were seen, and what that counts for
MOST_ALIKE = 0.8  # of groups hit about as hard, the larger one explains more
RECOVERED, CALM_MS = 0.75, 10 * MINUTE_MS  # over once so many are well again and the rest had time to follow
SETTLE_MS = 2 * MINUTE_MS  # once all are: in which they send what they had kept, and duties are verified again
LONGEST_MS = 12 * HOUR_MS  # after that, whoever still fails is looked into one by one


class Symptom(enum.StrEnum):
    """What many devices do at once."""

    SILENT = "silent"
    NO_LOCATION = "no_location"
    BATTERY = "battery"


SYMPTOM_OF: Mapping[Kind, Symptom] = {
    Kind.SILENT: Symptom.SILENT,
    Kind.NO_LOCATION: Symptom.NO_LOCATION,
    Kind.BATTERY_FLAT: Symptom.BATTERY,
}


class GroupKind(enum.StrEnum):
    """What the devices of a group have in common."""

    NETWORK = "network"
    MODEL = "model"
    ALL = "all"


class Watched(msgspec.Struct, frozen=True):
    """A device under watch: whose it is, its network operator and its model ("" where nobody wrote it down)."""

    person_id: str
    network: str
    model: str


class Trouble(msgspec.Struct, frozen=True):
    """A finding that a device fails: since when nothing came, and when it was well again (None: not yet)."""

    person_id: str
    symptom: Symptom
    cause: Cause
    since_ms: Millis
    ended_ms: Millis | None = None


class Group(msgspec.Struct, frozen=True, order=True):
    """Devices with something in common."""

    kind: GroupKind
    name: str


class CommonCause(msgspec.Struct, frozen=True):
    """That a group's network or model explains what its devices do, and the numbers on which that rests.

    `watched` devices of the group; `failed` of them between `from_ms` and `to_ms`, where `expected` would have by
    themselves at `usual_a_day` failures a device and day; `p` is the probability of so many or more.
    """

    symptom: Symptom
    group: Group
    cause: Cause
    from_ms: Millis
    to_ms: Millis
    watched: int
    failed: int
    expected: float
    usual_a_day: float
    p: float
    people: tuple[str, ...]


def decide(watched: Sequence[Watched], troubles: Iterable[Trouble], now_ms: Millis) -> list[CommonCause]:
    """What is common to the devices that fail now; whoever is explained by one group is not counted for another."""
    listed = sorted(set(troubles), key=lambda one: (one.since_ms, one.person_id, one.symptom))
    found: list[CommonCause] = []
    for symptom in Symptom:
        mine = [one for one in listed if one.symptom is symptom and one.cause in (Cause.UNKNOWN, Cause.NETWORK)]
        explained: set[str] = set()
        while (best := _best(symptom, watched, mine, explained, now_ms)) is not None:
            found.append(best)
            explained.update(best.people)
    return found


def _best(
    symptom: Symptom, watched: Sequence[Watched], troubles: Sequence[Trouble], explained: set[str], now_ms: Millis
) -> CommonCause | None:
    """Of the groups that are hit hardest, the largest: a whole network explains more than one of its models."""
    causes = [
        cause
        for group, members in _groups(watched).items()
        if (cause := _of_group(symptom, group, members, troubles, explained, now_ms)) is not None
    ]
    hardest = max((_share(cause) for cause in causes), default=0.0)
    alike = [cause for cause in causes if _share(cause) >= MOST_ALIKE * hardest]
    return max(alike, key=lambda cause: (cause.failed, cause.group), default=None)


def _share(cause: CommonCause) -> float:
    return cause.failed / cause.watched


def _groups(watched: Iterable[Watched]) -> dict[Group, set[str]]:
    groups: dict[Group, set[str]] = defaultdict(set)
    for one in watched:
        groups[Group(GroupKind.ALL, "")].add(one.person_id)
        if one.network:
            groups[Group(GroupKind.NETWORK, one.network)].add(one.person_id)
        if one.model:
            groups[Group(GroupKind.MODEL, one.model)].add(one.person_id)
    return groups


def _of_group(
    symptom: Symptom,
    group: Group,
    members: set[str],
    troubles: Sequence[Trouble],
    explained: set[str],
    now_ms: Millis,
) -> CommonCause | None:
    own = [one for one in troubles if one.person_id in members and one.since_ms <= now_ms]
    failing = [
        one
        for one in own
        if one.ended_ms is None and one.since_ms > now_ms - LOOK_BACK_MS and one.person_id not in explained
    ]
    window = _fullest(failing)
    people = tuple(sorted({one.person_id for one in window}))
    if len(people) < LEAST_DEVICES:
        return None
    from_ms, to_ms = window[0].since_ms, window[-1].since_ms
    rate = usual_a_day(own, len(members), from_ms)
    expected = len(members) * rate * WITHIN_MS / DAY_MS
    p = tail(len(people), len(members), 1 - math.exp(-rate * WITHIN_MS / DAY_MS))
    if p > LIMIT_P or expected > ANYWAY * len(people):
        return None
    return CommonCause(
        symptom,
        group,
        Cause.EQUIPMENT if group.kind is GroupKind.MODEL or symptom is Symptom.BATTERY else Cause.NETWORK,
        from_ms,
        to_ms,
        len(members),
        len(people),
        round(expected, 4),
        round(rate, 4),
        p,
        people,
    )


def _fullest(failing: Sequence[Trouble]) -> Sequence[Trouble]:
    """The quarter of an hour in which most people's devices began to fail; of several, the first."""
    best: Sequence[Trouble] = ()
    most, start = 0, 0
    count: dict[str, int] = defaultdict(int)
    for end, one in enumerate(failing):
        count[one.person_id] += 1
        while one.since_ms - failing[start].since_ms > WITHIN_MS:
            left = failing[start].person_id
            count[left] -= 1
            if not count[left]:
                del count[left]
            start += 1
        if len(count) > most:
            most, best = len(count), failing[start : end + 1]
    return best


def usual_a_day(troubles: Iterable[Trouble], devices: int, before_ms: Millis) -> float:
    """How often a device of the group fails in a day: over the week before, or at this time of day if that is more.

    Where little was seen, what is usual elsewhere counts for some days (the mean of a gamma prior).
    """
    past = [one for one in troubles if before_ms - HISTORY_MS <= one.since_ms < before_ms]
    days = devices * HISTORY_MS / DAY_MS
    at_this_hour = [one for one in past if _hours_apart(one.since_ms, before_ms) <= 1]
    return max(_rate(len(past), days), _rate(len(at_this_hour), days * 2 / 24))


def _rate(count: int, days: float) -> float:
    return (count + USUAL_A_DAY * USUAL_WEIGHT_DAYS) / (days + USUAL_WEIGHT_DAYS)


def _hours_apart(one_ms: Millis, other_ms: Millis) -> float:
    apart = abs(one_ms - other_ms) % DAY_MS / HOUR_MS
    return min(apart, 24 - apart)


def tail(failed: int, devices: int, share: float) -> float:
    """The probability that so many or more of the devices fail, each with the same probability by itself (binomial)."""
    if share <= 0:
        return 0.0 if failed else 1.0
    log_share, log_rest = math.log(share), math.log1p(-share)
    terms = (
        math.exp(_log_choose(devices, k) + k * log_share + (devices - k) * log_rest)
        for k in range(failed, min(devices, failed + 400) + 1)
    )
    return min(1.0, math.fsum(terms))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def is_over(ended: Sequence[Millis | None], began_ms: Millis, now_ms: Millis) -> bool:
    """Whether a common fault is over: all are well again, or most and the rest had time to follow; or it is too long.

    `ended`: when each device was well again. Whoever is not, then has a trouble of their own.
    """
    well = sorted(at for at in ended if at is not None and at <= now_ms)
    if now_ms - began_ms >= LONGEST_MS:
        return True
    if len(well) == len(ended):
        return now_ms - max(well, default=began_ms) >= SETTLE_MS
    enough = math.ceil(RECOVERED * len(ended))
    return len(well) >= enough and now_ms - well[enough - 1] >= CALM_MS


def joins(since_ms: Millis, from_ms: Millis, to_ms: Millis) -> bool:
    """Whether a device that fell silent at an instant did so with the others."""
    return from_ms - WITHIN_MS <= since_ms <= to_ms + WITHIN_MS


_DID: Mapping[Symptom, str] = {
    Symptom.SILENT: "fell silent",
    Symptom.NO_LOCATION: "stopped telling a place",
    Symptom.BATTERY: "went flat",
}
_OF: Mapping[GroupKind, Callable[[str], str]] = {
    GroupKind.NETWORK: lambda name: f"on the network {name}",
    GroupKind.MODEL: lambda name: f"of the model {name}",
    GroupKind.ALL: lambda _: "of all networks and models",
}


def sentence(cause: CommonCause) -> str:
    """What it is, in one sentence, cause first."""
    what = {
        GroupKind.NETWORK: f"Network {cause.group.name}",
        GroupKind.MODEL: f"Devices of the model {cause.group.name}",
        GroupKind.ALL: "Our own door, or the network before it",
    }[cause.group.kind]
    minutes = max(1, round((cause.to_ms - cause.from_ms) / MINUTE_MS))
    within = f"{minutes} minute{'s' if minutes > 1 else ''}"
    return f"{what}: {cause.failed} of {cause.watched} devices {_DID[cause.symptom]} within {within}."


def explanation(cause: CommonCause) -> str:
    """Why that is no coincidence, with its numbers."""
    chance = f"less than one in {10 ** min(15, math.floor(-math.log10(max(cause.p, 1e-300)))):,}"
    return (
        f"Each of the {cause.watched} devices {_OF[cause.group.kind](cause.group.name)} fails "
        f"{cause.usual_a_day:.2f} times a day by itself, so {cause.expected:.2f} of them would in a quarter of an "
        f"hour; {cause.failed} did. The probability of that is {chance}."
    )
