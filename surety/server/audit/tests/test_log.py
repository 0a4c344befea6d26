"""The audit log: linked, append-only in the database itself, and every tampering found."""

import itertools

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from surety.server.accounts.models import Role, User
from surety.server.audit import actions, guards, queries
from surety.server.audit.actions import Happening
from surety.server.audit.chain import FIRST_PREVIOUS, canonical
from surety.server.audit.models import Entry, Head

pytestmark = pytest.mark.django_db
NOW_MS = 1_780_000_000_000


def write(count: int = 5) -> None:
    for number in range(count):
        actions.record(
            action="test.happened",
            actor=None,
            subject_type="test",
            subject_id=str(number),
            person_id="p1",
            detail={"number": number},
            at_ms=NOW_MS + number,
        )


def tamper(sql: str) -> None:
    """What somebody with full power over the database could do: lift the guards, change, put them back."""
    guards.remove(connection)
    with connection.cursor() as cursor:
        cursor.execute(sql)
    guards.install(connection)


def test_an_entry_keeps_the_names_of_who_acted_and_outlives_them():
    ruth = User.objects.create(username="ruth", first_name="Ruth", last_name="Ade", role=Role.OFFICER)
    actions.record(action="a", actor=ruth, subject_type="t", subject_id="1", at_ms=NOW_MS)
    ruth.delete()
    entry = Entry.objects.get()
    assert (entry.actor_name, entry.actor_role) == ("Ruth Ade", "officer")
    assert queries.verify().is_sound


def test_entries_are_numbered_without_gaps_and_linked():
    write()
    entries = list(Entry.objects.order_by("seq"))
    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5]
    assert entries[0].previous_hash == FIRST_PREVIOUS
    assert all(after.previous_hash == before.hash for before, after in itertools.pairwise(entries))


def test_a_burst_is_linked_as_single_entries_are():
    write(1)
    happenings = [
        Happening(action="a", actor=None, subject_type="t", subject_id=str(number), at_ms=NOW_MS)
        for number in range(500)
    ]
    actions.record_many(happenings)
    write(1)
    assert queries.verify().entries == 502
    assert queries.verify().is_sound


def test_an_entry_of_a_transaction_that_is_given_up_is_not_there():
    write(2)
    with transaction.atomic():
        write(2)
        transaction.set_rollback(True)
    write(1)
    assert queries.verify().entries == 3
    assert queries.verify().is_sound


def test_the_same_detail_gives_the_same_text_whatever_its_order():
    assert canonical({"b": 1, "a": "é"}) == canonical({"a": "é", "b": 1}) == '{"a":"é","b":1}'


def test_what_json_cannot_say_is_refused_before_anything_is_written():
    with pytest.raises(ValueError, match="JSON"):
        actions.record(
            action="a", actor=None, subject_type="t", subject_id="1", detail={"x": float("nan")}, at_ms=NOW_MS
        )
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit_entry SET action = 'nothing' WHERE seq = 2",
        "DELETE FROM audit_entry WHERE seq = 2",
        "DELETE FROM audit_entry",
        "INSERT INTO audit_entry SELECT * FROM audit_entry WHERE seq = 2",
        "INSERT OR REPLACE INTO audit_entry SELECT * FROM audit_entry WHERE seq = 2",
    ],
)
def test_the_database_refuses_to_change_or_remove_an_entry(sql):
    write()
    if "REPLACE" in sql and connection.vendor != "sqlite":
        pytest.skip("a statement of SQLite alone")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert Entry.objects.count() == 5
    assert queries.verify().is_sound


@pytest.mark.parametrize(
    ("sql", "first_bad"),
    [
        ("UPDATE audit_entry SET action = 'nothing' WHERE seq = 3", 3),
        ("UPDATE audit_entry SET at_ms = at_ms + 1 WHERE seq = 1", 1),
        ("UPDATE audit_entry SET actor_name = 'somebody else' WHERE seq = 4", 4),
        ("UPDATE audit_entry SET person_id = '' WHERE seq = 2", 2),
        ("UPDATE audit_entry SET detail = '{}' WHERE seq = 5", 5),
        ("UPDATE audit_entry SET hash = previous_hash WHERE seq = 2", 2),
        ("DELETE FROM audit_entry WHERE seq = 1", 1),
        ("DELETE FROM audit_entry WHERE seq = 3", 3),
        ("DELETE FROM audit_entry WHERE seq = 5", 5),
        ("DELETE FROM audit_entry", 1),
    ],
)
def test_tampering_is_found_and_the_first_bad_entry_named(sql, first_bad):
    write()
    tamper(sql)
    verdict = queries.verify()
    assert not verdict.is_sound
    assert verdict.first_bad_seq == first_bad
    assert str(first_bad) in verdict.sentence


def test_an_entry_written_past_the_head_is_found():
    write()
    Head.objects.filter(id=1).update(seq=4)
    assert not queries.verify().is_sound


def test_missing_guards_are_named():
    assert guards.missing(connection) == []
    guards.remove(connection)
    assert guards.missing(connection)
    guards.install(connection)


def test_flush_refuses_any_database_but_a_tests_own(monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "NAME", "/var/lib/surety/surety.sqlite3")
    with pytest.raises(CommandError, match="never emptied"):
        call_command("flush", interactive=False)


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.text(max_size=8), st.one_of(st.text(), st.integers(), st.booleans(), st.none()), max_size=4))
def test_any_detail_is_kept_and_found_sound(detail):
    with transaction.atomic():
        detail = {key.replace("\x00", ""): value for key, value in detail.items() if "\x00" not in str(value)}
        actions.record(action="a", actor=None, subject_type="t", subject_id="1", detail=detail, at_ms=NOW_MS)
        assert queries.verify().is_sound
