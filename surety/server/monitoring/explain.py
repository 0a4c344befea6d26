"""Derives one finding again from what is stored, and shows how it was worked out.

The rules that made it are run again over the stored facts, from the nearest earlier snapshot or from the beginning,
under the conditions on record. A finding that later facts took away is derived from what was known when it was made.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from surety.rules import batch, engine, grounds, working
from surety.rules.conditions import Body, ConditionSet, MovingZone
from surety.rules.engine import State
from surety.rules.facts import Fact, Fix, Tick
from surety.rules.findings import RULES_VERSION, Finding, to_json
from surety.rules.kernel import Floats
from surety.rules.plan import Plan
from surety.rules.presence import PackedAreas, Reading
from surety.server.cases import queries as cases
from surety.server.cases.models import Person
from surety.server.errors import ConflictError, NotFoundError
from surety.server.monitoring import queries, stored
from surety.server.monitoring.batch import NEVER_MS
from surety.server.monitoring.models import Finding as FindingRow
from surety.server.monitoring.models import FormerFinding
from surety.server.monitoring.sealed import FINDING, open_finding, readable, unseal

SHOWN_MS = 1_800_000  # fixes of half an hour, which is as far back as evidence names them
FURTHEST_BACK_MS = 12 * 3_600_000  # to a last certain fix before a long silence
SHORTEST_PREFIX = 8
ROWS_SHOWN = 60


class Worked(msgspec.Struct, frozen=True):
    """The arithmetic of one place: a step for each fix, then the evidence at the instant of the conclusion."""

    place: str
    limits: working.Limits
    steps: tuple[working.Step, ...]
    left_out: int  # earlier fixes of the window that are not among the steps
    numbers: dict[str, float | str | None]  # as the finding would store them
    agrees: bool  # with what the finding does store


class Rederived(msgspec.Struct, frozen=True):
    """A finding as it is stored, what the rules give again, and what it was worked out from."""

    person: Person
    row: FindingRow
    stored_body: bytes  # what the row holds, opened
    finding: Finding
    again: Finding | None
    conditions: ConditionSet
    body: Body | None
    base_ms: int | None  # of the snapshot; None: from the beginning
    facts_given: int
    as_known_ms: int | None  # only what had been processed by then was given, as later facts took it away
    facts: tuple[Fact, ...]  # those the finding names
    fixes: tuple[Fix, ...]  # those of the window that is shown, the named ones among them
    worked: Worked | None
    formers: tuple[Finding, ...]  # what it said before it was derived again with other evidence
    replaced_by: Finding | None
    replaces: tuple[Finding, ...]
    window: tuple[int, int]

    @property
    def differences(self) -> list[str]:
        """In what the two differ; nothing when they are the same byte for byte."""
        if self.again is None and isinstance(self.body, MovingZone):
            return ["it rests on a protected person's positions, which are deleted after three days or on withdrawal"]
        if self.again is None:
            return ["the rules do not give this finding from what is stored"]
        if to_json(self.again) == self.stored_body:
            return row_differences(self.row, self.finding)
        return differences(self.finding, self.again) or ["the stored bytes are not the canonical form of what they say"]


def find_row(prefix: str) -> FindingRow:
    """The finding of an id, or of a unique beginning of one (8 digits or more).

    Raises NotFoundError, or ConflictError when several begin so.
    """
    if len(prefix) < SHORTEST_PREFIX:
        raise NotFoundError(f"Give the finding's id, or at least its first {SHORTEST_PREFIX} digits.")
    rows = list(FindingRow.objects.filter(pk__startswith=prefix.lower()).order_by("pk")[:6])
    if not rows:
        raise NotFoundError(f"No finding has an id that begins with {prefix}; the evidence page of an alert names it.")
    if len(rows) > 1:
        several = ", ".join(row.pk for row in rows[:5])
        raise ConflictError(f"Several findings begin with {prefix}: {several}; give more digits.")
    return rows[0]


def rederive(finding_id: str, *, from_start: bool = False) -> Rederived:
    """Derive one finding again. Raises NotFoundError, or whatever the rules raise on facts they cannot take."""
    with stored.frozen_view():
        row = find_row(finding_id)
        _check_readable(row.person_id)
        finding = open_finding(row.person_id, row.body)
        window = _window(row.person_id, finding)
        as_known_ms = row.processed_ms if row.superseded_ms is not None else None
        conditions = cases.condition_set(row.person_id, known_ms=as_known_ms)
        from_start = from_start or as_known_ms is not None
        base = None if from_start else stored.snapshot_before(row.person_id, min(window[0], finding.known_ms))
        run = _Run(finding, conditions, window, base)
        run.through(_facts(row.person_id, base[0] if base else NEVER_MS, finding.known_ms, as_known_ms))
        standing = queries.standing(row.pk)
        formers = FormerFinding.objects.filter(finding_id=row.pk).order_by("pk").values_list("body", flat=True)
        return Rederived(
            person=Person.objects.get(pk=row.person_id),
            row=row,
            stored_body=unseal(row.person_id, row.body, FINDING),
            finding=finding,
            again=run.again,
            conditions=conditions,
            body=body_of(finding, conditions),
            base_ms=base[0] if base else None,
            facts_given=run.given,
            as_known_ms=as_known_ms,
            facts=tuple(stored.facts_named(row.person_id, finding.evidence.fact_ids)),
            fixes=tuple(seen.fix for seen in run.seen),
            worked=run.worked(),
            formers=tuple(open_finding(row.person_id, body) for body in formers),
            replaced_by=standing.superseded_by,
            replaces=standing.replaces,
            window=window,
        )


def _check_readable(person_id: str) -> None:
    if not readable(person_id):
        raise NotFoundError("The records of this person were erased, and their key with them: nothing can be read.")


def _window(person_id: str, finding: Finding) -> tuple[int, int]:
    """From before the first fix that had a part (or the last certain one) to the conclusion."""
    named = stored.facts_named(person_id, finding.evidence.fact_ids)
    starts = [finding.known_ms - SHOWN_MS, *(fact.at_ms for fact in named)]
    last_certain = finding.evidence.numbers.get("last_certain_ms")
    if isinstance(last_certain, int | float):
        starts.append(int(last_certain) - SHOWN_MS)
    return max(min(starts), finding.known_ms - FURTHEST_BACK_MS), finding.known_ms


def _facts(person_id: str, base_ms: int, until_ms: int, as_known_ms: int | None) -> Iterator[Fact]:
    for rows in stored.fact_rows(person_id, base_ms, until_ms):
        for row in rows:
            if as_known_ms is None or row.processed_ms <= as_known_ms:
                yield row.fact()


class _Seen(msgspec.Struct, frozen=True, eq=False):
    """A fix of the window with the evidence that it met."""

    fix: Fix
    evidence: Floats
    packed: PackedAreas
    keys: tuple[int, ...]


class _Run:
    """One run of the rules up to a finding, keeping what each fix of its window met."""

    def __init__(
        self, finding: Finding, conditions: ConditionSet, window: tuple[int, int], base: tuple[int, State] | None
    ) -> None:
        self.finding, self.window = finding, window
        self.plan = Plan(conditions)
        self.state = base[1] if base else engine.start(conditions.person_id)
        self.again: Finding | None = None
        self.given = 0
        self.seen: list[_Seen] = []
        self._concluded_on = self.state  # the evidence at the conclusion
        self._seen_by_then: int | None = None  # a fix of the same instant may come after what a timetable settled

    def through(self, facts: Iterable[Fact]) -> None:
        """Give facts (in order, none after the conclusion), at last the instant of the conclusion."""
        early: list[Fact] = []
        known_ms = self.finding.known_ms
        ticked = False
        for fact in facts:
            self.given += 1
            if fact.at_ms < self.window[0]:
                early.append(fact)
                if len(early) >= stored.FACTS_A_READ:
                    early = self._quickly(early)
                continue
            early = self._quickly(early)
            if fact.at_ms >= known_ms and not ticked:
                ticked = True
                self._give(Tick(known_ms))
            self._take(fact)
        self._quickly(early)
        if not ticked:
            self._give(Tick(known_ms))

    def _quickly(self, facts: list[Fact]) -> list[Fact]:
        if facts:
            self.state, found = batch.run(self.state, batch.track_of(facts), self.plan)
            self._note(found)
        return []

    def _take(self, fact: Fact) -> None:
        if isinstance(fact, Fix) and not fact.mock:
            self._give(Tick(fact.at_ms))  # windows and versions turn first; then it is this evidence that the fix meets
            packed = self.plan.epoch(fact.at_ms).packed
            self.seen.append(_Seen(fact, self.state.evidence, packed, self.state.keys))
        self._give(fact)

    def _give(self, fact: Fact | Tick) -> None:
        step = engine.step(self.state, fact, self.plan)
        self.state = step.state
        self._note(step.findings)

    def _note(self, found: Sequence[Finding]) -> None:
        for one in found:
            if one.id == self.finding.id:
                self.again, self._concluded_on, self._seen_by_then = one, self.state, len(self.seen)

    def worked(self) -> Worked | None:
        """The arithmetic about the place that the finding's own numbers are of; None when they are of no place."""
        finding = self.again or self.finding
        if "p_inside" not in finding.evidence.numbers:
            return None
        state = self._concluded_on if self.again else self.state
        packed = self.plan.epoch(finding.known_ms).packed
        row = self._row(finding, working.readings(state.evidence, finding.known_ms))
        if row is None or row >= len(packed):
            return None
        key = state.keys[row]
        met = [one for one in self.seen[: self._seen_by_then] if key in one.keys]
        shown = _shown(met, set(finding.evidence.fact_ids))
        steps = [working.work_out(one.evidence, one.packed, one.keys.index(key), one.fix) for one in shown]
        numbers = grounds.place_numbers(working.readings(state.evidence, finding.known_ms)[row])
        return Worked(
            place=self._place(row, finding.known_ms),
            limits=working.limits(packed, row),
            steps=tuple(steps),
            left_out=len(met) - len(shown),
            numbers=numbers,
            agrees=all(self.finding.evidence.numbers.get(name) == value for name, value in numbers.items()),
        )

    def _row(self, finding: Finding, readings: Sequence[Reading]) -> int | None:
        """Which row of the evidence the finding's numbers are of: its own duty's first, where several agree."""
        stated = finding.evidence.numbers
        same = [
            i
            for i, one in enumerate(readings)
            if all(stated.get(k) == v for k, v in grounds.place_numbers(one).items())
        ]
        own = self._rows_of_duty(finding)
        best = [i for i in own if i in same] or same or own
        return best[0] if best else None

    def _rows_of_duty(self, finding: Finding) -> list[int]:
        duties = self.plan.epoch(finding.known_ms).duties
        return [row for duty in duties if duty.condition_id == finding.condition_id for _, row in duty.areas]

    def _place(self, row: int, at_ms: int) -> str:
        for duty in self.plan.epoch(at_ms).duties:
            for name, one in duty.areas:
                if one == row:
                    return name
        return "the place ordered"


def _shown(met: list[_Seen], named: set[str]) -> list[_Seen]:
    """The last fixes and those the finding names, in order of time."""
    last = {id(one) for one in met[-ROWS_SHOWN:]}
    return [one for one in met if id(one) in last or one.fix.id in named]


def body_of(finding: Finding, conditions: ConditionSet) -> Body | None:
    """What the condition version says under which a finding stands."""
    asked = (finding.condition_id, finding.condition_version)
    return next((c.body for c in conditions.conditions if (c.id, c.version) == asked), None)


def differences(stated: Finding, again: Finding) -> list[str]:
    """Each field in which a stored finding and a derived one differ, in words."""
    old, new = _flat(stated), _flat(again)
    return [
        f"{name}: stored {old.get(name)!r}, derived {new.get(name)!r}"
        for name in old | new
        if old.get(name) != new.get(name)
    ]


def _flat(finding: Finding) -> dict[str, object]:
    fields: dict[str, object] = msgspec.to_builtins(finding)
    fields.pop("evidence")
    return {**fields, "fact_ids": list(finding.evidence.fact_ids), **finding.evidence.numbers}


def row_differences(row: FindingRow, finding: Finding) -> list[str]:
    """Columns of a stored row that say something else than its body."""
    said = {
        "id": finding.id,
        "person_id": finding.person_id,
        "kind": finding.kind.value,
        "condition_id": finding.condition_id,
        "condition_version": finding.condition_version,
        "episode_id": finding.episode_id,
        "at_ms": finding.at_ms,
        "known_ms": finding.known_ms,
        "certainty": finding.certainty.value,
        "cause": finding.cause.value,
    }
    return [
        f"{name}: the column says {getattr(row, name)!r}, the finding {value!r}"
        for name, value in said.items()
        if getattr(row, name) != value
    ]


__all__ = ["RULES_VERSION", "Rederived", "Worked", "body_of", "differences", "find_row", "rederive", "row_differences"]
