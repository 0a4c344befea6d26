"""What people typed into an entry lies under the key of the person it is about.

The log itself is never erased: it says who did what to which id, and when, to anybody who may read it and for ever. But
a reason, a note or the purpose of a reading may tell of the person, and goes with their key. The box stands in the
entry as text, so the chain is the same to whoever holds no key: an outsider can verify a copy and reads no note.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from surety.server.audit.chain import canonical
from surety.server.audit.models import Entry
from surety.server.records import vault

if TYPE_CHECKING:
    from surety.server.audit.actions import Happening

TYPED = ("reason", "text", "outcome_reason", "proposal", "purpose")
SEALED, PURPOSE = "sealed", "audit"
ERASED = "erased"


def hide(happenings: "Sequence[Happening]") -> list[dict[str, object]]:
    """The detail of each as it is stored. Call it before the log's head is locked: it may make keys."""
    ids = [_key_of(one.person_id, one.subject_type, one.subject_id) for one in happenings]
    typed = [{name: one.detail[name] for name in TYPED if one.detail.get(name)} for one in happenings]
    destroyed = vault.warm([id_ for id_, words in zip(ids, typed, strict=True) if id_ and words], make=True)
    return [
        _hidden(one.detail, words, id_, erased=id_ in destroyed)
        for one, words, id_ in zip(happenings, typed, ids, strict=True)
    ]


def _hidden(
    detail: Mapping[str, object], words: Mapping[str, object], key_of: str, *, erased: bool
) -> dict[str, object]:
    if not words or not key_of:
        return dict(detail)
    open_part = {name: value for name, value in detail.items() if name not in TYPED}
    if erased:
        return open_part | {SEALED: ""}
    box = vault.encrypt(key_of, canonical(dict(words)).encode(), purpose=PURPOSE)
    return open_part | {SEALED: base64.b64encode(box).decode()}


def detail_of(entry: Entry) -> dict[str, object]:
    """What an entry says, with the words that people typed; those of somebody who was erased read "erased"."""
    told = json.loads(entry.detail or "{}")
    if not isinstance(told, dict):
        return {}
    box = told.pop(SEALED, None)
    return told if box is None else told | _opened(entry, str(box))


def _opened(entry: Entry, box: str) -> dict[str, object]:
    key_of = _key_of(entry.person_id, entry.subject_type, entry.subject_id)
    try:
        words: dict[str, object] = json.loads(vault.decrypt(key_of, base64.b64decode(box), purpose=PURPOSE))
    except (vault.KeyDestroyedError, vault.BrokenBoxError, binascii.Error):
        return {"words": ERASED}
    return words


def _key_of(person_id: str, subject_type: str, subject_id: str) -> str:
    return person_id or (subject_id if subject_type == "protected_person" else "")
