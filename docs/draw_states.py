"""Writes docs/states.md from the tables in surety/rules/machines.py: `python docs/draw_states.py` (or `make docs`).

A test holds the committed file to what this gives, so the pictures are what the code decides by.
"""

import enum
from pathlib import Path
from typing import Any

from surety.rules import checkins, curfew, devices, machines, zones
from surety.rules.findings import Kind
from surety.rules.machines import Machine

FILE = Path(__file__).with_name("states.md")
HEAD = """# States: what moves what, and what is found

Drawn by `docs/draw_states.py` from the tables in `surety/rules/machines.py`, which are what the rules decide by: they
look up each move there. An arrow says what happens and, after the stroke, the kind of finding that it is. What is not
in a table does not happen: the state stays, and nothing is found.
"""
_OF_A_NIGHT = """Which evidence is certain is decided in `surety/rules/duty.py`. Inclusion zones go the same course,
without the finding that somebody was absent throughout."""
_OF_A_VISIT = """The same course, for the hours of a zone: the duty is kept by being outside. Restriction zones and
moving zones go it too, with findings of their own."""


def text() -> str:
    """The whole page."""
    parts = [HEAD]
    for title, words, machine in _machines():
        parts.append(f"\n## {title}\n\n{words}\n\n{_diagram(machine)}\n\n{_states(machine)}\n\n{_moves(machine)}\n")
    return "".join(parts)


def _machines() -> list[tuple[str, str, Machine[Any, Any]]]:
    signs = ", ".join(f"`{sign.kind.value}`" for sign in devices.SIGNS if sign.lasts)
    once = ", ".join(f"`{sign.kind.value}`" for sign in devices.SIGNS if not sign.lasts)
    return [
        (
            "A curfew night",
            _OF_A_NIGHT,
            curfew.CURFEW.moves,
        ),
        (
            "A visit to an exclusion zone",
            _OF_A_VISIT,
            zones.EXCLUSION.moves,
        ),
        (
            "Whether a duty can be verified",
            "Beside the course of every duty, and independent of it. Not knowing is never a breach.",
            machines.SIGHT,
        ),
        ("A check-in", f"Which facts make an event is decided in `{_path(checkins)}`.", machines.CHECK_IN),
        (
            "A state that a device reports",
            f"Here an open strap; just so {signs}. Decided in `{_path(devices)}`.",
            machines.sign(Kind.STRAP_TAMPER, lasts=True),
        ),
        (
            "Something that a device reports and that does not last",
            f"Here a call for help; just so {once}.",
            machines.sign(Kind.SOS, lasts=False),
        ),
    ]


def _path(module: Any) -> str:
    return f"surety/rules/{Path(module.__file__).name}"


def _diagram(machine: Machine[Any, Any]) -> str:
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {machine.start.value}"]
    for move in machine.moves:
        found = f" / {move.finding.value}" if move.finding else ""
        lines.append(f"    {move.state.value} --> {move.to.value}: {_words(move.event)}{found}")
    return "\n".join([*lines, "```"])


def _words(event: enum.Enum) -> str:
    return str(event.value).replace("_", " ")


def _states(machine: Machine[Any, Any]) -> str:
    rows = [f"| `{state.value}` | {words} |" for state, words in machine.states.items()]
    return "\n".join(["| state | means |", "| --- | --- |", *rows])


def _moves(machine: Machine[Any, Any]) -> str:
    rows = [
        f"| `{move.state.value}` | {machine.events[move.event]} | `{move.to.value}` | {_found(move.finding)} |"
        for move in machine.moves
    ]
    return "\n".join(["| in | when | then | finding |", "| --- | --- | --- | --- |", *rows])


def _found(kind: Kind | None) -> str:
    return f"`{kind.value}`" if kind else ""


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
