"""The only reader of what the worker keeps, for the worker itself and for pages."""

from collections.abc import Sequence

from django.db import connection

from surety.server.cases.models import ChangeNotice
from surety.server.monitoring.models import ReadPosition
from surety.stream.contract import PARTITIONS

Key = tuple[str, int, str]  # (person, at_ms, fact id)
_KEYS_A_QUERY = 250
_STORED = "SELECT person_id, at_ms, fact_id FROM monitoring_storedfact WHERE (person_id, at_ms, fact_id) IN (VALUES *)"


def positions(consumers: Sequence[str]) -> dict[str, int]:
    """How far these consumers have read."""
    return dict(ReadPosition.objects.filter(consumer__in=consumers).values_list("consumer", "seq"))


def slowest_position() -> int:
    """Up to which record every partition has been read; 0 while one has not begun."""
    rows = ReadPosition.objects.filter(consumer__startswith="log:").values_list("seq", flat=True)
    return min(rows) if len(rows) == PARTITIONS else 0


def change_notices(after_id: int, most: int) -> list[ChangeNotice]:
    """Changes of conditions after a position, oldest first.

    Their ids are in the order of commit: each writer holds the row of DoorRevision before it takes one
    (cases.door.rewrite_grants), so none can become visible behind the position.
    """
    return list(ChangeNotice.objects.filter(pk__gt=after_id).order_by("pk")[:most])


def which_are_stored(keys: Sequence[Key]) -> set[Key]:
    """Those of the facts that are stored already."""
    found: set[Key] = set()
    for start in range(0, len(keys), _KEYS_A_QUERY):
        chunk = keys[start : start + _KEYS_A_QUERY]
        marks = ", ".join(["(%s, %s, %s)"] * len(chunk))
        with connection.cursor() as cursor:
            cursor.execute(_STORED.replace("*", marks), [part for key in chunk for part in key])
            found.update(cursor.fetchall())
    return found
