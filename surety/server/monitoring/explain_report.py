"""The report of `surety explain`: what it says, as data for JSON and as lines and tables for a terminal."""

from collections.abc import Iterator

import msgspec
from rich.console import Console
from rich.table import Table as RichTable

from surety.rules import words
from surety.rules.findings import RULES_VERSION
from surety.server.alerts import queries as alerts
from surety.server.monitoring import number_words, working_words
from surety.server.monitoring.explain import Rederived
from surety.server.monitoring.working_words import READING, SHORT, Table

_OTHERWISE = "What else could explain it: "


class Report(msgspec.Struct, frozen=True):
    """Everything that is told of one finding. `same`: what the rules give again is the stored finding byte for byte."""

    finding_id: str
    person: str
    sentence: str
    same: bool
    verdict: str
    differences: tuple[str, ...]
    standing: tuple[str, ...]
    ordered: str
    recorded: tuple[str, ...]
    facts: tuple[str, ...]
    arithmetic: Table | None
    sums: tuple[str, ...]
    numbers: tuple[tuple[str, str], ...]
    certainty: tuple[str, ...]
    cause: str
    otherwise: tuple[str, ...]
    decided: tuple[str, ...]
    rules_version: str
    stored: msgspec.Raw
    derived_from: str


def report(known: Rederived) -> Report:
    """What is told of a finding that was derived again."""
    finding, zone = known.finding, known.person.time_zone
    explained = words.explanation(finding, known.conditions, zone)
    differences = known.differences
    return Report(
        finding_id=finding.id,
        person=known.person.reference,
        sentence=words.sentence(finding, known.conditions, zone),
        same=not differences,
        verdict=_verdict(known, differences),
        differences=tuple(differences),
        standing=tuple(_standing(known)),
        ordered=_ordered(known),
        recorded=tuple(line for line in explained if line.startswith("Recorded")),
        facts=tuple(working_words.fact_words(fact, zone) for fact in known.facts),
        arithmetic=working_words.table(known.worked, finding, zone) if known.worked else None,
        sums=tuple(working_words.sums(finding, zone)),
        numbers=tuple(number_words.told(finding.evidence.numbers, zone)),
        certainty=tuple(working_words.certainty_words(finding, explained)),
        cause=working_words.cause_words(finding),
        otherwise=tuple(line.removeprefix(_OTHERWISE) for line in explained if line.startswith(_OTHERWISE)),
        decided=tuple(_decided(finding.episode_id, zone)),
        rules_version=finding.rules_version,
        stored=msgspec.Raw(known.stored_body),
        derived_from=_derived_from(known),
    )


def _verdict(known: Rederived, differences: list[str]) -> str:
    made_by = known.finding.rules_version
    if not differences:
        return "Derived again, it is the stored finding, byte for byte."
    if made_by != RULES_VERSION:
        only = [line for line in differences if not line.startswith("rules_version:")]
        agrees = "it agrees in everything else" if not only else "it also differs in what follows"
        return f"It was made by rules {made_by}; these are rules {RULES_VERSION}, and {agrees}."
    return "Derived again, it DIFFERS from the stored finding."


def _derived_from(known: Rederived) -> str:
    zone = known.person.time_zone
    start = "the beginning" if known.base_ms is None else f"the snapshot of {working_words.clock(known.base_ms, zone)}"
    facts = f"{known.facts_given} stored fact{'' if known.facts_given == 1 else 's'}"
    then = ""
    if known.as_known_ms is not None:
        then = f", with what was known {working_words.clock(known.as_known_ms, zone)}, when it was made"
    return f"Derived from {start} over {facts}{then}."


def _standing(known: Rederived) -> Iterator[str]:
    row, zone = known.row, known.person.time_zone
    if row.superseded_ms is not None:
        at = working_words.clock(row.superseded_ms, zone)
        if known.replaced_by is None:
            yield f"It fell away {at}: later facts no longer give it, and nothing took its place."
        else:
            yield f"It was superseded {at} by: {working_words.told_of(known.replaced_by, known)}"
    for one in known.replaces:
        yield f"It took the place of: {working_words.told_of(one, known)}"
    for one in known.formers:
        yield f"It said before, on other evidence: {working_words.told_of(one, known)}"


def _ordered(known: Rederived) -> str:
    finding, zone = known.finding, known.person.time_zone
    if known.body is None:
        return "The finding stands under no particular condition."
    for c in known.conditions.conditions:
        if (c.id, c.version) == (finding.condition_id, finding.condition_version):
            until = f" until {words.local_time(c.effective_to_ms, zone)}" if c.effective_to_ms else ""
            since = words.local_time(c.effective_from_ms, zone)
            return f"{words.describe(known.body)} Version {c.version}, in force from {since}{until}."
    return words.describe(known.body)


def _decided(episode_id: str, time_zone: str) -> Iterator[str]:
    for event in alerts.events_of_episode(episode_id):
        outcome = event.detail.get("outcome") if isinstance(event.detail, dict) else None
        what = event.action.replace("_", " ") + (f" ({str(outcome).replace('_', ' ')})" if outcome else "")
        text = f": {event.text}" if event.text else ""
        yield f"{working_words.clock(event.at_ms, time_zone)} {event.actor_name or 'The system'}, {what}{text}"


def show(told: Report, console: Console) -> None:
    """Print a report."""
    _lines(console, f"Finding {told.finding_id}, about {told.person}", [told.sentence, *told.standing])
    _lines(console, "What was ordered", [told.ordered])
    _lines(console, "What was recorded", [*told.recorded, *told.facts])
    if told.arithmetic is not None:
        _lines(console, f"How it was worked out: {told.arithmetic.place}", [told.arithmetic.presumed, READING])
        console.print(_rich(told.arithmetic))
        _lines(console, "", list(told.arithmetic.closing))
    if told.sums:
        _lines(console, "The sum of time", list(told.sums))
    _lines(console, "The numbers it rests on", [f"{name}: {value}" for name, value in told.numbers])
    _lines(console, "How sure it is, and why", list(told.certainty))
    _lines(console, "What explains it", [told.cause])
    _lines(console, "What else could explain it", list(told.otherwise))
    _lines(console, "Who decided what", list(told.decided) or ["No alert was opened, so nobody had to decide."])
    _lines(console, "Derived again", [told.derived_from, told.verdict, *told.differences])


def _lines(console: Console, heading: str, lines: list[str]) -> None:
    if not lines:
        return
    if heading:
        console.print(f"\n{heading}", style="bold", markup=False, highlight=False, soft_wrap=True)
    for line in lines:
        console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)


def _rich(table: Table) -> RichTable:
    drawn = RichTable(box=None, pad_edge=True, show_header=True)
    for name in SHORT:
        drawn.add_column(name, justify="left" if name in ("No.", "Time", "Held") else "right", overflow="fold")
    for row in table.rows[:-1]:
        drawn.add_row(*row)
    drawn.add_row(*table.rows[-1], style="bold")
    return drawn
