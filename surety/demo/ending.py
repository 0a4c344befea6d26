"""What ends in the demonstration: a hold, another one that waits for the supervisor, and a case that is over.

Photographs that matched go after a day here, in place of 28 (run.py): at ten times the clock's speed, after two hours
and a half. Somebody whose last order ended more than six years ago is erased by the first daily erasure: their
certificate stands in the audit log. Works with Django's models: import it when Django is set up.
"""

import hashlib

from django.db import transaction

from surety.server.accounts.models import Role, User
from surety.server.cases import actions
from surety.server.cases.checks import OrderTerms, PersonDetails, Told
from surety.server.cases.models import Person
from surety.server.records import holds
from surety.server.records.models import LegalHold
from surety.sim import checkins
from surety.sim.lives import Lives

DAY_MS = 86_400_000
LONG_AGO_DAYS = 2_400
OLD_REFERENCE = "SU-OLD-1"


def seed_endings(lives: Lives) -> None:
    """Two holds and a case that is over, unless they are there already."""
    if LegalHold.objects.exists():
        return
    now_ms = lives.start_ms - 20_000
    with transaction.atomic():
        _holds(lives, now_ms)
        _case_that_is_over(lives, now_ms)


def _holds(lives: Lives, now_ms: int) -> None:
    officer, supervisor = User.objects.get(username="officer"), User.objects.get(role=Role.SUPERVISOR)
    asked = [one.reference for one in lives.residents if checkins.is_asked(one.index)]
    people = Person.objects.filter(reference__in=asked, caseloads__officer=officer).order_by("reference")[:2]
    reasons = ("Appeal 17 (invented) against the order is pending", "Complaint 4 (invented) about a check-in")
    for nth, (person, reason) in enumerate(zip(people, reasons, strict=False)):
        ends_ms = now_ms + 90 * DAY_MS
        hold = holds.propose(person.pk, reason=reason, ends_ms=ends_ms, acting_user=officer, now_ms=now_ms)
        if nth == 0:
            holds.decide(hold.pk, approve=True, acting_user=supervisor, now_ms=now_ms)


def _case_that_is_over(lives: Lives, now_ms: int) -> None:
    details = PersonDetails(
        reference=OLD_REFERENCE, given_names="Orla", family_name="Bygone", region="Alderbeck", time_zone="Europe/London"
    )
    person = actions.register_person(details, acting_user=None, now_ms=now_ms, reason="taken over from a former system")
    ended_ms = lives.start_ms - LONG_AGO_DAYS * DAY_MS
    starts_ms = ended_ms - 100 * DAY_MS
    terms = OrderTerms(
        order_type="community", legal_basis="Community Orders (invented) s. 4",
        issuing_authority="Alderbeck Crown Court", decision_sha256=hashlib.sha256(b"an old decision").hexdigest(),
        starts_ms=starts_ms, ends_ms=ended_ms, review_due_ms=starts_ms + 80 * DAY_MS,
        data_kinds=("position", "device"),
    )  # fmt: skip
    told = Told(at_ms=starts_ms, how="in person, with a copy", language="en")
    actions.record_order(
        person.pk, terms, acting_user=None, now_ms=now_ms, reason="taken over from a former system", told=told
    )
