"""Proofs that can be handed out alone: that an entry is in the log, and that a later log begins with an earlier one.

Each is a JSON object with the signed checkpoints that it leans on, so that it is checked with the public key alone and
shows nothing of the other entries.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import NamedTuple

from surety.ledger import merkle, notes
from surety.ledger.entries import BadLineError, Line, canonical, leaf, read
from surety.ledger.notes import BadNoteError, Checkpoint, Key


class Answer(NamedTuple):
    """Whether a proof holds, and what it shows, or what is wrong with it."""

    holds: bool
    sentence: str


def inclusion(line: Line, leaves: Sequence[bytes], note: str) -> str:
    """The proof that an entry is among those which a checkpoint covers, given all their leaves' hashes."""
    path = merkle.inclusion_proof(leaves, line.seq - 1)
    return canonical({"kind": "inclusion", "entry": line._asdict(), "checkpoint": note, "proof": _texts(path)})


def consistency(leaves: Sequence[bytes], old: Checkpoint, old_note: str, new_note: str) -> str:
    """The proof that the log of the newer checkpoint begins with that of the older, given the newer one's leaves."""
    path = merkle.consistency_proof(leaves, old.size)
    return canonical({"kind": "consistency", "old": old_note, "new": new_note, "proof": _texts(path)})


def check(text: str, key: Key) -> Answer:
    """Whether a proof holds."""
    try:
        given = json.loads(text)
        path = [base64.b64decode(one, validate=True) for one in given["proof"]]
        return _included(given, path, key) if given["kind"] == "inclusion" else _consistent(given, path, key)
    except BadNoteError as error:
        return Answer(holds=False, sentence=f"Its checkpoint: {error}.")
    except BadLineError as error:
        return Answer(holds=False, sentence=f"Its entry: {error}.")
    except (ValueError, TypeError, KeyError, AttributeError, binascii.Error):
        return Answer(holds=False, sentence='This is no proof; "surety audit prove" writes one.')


def _included(given: dict[str, str], path: list[bytes], key: Key) -> Answer:
    line, checkpoint = read(canonical(given["entry"])), notes.opened(given["checkpoint"], key)
    holds = merkle.is_included(leaf(line), line.seq - 1, checkpoint.size, path, checkpoint.edge.root())
    told = "is" if holds else "is not shown to be"
    return Answer(
        holds=holds, sentence=f"Entry {line.seq} {told} in the log of {checkpoint.size} entries that {key.name} signed."
    )


def _consistent(given: dict[str, str], path: list[bytes], key: Key) -> Answer:
    old, new = notes.opened(given["old"], key), notes.opened(given["new"], key)
    holds = merkle.is_consistent(old.size, new.size, path, old.edge.root(), new.edge.root())
    told = "begins" if holds else "is not shown to begin"
    return Answer(holds=holds, sentence=f"The log of {new.size} entries {told} with that of {old.size}.")


def _texts(path: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(one).decode() for one in path]
