"""Puts a town into the server: people, orders, conditions and devices, through the same actions that officers use.

Works in transactions of some dozens of people; one that is interrupted is taken up again at the next start. Needs
Django to be set up.
"""

import base64
import hashlib
import os
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
from allauth.mfa.models import Authenticator
from django.db import transaction

from surety.demo.state import LogIn
from surety.server.accounts import actions as accounts
from surety.server.accounts.models import Role, User
from surety.server.accounts.permissions import people_for
from surety.server.cases import actions, programme_queries, programmes, protected, watches
from surety.server.cases.checks import DeviceDetails, OrderTerms, PersonDetails, Told
from surety.server.cases.models import Order, Person, ProgrammeZone, ProtectedPerson
from surety.server.cases.writing import together
from surety.server.records import documents
from surety.server.records.models import DocumentKind
from surety.sim import checkins
from surety.sim.encode import Credentials
from surety.sim.geo import TIME_ZONE
from surety.sim.lives import Lives
from surety.sim.people import NIGHT_ORDER, Resident, conditions_of, order_type_of, programme_zone

BATCH = 40
CASELOAD = 40  # people of the officer who can log in; the others share the rest
MORE_OFFICERS = 6
DAY_MS = 86_400_000
KEEP_M, TELL_M = 200, 400  # in a town of a mile
REGION = "Alderbeck"
_WORDS = (
    "amber basin cedar delta ember fjord grove heath inlet jetty knoll larch mesa nectar oxbow prairie quartz ridge"
)
_KINDS_OF_DATA = ("position", "device")
_PHOTO_KINDS = (*_KINDS_OF_DATA, "photo")
_KINDS = {
    "pre_trial": ("Criminal Procedure (invented) s. 12", "Alderbeck Magistrates"),
    "community": ("Community Orders (invented) s. 4", "Alderbeck Crown Court"),
    "post_release": ("Release on Licence (invented) s. 9", "Northern Parole Board"),
    "bail": ("Bail (invented) s. 3", "Alderbeck Magistrates"),
}


def seed_people(lives: Lives, officers: list[User], folder: Path, done: Callable[[int], None]) -> list[Credentials]:
    """Record whoever is not recorded yet; the devices' credentials of all. `done(n)`: so many more are finished."""
    known = _Credentials(folder / "devices.jsonl")
    recorded = set(Person.objects.values_list("reference", flat=True))
    todo = [r for r in lives.residents if r.reference not in recorded]
    done(lives.people - len(todo))
    for start in range(0, len(todo), BATCH):
        batch = todo[start : start + BATCH]
        with transaction.atomic(), together():
            new = [_record(r, _officer(officers, r.index), lives) for r in batch]
            known.add(new)  # before the commit: afterwards nobody can tell the secrets again
        done(len(batch))
    return known.all(lives.people)


def seed_programme(lives: Lives) -> None:
    """A zone for everybody on bail: proposed by the administrator, confirmed by the supervisor, told to each."""
    if lives.programme is None or ProgrammeZone.objects.exists():
        return
    now_ms = lives.start_ms - 1_800_000
    administrator, supervisor = (User.objects.get(role=role) for role in (Role.ADMINISTRATOR, Role.SUPERVISOR))
    terms = programmes.Terms(
        legal_basis="Bail (invented) s. 3A: places of public disorder at night",
        zone=programme_zone(lives.programme),
        order_types=(NIGHT_ORDER,),
        region=REGION,
        starts_ms=now_ms,
    )
    with transaction.atomic():
        version = programmes.propose_zone(
            f"Stay away: {lives.programme.name}", terms, acting_user=administrator, now_ms=now_ms
        )
        programmes.confirm_version(version.pk, acting_user=supervisor, now_ms=now_ms, reason="as decided")
        people = programme_queries.concerned(version, people_for(supervisor, "cases.change"), lives.start_ms)
        told = Told(at_ms=now_ms, how="letter, and in person", language="en")
        ids = list(people.values_list("pk", flat=True))
        programmes.record_told(version.pk, ids, told, acting_user=supervisor, now_ms=now_ms)


def seed_pair(lives: Lives, folder: Path) -> Credentials:
    """Record the town's protected person and their link to one resident, if they are not recorded yet."""
    known, one = _Credentials(folder / "devices.jsonl"), lives.protected
    if ProtectedPerson.objects.exists():
        return known.of(one.index)
    now_ms = lives.start_ms - 3_600_000
    again: dict[str, Any] = {"acting_user": None, "now_ms": now_ms}
    details = protected.ProtectedDetails(
        reference=f"PR-{one.index + 1:05d}", name=f"{one.given} {one.family}", contact="0800 5550 999", region=REGION,
        time_zone=TIME_ZONE,
    )  # fmt: skip
    order = Order.objects.get(person__reference=lives.beside.reference)
    terms = protected.LinkTerms(legal_basis="Protection of Persons (invented) s. 2", alert_m=KEEP_M, warn_m=TELL_M)
    consent = protected.Consent(at_ms=now_ms, how="in person, with a signed form")
    told = Told(at_ms=now_ms, how="in person, with a copy", language="en")
    with transaction.atomic():
        person = protected.register_protected(details, **again)
        link = protected.propose_link(person.pk, order.pk, terms, consent, from_ms=lives.start_ms - 60_000, **again)
        protected.approve_link(link.pk, **again)
        protected.record_link_told(link.pk, told, **again)
        name = f"{secrets.token_hex(12)}/phone"
        spoken = DeviceDetails(protocol="owntracks", identifier=name, model=one.receiver)
        device, secret = actions.register_device(spoken, reason="as agreed", **again)
        protected.assign_protected_device(device.pk, person.pk, from_ms=now_ms, **again)
        made = Credentials(one.index, "", one.sender, device.identifier, secret)
        known.add([made])  # before the commit: afterwards nobody can tell the secret again
    return made


def _officer(officers: list[User], index: int) -> User:
    return officers[0] if index < CASELOAD or len(officers) == 1 else officers[1 + index % (len(officers) - 1)]


def _record(resident: Resident, officer: User, lives: Lives) -> Credentials:
    start_ms, first_min = lives.start_ms, lives.first_min
    now_ms = start_ms - 3_600_000  # written down an hour before the devices are switched on
    kind = order_type_of(resident.index)
    basis, authority = _KINDS[kind]
    details = PersonDetails(
        reference=resident.reference, given_names=resident.given, family_name=resident.family,
        phone=f"0800 5550 {resident.index % 1000:03d}", time_zone=TIME_ZONE, region=REGION,
        date_of_birth=f"{1958 + 7 * resident.index % 47}-{1 + resident.index % 12:02d}-15",
        address=f"{1 + resident.index % 90} Invented Street, Alderbeck",
    )  # fmt: skip
    person = actions.register_person(details, acting_user=None, now_ms=now_ms, reason="as ordered")
    actions.assign_officer(person.pk, officer, acting_user=None, now_ms=now_ms)
    decision = f"{authority}: {basis}. Decision of an invented court about {resident.reference}.\n".encode()
    terms = OrderTerms(
        order_type=kind, legal_basis=basis, issuing_authority=authority,
        decision_sha256=hashlib.sha256(decision).hexdigest(),
        starts_ms=start_ms - 60_000, ends_ms=start_ms + 180 * DAY_MS, review_due_ms=start_ms + 84 * DAY_MS,
        data_kinds=_PHOTO_KINDS if checkins.is_asked(resident.index) else _KINDS_OF_DATA,
    )  # fmt: skip
    told = Told(at_ms=now_ms, how="in person, with a copy", language="en")
    order = actions.record_order(person.pk, terms, acting_user=None, now_ms=now_ms, told=told)
    documents.keep(
        person.pk, decision, kind=DocumentKind.DECISION, name="decision.txt", acting_user=None, now_ms=now_ms
    )  # fmt: skip
    duty = checkins.duty_of(resident.index, first_min)
    for label, body in (*conditions_of(resident), *([("Photo check-ins", duty)] if duty else [])):
        actions.add_condition(
            order.pk, body, label=label, effective_from_ms=start_ms, acting_user=None, now_ms=now_ms
        )  # fmt: skip
    return _give_device(resident, person, start_ms, now_ms)


def _give_device(resident: Resident, person: Person, start_ms: int, now_ms: int) -> Credentials:
    protocol = resident.sender.partition("-")[0]
    app = protocol == "owntracks"  # it names itself user/device and logs in; the others' identifier is unguessable
    identifier = f"{secrets.token_hex(12)}/phone" if app else ""
    details = DeviceDetails(
        protocol=protocol, identifier=identifier, model=resident.receiver, network=resident.network, with_secret=app
    )
    device, secret = actions.register_device(details, acting_user=None, now_ms=now_ms, reason="as ordered")
    actions.assign_device(device.pk, person.pk, from_ms=start_ms - 60_000, acting_user=None, now_ms=now_ms)
    if protocol == watches.PROTOCOL:  # enrolled by a one-time code, in place of a secret
        secret = watches.make_code(device.pk, acting_user=None, now_ms=start_ms - 60_000, reason="as ordered")
    return Credentials(resident.index, person.pk, resident.sender, device.identifier, secret)


class _Credentials:
    """What the town's devices were given, kept beside the database; a later line about a device counts."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, new: Iterable[Credentials]) -> None:
        """Make lines durable."""
        with os.fdopen(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb") as file:
            file.write(b"\n".join([b"", *map(msgspec.json.encode, new), b""]))
            file.flush()
            os.fsync(file.fileno())

    def all(self, people: int) -> list[Credentials]:
        """Those of every resident, by index."""
        found = self._found()
        return [found[index] for index in range(people)]

    def of(self, index: int) -> Credentials:
        """Those of one device."""
        return self._found()[index]

    def _found(self) -> dict[int, Credentials]:
        found: dict[int, Credentials] = {}
        for line in self.path.read_bytes().splitlines():
            try:
                device = msgspec.json.decode(line, type=Credentials)
            except msgspec.DecodeError:  # an empty line, or one that a crash cut off
                continue
            found[device.index] = device
        return found


def new_log_ins() -> tuple[LogIn, ...]:
    """A user name, a password and a one-time-code secret for each role; two face reviewers.

    Two people have to look before it is decided that a photograph shows somebody else.
    """
    names = [(role.value, role.value.replace("_", "-")) for role in Role]
    names.append((Role.FACE_REVIEWER.value, "face-reviewer-2"))
    return tuple(LogIn(role, name, _password(), _totp_secret()) for role, name in names)


def _totp_secret() -> str:
    return base64.b32encode(secrets.token_bytes(20)).decode()


def seed_users(log_ins: Iterable[LogIn], people: int, start_ms: int) -> list[User]:
    """Make the accounts that are not there yet; the officers who share the people, the first of whom can log in."""
    now_ms = start_ms - 7_200_000
    for log_in in log_ins:
        user = _user(log_in.username, log_in.role, log_in.password, now_ms)
        if not Authenticator.objects.filter(user=user).exists():
            accounts.enrol_totp(user, log_in.totp_secret, now_ms=now_ms)
    others = min(MORE_OFFICERS, (people - 1) // CASELOAD)
    names = ["officer", *(f"officer-{n + 2}" for n in range(others))]
    return [_user(name, Role.OFFICER.value, "", now_ms) for name in names]


def _user(username: str, role: str, password: str, now_ms: int) -> User:
    found = User.objects.filter(username=username).first()
    if found is not None:
        return found
    name = username.replace("-", " ").capitalize()
    region = "" if role in (Role.AUDITOR, Role.ADMINISTRATOR) else REGION
    user, _ = accounts.create_user(
        username, role, acting_user=None, now_ms=now_ms, password=password, full_name=name, region=region
    )
    return user


def _password() -> str:
    """Four words and a number, easily typed: for invented people on one machine."""
    return "-".join([*(secrets.choice(_WORDS.split()) for _ in range(4)), str(secrets.randbelow(90) + 10)])
