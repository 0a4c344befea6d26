"""Derives everything of one person again from what is stored, and names each thing that is not as it was derived.

Compared byte for byte: findings (different, missing, extra), the snapshots and the current state. Each fact is read
too: its columns must say what its bytes say, and the number and the tally of all must be what was taken.

A state also keeps when it wants to be woken, which may be too early (each fix puts it off, and it is set anew when the
conditions are) but never too late. So both the kept and the derived state plan anew before they are compared, and the
kept one must not have asked for a later time.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import msgspec

from surety.rules import batch, engine
from surety.rules.conditions import ConditionSet
from surety.rules.facts import Fact, Tick, fact_id
from surety.rules.findings import RULES_VERSION, Finding, to_json
from surety.rules.plan import Plan
from surety.rules.schedule import END
from surety.rules.state import State
from surety.server.cases import queries as cases
from surety.server.cases.models import ChangeNotice
from surety.server.monitoring import queries, stored, tally
from surety.server.monitoring.batch import NEVER_MS
from surety.server.monitoring.explain import differences, row_differences
from surety.server.monitoring.models import Finding as FindingRow
from surety.server.monitoring.models import PersonState, SetAside, StoredFact
from surety.server.monitoring.protected import erased
from surety.server.monitoring.sealed import FINDING, BrokenBoxError, KeyDestroyedError, open_state, readable, unseal
from surety.server.monitoring.stored import Kept


class Difference(msgspec.Struct, frozen=True):
    """One thing that is not as it was derived. `what`: finding, snapshot, state, fact, facts, rules; `name`: which."""

    person_id: str
    what: str
    name: str
    how: str  # different, missing, extra, unreadable, failed
    text: str


class PersonReport(msgspec.Struct):
    """What verifying one person found. `waits`: not looked at, as something of the person's is still on its way."""

    person_id: str
    facts: int = 0
    findings: int = 0
    states: int = 0
    older: int = 0  # made by other rules, so not comparable
    older_agree: int = 0  # of these, the ones that these rules give all the same
    waits: str = ""
    erased: bool = False  # not looked at, as the person's key was destroyed
    differences: list[Difference] = []


class Options(msgspec.Struct, frozen=True):
    """`since_ms`: from the newest snapshot before it, None: from the beginning. `by_step`: one fact a call, slower."""

    since_ms: int | None = None
    by_step: bool = False


def verify_person(person_id: str, options: Options = Options()) -> PersonReport:  # noqa: B008 - a constant
    """Derive everything of one person again, in one reading of the database, and compare."""
    report = PersonReport(person_id)
    if not readable(person_id):
        report.erased = True
        return report
    with stored.frozen_view():
        if waiting := _waiting(person_id):
            report.waits = waiting
            return report
        conditions = cases.condition_set(person_id)
        try:
            _Verification(report, conditions, options).run()
        except Exception as error:  # noqa: BLE001 - the boundary around one person: the others must be verified
            text = f"the rules fail on what is stored: {type(error).__name__}: {error}"
            report.differences.append(Difference(person_id, "rules", "", "failed", text))
    return report


def people() -> list[str]:
    """Everybody of whom anything is kept, in the order in which they are verified."""
    known = set(cases.person_ids())
    # Whoever is in these tables alone was put in by something else; that would go unnoticed otherwise.
    known.update(FindingRow.objects.values_list("person_id", flat=True).distinct())
    known.update(PersonState.objects.values_list("person_id", flat=True))
    return sorted(known)


def _waiting(person_id: str) -> str:
    """Whether a change of conditions is recorded that the worker has not taken yet, so that it will judge anew."""
    notice = ChangeNotice.objects.filter(person_id=person_id).order_by("-pk").first()
    if notice is None:
        return ""
    identity = fact_id(person_id, "conditions_changed", notice.pk)
    at_ms = min(notice.at_ms, notice.recorded_ms)
    if StoredFact.objects.filter(person_id=person_id, at_ms=at_ms, fact_id=identity).exists():
        return ""
    return "a change of the conditions is yet to be worked in"


class _Taking(Protocol):
    """How facts are given to the rules."""

    def __call__(self, state: State, facts: Sequence[Fact], plan: Plan) -> tuple[State, list[Finding]]:
        """The state after them, and what was found."""


def _at_once(state: State, facts: Sequence[Fact], plan: Plan) -> tuple[State, list[Finding]]:
    return batch.run(state, batch.track_of(facts), plan)


def _one_by_one(state: State, facts: Sequence[Fact], plan: Plan) -> tuple[State, list[Finding]]:
    found: list[Finding] = []
    for fact in facts:
        step = engine.step(state, fact, plan)
        state = step.state
        found += step.findings
    return state, found


class _Verification:
    """The work on one person."""

    def __init__(self, report: PersonReport, conditions: ConditionSet, options: Options) -> None:
        self.report, self.plan = report, Plan(conditions)
        self._take: _Taking = _one_by_one if options.by_step else _at_once
        self._rules_since = queries.rules_since(RULES_VERSION) or 0
        self._base_ms, self._state = self._start(conditions.person_id, options.since_ms)
        self._found: dict[str, Finding] = {}
        self._erased = erased(conditions.person_id)
        self._tally = 0

    def _start(self, person_id: str, since_ms: int | None) -> tuple[int, State]:
        base = None if since_ms is None else stored.snapshot_before(person_id, since_ms)
        if base is not None:
            return base
        return NEVER_MS, engine.start(person_id)

    def run(self) -> None:
        """Give the facts, compare each kept state on the way, and at last the findings."""
        person_id = self.report.person_id
        kept = [("snapshot", one) for one in stored.snapshots(person_id) if one.at_ms > self._base_ms]
        row = stored.state_of(person_id)
        if row is not None:
            kept.append(("state", Kept(row.at_ms, open_state(person_id, row.body))))
        rest: list[Fact] = []
        for fact in self._facts():
            while kept and fact.at_ms > kept[0][1].at_ms:
                rest = self._give(rest)
                self._compare_state(*kept.pop(0))
            rest.append(fact)
            if len(rest) >= stored.FACTS_A_READ:
                rest = self._give(rest)
        self._give(rest)
        for what, one in kept:
            self._compare_state(what, one)
        if row is not None:
            self._compare_wake_up(row)
            self._tick(row.at_ms)
        self._compare_tally(row)
        self._compare_findings()

    def _compare_tally(self, row: PersonState | None) -> None:
        """Whether the facts that are stored are those that were taken: a removed one may change no finding."""
        if row is None:
            if self.report.facts:
                self._differ("state", "", "missing", "there are facts, and no state that says how far they were taken")
        elif self._base_ms != NEVER_MS:
            return  # the earlier facts were not read
        elif self.report.facts != row.facts:
            text = f"{row.facts:,} facts were taken, and {self.report.facts:,} are stored"
            self._differ("facts", "", "different", text)
        elif tally.to_text(self._tally) != row.facts_tally:
            self._differ("facts", "", "different", "the bytes of at least one are not those that were taken")

    def _facts(self) -> Iterator[Fact]:
        for rows in stored.fact_rows(self.report.person_id, self._base_ms):
            for row in rows:
                self.report.facts += 1
                self._tally = tally.add(self._tally, row.body)
                fact = row.fact()
                if (fact.at_ms, fact.id) != (row.at_ms, row.fact_id):
                    self._differ("fact", row.fact_id, "different", "its columns name another fact than its bytes")
                yield fact

    def _give(self, facts: list[Fact]) -> list[Fact]:
        if facts:
            self._state, found = self._take(self._state, facts, self.plan)
            self._note(found)
        return []

    def _tick(self, at_ms: int) -> None:
        step = engine.step(self._state, Tick(at_ms), self.plan)
        self._state = step.state
        self._note(step.findings)

    def _note(self, found: Iterable[Finding]) -> None:
        self._found.update((finding.id, finding) for finding in found)

    def _differ(self, what: str, name: str, how: str, text: str) -> None:
        self.report.differences.append(Difference(self.report.person_id, what, name, how, text))

    # --- states

    def _compare_state(self, what: str, kept: Kept) -> None:
        state = _read(kept.body)
        if state is None:
            if kept.at_ms < self._rules_since:
                self.report.older += 1
            else:
                self._differ(what, str(kept.at_ms), "unreadable", "it is no state of these rules")
            return
        self.report.states += 1
        derived, was = (self._comparable(self._as_of(one, kept.at_ms)) for one in (self._state, state))
        if engine.encode_state(derived) != engine.encode_state(was):
            self._differ(what, str(kept.at_ms), "different", f"it differs in {', '.join(_fields(was, derived))}")
        elif state.revision == self.plan.revision and state.wake_ms > was.wake_ms:
            self._differ(what, str(kept.at_ms), "different", "it asks to be woken too late")

    def _comparable(self, state: State) -> State:
        """Without what rests on positions that are deleted by design, and what only says when to look at that again."""
        if not self._erased:
            return state
        kept = tuple(one for one in state.records if one.condition_id not in self._erased)
        return msgspec.structs.replace(state, records=kept, at_ms=0, last_id="", wake_ms=END, attention=False)

    def _compare_wake_up(self, row: PersonState) -> None:
        """Whether the column by which the worker is woken says what the state in the same row asks for."""
        state = _read(open_state(row.pk, row.body))
        if state is None or SetAside.objects.filter(person_id=row.pk).exists():  # what failed is tried again later
            return
        wake_ms = None if state.wake_ms >= END else state.wake_ms
        if row.wake_at_ms != wake_ms:
            text = f"its column wakes the rules at {row.wake_at_ms}, and it asks for {wake_ms}"
            self._differ("state", str(row.at_ms), "different", text)

    def _as_of(self, state: State, at_ms: int) -> State:
        """A state at an instant, planned anew under the conditions of now."""
        return engine.step(msgspec.structs.replace(state, revision=None), Tick(at_ms), self.plan).state

    # --- findings

    def _compare_findings(self) -> None:
        derived = dict(self._found)
        for row in stored.finding_rows(self.report.person_id, self._base_ms):
            again = derived.pop(row.pk, None)
            try:
                body = unseal(row.person_id, row.body, FINDING)
                finding = msgspec.json.decode(body, type=Finding)
            except (msgspec.MsgspecError, BrokenBoxError, KeyDestroyedError) as error:
                self._differ("finding", row.pk, "unreadable", f"its bytes cannot be read: {error}")
                continue
            if finding.condition_id in self._erased:
                self.report.older += 1  # it rests on a protected person's positions, which are deleted after days
            elif finding.rules_version != RULES_VERSION and row.superseded_ms is None:
                self._note_older(finding, body, again)
            else:
                self._compare_finding(row, finding, body, again)
        for one in derived.values():
            if one.condition_id in self._erased:
                continue
            if one.known_ms < self._rules_since:
                self.report.older += 1  # nobody had these rules then
            else:
                self._differ("finding", one.id, "missing", f"the facts give {_named(one)}, which is not stored")

    def _note_older(self, finding: Finding, body: bytes, again: Finding | None) -> None:
        self.report.older += 1
        if again is not None:
            same = msgspec.structs.replace(again, rules_version=finding.rules_version)
            self.report.older_agree += to_json(same) == body

    def _compare_finding(self, row: FindingRow, finding: Finding, body: bytes, again: Finding | None) -> None:
        stands = row.superseded_ms is None
        self.report.findings += stands
        if stands and again is None:
            self._differ("finding", row.pk, "extra", f"{_named(finding)} is stored, and the facts do not give it")
        elif not stands and again is not None and again.known_ms >= self._rules_since:
            text = f"{_named(again)} is marked as superseded, and the facts still give it"
            self._differ("finding", row.pk, "missing", text)
        elif stands and again is not None:
            faults = row_differences(row, finding)
            if to_json(again) != body:
                faults += differences(finding, again) or ["its bytes are not the canonical form of what they say"]
            if faults:
                self._differ("finding", row.pk, "different", "; ".join(faults))


def _read(body: bytes) -> State | None:
    try:
        return engine.decode_state(body)
    except engine.OtherStateError:
        return None


def _fields(one: State, other: State) -> list[str]:
    """The parts in which two states differ."""
    names = []
    for field in msgspec.structs.fields(State):
        a, b = getattr(one, field.name), getattr(other, field.name)
        same = a.tobytes() == b.tobytes() if hasattr(a, "tobytes") and hasattr(b, "tobytes") else a == b
        if not same:
            names.append(field.name)
    return names


def _named(finding: Finding) -> str:
    return f"{finding.kind.value} of {finding.at_ms}"
