"""A person's stored facts in the order in which the rules take them, read in pieces."""

from collections.abc import Iterator

from django.db import connection

from surety.rules.facts import decode
from surety.server.monitoring.batch import Arrival
from surety.server.monitoring.sealed import FACT, unseal


def stored_after(person_id: str, after_ms: int) -> Iterator[Arrival]:
    """Everything stored of a person with a time after an instant."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT at_ms, fact_id, body, received_ms FROM monitoring_storedfact"
            " WHERE person_id = %s AND at_ms > %s ORDER BY at_ms, fact_id",
            [person_id, after_ms],
        )
        while rows := cursor.fetchmany(1000):
            for at_ms, fact_id, body, received_ms in rows:
                raw = unseal(person_id, body, FACT)
                yield Arrival(at_ms, fact_id, decode(raw), raw, received_ms, None)
