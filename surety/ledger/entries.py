"""An entry of the audit log as bytes: one canonical JSON line, the hash that chains it, and its leaf in the tree."""

import hashlib
import json
from collections.abc import Mapping
from typing import NamedTuple

from surety.ledger import merkle

FIRST_PREVIOUS = "0" * 64  # what the first entry links to
TEXTS = frozenset(
    {"actor_name", "actor_role", "action", "subject_type", "subject_id", "person_id", "detail", "previous_hash", "hash"}
)
NUMBERS = frozenset({"seq", "at_ms"})


class BadLineError(Exception):
    """A line of an exported log is no entry; the message says why."""


class Line(NamedTuple):
    """An entry as it is exported; in the order in which it is hashed, the hash last."""

    seq: int
    at_ms: int
    actor_id: int | None
    actor_name: str
    actor_role: str
    action: str
    subject_type: str
    subject_id: str
    person_id: str
    detail: str
    previous_hash: str
    hash: str


def canonical(value: object) -> str:
    """The one JSON text of a value: keys sorted, no spaces. Raises TypeError or ValueError on what JSON lacks."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def said(line: Line) -> bytes:
    """Everything that an entry says, with the hash of the one before it: what is hashed, and the leaf of the tree."""
    return canonical(list(line[:-1])).encode()


def chained(line: Line) -> str:
    """The hash that the entry must carry, and that the next one links to."""
    return hashlib.sha256(said(line)).hexdigest()


def leaf(line: Line) -> bytes:
    """The hash of its leaf in the tree."""
    return merkle.leaf_hash(said(line))


def written(line: Line) -> str:
    """The entry as a line of an exported log, without the end of line."""
    return canonical(line._asdict())


def read(text: str) -> Line:
    """What `written` gave, and nothing else: another spelling of the same is refused too. Raises BadLineError."""
    try:
        given = json.loads(text)
    except ValueError as error:
        raise BadLineError("it is not JSON") from error
    if not isinstance(given, dict) or set(given) != set(Line._fields):
        raise BadLineError("it has other fields than an entry has")
    _check(given)
    line = Line(**given)
    if written(line) != text:
        raise BadLineError("it is not spelled as the export writes it")
    return line


def _check(given: Mapping[str, object]) -> None:
    for name, value in given.items():
        good = isinstance(value, str) if name in TEXTS else isinstance(value, int) and not isinstance(value, bool)
        if not good and not (name == "actor_id" and value is None):
            raise BadLineError(f"its {name} is of the wrong kind")
