"""1:1 only: no code path compares a probe with more than one person's references.

Spies stand at the store of templates, at what is opened of it, and at the engine, while several people's check-ins are
compared in turn.
"""

import ast
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

import surety
from surety.faces.contract import Comparison, Photo, Reference, Turn
from surety.server.checkins import comparing
from surety.server.checkins.looking import Machine
from surety.server.checkins.models import EnrolledImage, Submission
from surety.server.checkins.tests.compare_cast import (
    ADA_FACE,
    DARK,
    DUE_MS,
    NOON,
    OTHER_FACE,
    UNSURE_FACE,
    ada,
    asked,
    enrolled,
    plain_decode,
    submit,
)
from surety.server.checkins.tests.plain_engine import SECOND_MODEL, PlainEngine
from surety.server.monitoring.tests.conftest import stream
from surety.server.records import queries as records
from surety.stream.contract import Stream

__all__ = ["stream"]
ROOT = Path(surety.__file__).parent
CAST = [
    (ADA_FACE, ADA_FACE),
    (OTHER_FACE, ADA_FACE),
    (UNSURE_FACE, UNSURE_FACE),
    (ADA_FACE, DARK),
    (ADA_FACE, OTHER_FACE),
]


class Spy:
    """What was asked of the store of templates, what was opened of it, and what the engine was given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reads: list[tuple[str, tuple[object, ...]]] = []
        self.opened: list[str] = []
        self.verified: list[list[str]] = []
        self._open = records.open_box
        monkeypatch.setattr(records, "open_box", self._open_box)

    def _open_box(self, person_id: str, box: bytes) -> bytes:
        self.opened.append(person_id)
        return self._open(person_id, box)

    def watch(self, execute: Callable[..., Any], sql: str, params: Any, many: Any, context: Any) -> Any:
        """A wrapper of every statement on the database."""
        if sql.startswith("SELECT") and "box" in sql and "checkins_template" in sql:
            self.reads.append((sql, tuple(params)))
        return execute(sql, params, many, context)


class WatchedEngine(PlainEngine):
    """The plain engine, telling the spy whose references it was given."""

    def __init__(self, spy: Spy, model: str) -> None:
        super().__init__(model)
        self._spy = spy

    def verify(self, frames: Sequence[Photo], references: Sequence[Reference], turn: Turn = Turn.NONE) -> Comparison:
        of = EnrolledImage.objects.filter(pk__in=[one.id for one in references])
        self._spy.verified.append(sorted(set(of.values_list("person_id", flat=True))))
        return super().verify(frames, references, turn)


@pytest.mark.django_db
def test_no_probe_ever_meets_more_than_one_persons_references(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    spy = Spy(monkeypatch)
    check_ins = [asked(ada(f"P{number}")) for number in range(len(CAST))]
    for check_in, (face, _) in zip(check_ins, CAST, strict=True):
        enrolled(check_in.person, face)
        enrolled(check_in.person, UNSURE_FACE)
    sent = [submit(stream, check_in, probe) for check_in, (_, probe) in zip(check_ins, CAST, strict=True)]
    with connection.execute_wrapper(spy.watch):
        for model in ("11" * 32, SECOND_MODEL):  # and once more when the model has changed
            machine = Machine(lambda model=model: WatchedEngine(spy, model), plain_decode)
            machine.wake()
            while comparing.step(machine, DUE_MS, most=1) or comparing.derive_some(machine, DUE_MS):
                pass
            Submission.objects.update(next_ms=NOON)
            for row in sent:
                row.comparisons.all().delete()

    assert len(spy.verified) == 2 * len(sent)
    assert all(len(people) == 1 for people in spy.verified)
    assert {people[0] for people in spy.verified} == {check_in.person_id for check_in in check_ins}
    assert len(spy.reads) == len(spy.verified)
    for sql, params in spy.reads:
        assert '"person_id" = %s' in sql
        assert len({check_in.person_id for check_in in check_ins} & set(map(str, params))) == 1
    assert set(spy.opened) == {check_in.person_id for check_in in check_ins}


def askers() -> set[str]:
    """The files of the server that ask an engine to compare."""
    found = set()
    for file in (ROOT / "server").rglob("*.py"):
        nodes = ast.walk(ast.parse(file.read_text())) if "tests" not in file.parts else ()
        asked = [one.func for one in nodes if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute)]
        if any(one.attr == "verify" and "engine" in ast.unparse(one.value).lower() for one in asked):
            found.add(file.relative_to(ROOT / "server").as_posix())
    return found


def test_an_engine_is_asked_to_compare_in_two_places_one_of_a_person_and_one_of_a_pair_that_is_about_nobody() -> None:
    assert askers() == {"checkins/looking.py", "checkins/control_machine.py"}


def test_one_file_of_the_server_reads_templates_and_it_takes_one_person() -> None:
    readers = set()
    for file in (ROOT / "server").rglob("*.py"):
        if "tests" in file.parts or "migrations" in file.parts:
            continue
        tree = ast.parse(file.read_text())
        if any(isinstance(node, ast.Name) and node.id == "Template" for node in ast.walk(tree)):
            readers.add(file.relative_to(ROOT).as_posix())
    assert readers == {"server/checkins/templates.py"}
    tree = ast.parse((ROOT / "server/checkins/templates.py").read_text())
    opening = [one for one in tree.body if isinstance(one, ast.FunctionDef) and "open_box" in ast.unparse(one)]
    assert [one.name for one in opening] == ["references_of"]
    assert [arg.arg for arg in opening[0].args.args] == ["person_id", "model_sha256"]
