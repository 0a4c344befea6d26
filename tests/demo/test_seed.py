"""The town is recorded through the actions that officers use: with authority, told, granted, audited."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from surety.demo import faces, seed
from surety.rules.conditions import MovingZone, OrderTerm, Zone
from surety.server.accounts.models import Role, User
from surety.server.audit import queries as audit
from surety.server.audit.models import Entry
from surety.server.cases import queries
from surety.server.cases.door import rewrite_grants
from surety.server.cases.models import Caseload, ChangeNotice, DoorGrant, OrderVersion, Person, ProgrammeZone, WatchKey
from surety.server.checkins.models import ControlPair, EnrolledImage
from surety.settings import Settings
from surety.sim.checkins import duty_of, is_asked
from surety.sim.encode import Credentials
from surety.sim.lives import Lives
from surety.sim.people import conditions_of

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
START_MS = 1_791_309_120_000
PEOPLE = 6


def _seeded(folder: Path) -> tuple[Lives, list[Credentials]]:
    lives = Lives(1, PEOPLE, START_MS)
    officers = [User.objects.create(username="officer", role=Role.OFFICER)]
    return lives, seed.seed_people(lives, officers, folder, lambda _: None)


def test_every_order_has_its_authority_and_every_person_was_told(tmp_path: Path) -> None:
    _seeded(tmp_path)
    for order in OrderVersion.objects.all():
        assert order.legal_basis
        assert order.issuing_authority
        assert len(order.decision_sha256) == 64
        assert order.told_ms is not None
        assert order.told_ms <= order.starts_ms
    assert OrderVersion.objects.count() == Caseload.objects.count() == PEOPLE


def test_the_rules_get_the_conditions_that_the_town_lives_by(tmp_path: Path) -> None:
    lives, devices = _seeded(tmp_path)
    for resident, device in zip(lives.residents, devices, strict=True):
        known = queries.condition_set(device.person_id).conditions
        found = [c for c in known if not isinstance(c.body, OrderTerm | MovingZone)]  # which follow from other rows
        bodies = [body for _, body in conditions_of(resident)]
        bodies += [duty] if (duty := duty_of(resident.index, lives.first_min)) else []
        ordered = sorted(type(body).__name__ for body in bodies)
        assert sorted(type(c.body).__name__ for c in found) == ordered
        assert all(c.effective_from_ms == START_MS for c in found)


def test_who_is_asked_for_photographs_has_a_watch_with_a_code_and_an_order_that_covers_them(tmp_path: Path) -> None:
    lives, devices = _seeded(tmp_path)
    for resident, device in zip(lives.residents, devices, strict=True):
        order = OrderVersion.objects.get(order__person_id=device.person_id)
        assert ("photo" in order.data_kinds) is is_asked(resident.index)
        kept = WatchKey.objects.filter(device__identifier=device.identifier).values_list("code_sha256", flat=True)
        sha256 = hashlib.sha256(device.secret.encode()).hexdigest()
        assert list(kept) == ([sha256] if is_asked(resident.index) else [])


def test_their_images_are_enrolled_once_with_where_they_come_from(tmp_path: Path, settings: Any) -> None:
    settings.SURETY = Settings(data_dir=tmp_path)
    lives, devices = _seeded(tmp_path)
    done: list[int] = []
    for _ in range(2):
        faces.seed_images(lives, done.append)
    images = EnrolledImage.objects.order_by("recorded_ms")
    asked = {device.person_id for device in devices if is_asked(device.index)}
    assert {image.person_id for image in images} == asked
    assert len(images) == 2 * len(asked)
    assert all(image.source and image.basis for image in images)
    assert sum(done) == 2 * len(asked)


def test_control_pairs_are_loaded_once_without_a_model_too(tmp_path: Path, settings: Any) -> None:
    settings.SURETY = Settings(data_dir=tmp_path, faces_engine="none")
    lives = Lives(1, PEOPLE, START_MS)
    for _ in range(2):
        faces.seed_controls(lives, settings.SURETY)
    assert ControlPair.objects.count() == faces.PAIRS


def test_two_people_can_review_faces() -> None:
    log_ins = seed.new_log_ins()
    assert [one.role for one in log_ins].count(Role.FACE_REVIEWER) == 2
    assert len({one.username for one in log_ins}) == len(log_ins) == len(Role) + 1


def test_the_programmes_zone_binds_those_under_its_orders_and_is_recorded_once(tmp_path: Path) -> None:
    lives, devices = _seeded(tmp_path)
    for role in (Role.ADMINISTRATOR, Role.SUPERVISOR):
        User.objects.create(username=role.value, role=role, region=seed.REGION if role == Role.SUPERVISOR else "")
    seed.seed_programme(lives)
    seed.seed_programme(lives)
    zone = ProgrammeZone.objects.get()
    for resident, device in zip(lives.residents, devices, strict=True):
        held = [one for one in queries.condition_set(device.person_id).conditions if one.id == zone.pk]
        assert bool(held) is lives.bound_at_night(resident)
        assert all(isinstance(one.body, Zone) and one.effective_from_ms >= lives.start_ms - 60_000 for one in held)
    assert sum(map(lives.bound_at_night, lives.residents)) == 1  # the fourth of six


def test_the_town_has_one_protected_pair_whose_link_is_in_force(tmp_path: Path) -> None:
    lives, _ = _seeded(tmp_path)
    made = seed.seed_pair(lives, tmp_path)
    assert seed.seed_pair(lives, tmp_path) == made
    (grant,) = DoorGrant.objects.filter(identifier=made.identifier)
    assert (grant.data_kinds, grant.person_id) == (
        ["protected"],
        Person.objects.get(reference=lives.beside.reference).pk,
    )
    (zone,) = [c for c in queries.condition_set(grant.person_id).conditions if isinstance(c.body, MovingZone)]
    assert zone.effective_from_ms <= START_MS


def test_the_door_may_accept_exactly_these_devices_as_if_each_was_recorded_alone(tmp_path: Path) -> None:
    _, devices = _seeded(tmp_path)
    columns = ("identifier", "protocol", "person_id", "secret_sha256", "data_kinds", "from_ms", "to_ms")
    granted = sorted(map(str, DoorGrant.objects.values_list(*columns)))
    assert {g for (g,) in DoorGrant.objects.values_list("identifier")} == {d.identifier for d in devices}
    for person in Person.objects.all():
        rewrite_grants(person)
    assert sorted(map(str, DoorGrant.objects.values_list(*columns))) == granted


def test_every_step_stands_in_the_audit_log_whose_chain_holds(tmp_path: Path) -> None:
    _seeded(tmp_path)
    actions = set(Entry.objects.values_list("action", flat=True))
    wanted = {"person.registered", "officer.assigned", "order.recorded", "condition.added", "device.registered"}
    assert wanted | {"device.assigned"} <= actions
    assert Entry.objects.filter(action="person.registered").count() == PEOPLE
    assert audit.verify().is_sound
    assert ChangeNotice.objects.values("person_id").distinct().count() == PEOPLE


def test_seeding_again_records_nobody_twice_and_gives_the_same_credentials(tmp_path: Path) -> None:
    lives, devices = _seeded(tmp_path)
    again = seed.seed_people(lives, [User.objects.get(username="officer")], tmp_path, lambda _: None)
    assert again == devices
    assert Person.objects.count() == PEOPLE


def test_credentials_written_before_a_commit_that_never_came_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "devices.jsonl").write_text('{"index":0,"person_id":"x","sender":"osmand-query","identifier":"gone"\n')
    _, devices = _seeded(tmp_path)
    assert "gone" not in {d.identifier for d in devices}


def test_each_role_has_one_log_in_with_a_second_factor() -> None:
    log_ins = seed.new_log_ins()
    seed.seed_users(log_ins, people=100, start_ms=START_MS)
    seed.seed_users(log_ins, people=100, start_ms=START_MS)  # a second start changes nothing
    assert {one.role for one in log_ins} == set(Role.values)
    for one in log_ins:
        user = User.objects.get(username=one.username)
        assert user.check_password(one.password)
        assert user.authenticator_set.count() == 1
        assert not user.must_change_password
    assert User.objects.filter(role=Role.OFFICER).count() == 3
