"""What these rules conclude of a few whole lives, to the byte and to the word, as it was read and approved.

`python -m tests.rules.approved` writes the files anew; the difference is then to be read like any change of the rules,
and RULES_VERSION is raised with it: the same version gives the same bytes on every machine.
"""

import collections
import dataclasses
import random
from collections.abc import Iterable, Iterator
from pathlib import Path

from surety.rules import engine, words
from surety.rules.conditions import CheckInDuty, Condition, ConditionSet, MovingZone, OrderStatus, OrderTerm, Trail
from surety.rules.facts import (
    CheckInAsked,
    CheckInDecided,
    CheckInSubmitted,
    DeviceEvent,
    DeviceReport,
    Fact,
    Fix,
    ProtectedFix,
    Source,
    Tick,
    Verdict,
    fact_id,
)
from surety.rules.findings import Kind, to_json
from tests.rules.approved.stories import stories
from tests.rules.scenes import ALWAYS, HOME, LONDON, MOTHERS, SCHOOL, SHOP, ms, order

HERE = Path(__file__).parent
LIVES = (3, 5, 8)
MINUTE_MS = 60_000
PLACES = (HOME, HOME, HOME, SHOP, SCHOOL, MOTHERS)
FAR = (54.9, -1.4)
# As they were when the lives were approved: a new one must not change what befalls people who never had it.
EVENTS = tuple(DeviceEvent)[: tuple(DeviceEvent).index(DeviceEvent.LOCATION_OFF) + 1]


@dataclasses.dataclass
class Life:
    """One person's days, the same whenever they are told: nothing but the number decides."""

    number: int
    at_ms: int = ms("12:00")

    def __post_init__(self) -> None:
        self.dice = random.Random(self.number)
        self.pct = 90.0

    def facts(self) -> list[Fact]:
        """Three days of stays, silences, reports, questions for photographs, and somebody else's positions."""
        facts: list[Fact] = []
        while self.at_ms < ms("+3 12:00"):
            facts += self._stretch()
        return sorted({(fact.at_ms, fact.id): fact for fact in facts}.values(), key=lambda f: (f.at_ms, f.id))

    def _stretch(self) -> Iterator[Fact]:
        place, every_ms = self.dice.choice(PLACES), self.dice.choice((1, 2, 5, 8)) * MINUTE_MS
        end = self.at_ms + self.dice.randint(5, 150) * MINUTE_MS
        late_ms = self.dice.choice((0, 0, 0, 40)) * MINUTE_MS
        while self.at_ms < end:
            yield self._fix(place, late_ms)
            if self.dice.random() < 0.15:
                yield self._report(late_ms)
            self.at_ms += every_ms
        yield from self._check_in()
        yield self._protected(place)
        self.at_ms += self.dice.choice((1, 1, 4, 25, 90, 300)) * MINUTE_MS

    def _fix(self, place: tuple[float, float], late_ms: int) -> Fact:
        kind = self.dice.random()
        spread, radius, source, mock = 0.0001, self.dice.choice((5.0, 12.0, 40.0)), Source.GNSS, False
        if kind < 0.1:
            spread, radius, source = 0.002, 300.0, self.dice.choice((Source.CELL, Source.WIFI))
        elif kind < 0.115:
            place = FAR
        elif kind < 0.125:
            mock = True
        lat, lon = place[0] + self.dice.gauss(0, spread), place[1] + self.dice.gauss(0, spread)
        name = fact_id("tag", "fix", self.number, self.at_ms)
        return Fix(name, "tag", self.at_ms, self.at_ms + late_ms, lat, lon, radius, source, mock=mock)

    def _report(self, late_ms: int) -> Fact:
        charging = self.dice.choice((None, True, False, False))
        self.pct = min(100.0, self.pct + 20) if charging else max(0.0, self.pct - self.dice.choice((2, 5, 9)))
        events = tuple(event for event in EVENTS if self.dice.random() < 0.02)
        name, at_ms = fact_id("tag", "report", self.number, self.at_ms), self.at_ms + 1_000
        return DeviceReport(name, "tag", at_ms, at_ms + late_ms, self.pct, charging, events)

    def _check_in(self) -> Iterator[Fact]:
        which, at_ms = f"c-{self.at_ms}", self.at_ms
        due_ms, delivered = at_ms + 30 * MINUTE_MS, self.dice.choice((True, True, False, None))
        yield CheckInAsked(fact_id("ask", which), which, at_ms, at_ms, due_ms, delivered)
        if self.dice.random() < 0.7:
            sent_ms = at_ms + self.dice.choice((5, 20, 45, 200)) * MINUTE_MS
            yield CheckInSubmitted(fact_id("sent", which), which, "tag", sent_ms, sent_ms)
            said_ms, verdict = sent_ms + 10 * MINUTE_MS, self.dice.choice(tuple(Verdict))
            yield CheckInDecided(fact_id("said", which), which, said_ms, said_ms, verdict, ("ben", "cleo"))

    def _protected(self, place: tuple[float, float]) -> Fact:
        lat, lon = (self.dice.choice((place, FAR)), place)[self.dice.random() < 0.5]
        name = fact_id("other", self.number, self.at_ms)
        return ProtectedFix(name, "link-1", self.at_ms, self.at_ms, lat, lon, 10.0, Source.GNSS)


def ordered(everything: ConditionSet) -> ConditionSet:
    """All that can be ordered of one person, with the dates of the order itself."""
    begun = ms("12:00")
    term = OrderTerm(ms("+2 09:00"), ms("+3 10:00"), OrderStatus.IN_FORCE)
    more = order(CheckInDuty(3), MovingZone("link-1", 400, ALWAYS, 900), Trail(1_200, 1_800, 60, LONDON)).conditions
    numbered = [Condition(f"m{i}", 1, begun, None, one.body) for i, one in enumerate(more)]
    dates = Condition("order", 1, begun, None, term)
    kept = [one for one in everything.conditions if not isinstance(one.body, Trail)]
    return ConditionSet("ada", 1, (*kept, *numbered, dates))


def told(number: int, conditions: ConditionSet) -> str:
    """What is found in one life: the bytes of each finding, its sentence, and what explains the first of a kind."""
    return _told(conditions, [*Life(number).facts(), Tick(ms("+4 12:00"))], 2)


def stories_told() -> str:
    """The same of each short scene, with what explains every finding."""
    return "\n".join(f"# {name}\n{_told(ordered, [*facts, Tick(ms(end))])}" for name, ordered, facts, end in stories())


def _told(conditions: ConditionSet, facts: Iterable[Fact | Tick], explain: int = 9) -> str:
    state, lines, explained = engine.start("ada"), list[str](), collections.Counter[Kind]()
    for fact in facts:
        step = engine.step(state, fact, conditions)
        state = step.state
        for finding in step.findings:
            lines += [to_json(finding).decode(), f"  {words.sentence(finding, conditions, LONDON)}"]
            explained[finding.kind] += 1
            if explained[finding.kind] <= explain:
                lines += [f"    {line}" for line in words.explanation(finding, conditions, LONDON)]
    return "\n".join(lines) + "\n"
