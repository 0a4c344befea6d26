"""Keeping and erasing on pages: two people, a reason, an end; and what is kept stands on the record tab."""

import datetime as dt

import pytest
from django.test import Client

from surety.server.accounts.models import Role, User
from surety.server.audit.models import Entry
from surety.server.cases import actions
from surety.server.console.tests.case_cast import DAY_MS, Case, case, now_ms, user
from surety.server.records import daily, holds
from surety.server.records.models import Erasure, ErasureState, LegalHold

pytestmark = pytest.mark.django_db


def client_of(who: User) -> Client:
    client = Client()
    client.force_login(who)
    return client


@pytest.fixture
def olu() -> User:
    return user("olu officer", Role.OFFICER)


@pytest.fixture
def ana(olu: User) -> Case:
    return case(now_ms(), olu)


@pytest.fixture
def ida() -> Client:
    return client_of(user("ida supervisor", Role.SUPERVISOR))


@pytest.fixture
def ben() -> Client:
    return client_of(user("ben supervisor", Role.SUPERVISOR))


def proposed(by: Client, ana: Case, **more: object) -> LegalHold:
    ends = (dt.datetime.now(dt.UTC) + dt.timedelta(days=90)).date().isoformat()
    given = {"reason": "Appeal CA/2026/17 is pending", "ends": ends, **more}
    answer = by.post(f"/people/{ana.person.pk}/holds/new", given)
    assert answer.status_code == 302, answer.content.decode()[:3000]
    return LegalHold.objects.latest("proposed_ms")


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def test_the_record_tab_says_what_is_kept_and_when_it_goes(ana: Case, olu: User) -> None:
    page = text(client_of(olu), f"/people/{ana.person.pk}/record")
    assert "What is kept, and when it goes" in page
    assert "limitation of claims; six years at the most" in page
    assert "with the case: " in page  # positions too, as long as nothing thins them out before
    assert "not held" in page


def test_a_hold_takes_two_people_and_stands_on_the_list_and_the_record(
    ana: Case, olu: User, ida: Client, ben: Client
) -> None:
    hold = proposed(ida, ana)
    for address in ("/retention", f"/people/{ana.person.pk}/record"):
        page = text(ida, address)
        assert "Appeal CA/2026/17 is pending" in page
        assert "waits for a second person" in page.lower()
        assert "Approve" not in page
    ida.post(f"/holds/{hold.pk}/do", {"do": "approve"})
    hold.refresh_from_db()
    assert hold.state == "proposed"
    assert "Approve" in text(ben, "/retention")
    assert "Approve" not in text(client_of(olu), "/retention")  # an officer proposes, and does not approve
    assert client_of(olu).post(f"/holds/{hold.pk}/do", {"do": "approve"}).status_code == 403
    ben.post(f"/holds/{hold.pk}/do", {"do": "approve"})
    hold.refresh_from_db()
    assert (hold.state, hold.decided_by_name) == ("approved", "Ben Supervisor")
    assert "Approved by Ben Supervisor" in text(client_of(olu), f"/people/{ana.person.pk}/record")
    ben.post(f"/holds/{hold.pk}/do", {"do": "lift"})
    assert holds.all_standing(now_ms()) == []
    assert "Lifted by Ben Supervisor" in text(ida, f"/people/{ana.person.pk}/record")
    audited = Entry.objects.filter(action__startswith="hold.").order_by("seq")
    assert [entry.action for entry in audited] == ["hold.proposed", "hold.approved", "hold.lifted"]
    assert not any("Appeal" in entry.detail for entry in audited)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"reason": " "}, "Write the reason"),
        ({"ends": "soon"}, "Give the day on which the hold ends."),
        ({"ends": "2020-01-01"}, "A hold ends after now and within twelve months"),
        ({"ends": "2099-01-01"}, "A hold ends after now and within twelve months"),
        ({"kind": "shoes"}, "There is no kind of data shoes."),
    ],
)
def test_a_hold_that_is_not_whole_is_refused_in_one_sentence(
    given: dict[str, str], sentence: str, ana: Case, ida: Client
) -> None:
    ends = (dt.datetime.now(dt.UTC) + dt.timedelta(days=9)).date().isoformat()
    answer = ida.post(f"/people/{ana.person.pk}/holds/new", {"reason": "Appeal", "ends": ends, **given})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not LegalHold.objects.exists()


def test_an_officer_of_somebody_else_sees_and_holds_nothing(ana: Case) -> None:
    other = client_of(user("otto officer", Role.OFFICER))
    assert other.get(f"/people/{ana.person.pk}/holds/new").status_code == 404
    assert other.get(f"/people/{ana.person.pk}/erasure/new").status_code == 404
    assert client_of(user("aud auditor", Role.AUDITOR)).get("/retention").status_code == 403


def test_an_ordered_erasure_waits_for_the_orders_end_and_for_another_person(
    ana: Case, olu: User, ida: Client, ben: Client
) -> None:
    address, basis = f"/people/{ana.person.pk}/erasure", "Alderbeck County Court, order 55/2026"
    refused = ida.post(f"{address}/new", {"basis": basis})
    assert "An order has not ended yet" in refused.content.decode()
    now = now_ms()
    actions.set_order_status(ana.order.pk, "ended", effective_from_ms=now, acting_user=None, now_ms=now, reason="done")
    refused = ida.post(f"{address}/new", {"basis": "Court order about Berg"})
    assert "Leave the person&#x27;s name out" in refused.content.decode()
    assert ida.post(f"{address}/new", {"basis": basis}).status_code == 302
    ida.post(f"{address}/do", {"do": "confirm"})
    assert Erasure.objects.get().state == ErasureState.PROPOSED
    assert "You proposed it: another person confirms it." in text(ida, "/retention")
    daily.run(now_ms())
    assert Erasure.objects.get().state == ErasureState.PROPOSED
    ben.post(f"{address}/do", {"do": "confirm"})
    assert Erasure.objects.get().state == ErasureState.DUE
    daily.run(now_ms())
    assert Erasure.objects.get().state == ErasureState.DONE
    assert client_of(olu).get(f"/people/{ana.person.pk}/record").status_code == 404
    page = text(ben, "/retention")
    assert basis in page
    assert "Latest certificates" in page


def test_a_hold_from_before_stops_an_ordered_erasure(ana: Case, ida: Client, ben: Client) -> None:
    now = now_ms()
    actions.set_order_status(ana.order.pk, "ended", effective_from_ms=now, acting_user=None, now_ms=now, reason="done")
    ida.post(f"/people/{ana.person.pk}/erasure/new", {"basis": "County Court 55/2026"})
    ben.post(f"/people/{ana.person.pk}/erasure/do", {"do": "confirm"})
    hold = proposed(ida, ana, kind=["trail"])  # whatever is held, the key stays
    daily.run(now_ms())
    assert Erasure.objects.get().state == ErasureState.DUE
    daily.run(hold.proposed_ms + 14 * DAY_MS)  # nobody decided
    assert Erasure.objects.get().state == ErasureState.DONE
