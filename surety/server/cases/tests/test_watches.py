"""A watch's one-time code and key: made by who may, claimed once at the door, told to the audit log."""

import re
from pathlib import Path

import pytest
from django.db import connection

from surety.gateway import watch_register
from surety.gateway.watch_register import WatchRegister
from surety.server import doctor
from surety.server.accounts.models import Role
from surety.server.alerts.tests import cast
from surety.server.alerts.tests.cast import NOW_MS
from surety.server.audit.models import Entry
from surety.server.audit.words import detail_of
from surety.server.cases import actions, watches
from surety.server.cases.checks import DeviceDetails
from surety.server.cases.models import Device, DoorRevision, Person, WatchKey
from surety.server.checkins.models import CheckIn, Sheet
from surety.server.errors import InvalidError, NotAllowedError, NotFoundError
from surety.settings import Settings
from surety.wire.native import Enrolment, read_enrolment
from tests.gateway.watch_client import Watch

pytestmark = pytest.mark.django_db
AGAIN = {"acting_user": None, "now_ms": NOW_MS}


class Cursor:
    """Django's own connection as the door's: the statements run in the test's transaction, which stays open."""

    def execute(self, sql: str, values: tuple[object, ...] = ()) -> object:
        cursor = connection.cursor()
        if sql not in {"BEGIN", "COMMIT"}:
            cursor.execute(sql, values)
        return cursor

    def close(self) -> None:
        """Nothing is ours to close."""


def door() -> WatchRegister:
    return WatchRegister(Cursor, "%s", "BEGIN")


def worn_watch(person: Person, protocol: str = "native") -> Device:
    device, _ = actions.register_device(DeviceDetails(protocol=protocol, with_secret=False), **AGAIN)
    actions.assign_device(device.pk, person.pk, from_ms=NOW_MS, **AGAIN)
    return device


def asked(code: str) -> Enrolment:
    read = read_enrolment(Watch().enrolment(code))
    assert isinstance(read, Enrolment)
    return read


def entries(action: str) -> list[dict]:
    return [detail_of(row) for row in Entry.objects.filter(action=action).order_by("seq")]


def test_a_code_is_claimed_once_and_the_claim_is_told_to_the_audit_log_once():
    device = worn_watch(cast.person())
    code = watches.make_code(device.pk, **AGAIN)
    assert re.fullmatch(r"[2-9A-HJ-NP-Z]{5}-[2-9A-HJ-NP-Z]{5}", code)
    assert code not in str(list(WatchKey.objects.values()))
    before = DoorRevision.objects.get(id=1).revision
    first = asked(code)
    assert door().claim(first, NOW_MS + 1) == device.identifier
    assert DoorRevision.objects.get(id=1).revision == before + 1
    assert door().claim(asked(code), NOW_MS + 2) is None
    row = WatchKey.objects.get(device=device)
    assert (row.public_key, row.algorithm, row.claimed_ms) == (first.public_key, "Ed25519", NOW_MS + 1)
    assert [watches.record_claims(NOW_MS + 5), watches.record_claims(NOW_MS + 6)] == [1, 0]
    (told,) = entries("watch.enrolled")
    assert (told["device"], told["claimed_ms"]) == (device.pk, NOW_MS + 1)


def test_a_code_that_is_too_old_opens_nothing():
    code = watches.make_code(worn_watch(cast.person()).pk, **AGAIN)
    assert door().claim(asked(code), NOW_MS + watches.GOOD_FOR_MS) is None


def test_another_code_takes_the_key_away_and_no_claim_goes_untold():
    device = worn_watch(cast.person())
    code = watches.make_code(device.pk, **AGAIN)
    door().claim(asked(code), NOW_MS + 1)
    other = watches.make_code(device.pk, **AGAIN)
    row = WatchKey.objects.get(device=device)
    assert (row.public_key, row.claimed_ms, row.recorded_ms) == ("", None, None)
    assert len(entries("watch.enrolled")) == 1
    assert [told["took_the_key_away"] for told in entries("watch.code_made")] == [False, True]
    assert door().claim(asked(code), NOW_MS + 2) is None
    assert door().claim(asked(other), NOW_MS + 2) == device.identifier


def test_a_key_that_is_taken_away_is_gone_and_needs_a_reason():
    device = worn_watch(cast.person())
    door().claim(asked(watches.make_code(device.pk, **AGAIN)), NOW_MS + 1)
    with pytest.raises(InvalidError):
        watches.revoke(device.pk, reason=" ", **AGAIN)
    watches.revoke(device.pk, reason="stolen", **AGAIN)
    assert not WatchKey.objects.exists()
    assert entries("watch.key_taken_away") == [{"device": device.pk, "reason": "stolen"}]
    with pytest.raises(NotFoundError):
        watches.revoke(device.pk, reason="again", **AGAIN)


def test_only_who_may_change_the_case_makes_a_code_and_only_for_a_watch():
    officer, other = cast.user("olu", Role.OFFICER), cast.user("other", Role.OFFICER)
    ana = cast.person(officer=officer)
    device = worn_watch(ana)
    with pytest.raises(NotAllowedError):
        watches.make_code(device.pk, acting_user=other, now_ms=NOW_MS)
    with pytest.raises(InvalidError):
        watches.make_code(worn_watch(ana, "osmand").pk, **AGAIN)
    assert not WatchKey.objects.exists()
    assert watches.make_code(device.pk, acting_user=officer, now_ms=NOW_MS)


def test_the_sql_of_the_door_names_the_tables_and_columns_that_the_server_has():
    known = {
        model._meta.db_table: {field.column for field in model._meta.concrete_fields}
        for model in (CheckIn, Sheet, WatchKey, Device, DoorRevision)
    }
    columns = set.union(*known.values())
    sql = " ".join(value for name, value in vars(watch_register).items() if name.isupper() and isinstance(value, str))
    for table in re.findall(r"(?:FROM|UPDATE|JOIN) (\w+)", sql):
        assert table in known
    for column in re.findall(r"(\w+) (?:=|<=|>|<>|IS)", sql) + re.findall(r"SELECT (\w+)", sql):
        assert column in columns
    assert set(watch_register.OpenCheckIn._fields) <= known["checkins_checkin"]


def test_the_door_reads_and_marks_what_the_server_wrote():
    ana = cast.person()
    Sheet.objects.create(person=ana, body="{}", made_ms=NOW_MS, renew_ms=NOW_MS)
    CheckIn.objects.create(
        id="c1", person=ana, condition_id="d", condition_version=1, asked_ms=NOW_MS, due_ms=NOW_MS + 10,
        late_until_ms=NOW_MS + 20, turn="left", day="2026-05-28",
    )  # fmt: skip
    rows = door().sheet(ana.pk, NOW_MS)
    assert (rows.body, [(one.id, one.stands, one.turn) for one in rows.check_ins]) == ("{}", [("c1", "asked", "left")])
    door().write([("c1", NOW_MS + 1)], [])
    door().write([("c1", NOW_MS + 9)], [])
    assert CheckIn.objects.get().handed_ms == NOW_MS + 1


def test_a_watch_that_is_given_to_somebody_else_signs_for_nobody_until_it_has_another_code():
    device = worn_watch(cast.person())
    door().claim(asked(watches.make_code(device.pk, **AGAIN)), NOW_MS + 1)
    (assignment,) = device.assignments.all()
    later = {"acting_user": None, "now_ms": NOW_MS + 20, "reason": "given on"}
    actions.end_assignment(assignment.pk, to_ms=NOW_MS + 10, **later)
    actions.assign_device(device.pk, cast.person().pk, from_ms=NOW_MS + 15, **later)
    assert not WatchKey.objects.exists()
    assert len(entries("watch.enrolled")) == len(entries("watch.key_taken_away")) == 1


@pytest.mark.parametrize(
    ("settings", "state"),
    [
        ({"door_origin": "https://watch.example"}, "ok"),
        ({"host": "0.0.0.0"}, "bad"),  # noqa: S104 - said, not listened on
        ({}, "ok"),
    ],
)
def test_the_doctor_says_when_no_watch_could_be_given_its_camera(settings, state):
    worn_watch(cast.person())
    check = doctor._watches(Settings(data_dir=Path(), **settings))
    assert (check.state, check.found.startswith("1 registered")) == (state, True)
