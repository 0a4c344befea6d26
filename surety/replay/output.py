"""Findings as a table for people and as JSON for programs."""

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from surety.replay.evaluate import Result
from surety.rules import schedule, visits, words
from surety.rules.facts import Fix
from surety.rules.findings import Certainty, Finding

_MARKS = {Certainty.ESTABLISHED: "● established", Certainty.PROBABLE: "◐ probable", Certainty.POSSIBLE: "○ possible"}
_json = msgspec.json.Encoder(order="deterministic")


def table(result: Result, console: Console) -> None:
    """The findings, one a row, in words."""
    zone = result.order.time_zone
    fixes = sum(isinstance(fact, Fix) for fact in result.facts)
    if not result.findings:
        console.print(f"No findings in {fixes:,} fixes.")
        return
    shown = Table(show_lines=False, pad_edge=False)
    for name in ("when", "what", "certainty"):
        shown.add_column(name, no_wrap=name != "what")
    for finding in result.findings:
        said = words.sentence(finding, result.conditions, zone)
        shown.add_row(words.local_time(finding.at_ms, zone), escape(said), _MARKS[finding.certainty])
    console.print(shown)
    console.print(f"{len(result.findings):,} findings in {fixes:,} fixes.")
    if found := visits_of(result):
        console.print("\nVisits and absences:")
        for visit in found:
            said = escape(visits.sentence(visit, result.conditions, zone))
            console.print(f"{_MARKS[visit.certainty].split(' ')[0]} {said}", soft_wrap=True)


def visits_of(result: Result) -> list[visits.Visit]:
    """The visits and absences of the whole trace; one that runs at its end stays open."""
    return visits.fold(result.findings, schedule.BEGINNING, result.until_ms + 1)


def visit_lines(result: Result) -> bytes:
    """The visits and absences as JSON lines, each with its sentence."""
    zone = result.order.time_zone
    told = ({**msgspec.to_builtins(one), "sentence": visits.sentence(one, result.conditions, zone)}
            for one in visits_of(result))  # fmt: skip
    return b"".join(_json.encode(one) + b"\n" for one in told)


def json_lines(result: Result) -> bytes:
    """The findings as JSON lines: each with its evidence and its sentence."""
    zone = result.order.time_zone
    return b"".join(_json.encode(_with_words(finding, result, zone)) + b"\n" for finding in result.findings)


def _with_words(finding: Finding, result: Result, zone: str) -> dict[str, object]:
    told: dict[str, object] = msgspec.to_builtins(finding)
    return {**told, "sentence": words.sentence(finding, result.conditions, zone)}
