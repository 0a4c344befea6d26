"""A small cast for tests: people under supervision, those who work with them, and somebody without any access."""

import hashlib
import itertools

import msgspec

from surety.rules.findings import Cause, Certainty, Evidence, Finding, Kind
from surety.server.accounts.models import Role, User
from surety.server.cases import actions as cases
from surety.server.cases.checks import OrderTerms, PersonDetails, Told
from surety.server.cases.models import Order, Person

NOW_MS = 1_780_000_000_000
DAY_MS = 86_400_000
MINUTE_MS = 60_000
_numbers = itertools.count(1)


def user(name: str, role: Role | str, region: str = "") -> User:
    return User.objects.create(username=name, role=role, region=region)


def terms(**changes: object) -> OrderTerms:
    values: dict[str, object] = {
        "order_type": "bail",
        "legal_basis": "Bail Act 1976, s. 3",
        "issuing_authority": "Northgate Magistrates' Court",
        "decision_sha256": hashlib.sha256(b"decision").hexdigest(),
        "starts_ms": NOW_MS,
        "ends_ms": NOW_MS + 90 * DAY_MS,
        "review_due_ms": NOW_MS + 80 * DAY_MS,
    }
    return OrderTerms(**{**values, **changes})


def told(at_ms: int = NOW_MS) -> Told:
    return Told(at_ms=at_ms, how="in person", language="en")


def person(region: str = "north", officer: User | None = None) -> Person:
    details = PersonDetails(
        reference=f"REF{next(_numbers)}", given_names="Ana Maria", family_name="Berg", region=region
    )
    found = cases.register_person(details, acting_user=None, now_ms=NOW_MS)
    if officer:
        cases.assign_officer(found.pk, officer, acting_user=None, now_ms=NOW_MS)
    return found


def order(of: Person, **changes: object) -> Order:
    return cases.record_order(of.pk, terms(**changes), acting_user=None, now_ms=NOW_MS, told=told())


def finding(
    of: Person | str,
    kind: Kind = Kind.ZONE_ENTERED,
    *,
    episode: str = "",
    at_ms: int = NOW_MS,
    certainty: Certainty = Certainty.ESTABLISHED,
    cause: Cause = Cause.UNKNOWN,
    numbers: dict[str, float | str | None] | None = None,
) -> Finding:
    person_id = of if isinstance(of, str) else of.pk
    number = next(_numbers)
    return Finding(
        id=hashlib.sha256(f"{person_id}{kind}{at_ms}{number}".encode()).hexdigest()[:32],
        kind=kind,
        person_id=person_id,
        condition_id="",
        condition_version=0,
        episode_id=episode or f"episode-{number}",
        at_ms=at_ms,
        known_ms=at_ms,
        certainty=certainty,
        cause=cause,
        evidence=Evidence((), numbers or {}),
    )


def changed(found: Finding, **parts: object) -> Finding:
    """The same finding, derived again with something else in it."""
    return msgspec.structs.replace(found, **parts)
