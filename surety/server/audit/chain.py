"""An entry of the log as the room of the ledger knows it: hashed, chained, and a line of an export."""

from surety.ledger import entries as ledger
from surety.ledger.entries import FIRST_PREVIOUS, Line, canonical
from surety.server.audit.models import Entry

__all__ = ["FIRST_PREVIOUS", "canonical", "digest", "line_of"]


def line_of(entry: Entry) -> Line:
    """The row as an entry of the ledger."""
    return Line(*(getattr(entry, name) for name in Line._fields))


def digest(entry: Entry) -> str:
    """The hash that an entry must carry, from everything it says and the hash before it."""
    return ledger.chained(line_of(entry))
