"""People by name. Names lie under each person's own key, so they are opened in memory and compared there.

A list of more than `MOST_BY_NAME` people stands in the order of references, which the database knows; words are looked
for among any number. `python -m benchmarks names` measures both.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from surety.server.cases.models import Person
from surety.server.records import vault
from surety.server.records.sealed import field_of

MOST_BY_NAME = 5_000
CHUNK = 500


def found_ids(people: QuerySet[Person], asked: str = "") -> list[str]:
    """The ids of those among the people in whose name or reference each word occurs, in the order of a list."""
    by_name = people.order_by().count() <= MOST_BY_NAME
    words = asked.casefold().split()[:6]
    if not words and not by_name:
        return list(people.order_by("reference").values_list("pk", flat=True))
    rows = _opened(people)
    told = [(key, pk) for pk, key in rows if all(any(word in part for part in key) for word in words)]
    return [pk for key, pk in sorted(told, key=lambda row: row[0] if by_name else row[0][2:])]


def in_order(people: Iterable[Person]) -> list[Person]:
    """People as lists show them: by family name, given names and reference."""
    listed = list(people)
    vault.warm(person.pk for person in listed)
    return sorted(listed, key=lambda one: _key(one.family_name, one.given_names, one.reference))


def _opened(people: QuerySet[Person]) -> Iterable[tuple[str, tuple[str, str, str]]]:
    """Each one's id with their names and reference, as they are compared."""
    family, given = (field_of(Person, name) for name in ("family_name", "given_names"))
    # What stands for a column here is its box.
    rows: list[Any] = list(people.order_by("pk").values_list("pk", "family_name", "given_names", "reference"))
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        vault.warm(row[0] for row in chunk)
        for pk, family_box, given_box, reference in chunk:
            yield pk, _key(family.opened(pk, family_box), given.opened(pk, given_box), reference)


def _key(family: str, given: str, reference: str) -> tuple[str, str, str]:
    return family.casefold(), given.casefold(), reference.casefold()
