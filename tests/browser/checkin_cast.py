"""Ana's check-ins for browser tests: one of each kind, answered with pictures of an invented person."""

import json
from typing import Any

from surety.faces.contract import Outcome
from surety.server.accounts.models import Role
from surety.server.cases import actions as cases
from surety.server.cases.checks import PersonDetails, Told
from surety.server.cases.models import Person
from surety.server.checkins.models import CheckIn, Comparison, EnrolledImage, Stands, Submission
from surety.server.checkins.tests.compare_cast import keep
from surety.server.console.tests.case_cast import HOUR_MS, MINUTE_MS, terms, user
from surety.server.timekeeping import now_ms
from surety.sim.faces import burst, face, jpeg

ANA = 155


def _check_in(person: Person, hours_ago: int, frames: int, **changes: Any) -> CheckIn:
    asked_ms = now_ms() - hours_ago * HOUR_MS
    times = {"asked_ms": asked_ms, "due_ms": asked_ms + 30 * MINUTE_MS, "late_until_ms": asked_ms + 5 * HOUR_MS}
    row = CheckIn.objects.create(person=person, condition_id="c" * 32, condition_version=1, **times, **changes)
    if frames:
        photos = [keep(person, jpeg(one)) for one in burst(ANA, hours_ago, "left", frames=frames)]
        at_ms = asked_ms + 4 * MINUTE_MS
        sent = Submission.objects.create(
            id=f"{hours_ago:032x}", check_in=row, device_id="d", at_ms=at_ms, received_ms=at_ms, photos=photos
        )
        body = {"sentence": "The similarity 0.412 is at or above 0.360: a match."}
        Comparison.objects.create(submission=sent, at_ms=at_ms, outcome=Outcome.MATCH, body=body)
    return row


def check_ins() -> dict[str, str]:
    """Ana, her officer `olu-officer`, five check-ins and two enrolled images."""
    at_ms = now_ms() - 48 * HOUR_MS
    details = PersonDetails(reference="REF 204", given_names="Ana Maria", family_name="Bell", region="north")
    ana = cases.register_person(details, acting_user=None, now_ms=at_ms)
    kinds = terms(at_ms, data_kinds=("position", "device", "photo"))
    told = Told(at_ms=at_ms, how="in person", language="en")
    cases.record_order(ana.pk, kinds, acting_user=None, now_ms=at_ms, told=told)
    cases.assign_officer(ana.pk, user("olu officer", Role.OFFICER, "north"), acting_user=None, now_ms=at_ms)
    _check_in(ana, 30, 3, stands=Stands.DECIDED, verdict="same")
    _check_in(ana, 26, 2, stands=Stands.DECIDED, verdict="same", decided_by_names=["Ruth Reviewer"])
    missed = _check_in(ana, 8, 0, stands=Stands.LAPSED)
    looked = _check_in(ana, 2, 3, stands=Stands.REVIEW)
    _check_in(ana, 0, 0, stands=Stands.ASKED)
    for number in range(2):
        EnrolledImage.objects.create(
            person=ana,
            sha256=keep(ana, jpeg(face(ANA))) if number else keep(ana, jpeg(face(ANA), 70)),
            source="Taken at the north office",
            basis="Consent, form 4, in English",
            captured_ms=at_ms,
            quality={"faces": 1, "eye_distance_px": 96.0},
            usable=True,
            recorded_ms=at_ms,
            recorded_by_name="Olu Officer",
        )
    return {"person": ana.pk, "looked": looked.pk, "missed": missed.pk}


def main() -> None:
    """Print their ids as JSON."""
    print(json.dumps(check_ins()))
