"""What is kept of a person is sealed to their key: no table says where they were; without the key all is gone."""

import importlib
import time
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import connection

from surety.rules.facts import decode, encode
from surety.server.cases.models import Person
from surety.server.errors import NotFoundError
from surety.server.monitoring import queries
from surety.server.monitoring.explain import rederive
from surety.server.monitoring.models import Finding, FormerFinding, PersonState, SetAside, Snapshot, StoredFact
from surety.server.monitoring.sealed import FACT, unseal
from surety.server.monitoring.tests.cast import (
    HOME,
    HOUR_MS,
    MINUTE_MS,
    SCHOOL,
    SCHOOL_ZONE,
    START_MS,
    TRAIL,
    fix,
    opened,
    person,
    rewrite,
    send,
    stay,
)
from surety.server.monitoring.verifying import verify_person
from surety.server.monitoring.worker import Worker
from surety.server.records import vault
from surety.server.records.models import PersonKey
from surety.stream.contract import Stream

pytestmark = pytest.mark.django_db(transaction=True)
DAY = [
    *stay(HOME, START_MS + HOUR_MS, START_MS + 2 * HOUR_MS),
    *stay(SCHOOL, START_MS + 2 * HOUR_MS, START_MS + 3 * HOUR_MS),
    *stay(HOME, START_MS + 3 * HOUR_MS, START_MS + 5 * HOUR_MS),
]
END_MS = START_MS + 5 * HOUR_MS
TABLES = (StoredFact, Finding, FormerFinding, PersonState, Snapshot, SetAside)


@pytest.fixture
def ada(stream: Stream) -> Person:
    """Somebody who was at a school zone, with a late fact that left a former finding, and something set aside."""
    found = person(SCHOOL_ZONE, TRAIL)
    late = DAY.pop(75)
    send(stream, found, DAY)
    DAY.insert(75, late)
    worker = Worker(stream)
    settle(worker, END_MS)
    send(stream, found, [late])
    settle(worker, END_MS)
    return found


def settle(worker: Worker, now_ms: int) -> None:
    while not worker.run_once(now_ms).idle:
        pass


def rows() -> Iterator[object]:
    for table in TABLES:
        yield from table.objects.all()


def destroy(found: Person) -> None:
    PersonKey.objects.filter(person_id=found.pk).update(wrapped=None, destroyed_ms=END_MS)
    vault.forget(found.pk)


def test_no_table_says_in_plain_bytes_what_happened(ada: Person) -> None:
    assert {type(row) for row in rows()} >= {StoredFact, Finding, PersonState, Snapshot}
    for row in rows():
        body = bytes(row.body)
        assert body[:1] == vault.FORMAT
        assert b"lat_deg" not in body
        assert b"zone_entered" not in body
        assert opened(row)
    assert all(decode(unseal(ada.pk, row.body, FACT)).id == row.fact_id for row in StoredFact.objects.all())


def test_everything_is_derived_again_from_what_is_sealed(ada: Person) -> None:
    assert verify_person(ada.pk).differences == []


def test_once_the_key_is_destroyed_readers_say_so_or_give_nothing(ada: Person) -> None:
    row = Finding.objects.filter(kind="zone_entered")[0]
    destroy(ada)
    assert queries.trail(ada.pk, START_MS, END_MS) == []
    assert queries.newest(ada.pk, END_MS, 5) == []
    assert queries.findings(ada.pk, START_MS, END_MS) == []
    assert queries.visits(ada.pk, START_MS, END_MS) == []
    assert queries.finding(row.pk) is None
    with pytest.raises(NotFoundError, match="erased"):
        rederive(row.pk)
    report = verify_person(ada.pk)
    assert (report.erased, report.differences) == (True, [])


def test_what_still_comes_for_somebody_erased_is_counted_and_not_kept_and_others_go_on(
    ada: Person, stream: Stream
) -> None:
    worker = Worker(stream)
    bea = person(SCHOOL_ZONE, TRAIL)
    settle(worker, END_MS)
    stored = StoredFact.objects.filter(person_id=ada.pk).count()
    destroy(ada)
    send(stream, ada, [fix(END_MS + MINUTE_MS, SCHOOL)])
    send(stream, bea, [fix(END_MS + MINUTE_MS, HOME)])
    settle(worker, END_MS + HOUR_MS)
    assert StoredFact.objects.filter(person_id=ada.pk).count() == stored
    aside = SetAside.objects.get(person_id=ada.pk)
    assert (aside.reason, bytes(aside.body)) == ("erased", b"")
    assert StoredFact.objects.filter(person_id=bea.pk, at_ms=END_MS + MINUTE_MS).exists()


def test_a_worker_that_holds_a_key_which_was_destroyed_elsewhere_stops_within_a_minute(
    ada: Person, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Worker(stream)
    send(stream, ada, [fix(END_MS + MINUTE_MS, HOME)])
    settle(worker, END_MS + MINUTE_MS)
    PersonKey.objects.filter(person_id=ada.pk).update(wrapped=None, destroyed_ms=END_MS)  # by another process
    later_s = time.monotonic() + vault.KEPT_S + 1
    monkeypatch.setattr(time, "monotonic", lambda: later_s)
    send(stream, ada, [fix(END_MS + 2 * MINUTE_MS, HOME)])
    settle(worker, END_MS + 10 * HOUR_MS)
    assert SetAside.objects.get(person_id=ada.pk).reason == "erased"
    assert not StoredFact.objects.filter(at_ms=END_MS + 2 * MINUTE_MS).exists()


def test_a_state_that_somebody_changed_is_made_anew_from_the_facts(ada: Person, stream: Stream) -> None:
    PersonState.objects.update(body=b"\x01 no box")
    send(stream, ada, [fix(END_MS + MINUTE_MS, SCHOOL)])
    settle(Worker(stream), END_MS + HOUR_MS)
    assert verify_person(ada.pk).differences == []


def test_what_was_kept_in_plain_bytes_is_sealed_in_pieces_and_only_once(
    ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    migration = importlib.import_module("surety.server.monitoring.migrations.0007_sealed")
    monkeypatch.setattr(migration, "ROWS_A_TRANSACTION", 7)
    plain = {(type(row), row.pk): opened(row) for row in rows()}
    for row in list(rows())[::2]:
        type(row).objects.filter(pk=row.pk).update(body=opened(row))
    with connection.schema_editor() as editor:
        migration.seal_all(apps, editor)
    sealed = {(type(row), row.pk): bytes(row.body) for row in rows()}
    assert {key: opened(row) for row in rows() for key in [(type(row), row.pk)]} == plain
    with connection.schema_editor() as editor:
        migration.seal_all(apps, editor)
    assert {(type(row), row.pk): bytes(row.body) for row in rows()} == sealed
    assert verify_person(ada.pk).differences == []


def test_a_box_of_one_person_is_nothing_in_anothers_row(ada: Person) -> None:
    """Who moves a row to somebody else does not move what it says."""
    bea = person()
    vault.encrypt(bea.pk, b"x", purpose=FACT)
    row = StoredFact.objects.order_by("at_ms")[3]
    with pytest.raises(vault.BrokenBoxError):
        unseal(bea.pk, row.body, FACT)
    rewrite(row, encode(decode(opened(row))))
    assert verify_person(ada.pk).differences == []
