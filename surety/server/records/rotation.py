"""A new master key takes the place of the old one: every person's key is wrapped anew, none is ever opened to anybody.

What could go wrong, and why it does not. The new key is on disk before anything is wrapped by it. Each chunk commits
by itself and says by which key each row is wrapped, so that whatever is killed goes on where it was: by the same
command again, or by the keeper within the hour. A row whose key is destroyed meanwhile stays destroyed: rows are held
while they are rewritten. A process that still held the old key may wrap one more row by it: the keeper finds that
too. The old key is removed by a person's command alone, when nothing is wrapped by it, and no sooner than a day after.
"""

from typing import NamedTuple

from django.db import transaction
from django.db.models import Count

from surety.blobs import sealing
from surety.masterkey.ring import MasterKey
from surety.server.audit import actions as audit
from surety.server.errors import ConflictError
from surety.server.records import masters
from surety.server.records.models import PersonKey

CHUNK = 500
REMOVABLE_AFTER_MS = 86_400_000  # no transaction that wrapped by the old key is still open after a day


class Standing(NamedTuple):
    """A master key, and how many people's keys it wraps."""

    key: MasterKey
    people: int
    is_current: bool


def standing() -> list[Standing]:
    """Each master key and what it wraps. Raises sealing.SealError."""
    known = masters.ring()
    counts = _counts()
    if "" in counts:  # of earlier versions, which noted none and knew one key
        last = known.keys[-1].id
        counts[last] = counts.get(last, 0) + counts.pop("")
    unknown = set(counts) - {key.id for key in known.keys}
    if unknown:
        raise sealing.SealError(
            f"people's keys are wrapped by master keys that are not in {masters.where()}: {', '.join(sorted(unknown))}"
        )
    return [Standing(key, counts.get(key.id, 0), key == known.current) for key in known.keys]


def begin(*, now_ms: int) -> MasterKey:
    """Make a new master key the current one. Raises ConflictError: a rotation is not over; sealing.SealError."""
    known = masters.ring()
    if unfinished():
        raise ConflictError("The last rotation is not over: people's keys are still wrapped by an older master key.")
    masters.replace(known.with_new(masters.keeper(), now_ms=now_ms))
    made = masters.ring().current
    _note("keys.rotated", now_ms, {"from": known.current.id, "to": made.id, "keeper": made.keeper})
    return made


def unfinished() -> int:
    """How many people's keys are wrapped by an older master key."""
    return sum(one.people for one in standing() if not one.is_current)


def go_on(*, limit: int = CHUNK) -> int:
    """Wrap up to `limit` people's keys by the current master key; how many were left to do. Raises SealError."""
    current = masters.ring().current.id
    with transaction.atomic():
        rows = PersonKey.objects.select_for_update().exclude(master=current).exclude(wrapped=None)
        chunk = list(rows.order_by("pk")[:limit])
        for row in chunk:
            row.wrapped, row.master = masters.wrap(masters.unwrap(bytes(row.wrapped or b""), row.master))
        PersonKey.objects.bulk_update(chunk, ["wrapped", "master"], batch_size=100)
    return len(chunk)


def step(_now_ms: int) -> int | None:
    """The keeper's part: a rotation that was cut short is finished."""
    while go_on():
        pass
    return None


def remove(key_id: str, *, now_ms: int) -> None:
    """Take an older master key out of the file. Raises ConflictError, or sealing.SealError."""
    found = next((one for one in standing() if one.key.id == key_id), None)
    if found is None:
        raise ConflictError(f"There is no master key {key_id}.")
    if found.is_current:
        raise ConflictError("This is the current master key; `surety keys rotate` makes another.")
    if found.people:
        raise ConflictError(f"{found.people} people's keys are still wrapped by it; `surety keys rotate` goes on.")
    if now_ms < found.key.retired_ms + REMOVABLE_AFTER_MS:
        raise ConflictError("Another took its place less than a day ago: something may still be wrapping by it.")
    masters.replace(masters.ring().without(key_id))
    _note("keys.removed", now_ms, {"key": key_id})


def _counts() -> dict[str, int]:
    rows = PersonKey.objects.exclude(wrapped=None).order_by().values_list("master").annotate(Count("pk"))
    return dict(rows)


def _note(action: str, now_ms: int, detail: dict[str, object]) -> None:
    # After the file: an entry that names a key which is not there would say what is not so.
    with transaction.atomic():
        subject = str(detail.get("to") or detail.get("key"))
        audit.record(
            action=action, actor=None, subject_type="master_key", subject_id=subject, at_ms=now_ms, detail=detail
        )
