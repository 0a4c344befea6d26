"""How an entry is hashed: SHA-256 over canonical JSON, linked to the entry before it."""

import hashlib
import json

from surety.server.audit.models import Entry

FIRST_PREVIOUS = "0" * 64  # what the first entry links to


def canonical(value: object) -> str:
    """The one JSON text of a value: keys sorted, no spaces. Raises TypeError or ValueError on what JSON lacks."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(entry: Entry) -> str:
    """The hash that an entry must carry, from everything it says and the hash before it."""
    said = [
        entry.seq,
        entry.at_ms,
        entry.actor_id,
        entry.actor_name,
        entry.actor_role,
        entry.action,
        entry.subject_type,
        entry.subject_id,
        entry.person_id,
        entry.detail,
        entry.previous_hash,
    ]
    return hashlib.sha256(canonical(said).encode()).hexdigest()
