"""Identifiers of rows that the outside may see: 32 random hex digits."""

import uuid


def new_id() -> str:
    """A new identifier, unguessable (UUID version 4 without dashes)."""
    return uuid.uuid4().hex
