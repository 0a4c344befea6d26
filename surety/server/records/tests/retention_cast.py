"""A person with everything that is kept of one: for the tests of retention."""

import hashlib
from itertools import count

from surety.blobs import sealing
from surety.blobs.contract import name_of
from surety.rules.conditions import Circle, Trail
from surety.rules.facts import Verdict
from surety.server.accounts.models import Role, User
from surety.server.alerts.models import Alert, AlertEvent, Part
from surety.server.cases import actions as cases
from surety.server.cases.checks import DeviceDetails, OrderTerms, PersonDetails, Told
from surety.server.cases.models import Device, Order, Person
from surety.server.checkins.models import (
    Answer,
    CheckIn,
    Comparison,
    EnrolledImage,
    OutFact,
    Prompt,
    Review,
    Sheet,
    Stands,
    Submission,
    Template,
)
from surety.server.monitoring import sealed
from surety.server.monitoring.models import Finding, FormerFinding, PersonState, SetAside, Snapshot, StoredFact
from surety.server.notices.models import Notice
from surety.server.records import actions as keys
from surety.server.records import documents, queries
from surety.server.records.models import DocumentKind

T0 = 1_790_000_000_000
DAY_MS = 86_400_000
_numbers = count(1)


def user(name: str, role: Role = Role.SUPERVISOR) -> User:
    return User.objects.create(username=name, role=role, first_name=name.title())


def person(reference: str = "", at_ms: int = T0, **names: str) -> Person:
    details = PersonDetails(
        reference=reference or f"RT-{next(_numbers)}",
        given_names=names.get("given", "Ottoline"),
        family_name=names.get("family", "Quellmalz"),
        phone=names.get("phone", "01632 960777"),
    )
    return cases.register_person(details, acting_user=None, now_ms=at_ms)


def order(of: Person, starts_ms: int, ends_ms: int) -> Order:
    terms = OrderTerms(
        order_type="bail",
        legal_basis="Bail Act 1976, section 3",
        issuing_authority="Alderbeck Magistrates' Court",
        decision_sha256="ab" * 32,
        data_kinds=("position", "device", "photo"),
        starts_ms=starts_ms,
        ends_ms=ends_ms,
        review_due_ms=min(ends_ms, starts_ms + 60 * DAY_MS),
    )
    told = Told(at_ms=starts_ms, how="in person", language="en")
    return cases.record_order(of.pk, terms, acting_user=None, now_ms=starts_ms, told=told)


def photograph(of: Person, data: bytes) -> str:
    name = hashlib.sha256(data).hexdigest()
    queries.blobs().put(name_of(of.pk, name), sealing.seal(keys.public_key(of.pk, now_ms=T0), data))
    return name


def check_in(
    of: Person, stands: Stands, at_ms: int, *, verdict: Verdict | None = None, by: tuple[str, ...] = ()
) -> Submission:
    """A check-in with one photograph, that could be answered until an hour after `at_ms` and was decided then."""
    row = CheckIn.objects.create(
        person=of,
        condition_id="c",
        condition_version=1,
        asked_ms=at_ms - 7_200_000,
        due_ms=at_ms - 3_600_000,
        late_until_ms=at_ms,
        stands=stands,
        verdict=verdict.value if verdict else "",
        decided_ms=at_ms if verdict else None,
        decided_by_names=list(by),
    )
    number = next(_numbers)
    name = photograph(of, b"photograph %d of the probe" % number)
    return Submission.objects.create(
        id=f"s{number}", check_in=row, at_ms=at_ms, received_ms=at_ms, photos=[name], taken_ms=at_ms
    )


def enrolled(of: Person, data: bytes = b"an enrolled image") -> EnrolledImage:
    image = EnrolledImage.objects.create(
        person=of,
        sha256=photograph(of, data),
        source="the intake",
        basis="consent",
        recorded_ms=T0,
        recorded_by_name="Olu",
    )
    Template.objects.create(image=image, model_sha256="cd" * 32, box=b"sealed", made_ms=T0)
    return image


def has_file(of: Person, name: str) -> bool:
    return queries.blobs().has(name_of(of.pk, name))


def everything(of: Person, officer: User) -> Device:
    """A whole case, with a row in every table that tells of a person; the device that they wore."""
    now = T0
    made = order(of, now, now + 10 * DAY_MS)
    cases.assign_officer(of.pk, officer, acting_user=None, now_ms=now, reason="knows the Quellmalz family")
    cases.add_condition(made.pk, Trail(), label="Trail", effective_from_ms=now, acting_user=None, now_ms=now)
    details = DeviceDetails(protocol="osmand", model="Tag")
    device, _ = cases.register_device(details, acting_user=None, now_ms=now)
    cases.assign_device(device.pk, of.pk, from_ms=now, acting_user=None, now_ms=now)
    home = Circle(lat_deg=55.0, lon_deg=-2.0, radius_m=50)
    cases.add_everyday_place(of.pk, "home", "Aunt Wilhelmina's", home, acting_user=None, now_ms=now)
    documents.keep(
        of.pk,
        b"%PDF-1.7 the decision about Quellmalz",
        kind=DocumentKind.DECISION,
        name="Quellmalz.pdf",
        acting_user=officer,
        now_ms=now,
    )
    enrolled(of)
    submission = check_in(of, Stands.DECIDED, now, verdict=Verdict.NOT_SAME, by=("Ida", "Ben"))
    comparison = Comparison.objects.create(submission=submission, at_ms=now, outcome="no_match", body={})
    review = Review.objects.create(
        submission=submission, comparison=comparison, severity=2, opened_ms=now, due_ms=now, stage="done"
    )
    Answer.objects.create(review=review, stage="first", reviewer=officer, reviewer_name="Ida", opened_ms=now)
    words = "Quellmalz, please look into the camera"
    Prompt.objects.create(
        check_in=submission.check_in, channel="watch", kind="asked", sentence=words, queued_ms=now, next_try_ms=now
    )
    Sheet.objects.create(person=of, body='{"name": "Ottoline"}', made_ms=now, renew_ms=now)
    OutFact.objects.create(person_id=of.pk, body=b"fact of Quellmalz", made_ms=now)
    alert = Alert.objects.create(
        person=of,
        finding_id="f1",
        kind="zone_entered",
        severity=1,
        certainty="established",
        cause="behaviour",
        sentence="Ottoline Quellmalz entered the zone",
        at_ms=now,
        opened_ms=now,
        due_ms=now,
    )
    Part.objects.create(
        alert=alert,
        episode_id=f"e-{of.pk}",
        finding_id="f1",
        kind="zone_entered",
        severity=1,
        certainty="established",
        cause="behaviour",
        sentence="Ottoline Quellmalz entered the zone",
        at_ms=now,
        opened_ms=now,
        since_ms=now,
    )
    AlertEvent.objects.create(alert=alert, at_ms=now, actor_name="Ida", action="note", text="Called Quellmalz")
    facts = [
        StoredFact(
            person_id=of.pk,
            fact_id=f"x{n}",
            at_ms=now + n,
            received_ms=now,
            processed_ms=now,
            body=sealed.seal(of.pk, b"a position of hers", sealed.FACT),
        )
        for n in range(1_200)
    ]
    StoredFact.objects.bulk_create(facts)
    state = sealed.seal(of.pk, b"a position of hers", sealed.STATE)
    PersonState.objects.create(person_id=of.pk, at_ms=now, body=state)
    Snapshot.objects.create(person_id=of.pk, at_ms=now, body=state)
    finding = sealed.seal(of.pk, b"a position of hers", sealed.FINDING)
    Finding.objects.create(
        id=f"f-{of.pk[:20]}",
        person_id=of.pk,
        kind="zone_entered",
        episode_id="e",
        at_ms=now,
        known_ms=now,
        processed_ms=now,
        certainty="established",
        cause="behaviour",
        body=finding,
    )
    FormerFinding.objects.create(finding_id="f1", person_id=of.pk, body=finding, replaced_ms=now)
    SetAside.objects.create(
        person_id=of.pk, reason="rules_failed", sentence="Quellmalz", body=b"x", received_ms=now, set_aside_ms=now
    )
    Notice.objects.create(
        person_id=of.pk,
        finding_id=f"f-{of.pk[:20]}",
        kind="near",
        at_ms=now,
        sentence="Ottoline, you are near the school",
        queued_ms=now,
        expires_ms=now,
    )
    return device
