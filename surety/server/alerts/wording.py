"""In what words findings are told on the desk: the rules' own, in the person's time zone. Read only when asked for."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from surety.rules import words
from surety.rules.conditions import ConditionSet
from surety.rules.findings import Finding
from surety.server.cases import queries as cases
from surety.server.cases.models import Person

Sentences = Callable[[Finding], str]


def sentences(person_ids: Iterable[str], known: Mapping[str, ConditionSet] | None) -> Sentences:
    """How findings about these people are told, in their conditions' words and their own time zone.

    Time zones and conditions are read once, when the first sentence is asked for: a batch that opens nothing
    costs nothing.
    """
    return _Words(sorted(set(person_ids)), dict(known or {})).say


class _Words:
    def __init__(self, person_ids: Sequence[str], known: dict[str, ConditionSet]) -> None:
        self._person_ids, self._conditions = person_ids, known
        self._zones: dict[str, str] | None = None

    def say(self, finding: Finding) -> str:
        if self._zones is None:
            self._zones = dict(Person.objects.filter(pk__in=self._person_ids).values_list("pk", "time_zone"))
            missing = [person_id for person_id in self._person_ids if person_id not in self._conditions]
            self._conditions.update(cases.condition_sets(missing))
        zone = self._zones.get(finding.person_id, "UTC")
        return words.sentence(finding, self._conditions[finding.person_id], zone)
