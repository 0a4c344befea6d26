"""`surety audit ...` by hand: sign, copy, verify elsewhere, prove; what cannot be read is one sentence."""

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from django.conf import settings
from django.db import connection
from typer.testing import CliRunner

from surety.cli import app
from surety.ledger import notes, proofs
from surety.server.audit import actions, checkpoints, guards, health, proving
from surety.server.errors import ConflictError, InvalidError, NotFoundError
from surety.server.timekeeping import now_ms

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def place(tmp_path: Path) -> Iterator[Path]:
    before = settings.SURETY
    (tmp_path / "away").mkdir()
    settings.SURETY = msgspec.structs.replace(
        before, data_dir=tmp_path / "data", checkpoint_dirs=str(tmp_path / "away")
    )
    yield tmp_path
    settings.SURETY = before


def write(count: int = 1) -> None:
    for number in range(count):
        actions.record(action="a", actor=None, subject_type="t", subject_id=str(number), at_ms=now_ms())


def surety(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["audit", *map(str, words)])
    return done.exit_code, done.output


def test_what_is_signed_and_copied_is_verified_with_the_key_alone(place: Path) -> None:
    write(5)
    assert surety("checkpoint") == (0, "The newest checkpoint covers 5 entries.\n")
    write(2)
    assert surety("export", place / "log")[0] == 0
    key = surety("key")[1].strip()
    code, said = surety("verify", place / "log", "--key", key, "--checkpoints", place / "away")
    assert (code, said) == (0, "All 7 entries are as they were written, and agree with 1 signed checkpoints.\n")
    assert surety("verify")[0] == 0


def test_an_export_goes_on_where_it_was_cut_short_and_leaves_another_file_alone(place: Path) -> None:
    write(4)
    proving.export(place / "log", lambda _: None)
    whole = (place / "log").read_bytes()
    (place / "log").write_bytes(whole[:-30])
    write(1)
    assert proving.export(place / "log", lambda _: None) == 5
    assert (place / "log").read_bytes().startswith(whole)
    (place / "letter").write_text("Dear sir,\n")
    with pytest.raises(InvalidError):
        proving.export(place / "letter", lambda _: None)
    assert (place / "letter").read_text() == "Dear sir,\n"


def test_an_entry_is_proved_and_a_proof_of_something_else_does_not_hold(place: Path) -> None:
    write(6)
    checkpoints.step(now_ms())
    key = checkpoints.public_key()
    for seq in range(1, 7):
        assert proofs.check(proving.prove(seq), key).holds
    (place / "proof").write_text(surety("prove", 3)[1])
    assert surety("check-proof", place / "proof", "--key", key.text())[0] == 0
    other = json.loads(proving.prove(3)) | {"entry": json.loads(proving.prove(4))["entry"]}
    assert not proofs.check(json.dumps(other), key).holds
    for nothing in ("", "{}", "[]", '{"proof":[],"kind":"inclusion"}', '{"proof":["x"]}'):
        assert not proofs.check(nothing, key).holds


def test_the_log_is_proved_to_have_only_grown(place: Path) -> None:
    for size in (3, 2, 4):
        write(size)
        checkpoints.step(now_ms())
    key = checkpoints.public_key()
    assert proofs.check(proving.prove_consistency(3, 9), key).holds
    assert proofs.check(proving.prove_consistency(5, 5), key).holds
    other = json.loads(proving.prove_consistency(3, 9)) | {
        "proof": json.loads(proving.prove_consistency(5, 9))["proof"]
    }
    assert not proofs.check(json.dumps(other), key).holds
    for old, new, error in ((4, 9, NotFoundError), (9, 3, InvalidError)):
        with pytest.raises(error):
            proving.prove_consistency(old, new)


def test_what_is_not_signed_yet_cannot_be_proved_and_what_is_not_there_neither() -> None:
    write(1)
    with pytest.raises(ConflictError):
        proving.prove(1)
    with pytest.raises(NotFoundError):
        proving.prove(2)


def test_a_log_that_was_rewritten_behind_a_checkpoint_is_never_signed_again() -> None:
    write(3)
    checkpoints.step(now_ms())
    guards.remove(connection)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_entry WHERE seq = 3")
        cursor.execute("UPDATE audit_head SET seq = 2, hash = (SELECT hash FROM audit_entry WHERE seq = 2)")
    guards.install(connection)
    with pytest.raises(checkpoints.RewrittenError):
        checkpoints.step(now_ms())
    write(4)
    with pytest.raises(checkpoints.RewrittenError):
        checkpoints.step(now_ms())
    assert surety("checkpoint")[0] == surety("verify")[0] == 1


def test_a_folder_that_was_away_is_given_what_it_missed(place: Path) -> None:
    write(2)
    checkpoints.step(now_ms())
    (place / "away" / "000000000002.txt").unlink()
    (place / "away").rmdir()
    write(1)
    checkpoints.step(now_ms())
    assert not (place / "away").exists()  # where a share is not mounted, nothing is put in its place
    assert "is not there" in health.standing().fault
    (place / "away").mkdir()
    checkpoints.step(now_ms())
    assert not health.standing().fault
    assert sorted(file.name for file in (place / "away").iterdir()) == ["000000000002.txt", "000000000003.txt"]
    assert len(checkpoints.known()) == 2


def test_a_folder_within_the_data_is_not_elsewhere(place: Path) -> None:
    assert health.standing().away
    within = place / "data" / "checkpoints" / "again"
    settings.SURETY = msgspec.structs.replace(settings.SURETY, checkpoint_dirs=str(within))
    assert not health.standing().away


def test_nothing_new_is_not_signed_and_what_waits_long_is_told(place: Path) -> None:
    write(2)
    at_ms = now_ms()
    assert not health.overdue(health.standing(), at_ms)
    assert health.overdue(health.standing(), at_ms + 1_900_000)
    assert checkpoints.step(at_ms) == at_ms + 600_000
    checkpoints.step(at_ms + 600_000)
    assert len(checkpoints.texts(place / "data" / "checkpoints")) == 1
    assert not health.overdue(health.standing(), at_ms + 86_400_000)


def test_what_cannot_be_read_is_one_sentence(place: Path) -> None:
    write(1)
    assert surety("verify", place / "nothing")[0] == 2
    code, said = surety("verify", place / "nothing", "--key", "k", "--checkpoints", place)
    assert (code, said.count("\n")) == (2, 1)
    with pytest.raises(notes.BadNoteError):
        notes.read_key("surety-audit-12+00112233+AAAA")
