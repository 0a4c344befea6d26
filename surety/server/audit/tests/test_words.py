"""What people typed into the log is read with the person's key, and goes with it; the chain stays whole."""

import pytest

from surety.server.audit import actions, queries
from surety.server.audit.actions import Happening
from surety.server.audit.models import Entry
from surety.server.audit.words import detail_of
from surety.server.ids import new_id
from surety.server.records import vault
from surety.server.records.models import PersonKey

pytestmark = pytest.mark.django_db
SAID = {"reason": "Rang Ms Quellmalz's mother", "text": "", "outcome": "checked"}


def happening(person_id: str, subject_id: str = "", subject_type: str = "alert") -> Happening:
    return Happening(
        action="alert.note",
        actor=None,
        subject_type=subject_type,
        subject_id=subject_id or new_id(),
        person_id=person_id,
        at_ms=1,
        detail=SAID,
    )


def destroy(person_id: str) -> None:
    PersonKey.objects.filter(pk=person_id).update(wrapped=None)
    vault.forget(person_id)


def test_a_reason_is_sealed_to_the_person_and_read_with_their_key() -> None:
    ann = new_id()
    (entry,) = actions.record_many([happening(ann)])
    assert "Quellmalz" not in entry.detail
    assert '"outcome":"checked"' in entry.detail
    assert detail_of(Entry.objects.get()) == {"reason": SAID["reason"], "outcome": "checked"}


def test_with_the_key_the_words_are_gone_and_the_chain_is_whole() -> None:
    ann, bea = new_id(), new_id()
    actions.record_many([happening(ann), happening(bea)])
    destroy(ann)
    first, second = Entry.objects.order_by("seq")
    assert detail_of(first) == {"words": "erased", "outcome": "checked"}
    assert detail_of(second)["reason"] == SAID["reason"]
    assert queries.verify().is_sound


def test_an_entry_about_somebody_who_is_erased_is_written_without_words() -> None:
    ann = new_id()
    actions.record_many([happening(ann)])
    destroy(ann)
    (entry,) = actions.record_many([happening(ann)])
    assert "Quellmalz" not in entry.detail
    assert detail_of(entry) == {"words": "erased", "outcome": "checked"}


def test_a_protected_persons_words_lie_under_their_own_key_and_those_about_nobody_are_open() -> None:
    pia = new_id()
    of_pia, of_nobody = actions.record_many([happening("", pia, "protected_person"), happening("")])
    assert "Quellmalz" not in of_pia.detail
    assert detail_of(of_pia)["reason"] == detail_of(of_nobody)["reason"] == SAID["reason"]
    assert PersonKey.objects.filter(pk=pia).exists()


def test_words_that_were_moved_to_another_entry_do_not_open() -> None:
    ann, bea = new_id(), new_id()
    first, second = actions.record_many([happening(ann), happening(bea)])
    second.detail = first.detail
    assert detail_of(second)["words"] == "erased"
