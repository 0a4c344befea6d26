"""The places of everyday life: told by the person, on record, read by no rule."""

import json

import pytest

from surety.rules.conditions import Circle
from surety.server.accounts.models import Role, User
from surety.server.audit.models import Entry
from surety.server.cases import actions, queries
from surety.server.cases.checks import PersonDetails
from surety.server.cases.models import ChangeNotice, EverydayPlace, Person
from surety.server.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError

pytestmark = pytest.mark.django_db
NOW_MS = 1_790_000_000_000
AREA = Circle(lat_deg=51.5, lon_deg=-0.12, radius_m=80)


@pytest.fixture
def ada() -> Person:
    details = PersonDetails(reference="T-1", given_names="Ada", family_name="Example")
    return actions.register_person(details, acting_user=None, now_ms=NOW_MS)


def add(ada: Person, **changes: object) -> EverydayPlace:
    given = {"kind": "worship", "label": "St Jude", "area": AREA, "acting_user": None, "now_ms": NOW_MS} | changes
    return actions.add_everyday_place(ada.pk, **given)


def test_a_place_is_recorded_with_an_entry_that_does_not_say_where_it_is(ada: Person) -> None:
    place = add(ada)
    assert [one.pk for one in queries.everyday_places(ada.pk)] == [place.pk]
    entry = Entry.objects.get(action="everyday_place.added")
    assert json.loads(entry.detail) == {"place": place.pk, "kind": "worship"}
    assert entry.person_id == ada.pk


def test_a_removed_place_stays_on_record_and_counts_no_more(ada: Person) -> None:
    place = add(ada)
    actions.remove_everyday_place(place.pk, acting_user=None, now_ms=NOW_MS + 1, reason="moved")
    assert queries.everyday_places(ada.pk) == []
    assert EverydayPlace.objects.get().removed_reason == "moved"
    with pytest.raises(ConflictError, match="removed already"):
        actions.remove_everyday_place(place.pk, acting_user=None, now_ms=NOW_MS + 2)
    with pytest.raises(NotFoundError):
        actions.remove_everyday_place("nothing", acting_user=None, now_ms=NOW_MS + 2)


def test_neither_door_nor_worker_hears_of_it(ada: Person) -> None:
    before = ChangeNotice.objects.count()
    add(ada)
    assert ChangeNotice.objects.count() == before


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"kind": "palace"}, "what the place is for"),
        ({"label": " "}, "Give the place a name"),
        ({"area": {"shape": "circle", "lat_deg": 91, "lon_deg": 0, "radius_m": 50}}, "cannot be drawn"),
    ],
)
def test_what_is_no_place_is_refused(ada: Person, changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(InvalidError, match=sentence):
        add(ada, **changes)
    assert not EverydayPlace.objects.exists()


def test_only_who_may_change_the_case_records_one(ada: Person) -> None:
    operator = User.objects.create(username="op", role=Role.OPERATOR)
    with pytest.raises(NotAllowedError):
        add(ada, acting_user=operator)
    place = add(ada)
    with pytest.raises(NotAllowedError):
        actions.remove_everyday_place(place.pk, acting_user=operator, now_ms=NOW_MS)


def test_there_is_an_end_to_how_many(ada: Person) -> None:
    for n in range(30):
        add(ada, label=f"Place {n}")
    with pytest.raises(ConflictError, match="30 places already"):
        add(ada)
