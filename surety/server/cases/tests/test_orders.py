"""No authority, no collection: what an order needs, and what the door may accept under it."""

import pytest

from surety.server.accounts.models import Role
from surety.server.alerts.tests import cast
from surety.server.alerts.tests.cast import DAY_MS, NOW_MS
from surety.server.audit.models import Entry
from surety.server.cases import actions, queries
from surety.server.cases.checks import DeviceDetails, PersonDetails
from surety.server.cases.models import (
    DeviceAssignment,
    DoorGrant,
    DoorRevision,
    Order,
    OrderStatus,
    OrderVersion,
    Person,
)
from surety.server.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError

pytestmark = pytest.mark.django_db
AGAIN = {"acting_user": None, "now_ms": NOW_MS}
END_MS = NOW_MS + 90 * DAY_MS


def wear(person: Person, at_ms: int = NOW_MS) -> DeviceAssignment:
    device, _ = actions.register_device(DeviceDetails(protocol="osmand"), **AGAIN)
    return actions.assign_device(device.pk, person.pk, from_ms=at_ms, **AGAIN)


def grants(person: Person) -> list[tuple[int, int, tuple[str, ...]]]:
    rows = DoorGrant.objects.filter(person_id=person.pk).order_by("from_ms", "to_ms")
    return [(row.from_ms, row.to_ms, tuple(row.data_kinds)) for row in rows]


def revision() -> int:
    return DoorRevision.objects.get(id=1).revision


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"legal_basis": " "}, "legal_basis"),
        ({"issuing_authority": ""}, "issuing_authority"),
        ({"decision_sha256": ""}, "decision_sha256"),
        ({"decision_sha256": "g" * 64}, "decision_sha256"),
        ({"data_kinds": ()}, "data_kinds"),
        ({"data_kinds": ("position", "thoughts")}, "data_kinds"),
        ({"order_type": "whim"}, "order_type"),
        ({"ends_ms": NOW_MS}, "ends_ms"),
        ({"starts_ms": END_MS + 1}, "ends_ms"),
        ({"starts_ms": 1_780_000_000}, "starts_ms"),
        ({"review_due_ms": NOW_MS}, "review_due_ms"),
        ({"review_due_ms": NOW_MS + 130 * DAY_MS}, "review_due_ms"),
    ],
)
def test_an_order_without_what_it_needs_is_refused_and_nothing_is_stored(changes, field):
    ana = cast.person()
    before = Entry.objects.count()
    with pytest.raises(InvalidError) as refused:
        cast.order(ana, **changes)
    assert refused.value.field == field
    assert not Order.objects.exists()
    assert Entry.objects.count() == before


def test_nothing_is_granted_before_the_person_was_told():
    ana = cast.person()
    order = actions.record_order(ana.pk, cast.terms(), **AGAIN)
    wear(ana)
    assert grants(ana) == []
    later = NOW_MS + DAY_MS
    actions.record_told(order.pk, cast.told(later), acting_user=None, now_ms=later)
    assert grants(ana) == [(later, END_MS, ("position", "device"))]


def test_nobody_can_have_been_told_in_the_future_or_in_no_language():
    ana = cast.person()
    order = actions.record_order(ana.pk, cast.terms(), **AGAIN)
    with pytest.raises(InvalidError, match="future"):
        actions.record_told(order.pk, cast.told(NOW_MS + 1), **AGAIN)
    with pytest.raises(InvalidError, match="language"):
        actions.record_told(order.pk, cast.Told(at_ms=NOW_MS, how="in person", language=""), **AGAIN)
    assert grants(ana) == []


def test_a_grant_covers_the_order_and_the_wearing_together():
    ana = cast.person()
    cast.order(ana)
    assignment = wear(ana, NOW_MS + DAY_MS)
    assert grants(ana) == [(NOW_MS + DAY_MS, END_MS, ("position", "device"))]
    actions.end_assignment(assignment.pk, to_ms=NOW_MS + 2 * DAY_MS, **AGAIN)
    assert grants(ana) == [(NOW_MS + DAY_MS, NOW_MS + 2 * DAY_MS, ("position", "device"))]


def test_only_the_kinds_of_data_that_the_order_names_are_granted():
    ana = cast.person()
    cast.order(ana, data_kinds=("device",))
    wear(ana)
    assert grants(ana) == [(NOW_MS, END_MS, ("device",))]


def test_a_suspension_takes_the_grant_away_and_the_end_of_it_gives_it_back():
    ana = cast.person()
    order = cast.order(ana)
    wear(ana)
    actions.set_order_status(
        order.pk, OrderStatus.SUSPENDED, effective_from_ms=NOW_MS + DAY_MS, reason="hospital", **AGAIN
    )
    assert grants(ana) == [(NOW_MS, NOW_MS + DAY_MS, ("position", "device"))]
    actions.set_order_status(
        order.pk, OrderStatus.IN_FORCE, effective_from_ms=NOW_MS + 2 * DAY_MS, reason="home again", **AGAIN
    )
    assert [row[:2] for row in grants(ana)] == [(NOW_MS, NOW_MS + DAY_MS), (NOW_MS + 2 * DAY_MS, END_MS)]


def test_a_change_of_the_order_leaves_one_grant_across_it():
    """So that a fact sent before the change and received after it is covered at both times."""
    ana = cast.person()
    order = cast.order(ana)
    wear(ana)
    longer = cast.terms(ends_ms=END_MS + DAY_MS)
    actions.change_order(order.pk, longer, effective_from_ms=NOW_MS + DAY_MS, **AGAIN)
    assert grants(ana) == [(NOW_MS, END_MS + DAY_MS, ("position", "device"))]


def test_two_orders_grant_together_what_each_allows():
    ana = cast.person()
    cast.order(ana, data_kinds=("device",), ends_ms=NOW_MS + 10 * DAY_MS)
    cast.order(ana, data_kinds=("position",), ends_ms=NOW_MS + 20 * DAY_MS)
    wear(ana)
    assert grants(ana) == [(NOW_MS, NOW_MS + 10 * DAY_MS, ("device",)), (NOW_MS, NOW_MS + 20 * DAY_MS, ("position",))]


def test_a_new_kind_of_data_needs_the_person_to_be_told_first():
    ana = cast.person()
    order = cast.order(ana, data_kinds=("device",))
    both = cast.terms()
    with pytest.raises(InvalidError, match="told"):
        actions.change_order(order.pk, both, effective_from_ms=NOW_MS, **AGAIN)
    later = NOW_MS + DAY_MS
    actions.change_order(order.pk, both, effective_from_ms=later, told=cast.told(later), acting_user=None, now_ms=later)
    assert OrderVersion.objects.count() == 2


def test_an_order_that_ended_grants_nothing_more():
    ana = cast.person()
    order = cast.order(ana)
    wear(ana)
    with pytest.raises(InvalidError, match="why"):
        actions.set_order_status(order.pk, OrderStatus.ENDED, effective_from_ms=NOW_MS + 1, reason="", **AGAIN)
    actions.set_order_status(order.pk, OrderStatus.ENDED, effective_from_ms=NOW_MS + 1, reason="quashed", **AGAIN)
    assert [row[:2] for row in grants(ana)] == [(NOW_MS, NOW_MS + 1)]
    assert queries.order_at(ana.pk, NOW_MS) is not None
    assert queries.order_at(ana.pk, NOW_MS + 1) is None


def test_the_doors_revision_grows_with_every_change():
    ana = cast.person()
    order = cast.order(ana)
    seen = [revision()]
    assignment = wear(ana)
    seen.append(revision())
    actions.end_assignment(assignment.pk, to_ms=NOW_MS + 1, **AGAIN)
    seen.append(revision())
    actions.set_order_status(order.pk, OrderStatus.ENDED, effective_from_ms=NOW_MS, reason="quashed", **AGAIN)
    seen.append(revision())
    assert seen == sorted(set(seen))


def test_a_device_is_worn_by_one_person_at_a_time():
    ana, ben = cast.person(), cast.person()
    assignment = wear(ana)
    with pytest.raises(ConflictError):
        actions.assign_device(assignment.device_id, ben.pk, from_ms=NOW_MS + DAY_MS, **AGAIN)
    actions.end_assignment(assignment.pk, to_ms=NOW_MS + DAY_MS, **AGAIN)
    actions.assign_device(assignment.device_id, ben.pk, from_ms=NOW_MS + DAY_MS, **AGAIN)
    with pytest.raises(ConflictError):
        actions.end_assignment(assignment.pk, to_ms=NOW_MS + 2 * DAY_MS, **AGAIN)


def test_a_devices_secret_is_shown_once_and_kept_as_a_hash():
    device, secret = actions.register_device(DeviceDetails(protocol="owntracks"), **AGAIN)
    assert len(secret) >= 24
    assert secret not in str(vars(device))
    assert secret not in str(list(Entry.objects.values()))
    silent, none = actions.register_device(DeviceDetails(protocol="osmand", with_secret=False), **AGAIN)
    assert (silent.secret_sha256, none) == ("", "")
    assert len(silent.identifier) == 32


def test_a_new_secret_reaches_the_door():
    ana = cast.person()
    cast.order(ana)
    assignment = wear(ana)
    before = DoorGrant.objects.get().secret_sha256
    actions.rotate_secret(assignment.device_id, **AGAIN)
    assert DoorGrant.objects.get().secret_sha256 != before


@pytest.mark.parametrize("identifier", ["abc", "with space", "x" * 65, "tab\t12"])
def test_an_identifier_that_no_device_can_send_is_refused(identifier):
    with pytest.raises(InvalidError):
        actions.register_device(DeviceDetails(protocol="osmand", identifier=identifier), **AGAIN)


def test_a_person_needs_names_and_a_time_zone_and_a_reference_of_their_own():
    good = {"reference": "R1", "given_names": "Ana", "family_name": "Berg"}
    for wrong in ({"given_names": ""}, {"time_zone": "Nowhere/Town"}, {"reference": "x" * 40}):
        with pytest.raises(InvalidError):
            actions.register_person(PersonDetails(**{**good, **wrong}), **AGAIN)
    actions.register_person(PersonDetails(**good), **AGAIN)
    with pytest.raises(ConflictError):
        actions.register_person(PersonDetails(**good), **AGAIN)
    assert Person.objects.count() == 1


def test_an_officer_who_registers_a_person_is_responsible_for_them():
    officer = cast.user("olga", Role.OFFICER)
    details = PersonDetails(reference="R1", given_names="Ana", family_name="Berg")
    ana = actions.register_person(details, acting_user=officer, now_ms=NOW_MS)
    assert queries.officers_of(ana.pk) == [officer]
    assert list(queries.caseload(officer)) == [ana]
    actions.record_order(ana.pk, cast.terms(), acting_user=officer, now_ms=NOW_MS)


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.AUDITOR, Role.ADMINISTRATOR, Role.FACE_REVIEWER, Role.OFFICER])
def test_nobody_else_changes_the_case(role):
    ana = cast.person()
    outsider = cast.user("outsider", role)
    with pytest.raises(NotAllowedError):
        actions.record_order(ana.pk, cast.terms(), acting_user=outsider, now_ms=NOW_MS)
    assert not Order.objects.exists()


def test_somebody_out_of_reach_looks_like_nobody():
    ana = cast.person("south")
    outsider = cast.user("outsider", Role.OPERATOR, "north")
    for person_id in (ana.pk, "nobody"):
        with pytest.raises(NotFoundError, match="no such person"):
            queries.access_person(person_id, outsider)
