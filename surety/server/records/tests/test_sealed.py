"""Columns under a person's key: text to the code, bytes to the database, and the word "erased" when the key is gone."""

import pytest
from django.core.exceptions import FieldError
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisCase

from surety.server.cases import names
from surety.server.cases.models import Person
from surety.server.records import vault
from surety.server.records.models import PersonKey
from surety.server.records.sealed import ERASED, field_of

pytestmark = pytest.mark.django_db


def somebody(**fields: object) -> Person:
    told = {"reference": f"R{Person.objects.count()}", "given_names": "Ana Maria", "family_name": "Berg"}
    return Person.objects.create(**told | {"recorded_ms": 1, "recorded_by_name": "Olu"} | fields)


def stored(person: Person) -> list[bytes]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT given_names, family_name, phone FROM cases_person WHERE id = %s", [person.pk])
        return [bytes(box) for box in cursor.fetchone()]


def destroy(person: Person) -> None:
    PersonKey.objects.filter(person_id=person.pk).update(wrapped=None)
    vault.forget(person.pk)


def test_code_sees_text_and_the_database_bytes() -> None:
    person = somebody(phone="01632 960001")
    found = Person.objects.get(pk=person.pk)
    assert (found.given_names, found.family_name, found.phone) == ("Ana Maria", "Berg", "01632 960001")
    assert str(found) == f"Ana Maria Berg ({person.reference})"
    assert not any(word in b"".join(stored(person)) for word in (b"Ana", b"Berg", b"01632"))


def test_what_is_set_and_saved_is_written_and_what_was_not_touched_keeps_its_box() -> None:
    person = somebody()
    before = stored(person)
    found = Person.objects.get(pk=person.pk)
    found.phone = "01632 960009"
    found.save()
    after = stored(person)
    assert after[:2] == before[:2]
    assert after[2] != before[2]
    assert Person.objects.only("pk").get(pk=person.pk).phone == "01632 960009"
    person.refresh_from_db()
    assert person.phone == "01632 960009"


def test_lengths_tell_nothing_of_short_texts_nor_whether_there_is_a_telephone() -> None:
    short, long = somebody(given_names="Bo", phone=""), somebody(given_names="Bartholomew", phone="0800")
    assert [len(box) for box in stored(short)] == [len(box) for box in stored(long)]


def test_a_box_of_one_column_or_person_does_not_open_as_anothers() -> None:
    ana, bea = somebody(), somebody(given_names="Bea")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE cases_person SET given_names = family_name WHERE id = %s", [ana.pk])
        cursor.execute("UPDATE cases_person SET family_name = %s WHERE id = %s", [stored(ana)[1], bea.pk])
    with pytest.raises(vault.BrokenBoxError):
        _ = Person.objects.get(pk=ana.pk).given_names
    with pytest.raises(vault.BrokenBoxError):
        _ = Person.objects.get(pk=bea.pk).family_name


@pytest.mark.parametrize(
    "ask",
    [
        lambda: Person.objects.filter(family_name="Berg"),
        lambda: Person.objects.filter(given_names__icontains="an"),
        lambda: list(Person.objects.order_by("family_name")),
        lambda: list(Person.objects.order_by("-phone")),
        lambda: Person.objects.update(phone="1"),
    ],
)
def test_the_database_is_not_asked_to_search_sort_or_write_without_a_person(ask) -> None:
    somebody()
    with pytest.raises(FieldError, match="encrypted"):
        ask()


def test_without_the_key_a_field_reads_erased_and_the_row_can_still_be_saved() -> None:
    person = somebody()
    destroy(person)
    found = Person.objects.get(pk=person.pk)
    assert (found.given_names, found.short_name) == (ERASED, "erased e.")
    found.region = "north"
    found.save()
    found.refresh_from_db()
    found.save()
    again = Person.objects.get(pk=person.pk)
    assert (again.given_names, again.region) == (ERASED, "north")
    again.given_names = "Ana"
    with pytest.raises(vault.KeyDestroyedError):
        again.save()


def test_many_people_are_opened_in_few_queries_and_stand_by_name(django_assert_max_num_queries) -> None:
    people = [somebody(given_names=f"Ana {n}", family_name=f"Berg {9 - n}") for n in range(9)]
    for person in people:
        vault.forget(person.pk)
    with django_assert_max_num_queries(4):
        assert names.found_ids(Person.objects.all()) == [person.pk for person in reversed(people)]
    assert names.found_ids(Person.objects.all(), "ANA berg 3") == [people[6].pk, people[3].pk]
    assert names.found_ids(Person.objects.all(), people[2].reference) == [people[2].pk]


def test_a_large_reach_stands_by_reference_and_is_still_searched_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    people = [somebody(family_name=f"Berg {9 - n}") for n in range(3)]
    monkeypatch.setattr(names, "MOST_BY_NAME", 2)
    assert names.found_ids(Person.objects.all()) == [person.pk for person in people]
    assert names.found_ids(Person.objects.all(), "berg 8") == [people[1].pk]


def test_nothing_is_encrypted_under_a_key_whose_making_was_rolled_back() -> None:
    ann = "a" * 32
    try:
        with transaction.atomic():
            vault.encrypt(ann, b"x", purpose="fact")
            raise RuntimeError  # noqa: TRY301 - the transaction is to fail
    except RuntimeError:
        pass
    box = vault.encrypt(ann, b"y", purpose="fact")
    vault.forget(ann)
    assert vault.decrypt(ann, box, purpose="fact") == b"y"


class AnyText(HypothesisCase):
    @settings(max_examples=30, deadline=None)
    @given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=80))
    def test_any_text_comes_back(self, text: str) -> None:
        person = somebody(given_names=text)
        assert Person.objects.get(pk=person.pk).given_names == text
        assert field_of(Person, "given_names").opened(person.pk, stored(person)[0]) == text
