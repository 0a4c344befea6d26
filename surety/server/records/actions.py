"""The only writer of people's keys."""

from django.conf import settings

from surety.blobs import sealing
from surety.server.records.models import PersonKey


def public_key(person_id: str, *, now_ms: int) -> bytes:
    """The key to which what is kept of a person is sealed; made at the first use, in the caller's transaction.

    Raises ValueError when it was destroyed: nothing more may be kept of them.
    """
    key = PersonKey.objects.filter(person_id=person_id).first()
    if key is None:
        pair = sealing.new_pair()
        wrapped = sealing.wrap(sealing.master_key(settings.SURETY.master_key_file), pair.private)
        made = PersonKey(person_id=person_id, public=pair.public, wrapped=wrapped, made_ms=now_ms)
        # Two at once: whoever comes second takes the first one's.
        PersonKey.objects.bulk_create([made], ignore_conflicts=True)
        key = PersonKey.objects.get(person_id=person_id)
    if key.wrapped is None:
        raise ValueError("the key of this person was destroyed")
    return bytes(key.public)
