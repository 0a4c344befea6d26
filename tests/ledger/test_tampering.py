"""A copy of a real log and its checkpoints, tampered with in every way that we know: each is found and named."""

import base64
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from surety.ledger import entries, notes, verifying
from surety.ledger.__main__ import check_files, lines_of, notes_in
from surety.ledger.entries import Line, chained, leaf, read, written
from surety.ledger.merkle import Edge
from surety.ledger.notes import Checkpoint
from surety.server.audit import actions, checkpoints, proving
from surety.server.ids import new_id

MINUTE_MS = 60_000
NOW_MS = 1_780_000_000_000
OTHER_KEY = b"\x07" * 32
SIGNED = (7, 12, 20)  # entries that each checkpoint covers; the last entry is behind the newest one


class Copy(NamedTuple):
    """What a third party holds."""

    log: Path
    folder: Path
    key: str
    private: bytes

    @property
    def lines(self) -> list[Line]:
        return [read(text) for text in lines_of(self.log)]

    def write(self, lines: list[Line]) -> None:
        self.log.write_text("".join(f"{written(line)}\n" for line in lines))

    def checkpoint(self, size: int) -> Path:
        return self.folder / verifying.file_name(size)


@pytest.fixture(scope="module")
def original(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: object
) -> Iterator[Copy]:
    from django.conf import settings  # noqa: PLC0415 - Django must be set up
    from django.db import transaction  # noqa: PLC0415 - as above

    place = tmp_path_factory.mktemp("log")
    before = settings.SURETY
    settings.SURETY = msgspec.structs.replace(before, data_dir=place)
    try:
        with django_db_blocker.unblock(), transaction.atomic():
            _write_log(place)
            transaction.set_rollback(True)
        key = checkpoints.public_key().text()
        yield Copy(place / "log.jsonl", place / "checkpoints", key, checkpoints.private_key())
    finally:
        settings.SURETY = before


def _write_log(place: Path) -> None:
    person = new_id()
    for number in range(21):
        at_ms = NOW_MS + number * 3 * MINUTE_MS
        actions.record(
            action="case.read" if number % 2 else "order.changed",
            actor=None,
            subject_type="person",
            subject_id=person,
            person_id=person,
            detail={"number": number, "reason": "a secret reason"},
            at_ms=at_ms,
        )
        if number + 1 in SIGNED:
            checkpoints.step(at_ms)
    proving.export(place / "log.jsonl", lambda _: None)


@pytest.fixture
def copy(original: Copy, tmp_path: Path) -> Copy:
    shutil.copy(original.log, tmp_path / "log.jsonl")
    shutil.copytree(original.folder, tmp_path / "checkpoints")
    return original._replace(log=tmp_path / "log.jsonl", folder=tmp_path / "checkpoints")


def found(copy: Copy, *more: Path) -> verifying.Verdict:
    return check_files(copy.log, copy.key, [copy.folder, *more])


def rechained(lines: list[Line]) -> list[Line]:
    """What an administrator who knows how the log is hashed would make of changed entries."""
    link, whole = entries.FIRST_PREVIOUS, []
    for number, line in enumerate(lines, 1):
        new = line._replace(seq=number, previous_hash=link)
        whole.append(new._replace(hash=chained(new)))
        link = whole[-1].hash
    return whole


def resigned(copy: Copy, lines: list[Line], private: bytes) -> None:
    """New checkpoints of a changed log, with a key."""
    previous, edge = notes.FIRST, Edge()
    for line in lines:
        edge.append(leaf(line))
        if line.seq in SIGNED:
            text = notes.signed(Checkpoint(Edge(edge.size, edge.hashes), line.at_ms, previous, line.hash), private)
            copy.checkpoint(line.seq).write_text(text)
            previous = notes.digest(text)


def changing(name: str, value: object) -> Callable[[Copy], None]:
    def tamper(copy: Copy) -> None:
        lines = copy.lines
        lines[8] = lines[8]._replace(**{name: value})
        copy.write(lines)

    return tamper


def on_lines(change: Callable[[list[Line]], list[Line]]) -> Callable[[Copy], None]:
    return lambda copy: copy.write(change(copy.lines))


def anew(change: Callable[[list[Line]], list[Line]]) -> Callable[[Copy], None]:
    """The same, with the chain made whole again."""
    return lambda copy: copy.write(rechained(change(copy.lines)))


def backdated(lines: list[Line]) -> list[Line]:
    return [*lines, lines[-1]._replace(at_ms=NOW_MS + 2 * MINUTE_MS)]


def forged(copy: Copy) -> None:
    lines = rechained([copy.lines[0], *copy.lines[2:]])
    copy.write(lines)
    resigned(copy, lines, OTHER_KEY)


def grown_root(copy: Copy) -> None:
    file = copy.checkpoint(12)
    text = file.read_text()
    root = text.splitlines()[2]
    file.write_text(text.replace(root, base64.b64encode(b"\x01" * 32).decode()))


def respelled(copy: Copy) -> None:
    text = copy.log.read_text()
    copy.log.write_text(text.replace('{"action"', '{ "action"', 1))


def half_a_line(copy: Copy) -> None:
    data = copy.log.read_bytes()
    copy.log.write_bytes(data[:-40])


TAMPERED: dict[str, tuple[Callable[[Copy], None], int, int, str]] = {
    # what was done: how, the first and last entry that are named, and a word of the sentence
    "the time of an entry": (changing("at_ms", NOW_MS), 9, 9, "changed"),
    "who acted": (changing("actor_name", "Somebody Else"), 9, 9, "changed"),
    "in which role": (changing("actor_role", "supervisor"), 9, 9, "changed"),
    "by which id": (changing("actor_id", 4), 9, 9, "changed"),
    "what was done": (changing("action", "case.seen"), 9, 9, "changed"),
    "to what kind of thing": (changing("subject_type", "order"), 9, 9, "changed"),
    "to which": (changing("subject_id", "0" * 32), 9, 9, "changed"),
    "about whom": (changing("person_id", "0" * 32), 9, 9, "changed"),
    "its detail, with the sealed words": (changing("detail", '{"number":8}'), 9, 9, "changed"),
    "what it links to": (changing("previous_hash", "0" * 64), 9, 9, "changed"),
    "its own hash": (changing("hash", "0" * 64), 9, 9, "changed"),
    "the first entry is removed": (on_lines(lambda lines: lines[1:]), 1, 1, "missing"),
    "one in the middle is removed": (on_lines(lambda lines: lines[:9] + lines[10:]), 10, 10, "missing"),
    "the end is cut off behind a checkpoint": (on_lines(lambda lines: lines[:15]), 16, 20, "cut off"),
    "everything is removed": (on_lines(lambda _: []), 1, 20, "cut off"),
    "two change places": (on_lines(lambda lines: [*lines[:4], lines[5], lines[4], *lines[6:]]), 5, 5, "missing"),
    "one is doubled": (on_lines(lambda lines: [*lines[:5], lines[4], *lines[5:]]), 5, 5, "missing"),
    "one is put in": (on_lines(lambda lines: [*lines[:5], lines[4]._replace(seq=6), *lines[5:]]), 6, 6, "changed"),
    "one is put in, and the rest chained anew": (anew(lambda lines: [*lines[:5], lines[4], *lines[5:]]), 1, 7, "anew"),
    "one is removed, and the rest chained anew": (anew(lambda lines: lines[:9] + lines[10:]), 8, 12, "anew"),
    "one is changed, and the rest chained anew": (
        anew(lambda lines: [*lines[:14], lines[14]._replace(action="nothing"), *lines[15:]]), 13, 20, "anew",
    ),
    "one is added at the end with an early time": (anew(backdated), 22, 22, "back-dated"),
    "the log is another spelling of itself": (respelled, 1, 1, "spelled"),
    "the last line is cut short": (half_a_line, 21, 21, "not JSON"),
    "the log and its checkpoints are made anew with another key": (forged, 0, 0, "not signed"),
    "a checkpoint's root is changed": (grown_root, 0, 0, "not signed"),
    "a checkpoint is removed from the middle": (lambda copy: copy.checkpoint(12).unlink(), 0, 0, "missing"),
    "the first checkpoint is removed": (lambda copy: copy.checkpoint(7).unlink(), 0, 0, "missing"),
    "a checkpoint is named as another": (lambda copy: copy.checkpoint(20).rename(copy.checkpoint(19)), 0, 0, "named"),
}  # fmt: skip


def test_the_copy_as_it_was_made_is_sound(copy: Copy) -> None:
    assert found(copy) == verifying.Verdict(
        21, 3, 0, 0, "All 21 entries are as they were written, and agree with 3 signed checkpoints.", is_sound=True
    )
    assert "a secret reason" not in copy.log.read_text()


@pytest.mark.parametrize("how", TAMPERED)
def test_each_tampering_is_found_and_named(copy: Copy, how: str) -> None:
    tamper, first, last, word = TAMPERED[how]
    tamper(copy)
    verdict = found(copy)
    assert (verdict.is_sound, verdict.first_bad_seq, verdict.last_bad_seq) == (False, first, last), verdict
    assert word in verdict.sentence


def test_two_logs_that_were_both_signed_are_found_where_their_checkpoints_meet(copy: Copy, tmp_path: Path) -> None:
    """Whoever has the private key too can show each reader another log; not where two compare what they were shown."""
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(copy.folder, elsewhere)
    lines = rechained([copy.lines[0], *copy.lines[2:], copy.lines[-1]])
    copy.write(lines)
    resigned(copy, lines, copy.private)
    assert found(copy).is_sound
    assert "two logs" in found(copy, elsewhere).sentence


def test_another_public_key_verifies_nothing(copy: Copy) -> None:
    other = notes.key_of(OTHER_KEY).text()
    assert "not signed" in check_files(copy.log, other, [copy.folder]).sentence


def test_a_third_party_needs_neither_django_nor_settings(copy: Copy, tmp_path: Path) -> None:
    """In a process in which Django cannot be imported."""
    code = (
        "import sys; sys.modules['django'] = None; sys.argv = ['check', *sys.argv[1:]]; "
        "from surety.ledger.__main__ import main; sys.exit(main())"
    )
    command = [sys.executable, "-c", code, str(copy.log), "--key", copy.key, "--checkpoints", str(copy.folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (
        0, "All 21 entries are as they were written, and agree with 3 signed checkpoints.\n",
    ), done.stderr  # fmt: skip


def test_a_checkpoint_says_what_a_person_can_read(copy: Copy) -> None:
    text = notes_in(copy.folder)[verifying.file_name(20)].splitlines()
    assert text[:2] == ["surety audit log", "20"]
    assert text[-1].startswith("\u2014 surety-audit-")
