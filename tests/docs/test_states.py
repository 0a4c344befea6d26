"""The pictures of the states are what the code decides by, and the code decides by the tables."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from surety.rules import curfew, duty, machines, zones
from surety.rules.findings import Kind
from surety.rules.machines import CHECK_IN, SIGHT, Machine, Move
from tests.rules.scenes import HOME, MOTHERS, kinds, order, run, stay
from tests.rules.scenes import curfew as curfew_night

ROOT = Path(__file__).resolve().parents[2]
EVERY: dict[str, Machine[Any, Any]] = {
    "curfew": curfew.CURFEW.moves,
    "exclusion": zones.EXCLUSION.moves,
    "inclusion": zones.INCLUSION.moves,
    "restriction": zones.RESTRICTION.moves,
    "sight": SIGHT,
    "check-in": CHECK_IN,
    "state": machines.sign(Kind.STRAP_TAMPER, lasts=True),
    "event": machines.sign(Kind.SOS, lasts=False),
}


def drawer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("draw_states", ROOT / "docs" / "draw_states.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_tables_give() -> None:
    page = (ROOT / "docs" / "states.md").read_text(encoding="utf-8")
    assert page == drawer().text(), "run `python docs/draw_states.py` and commit docs/states.md"


@pytest.mark.parametrize("name", EVERY)
def test_every_state_is_reached_every_event_moves_something_and_all_are_said_in_words(name: str) -> None:
    machine = EVERY[name]
    states = {move.state for move in machine.moves} | {move.to for move in machine.moves}
    assert states == set(machine.states)
    assert {move.event for move in machine.moves} == set(machine.events) or name == "event"
    reached, before = {machine.start}, set()
    while reached != before:
        before = set(reached)
        reached |= {move.to for move in machine.moves if move.state in reached}
    assert reached == states


def test_two_moves_by_one_event_are_a_mistake_in_the_table() -> None:
    moves = [move for move in SIGHT.moves if move.finding is Kind.CANNOT_VERIFY]
    with pytest.raises(ValueError, match="two moves"):
        Machine(SIGHT.start, SIGHT.states, SIGHT.events, *moves, *moves)


def test_what_is_not_in_a_table_changes_nothing_and_finds_nothing() -> None:
    state, event = CHECK_IN.start, machines.CheckInEvent.NOT_SAME
    assert CHECK_IN.after(state, event) == Move(state, event, state)
    with pytest.raises(LookupError):
        CHECK_IN.found(state, event)


def test_a_move_that_is_taken_out_of_the_table_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the rules decide by the table, and not by something beside it."""
    night = [*stay(HOME, "18:00", "20:00"), *stay(MOTHERS, "20:05", "23:00")]
    assert kinds(run(order(curfew_night()), night)) == [Kind.CURFEW_LEFT]
    whole = curfew.CURFEW.moves
    kept = [move for move in whole.moves if move.finding is not Kind.CURFEW_LEFT]
    fewer = Machine(whole.start, whole.states, whole.events, *kept)
    monkeypatch.setattr(duty.machines, "duty", lambda *_: fewer)
    assert kinds(run(order(curfew_night()), night)) == []
