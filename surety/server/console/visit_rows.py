"""The visits and absences of a window, as rows for a person's pages."""

from surety.rules import visits
from surety.rules.conditions import ConditionSet
from surety.server.cases.models import Person
from surety.server.monitoring import queries


def visit_rows(person: Person, conditions: ConditionSet, from_ms: int, to_ms: int) -> list[dict[str, object]]:
    """Each visit or absence that meets the window, once, in words; open ends say so."""
    return [
        {
            "what": visits.sentence(one, conditions, person.time_zone),
            "certainty": one.certainty.value,
            "open": ", ".join(
                said for is_so, said in ((one.open_before, "began before"), (one.open_after, "not ended")) if is_so
            ),
        }
        for one in queries.visits(person.pk, from_ms, to_ms)
    ]
