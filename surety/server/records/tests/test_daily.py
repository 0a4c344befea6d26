"""The daily erasure comes round once a day, in steps, beside others; and what is around an erased person goes on."""

import pytest
from django.apps import apps
from django.core.management import call_command

from surety.server.accounts.models import Role
from surety.server.cases import actions as cases
from surety.server.cases.checks import DeviceDetails
from surety.server.cases.models import Device, DoorGrant, ProtectedLink, ProtectedPerson, WatchKey
from surety.server.keeper.jobs import JOBS, Keeper
from surety.server.monitoring.models import SetAside, StoredFact
from surety.server.records import daily, erasing, plan, vault
from surety.server.records.models import Erased, Erasure, ErasureState, PersonKey, Sweep
from surety.server.records.tests import retention_cast as cast
from surety.server.records.tests.retention_cast import DAY_MS, T0

pytestmark = pytest.mark.django_db
END = T0 + 10 * DAY_MS
CASE_OVER = END + 2_191 * DAY_MS


def test_the_keeper_does_it_once_a_day_in_bounded_steps() -> None:
    job = next(job for job in JOBS if job.where == "surety.server.records.daily:step")
    keeper, now_ms, steps = Keeper([job]), T0, 0
    while Sweep.objects.filter(done_ms=None).exists() or not steps:
        now_ms = keeper.run_once(now_ms) or now_ms
        steps += 1
    assert steps > 5
    assert now_ms == T0 + DAY_MS  # when it wants to be called again
    assert Sweep.objects.get().begun_ms == T0
    keeper.run_once(T0 + DAY_MS)
    assert Sweep.objects.get().begun_ms == T0 + DAY_MS


def test_what_was_killed_half_way_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daily, "AT_ONCE", 2)
    people = [cast.person() for _ in range(5)]
    for one in people:
        cast.enrolled(one)
    now_ms = T0 + 28 * DAY_MS
    while not Erased.objects.exists():
        daily.step(now_ms)
    assert 0 < Erased.objects.count() < 5
    fresh = Keeper([job for job in JOBS if "daily" in job.where])  # as after a kill
    while Sweep.objects.filter(done_ms=None).exists():
        now_ms = fresh.run_once(now_ms) or now_ms
    assert sorted(Erased.objects.values_list("person_id", flat=True)) == sorted(one.pk for one in people)


def test_the_door_refuses_who_is_erased_and_their_device_goes_to_somebody_else() -> None:
    ann, bea = cast.person(), cast.person()
    device = cast.everything(ann, cast.user("olu", Role.OFFICER))
    assert DoorGrant.objects.filter(person_id=ann.pk).exists()
    erasing.begin_due(ann.pk, CASE_OVER)
    assert not erasing.advance(ann.pk, CASE_OVER)  # the first step alone
    assert not DoorGrant.objects.filter(person_id=ann.pk).exists()
    with pytest.raises(vault.KeyDestroyedError):
        vault.encrypt(ann.pk, b"more", purpose="fact")
    assert erasing.finish(ann.pk, CASE_OVER)
    cast.order(bea, CASE_OVER, CASE_OVER + 30 * DAY_MS)
    cases.assign_device(device.pk, bea.pk, from_ms=CASE_OVER, acting_user=None, now_ms=CASE_OVER)
    grants = DoorGrant.objects.filter(device_id=device.pk)
    assert {grant.person_id for grant in grants} == {bea.pk}
    assert Device.objects.filter(pk=device.pk).exists()


def test_a_watchs_key_goes_with_its_last_wearer_alone() -> None:
    ann, bea = cast.person(), cast.person()
    cast.order(ann, T0, END)
    cast.order(bea, T0, END)
    for number, wearers in enumerate(([ann], [ann, bea])):
        details = DeviceDetails(protocol="native", with_secret=False)
        device, _ = cases.register_device(details, acting_user=None, now_ms=T0)
        for nth, one in enumerate(wearers):
            at_ms = T0 + nth * DAY_MS
            row = cases.assign_device(device.pk, one.pk, from_ms=at_ms, acting_user=None, now_ms=at_ms)
            cases.end_assignment(row.pk, to_ms=at_ms + 5, acting_user=None, now_ms=at_ms + 5)
        WatchKey.objects.create(device=device, code_sha256=str(number), code_made_ms=T0, code_expires_ms=T0)
    erasing.begin_due(ann.pk, CASE_OVER)
    assert erasing.finish(ann.pk, CASE_OVER)
    assert list(WatchKey.objects.values_list("code_sha256", flat=True)) == ["1"]


def test_what_a_worker_still_wrote_after_the_certificate_goes_the_next_day() -> None:
    ann = cast.person()
    daily.run(T0 + 2_191 * DAY_MS)
    assert Erasure.objects.get().state == ErasureState.DONE
    late = {"person_id": ann.pk, "received_ms": 1}
    SetAside.objects.create(**late, reason="unknown_person", sentence="", body=b"x", set_aside_ms=1)
    StoredFact.objects.create(**late, fact_id="x", at_ms=1, processed_ms=1, body=b"x")
    daily.run(T0 + 2_192 * DAY_MS)
    assert not SetAside.objects.exists()
    assert not StoredFact.objects.exists()


def test_everybody_else_is_untouched_by_an_erasure() -> None:
    officer = cast.user("olu", Role.OFFICER)
    ann, bea = cast.person(), cast.person()
    cast.everything(ann, officer)
    cast.everything(bea, officer)
    cast.order(bea, CASE_OVER - DAY_MS, CASE_OVER + DAY_MS)
    before = _rows_of(bea.pk)
    erasing.begin_due(ann.pk, CASE_OVER)
    assert erasing.finish(ann.pk, CASE_OVER)
    assert _rows_of(ann.pk) == {}
    assert _rows_of(bea.pk) == before
    assert len(before) > 30  # the cast has a row in nearly every table


def _rows_of(person_id: str) -> dict[str, int]:

    found = {}
    for store in erasing.in_order():
        if number := apps.get_model(store.name).objects.filter(**{store.path: person_id}).count():
            found[store.name] = number
    return found


def test_a_protected_person_goes_28_days_after_their_last_link_and_the_row_with_the_link() -> None:
    ann = cast.person()
    order = cast.order(ann, T0, END)
    pia = ProtectedPerson.objects.create(
        reference="PR-1", name="Pia Quist", contact="01632 960888", recorded_ms=T0, recorded_by_name="Lia"
    )
    link = ProtectedLink.objects.create(
        protected=pia,
        order=order,
        legal_basis="x",
        alert_m=200,
        from_ms=T0,
        consent_ms=T0,
        consent_how="in person",
        consent_by_name="Lia",
        recorded_ms=T0,
        recorded_by_name="Lia",
    )
    vault.encrypt(pia.pk, b"x", purpose="protected")
    ProtectedLink.objects.filter(pk=link.pk).update(ended_ms=T0 + DAY_MS)
    due_ms = T0 + 29 * DAY_MS
    daily.run(due_ms - 1)
    assert ProtectedPerson.objects.get().name == "Pia Quist"
    daily.run(due_ms)
    row = ProtectedPerson.objects.get()
    assert "Pia" not in f"{row.name}{row.contact}{row.reference}{row.reason}"
    assert PersonKey.objects.get(pk=pia.pk).wrapped is None
    assert Erasure.objects.get(pk=pia.pk).state == ErasureState.DONE
    daily.run(CASE_OVER)
    assert not ProtectedLink.objects.exists()
    daily.run(CASE_OVER + DAY_MS)
    assert not ProtectedPerson.objects.exists()


def test_what_goes_more_than_two_days_late_is_counted() -> None:
    ann = cast.person()
    cast.enrolled(ann)
    due_ms = T0 + 28 * DAY_MS
    daily.run(due_ms + 2 * DAY_MS + 1)
    assert plan.on_time(T0, due_ms + 3 * DAY_MS) == [plan.OnTime("enrolled_image", 1, 0)]
    bea = cast.person()
    cast.enrolled(bea)
    daily.run(due_ms + 2 * DAY_MS)
    found = plan.on_time(T0, due_ms + 3 * DAY_MS)
    assert found == [plan.OnTime("enrolled_image", 2, 1)]
    assert plan.on_time(due_ms + 3 * DAY_MS, due_ms + 4 * DAY_MS) == []


def test_the_record_of_erasures_is_itself_kept_six_years() -> None:
    Erased.objects.create(person_id="a" * 32, kind="photo_matched", due_ms=T0, done_ms=T0, number=1)
    daily.run(T0 + 2_191 * DAY_MS)
    assert Erased.objects.exists()
    daily.run(T0 + 2_191 * DAY_MS + 1)
    assert not Erased.objects.exists()


def test_djangos_own_check_passes() -> None:
    call_command("check")
