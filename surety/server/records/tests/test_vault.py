"""What is kept of a person is read under their key alone, and never again once it was destroyed."""

import hashlib
import time

import pytest
from django.conf import settings
from django.db import transaction

from surety.server.accounts.models import User
from surety.server.audit.models import Entry
from surety.server.errors import InvalidError, NotFoundError
from surety.server.ids import new_id
from surety.server.records import documents, vault
from surety.server.records.models import DocumentKind, PersonKey
from surety.server.timekeeping import now_ms

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7 the decision"


def _destroy(person_id: str) -> None:
    PersonKey.objects.filter(person_id=person_id).update(wrapped=None)
    vault.forget(person_id)


def test_what_is_encrypted_comes_back_and_never_twice_the_same() -> None:
    ann = new_id()
    first, second = (vault.encrypt_text(ann, "Ann Lee", purpose="name") for _ in range(2))
    assert vault.decrypt_text(ann, first, purpose="name") == "Ann Lee"
    assert first != second
    assert b"Ann" not in first


def test_a_box_opens_for_its_person_and_purpose_alone_and_not_when_it_was_changed() -> None:
    ann, bea = new_id(), new_id()
    box = vault.encrypt(ann, b"secret", purpose="name")
    vault.encrypt(bea, b"other", purpose="name")
    changed = box[:-1] + bytes([box[-1] ^ 1])
    for person, given, purpose in ((bea, box, "name"), (ann, box, "phone"), (ann, changed, "name"), (ann, b"", "name")):
        with pytest.raises(vault.BrokenBoxError):
            vault.decrypt(person, given, purpose=purpose)


def test_with_the_key_everything_is_gone_and_nothing_more_is_kept() -> None:
    ann = new_id()
    box = vault.encrypt(ann, b"secret", purpose="name")
    _destroy(ann)
    with pytest.raises(vault.KeyDestroyedError):
        vault.decrypt(ann, box, purpose="name")
    with pytest.raises(vault.KeyDestroyedError):
        vault.encrypt(ann, b"more", purpose="name")


def test_the_keys_of_many_people_are_had_in_one_query(django_assert_num_queries) -> None:
    people = [new_id() for _ in range(5)]
    boxes = {person: vault.encrypt(person, b"x", purpose="fact") for person in people}
    for person in people:
        vault.forget(person)
    with django_assert_num_queries(1):
        vault.warm(people)
        assert {vault.decrypt(person, box, purpose="fact") for person, box in boxes.items()} == {b"x"}


def test_the_keys_of_many_new_people_are_made_at_once_and_whose_is_destroyed_is_told() -> None:
    gone, fresh = new_id(), [new_id() for _ in range(3)]
    vault.encrypt(gone, b"x", purpose="fact")
    _destroy(gone)
    assert vault.warm([gone, *fresh], make=True) == {gone}
    assert PersonKey.objects.filter(person_id__in=fresh).count() == 3
    assert vault.warm([gone, new_id()]) == {gone}
    assert PersonKey.objects.count() == 4


def test_a_key_whose_making_was_rolled_back_is_never_used() -> None:
    """Else a process would encrypt under a key that no row holds, and nobody could ever read that again."""
    ann = new_id()
    with transaction.atomic():
        vault.encrypt(ann, b"lost with its transaction", purpose="name")
        transaction.set_rollback(True)
    box = vault.encrypt(ann, b"kept", purpose="name")
    vault.forget(ann)  # as in another process
    assert vault.decrypt(ann, box, purpose="name") == b"kept"


def test_a_key_that_another_process_destroyed_is_forgotten_within_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    ann = new_id()
    box = vault.encrypt(ann, b"secret", purpose="name")
    PersonKey.objects.filter(person_id=ann).update(wrapped=None, destroyed_ms=now_ms())
    later_s = time.monotonic() + vault.KEPT_S + 1
    monkeypatch.setattr(time, "monotonic", lambda: later_s)
    with pytest.raises(vault.KeyDestroyedError):
        vault.decrypt(ann, box, purpose="name")


def test_a_document_is_sealed_with_its_name_and_comes_back_whole() -> None:
    ann, olu = new_id(), User.objects.create(username="olu")
    row = documents.keep(ann, PDF, kind=DocumentKind.DECISION, name="../Lee\n.pdf", acting_user=olu, now_ms=1)
    assert documents.read(row, acting_user=olu, now_ms=2) == PDF
    assert documents.name_of_document(row) == ".._Lee_.pdf"
    assert (row.sha256, row.media_type) == (hashlib.sha256(PDF).hexdigest(), "application/pdf")
    files = [file.read_bytes() for file in (settings.SURETY.documents_dir / ann).iterdir()]
    assert len(files) == 1
    assert b"decision" not in files[0]
    written = Entry.objects.filter(person_id=ann).order_by("seq")
    assert [(one.action, one.actor_name) for one in written] == [("document.kept", "olu"), ("document.read", "olu")]


def test_a_document_whose_key_is_gone_is_not_there_any_more() -> None:
    ann, olu = new_id(), User.objects.create(username="olu")
    row = documents.keep(ann, PDF, kind=DocumentKind.PROOF, name="a", acting_user=olu, now_ms=1)
    _destroy(ann)
    assert documents.name_of_document(row) == "erased"
    with pytest.raises(NotFoundError):
        documents.read(row, acting_user=olu, now_ms=2)


@pytest.mark.parametrize(
    ("data", "media_type"),
    [(PDF, "application/pdf"), (b"\xff\xd8\xff\xe0", "image/jpeg"), ("Urteil vom 3. März".encode(), "text/plain")],
)
def test_what_form_a_document_has_is_told_by_its_bytes(data: bytes, media_type: str) -> None:
    assert documents.media_type_of(data) == media_type


@pytest.mark.parametrize("data", [b"", b"\x7fELF\x00\x01", b"PK\x03\x04\xff", b"a" * (documents.LARGEST_BYTES + 1)])
def test_a_document_that_is_of_no_known_form_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidError) as refused:
        documents.media_type_of(data, "decision_file")
    assert refused.value.field == "decision_file"
