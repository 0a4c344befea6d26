"""What a proposed condition would have raised in a person's recorded days, and what of everyday life it would cut off.

The same rules run over the stored facts with the condition put among the person's own; nothing is stored. What other
conditions conclude meanwhile is not counted.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

import msgspec

from surety.rules import batch, engine, kernel, packing, schedule, words
from surety.rules.conditions import Area, Body, Circle, Condition, ConditionSet, Curfew, Point, Zone, timetables_of
from surety.rules.facts import DeviceReport, Fact, Fix
from surety.rules.findings import ENDS, Certainty, Finding, Kind
from surety.rules.plan import Plan
from surety.server.alerts import policy
from surety.server.cases import queries as cases
from surety.server.cases.models import EverydayKind, Person
from surety.server.errors import InvalidError
from surety.server.monitoring import cut, queries, stored

PROPOSED = "proposed"
DAY_MS = 86_400_000
RUN_IN_MS = DAY_MS  # evidence forgets within hours, so a day's run-in gives what the live rules had
NEAR_HOME_M = 5_000.0
MOST_DAYS = 366
_LATEST = 50  # facts among which one of the device is looked for


class Amenity(msgspec.Struct, frozen=True):
    """A public place that people need, from a file: its kind (worship, health, school, ...) and where it is."""

    kind: str
    place: Point


class Proposal(msgspec.Struct, frozen=True):
    """What is proposed for whom. `replace`: the condition whose place it would take, "" for none.

    `most_facts`: no more are looked at (the days are then fewer, and the outcome says so); None: all.
    """

    person: Person
    body: Body
    days: int
    replace: str = ""
    amenities: tuple[Amenity, ...] = ()
    near_home_m: float = NEAR_HOME_M
    most_facts: int | None = None


class Raised(msgspec.Struct, frozen=True):
    """How many findings of a kind and certainty."""

    kind: str
    certainty: str
    count: int


class Tally(msgspec.Struct, frozen=True):
    """What one condition raised. `alerts`: things that somebody would have had to handle; `quiet` of them because
    nothing, or nothing certain, came. `times`: windows in which something was asked; `times_with_alert` of them."""

    raised: tuple[Raised, ...]
    alerts: int
    quiet: int
    unverified_s: float
    times: int
    times_with_alert: int


class NearHome(msgspec.Struct, frozen=True):
    """Public places of one kind near home, and how many of them the condition would cut off."""

    kind: str
    count: int
    cut: int


class Outcome(msgspec.Struct, frozen=True):
    """The answer. `instead_of`: what the condition that it would replace did raise in the same days."""

    said: str
    from_ms: int
    to_ms: int
    days: float
    facts: int
    recorded_s: float
    proposed: Tally
    instead_of: Tally | None
    everyday: tuple[cut.Share, ...]
    near_home: tuple[NearHome, ...]
    notes: tuple[str, ...]


def simulate(proposal: Proposal, *, now_ms: int) -> Outcome:
    """Work it out. Raises InvalidError with one sentence where the proposal cannot be worked out."""
    if not 1 <= proposal.days <= MOST_DAYS:
        raise InvalidError(f"Choose 1 to {MOST_DAYS} days.", field="days")
    from_ms, notes = now_ms - proposal.days * DAY_MS, []
    with stored.frozen_view():
        known = cases.condition_set(proposal.person.pk)
        facts, from_ms, shortened = _facts(proposal, from_ms, now_ms)
        told = _told(proposal.person.pk, known, now_ms)
    if proposal.replace and proposal.replace not in {c.id for c in known.conditions}:
        raise InvalidError("The person has no such condition to replace.", field="replace")
    if shortened:
        notes.append(shortened)
    in_window = [fact for fact in facts if fact.at_ms >= from_ms]
    fixes = [fact for fact in in_window if isinstance(fact, Fix)]
    if not fixes:
        notes.append("No position was recorded in these days, so nothing could have been found about a place.")
    ground = cut.ground_of(proposal.body, from_ms, now_ms)
    return Outcome(
        said=words.describe(proposal.body),
        from_ms=from_ms,
        to_ms=now_ms,
        days=(now_ms - from_ms) / DAY_MS,
        facts=len(in_window),
        recorded_s=_recorded_s(fixes),
        proposed=_proposed(proposal, known, facts, from_ms, now_ms),
        instead_of=_instead_of(proposal, known, facts, from_ms, now_ms),
        everyday=tuple(cut.shares(fixes, told, ground)) if ground else (),
        near_home=tuple(_near_home(proposal, told, ground)) if ground else (),
        notes=(*notes, *_what_is_not_known(proposal, told, ground)),
    )


def _facts(proposal: Proposal, from_ms: int, now_ms: int) -> tuple[list[Fact], int, str]:
    """The facts with their run-in; where they are too many, the last ones, from when, and the sentence that says so."""
    person_id, most = proposal.person.pk, proposal.most_facts
    if most is not None and (later_ms := stored.time_of_fact_from_the_end(person_id, most, now_ms)) > from_ms:
        text = f"There are too many records to look at all {proposal.days} days here: these are the latest {most:,}."
        return _read(person_id, later_ms - RUN_IN_MS, now_ms), later_ms, text
    facts = _read(person_id, from_ms - RUN_IN_MS, now_ms)
    first_ms = next((fact.at_ms for fact in facts if isinstance(fact, Fix | DeviceReport)), from_ms)
    if first_ms > from_ms and not _was_heard_before(person_id, from_ms - RUN_IN_MS):
        return facts, first_ms, "The device's records begin only then."
    return facts, from_ms, ""


def _was_heard_before(person_id: str, until_ms: int) -> bool:
    """Whether there are records from before, so that a silence at the start of the days was one."""
    return any(isinstance(fact, Fix | DeviceReport) for fact in queries.newest(person_id, until_ms, _LATEST))


def _read(person_id: str, after_ms: int, until_ms: int) -> list[Fact]:
    return [row.fact() for rows in stored.fact_rows(person_id, after_ms, until_ms) for row in rows]


def _recorded_s(fixes: Sequence[Fix]) -> float:
    gaps = (b.at_ms - a.at_ms for a, b in pairwise(fixes))
    return sum(gap for gap in gaps if gap <= cut.LONGEST_MS) / 1000


# --- what it would have raised


def _proposed(proposal: Proposal, known: ConditionSet, facts: list[Fact], from_ms: int, to_ms: int) -> Tally:
    others = tuple(c for c in known.conditions if c.id != proposal.replace)
    added = Condition(PROPOSED, 1, from_ms, None, proposal.body)
    conditions = msgspec.structs.replace(known, conditions=(*others, added))
    found = _found(conditions, facts, to_ms)
    return _tally([one for one in found if one.condition_id == PROPOSED], proposal.body, from_ms, to_ms)


def _instead_of(proposal: Proposal, known: ConditionSet, facts: list[Fact], from_ms: int, to_ms: int) -> Tally | None:
    if not proposal.replace:
        return None
    found = _found(known, facts, to_ms)
    own = [one for one in found if one.condition_id == proposal.replace and one.at_ms >= from_ms]
    body = next(c.body for c in reversed(known.conditions) if c.id == proposal.replace)
    return _tally(own, body, from_ms, to_ms)


def _found(conditions: ConditionSet, facts: list[Fact], to_ms: int) -> list[Finding]:
    plan = Plan(conditions)
    _, found = batch.run(engine.start(conditions.person_id), batch.track_of(facts), plan, to_ms)
    return list({one.id: one for one in found}.values())


def _tally(found: Sequence[Finding], body: Body, from_ms: int, to_ms: int) -> Tally:
    counts = Counter((one.kind.value, one.certainty.value) for one in found)
    alerts = {one.episode_id: one for one in reversed(found) if policy.opens(one.kind, one.certainty)}
    times = [
        window
        for table in timetables_of(body)
        for window in schedule.windows(table, from_ms, to_ms)
        if table.rows or table.one_offs  # at all times is one endless window, which counts nothing
    ]
    began = [one.at_ms for one in alerts.values() if one.kind not in policy.QUIET]
    return Tally(
        raised=tuple(Raised(kind, sure, count) for (kind, sure), count in sorted(counts.items())),
        alerts=len(alerts),
        quiet=sum(one.kind in policy.QUIET for one in alerts.values()),
        unverified_s=_unverified_s(found, to_ms),
        times=len(times),
        times_with_alert=sum(any(w.start_ms <= at < w.end_ms for at in began) for w in times),
    )


def _unverified_s(found: Sequence[Finding], to_ms: int) -> float:
    ends = {one.episode_id: one.at_ms for one in found if one.kind in ENDS}
    begins = {one.episode_id: one.at_ms for one in found if one.kind is Kind.CANNOT_VERIFY}
    return sum(ends.get(episode, to_ms) - at_ms for episode, at_ms in begins.items()) / 1000


# --- what it would cut off


def _told(person_id: str, known: ConditionSet, now_ms: int) -> list[cut.Told]:
    """The places that the person told of; without a home among them, the addresses of a curfew in force."""
    told = [
        cut.Told(place.label, place.kind, msgspec.convert(place.area, Area))
        for place in cases.everyday_places(person_id)
    ]
    if any(place.kind == EverydayKind.HOME for place in told):
        return told
    in_force = [c.body for c in known.conditions if now_ms < (c.effective_to_ms or now_ms + 1)]
    homes = {place.name: place.area for body in in_force if isinstance(body, Curfew) for place in body.places}
    return [*(cut.Told(name, "home", area) for name, area in homes.items()), *told]


def _near_home(proposal: Proposal, told: Sequence[cut.Told], ground: cut.Ground) -> Iterable[NearHome]:
    homes = [_middle(place) for place in told if place.kind == EverydayKind.HOME]
    if not isinstance(proposal.body, Zone) or not homes:  # other duties cut off everything else alike, for their hours
        return
    circles = packing.lay_flat([Circle(lat, lon, proposal.near_home_m) for lon, lat in homes])
    counts: Counter[str] = Counter()
    cut_off: Counter[str] = Counter()
    for one in proposal.amenities:
        spot = kernel.earth_centred(one.place[1], one.place[0])
        if any(kernel.clearance(row, *circles[1:], *spot) >= 0 for row in circles[0]):
            counts[one.kind] += 1
            cut_off[one.kind] += ground.covers(one.place)
    for kind, count in sorted(counts.items()):
        yield NearHome(kind, count, cut_off[kind])


def _middle(place: cut.Told) -> Point:
    area = place.area
    return (area.lon_deg, area.lat_deg) if isinstance(area, Circle) else packing.middle([area.ring, *area.holes])


def _what_is_not_known(proposal: Proposal, told: Sequence[cut.Told], ground: cut.Ground | None) -> list[str]:
    if ground is None:
        return ["It asks for no place, so it cuts nothing off."]
    notes = []
    missing = [kind.label.lower() for kind in EverydayKind if kind != "other" and kind not in {t.kind for t in told}]
    if missing:
        notes.append(f"Not told, so not looked at: {', '.join(missing)}. Ask the person.")
    if proposal.amenities and not any(place.kind == EverydayKind.HOME for place in told):
        notes.append("No home is known, so public places near it were not counted.")
    return notes


__all__ = ["Amenity", "Certainty", "Outcome", "Proposal", "Tally", "simulate"]
