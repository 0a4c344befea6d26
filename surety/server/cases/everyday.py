"""The writer of the places of a person's everyday life; `actions.py` offers these to callers beside its own.

The person tells them. They change nothing that the rules conclude, so neither door nor worker hears of them.
"""

from collections.abc import Mapping

import msgspec
from django.db import transaction

from surety.rules.conditions import Area
from surety.server.accounts.models import User
from surety.server.accounts.permissions import check_may
from surety.server.audit import actions as audit
from surety.server.cases.models import EverydayKind, EverydayPlace
from surety.server.cases.writing import lock_person, note_down, stamp
from surety.server.errors import ConflictError, InvalidError, NotFoundError

MOST_PLACES = 30


def add_everyday_place(
    person_id: str, kind: str, label: str, area: Area | Mapping[str, object], *, acting_user: User | None, now_ms: int
) -> EverydayPlace:
    """Record a place that the person told of."""
    if kind not in EverydayKind.values:
        raise InvalidError("Choose what the place is for.", field="kind")
    if not label.strip() or len(label.strip()) > 64:
        raise InvalidError("Give the place a name of at most 64 letters.", field="label")
    try:
        good = msgspec.convert(msgspec.to_builtins(area), Area)
    except msgspec.ValidationError as error:
        raise InvalidError(f"The place cannot be drawn: {error}.", field="area") from None
    with transaction.atomic():
        person = lock_person(person_id)
        check_may(acting_user, "cases.change", person)
        if person.everyday_places.filter(removed_ms=None).count() >= MOST_PLACES:
            raise ConflictError(f"There are {MOST_PLACES} places already; remove one that no longer matters.")
        place = EverydayPlace.objects.create(
            person=person,
            kind=kind,
            label=label.strip(),
            area=msgspec.to_builtins(good),
            **stamp(acting_user, now_ms, "told by the person"),
        )
        # Where it is stays out of the log, which outlives the row.
        note_down("everyday_place.added", person, acting_user, now_ms, {"place": place.pk, "kind": kind})
    return place


def remove_everyday_place(place_id: str, *, acting_user: User | None, now_ms: int, reason: str = "") -> EverydayPlace:
    """Take a place off the list; that it stood there, and who removed it, stays on record."""
    place = EverydayPlace.objects.filter(pk=place_id).first()
    if place is None:
        raise NotFoundError("There is no such place.")
    with transaction.atomic():
        person = lock_person(place.person_id)
        check_may(acting_user, "cases.change", person)
        place.refresh_from_db()
        if place.removed_ms is not None:
            raise ConflictError("The place is removed already.")
        place.removed_ms, place.removed_reason = now_ms, reason.strip()
        place.removed_by_name = str(acting_user) if acting_user else audit.SYSTEM_NAME
        place.save(update_fields=["removed_ms", "removed_reason", "removed_by_name"])
        detail = {"place": place.pk, "kind": place.kind, "reason": reason.strip()}
        note_down("everyday_place.removed", person, acting_user, now_ms, detail)
    return place
