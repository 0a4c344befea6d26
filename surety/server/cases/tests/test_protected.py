"""Protected persons: consent, a second person, being told; what follows for the door and the rules; who may see it."""

import msgspec
import pytest

from surety.rules.conditions import MovingZone
from surety.server.accounts.models import Role, User
from surety.server.accounts.permissions import may
from surety.server.alerts.tests import cast
from surety.server.alerts.tests.cast import DAY_MS, NOW_MS
from surety.server.audit.models import Entry
from surety.server.cases import actions, protected, queries
from surety.server.cases.checks import DeviceDetails, Told
from surety.server.cases.models import ChangeNotice, Device, DoorGrant, Order, OrderStatus, Person, ProtectedLink
from surety.server.cases.protected import Consent, LinkTerms, ProtectedDetails
from surety.server.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError

pytestmark = pytest.mark.django_db
TERMS = LinkTerms(legal_basis="Protection Act, s. 5", alert_m=500, warn_m=1_500)
CONSENT = Consent(at_ms=NOW_MS - DAY_MS, how="signed form, in person")
TOLD = Told(at_ms=NOW_MS, how="in person", language="en")
AGAIN = {"acting_user": None, "now_ms": NOW_MS}


@pytest.fixture
def ana() -> Person:
    return cast.person("north")


@pytest.fixture
def order(ana: Person) -> Order:
    return cast.order(ana)


def pia(region: str = "north") -> protected.ProtectedPerson:
    details = ProtectedDetails(reference="P-1", name="Pia Secret", contact="0800 5550 999", region=region)
    return protected.register_protected(details, **AGAIN)


def propose(order: Order, *, by: User | None = None, terms: LinkTerms = TERMS) -> ProtectedLink:
    return protected.propose_link(pia().pk, order.pk, terms, CONSENT, from_ms=NOW_MS, acting_user=by, now_ms=NOW_MS)


def in_force(order: Order) -> ProtectedLink:
    link = propose(order)
    protected.approve_link(link.pk, **AGAIN)
    return protected.record_link_told(link.pk, TOLD, **AGAIN)


def device_of(link: ProtectedLink) -> Device:
    device, _ = actions.register_device(DeviceDetails(protocol="owntracks"), **AGAIN)
    protected.assign_protected_device(device.pk, link.protected_id, from_ms=NOW_MS, **AGAIN)
    return device


def moving(person: Person) -> list[tuple[int, int | None]]:
    found = queries.condition_set(person.pk).conditions
    return [(one.effective_from_ms, one.effective_to_ms) for one in found if isinstance(one.body, MovingZone)]


def grants(device: Device) -> list[tuple[str, str, list[str]]]:
    return [(one.person_id, one.link_id, one.data_kinds) for one in DoorGrant.objects.filter(device_id=device.pk)]


def test_a_link_asks_and_collects_only_with_consent_approval_telling_and_an_order_in_force(ana, order):
    link = propose(order)
    device = device_of(link)
    assert (moving(ana), grants(device)) == ([], [])
    protected.approve_link(link.pk, **AGAIN)
    assert (moving(ana), grants(device)) == ([], [])
    protected.record_link_told(link.pk, TOLD, **AGAIN)
    assert moving(ana) == [(NOW_MS, NOW_MS + 90 * DAY_MS)]
    assert grants(device) == [(ana.pk, link.pk, ["protected"])]
    later = NOW_MS + DAY_MS
    actions.set_order_status(
        order.pk, OrderStatus.SUSPENDED, effective_from_ms=later, acting_user=None, now_ms=NOW_MS, reason="in hospital"
    )
    assert moving(ana) == [(NOW_MS, later)]
    assert DoorGrant.objects.get(device_id=device.pk).to_ms == later


def test_the_condition_says_what_the_link_orders(ana, order):
    link = in_force(order)
    (body,) = [one.body for one in queries.condition_set(ana.pk).conditions if isinstance(one.body, MovingZone)]
    assert (body.link_id, body.alert_m, body.warn_m) == (link.pk, 500, 1_500)


def test_a_consent_that_is_withdrawn_ends_it_at_once_by_one_persons_hand(ana, order):
    link = in_force(order)
    device = device_of(link)
    liaison = cast.user("lia", Role.VICTIM_LIAISON, "north")
    before = ChangeNotice.objects.count()
    protected.withdraw_consent(link.pk, acting_user=liaison, now_ms=NOW_MS + 1_000)
    assert moving(ana) == [(NOW_MS, NOW_MS + 1_000)]
    assert DoorGrant.objects.get(device_id=device.pk).to_ms == NOW_MS + 1_000
    assert ChangeNotice.objects.count() == before + 1
    with pytest.raises(ConflictError, match="over already"):
        protected.withdraw_consent(link.pk, acting_user=liaison, now_ms=NOW_MS + 2_000)
    with pytest.raises(ConflictError):
        protected.approve_link(link.pk, **AGAIN)


def test_a_link_takes_two_people(order):
    supervisor, other = (cast.user(name, Role.SUPERVISOR, "north") for name in ("sue", "sam"))
    link = propose(order, by=supervisor)
    with pytest.raises(NotAllowedError, match="second person"):
        protected.approve_link(link.pk, acting_user=supervisor, now_ms=NOW_MS)
    with pytest.raises(NotAllowedError):
        protected.approve_link(link.pk, acting_user=cast.user("lia", Role.VICTIM_LIAISON, "north"), now_ms=NOW_MS)
    protected.approve_link(link.pk, acting_user=other, now_ms=NOW_MS)
    assert ProtectedLink.objects.get().approved_by_name == "sam"


@pytest.mark.parametrize("role", [Role.OFFICER, Role.OPERATOR, Role.AUDITOR, Role.ADMINISTRATOR, Role.FACE_REVIEWER])
def test_who_works_with_the_supervised_person_sees_nothing_of_the_protected_one(ana, order, role):
    link, user = propose(order), cast.user("x", role, "north")
    actions.assign_officer(ana.pk, cast.user("offy", Role.OFFICER), **AGAIN)
    assert not may(user, "protected.view", link.protected)
    for attempt in (
        lambda: protected.withdraw_consent(link.pk, acting_user=user, now_ms=NOW_MS),
        lambda: protected.end_link(link.pk, acting_user=user, now_ms=NOW_MS, reason="because"),
    ):
        with pytest.raises(NotFoundError):
            attempt()


def test_regions_hold_for_protected_persons_too(order):
    link = propose(order)
    elsewhere = cast.user("lia", Role.VICTIM_LIAISON, "south")
    with pytest.raises(NotFoundError):
        protected.withdraw_consent(link.pk, acting_user=elsewhere, now_ms=NOW_MS)
    with pytest.raises(NotAllowedError, match="own region"):
        protected.register_protected(
            ProtectedDetails(reference="P-9", name="Z", contact="z", region="north"),
            acting_user=elsewhere,
            now_ms=NOW_MS,
        )


def test_the_officer_records_that_the_person_was_told_and_needs_the_case_for_it(ana, order):
    link = propose(order)
    officer, other = cast.user("offy", Role.OFFICER), cast.user("other", Role.OFFICER)
    actions.assign_officer(ana.pk, officer, **AGAIN)
    with pytest.raises(NotFoundError):
        protected.record_link_told(link.pk, TOLD, acting_user=other, now_ms=NOW_MS)
    protected.record_link_told(link.pk, TOLD, acting_user=officer, now_ms=NOW_MS)
    with pytest.raises(ConflictError, match="recorded already"):
        protected.record_link_told(link.pk, TOLD, acting_user=officer, now_ms=NOW_MS)


def test_no_audit_entry_names_the_protected_person(ana, order):
    link = in_force(order)
    device_of(link)
    protected.withdraw_consent(link.pk, **AGAIN)
    written = [(entry.action, entry.person_id, str(entry.detail)) for entry in Entry.objects.all()]
    assert {"protected.link_proposed", "link.approved", "link.told", "link.consent_withdrawn"} <= {
        w[0] for w in written
    }
    assert not [entry for entry in written if "Secret" in entry[2] or "P-1" in entry[2] or "5550" in entry[2]]
    assert all(person_id == "" for action, person_id, _ in written if action.startswith("protected."))
    assert all(link.protected_id not in entry[2] for entry in written if entry[1] == ana.pk)


def test_a_device_is_one_persons_at_a_time_supervised_or_protected(ana, order):
    link = in_force(order)
    device = device_of(link)
    with pytest.raises(ConflictError, match="assigned already"):
        actions.assign_device(device.pk, ana.pk, from_ms=NOW_MS, **AGAIN)
    worn, _ = actions.register_device(DeviceDetails(protocol="osmand"), **AGAIN)
    actions.assign_device(worn.pk, ana.pk, from_ms=NOW_MS, **AGAIN)
    with pytest.raises(ConflictError, match="assigned already"):
        protected.assign_protected_device(worn.pk, link.protected_id, from_ms=NOW_MS, **AGAIN)
    row = link.protected.assignments.get()
    protected.end_protected_assignment(row.pk, to_ms=NOW_MS + 5, acting_user=None, now_ms=NOW_MS + 5)
    assert DoorGrant.objects.get(device_id=device.pk).to_ms == NOW_MS + 5
    actions.assign_device(device.pk, ana.pk, from_ms=NOW_MS + 5, acting_user=None, now_ms=NOW_MS + 5)


def test_a_new_secret_reaches_the_grants_of_a_protected_device(order):
    device = device_of(in_force(order))
    old = DoorGrant.objects.get(device_id=device.pk).secret_sha256
    liaison = cast.user("lia", Role.VICTIM_LIAISON, "north")
    actions.rotate_secret(device.pk, acting_user=liaison, now_ms=NOW_MS)
    assert DoorGrant.objects.get(device_id=device.pk).secret_sha256 != old


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"legal_basis": " "}, "legal basis"),
        ({"alert_m": 20}, "50 to 20,000"),
        ({"warn_m": 400}, "greater than the one to keep"),
    ],
)
def test_terms_that_cannot_stand_are_refused_in_one_sentence(order, changes, problem):
    with pytest.raises(InvalidError, match=problem):
        propose(order, terms=msgspec.structs.replace(TERMS, **changes))
    assert not ProtectedLink.objects.exists()


def test_a_consent_needs_a_time_in_the_past_and_how(order):
    for consent, problem in (
        (Consent(at_ms=NOW_MS + 1, how="by phone"), "future"),
        (Consent(at_ms=NOW_MS, how=" "), "how"),
    ):
        with pytest.raises(InvalidError, match=problem):
            protected.propose_link(pia_once().pk, order.pk, TERMS, consent, from_ms=NOW_MS, **AGAIN)


def pia_once() -> protected.ProtectedPerson:
    return protected.ProtectedPerson.objects.first() or pia()


def test_a_moving_zone_is_not_written_as_a_condition(order):
    in_force(order)
    (zone,) = [c.body for c in queries.condition_set(order.person_id).conditions if isinstance(c.body, MovingZone)]
    with pytest.raises(InvalidError, match="follows from a link"):
        actions.add_condition(order.pk, zone, label="x", effective_from_ms=NOW_MS, **AGAIN)
