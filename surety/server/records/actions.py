"""The only writer of people's keys."""

from collections.abc import Iterable

from surety.blobs import sealing
from surety.server.records import masters, unsettled
from surety.server.records.models import PersonKey


def public_key(person_id: str, *, now_ms: int) -> bytes:
    """The key to which what is kept of a person is sealed; made at the first use, in the caller's transaction.

    Raises ValueError when it was destroyed: nothing more may be kept of them.
    """
    key = PersonKey.objects.filter(person_id=person_id).first()
    if key is None:
        make_keys([person_id], now_ms=now_ms)
        key = PersonKey.objects.get(person_id=person_id)
    if key.wrapped is None:
        raise ValueError("the key of this person was destroyed")
    return bytes(key.public)


def make_keys(person_ids: Iterable[str], *, now_ms: int) -> None:
    """Make the keys of people who have none yet, in one statement."""
    made = [_new(person_id, now_ms) for person_id in person_ids]
    # Two at once: whoever comes second takes the first one's.
    PersonKey.objects.bulk_create(made, ignore_conflicts=True, batch_size=200)
    for key in made:
        unsettled.note(key.person_id)


def _new(person_id: str, now_ms: int) -> PersonKey:
    pair = sealing.new_pair()
    wrapped, master = masters.wrap(pair.private)
    return PersonKey(person_id=person_id, public=pair.public, wrapped=wrapped, master=master, made_ms=now_ms)
