"""The writer of the zones that hold for a whole programme: proposed by one person, confirmed by another, told to each.

A zone enters nobody's conditions by being confirmed. It does when it is recorded that the person was told of that very
version, and from then on: a later version binds only who was told of it, and until then nothing of the zone does.
Withdrawing takes one person, because it asks less. Nothing reaches back before the confirmation.
"""

from collections.abc import Mapping, Sequence

import msgspec
from django.db import transaction

from surety.rules.conditions import Zone
from surety.server.accounts.models import User
from surety.server.accounts.permissions import check_may, people_for
from surety.server.audit import actions as audit
from surety.server.audit.actions import Happening
from surety.server.cases import checks
from surety.server.cases.checks import ORDER_TYPES, Told
from surety.server.cases.door import hold_revision
from surety.server.cases.models import (
    ChangeNotice,
    Person,
    ProgrammeTold,
    ProgrammeZone,
    ProgrammeZoneVersion,
    ProposalState,
)
from surety.server.cases.writing import stamp
from surety.server.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError

A_CHUNK = 500  # people in one transaction: others who write need not wait for thousands


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a version says: the zone, on which legal basis, for orders of which types, where, from when until when."""

    legal_basis: str
    zone: Zone | Mapping[str, object]
    order_types: tuple[str, ...]
    region: str = ""
    starts_ms: int
    ends_ms: int | None = None


def propose_zone(label: str, terms: Terms, *, acting_user: User, now_ms: int, reason: str = "") -> ProgrammeZoneVersion:
    """Propose a new zone. It is in force for nobody yet."""
    if not label.strip() or len(label.strip()) > 120:
        raise InvalidError("Give the zone a label of at most 120 letters.", field="label")
    with transaction.atomic():
        zone = ProgrammeZone.objects.create(label=label.strip())
        return _propose(zone, terms, acting_user, now_ms, reason)


def propose_version(
    zone_id: str, terms: Terms, *, acting_user: User, now_ms: int, reason: str = ""
) -> ProgrammeZoneVersion:
    """Propose that a zone says something else from when it is confirmed on."""
    with transaction.atomic():
        return _propose(_held(zone_id), terms, acting_user, now_ms, reason)


def confirm_version(version_id: int, *, acting_user: User, now_ms: int, reason: str = "") -> ProgrammeZoneVersion:
    """Put a version in force that somebody else proposed, from its start on or from now."""
    with transaction.atomic():
        version = _waiting(version_id, acting_user)
        if version.ends_ms is not None and version.ends_ms <= now_ms:
            raise ConflictError("The time of this zone is over already; propose it anew.")
        version.effective_from_ms = max(version.starts_ms, now_ms)
        _tell_changed(version.zone, version.effective_from_ms, now_ms)
        return _decide(version, ProposalState.CONFIRMED, acting_user, now_ms, reason)


def decline_version(version_id: int, reason: str, *, acting_user: User, now_ms: int) -> ProgrammeZoneVersion:
    """Do not put a version in force. Whoever proposed it may take it back like this as well."""
    if not reason.strip():
        raise InvalidError("Say why the zone is not put in force.", field="reason")
    with transaction.atomic():
        version = _waiting(version_id, acting_user, own=True)
        return _decide(version, ProposalState.DECLINED, acting_user, now_ms, reason)


def withdraw_zone(zone_id: str, *, acting_user: User, now_ms: int, reason: str) -> ProgrammeZoneVersion:
    """End a zone for everybody, now. One person may, because it asks less."""
    check_may(acting_user, "programmes.propose")
    if not reason.strip():
        raise InvalidError("Say why the zone ends.", field="reason")
    with transaction.atomic():
        zone = _held(zone_id)
        last = zone.versions.filter(state=ProposalState.CONFIRMED).order_by("version").last()
        if last is None or last.body is None:
            raise ConflictError("The zone is not in force, so it cannot be withdrawn.")
        _check_region(acting_user, last.region)
        version = ProgrammeZoneVersion(
            zone=zone, version=_next(zone), legal_basis=last.legal_basis, body=None, order_types=last.order_types,
            region=last.region, starts_ms=now_ms, effective_from_ms=now_ms, **stamp(acting_user, now_ms, reason),
        )  # fmt: skip
        _tell_changed(zone, now_ms, now_ms)
        return _decide(version, ProposalState.CONFIRMED, acting_user, now_ms, reason, action="withdrawn")


def record_told(
    version_id: int, person_ids: Sequence[str], told: Told, *, acting_user: User, now_ms: int, reason: str = ""
) -> int:
    """Record that people were told of a version, which binds them from then on; how many of them are new to it.

    In transactions of `A_CHUNK` people: what was recorded stays when a later one fails, and can be given again.
    """
    checks.check_told(told, now_ms)
    version = ProgrammeZoneVersion.objects.filter(pk=version_id, state=ProposalState.CONFIRMED).first()
    if version is None or version.body is None:
        raise NotFoundError("There is no such zone in force.")
    allowed = people_for(acting_user, "cases.change").filter(pk__in=list(person_ids)).values_list("pk", flat=True)
    people = sorted(set(allowed))
    if len(people) < len(set(person_ids)):
        raise NotAllowedError("You may record this only for people whose cases you may change.")
    done = 0
    for start in range(0, len(people), A_CHUNK):
        done += _record_told(version, people[start : start + A_CHUNK], told, acting_user, now_ms, reason)
    return done


# --- what they share --------------------------------------------------------------------------------------------


def _propose(zone: ProgrammeZone, terms: Terms, acting_user: User, now_ms: int, reason: str) -> ProgrammeZoneVersion:
    check_may(acting_user, "programmes.propose")
    body = _check(terms)
    _check_region(acting_user, terms.region)
    if zone.versions.filter(state=ProposalState.PROPOSED).exists():
        raise ConflictError("A version waits for a second person already; that must be decided first.")
    version = ProgrammeZoneVersion.objects.create(
        zone=zone,
        version=_next(zone),
        legal_basis=terms.legal_basis.strip(),
        body=msgspec.to_builtins(body),
        order_types=sorted(set(terms.order_types)),
        region=terms.region.strip(),
        starts_ms=terms.starts_ms,
        ends_ms=terms.ends_ms,
        **stamp(acting_user, now_ms, reason),
    )
    _note("proposed", version, acting_user, now_ms, reason)
    return version


def _check(terms: Terms) -> Zone:
    if not terms.legal_basis.strip():
        raise InvalidError("Give the legal basis on which the zone holds for everybody.", field="legal_basis")
    unknown = [one for one in terms.order_types if one not in ORDER_TYPES]
    if unknown or not terms.order_types:
        raise InvalidError("Choose the types of orders whose people the zone is for.", field="order_types")
    checks.check_instant(terms.starts_ms, "starts_ms")
    if terms.ends_ms is not None and checks.check_instant(terms.ends_ms, "ends_ms") <= terms.starts_ms:
        raise InvalidError("The zone ends after it starts.", field="ends_ms")
    body = checks.check_body(terms.zone)
    if not isinstance(body, Zone):
        raise InvalidError("A programme has zones, and no other kind of condition.", field="body")
    return body


def _check_region(acting_user: User, region: str) -> None:
    """Whoever works for one region sets no zone for another."""
    if acting_user.region and acting_user.region != region.strip():
        raise NotAllowedError(f"You may set zones for the region {acting_user.region} only.")


def _held(zone_id: str) -> ProgrammeZone:
    zone = ProgrammeZone.objects.select_for_update().filter(pk=zone_id).first()
    if zone is None:
        raise NotFoundError("There is no such zone.")
    return zone


def _next(zone: ProgrammeZone) -> int:
    last = zone.versions.order_by("version").last()
    return 1 if last is None else last.version + 1


def _waiting(version_id: int, acting_user: User, *, own: bool = False) -> ProgrammeZoneVersion:
    """A proposal, held, for somebody who may decide it; `own`: also for whoever made it."""
    found = ProgrammeZoneVersion.objects.filter(pk=version_id).first()
    if found is None:
        raise NotFoundError("There is no such proposal.")
    zone = _held(found.zone_id)
    version = zone.versions.get(pk=version_id)
    if version.state != ProposalState.PROPOSED:
        raise ConflictError("The proposal was decided already.")
    is_own = version.recorded_by_id == acting_user.pk
    if not (own and is_own):
        check_may(acting_user, "programmes.confirm")
        _check_region(acting_user, version.region)
        if is_own:
            raise NotAllowedError("A zone for a whole programme needs a second person; you proposed this one.")
    return version


def _decide(
    version: ProgrammeZoneVersion,
    state: ProposalState,
    acting_user: User,
    now_ms: int,
    reason: str,
    *,
    action: str = "",
) -> ProgrammeZoneVersion:
    version.state, version.decided_ms, version.decided_reason = state, now_ms, reason.strip()
    version.decided_by, version.decided_by_name = acting_user, str(acting_user)
    version.save()
    _note(action or state.value, version, acting_user, now_ms, reason)
    return version


def _tell_changed(zone: ProgrammeZone, at_ms: int, now_ms: int) -> None:
    """The worker looks anew at everybody who was told of any version of the zone."""
    people = ProgrammeTold.objects.filter(version__zone=zone).values_list("person_id", flat=True).distinct()
    rows = [ChangeNotice(person_id=person_id, at_ms=at_ms, recorded_ms=now_ms) for person_id in sorted(people)]
    hold_revision()
    ChangeNotice.objects.bulk_create(rows, batch_size=A_CHUNK)


def _record_told(
    version: ProgrammeZoneVersion,
    people: Sequence[str],
    told: Told,
    acting_user: User,
    now_ms: int,
    reason: str,
) -> int:
    with transaction.atomic():
        held = Person.objects.select_for_update().filter(pk__in=people).order_by("pk").values_list("pk", flat=True)
        known = set(version.told.filter(person_id__in=people).values_list("person_id", flat=True))
        new = [person_id for person_id in held if person_id not in known]
        rows = [
            ProgrammeTold(
                version=version,
                person_id=person_id,
                told_ms=told.at_ms,
                how=told.how,
                language=told.language,
                **stamp(acting_user, now_ms, reason),
            )
            for person_id in new
        ]
        ProgrammeTold.objects.bulk_create(rows)
        at_ms = max(told.at_ms, version.effective_from_ms or 0)
        hold_revision()
        ChangeNotice.objects.bulk_create(
            [ChangeNotice(person_id=person_id, at_ms=at_ms, recorded_ms=now_ms) for person_id in new]
        )
        audit.record_many([_happening(version, person_id, told, acting_user, now_ms) for person_id in new])
    return len(new)


def _happening(version: ProgrammeZoneVersion, person_id: str, told: Told, acting_user: User, now_ms: int) -> Happening:
    return Happening(
        action="programme_zone.told",
        actor=acting_user,
        subject_type="programme_zone",
        subject_id=version.zone_id,
        person_id=person_id,
        detail={"version": version.version, "told_ms": told.at_ms, "how": told.how, "language": told.language},
        at_ms=now_ms,
    )


def _note(action: str, version: ProgrammeZoneVersion, acting_user: User, now_ms: int, reason: str) -> None:
    audit.record(
        action=f"programme_zone.{action}",
        actor=acting_user,
        subject_type="programme_zone",
        subject_id=version.zone_id,
        detail={"version": version.version, "reason": reason.strip(), "region": version.region,
                "order_types": version.order_types, "effective_from_ms": version.effective_from_ms},
        at_ms=now_ms,
    )  # fmt: skip
