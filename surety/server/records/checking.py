"""Whether the schedule is complete: a table without a line, or a rule beyond the ceiling, stops every process.

As a system check of Django it also stops its commands; `stop_unless_complete` is called where a process starts.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from django.apps import apps
from django.core.checks import CheckMessage, Error
from django.core.exceptions import FieldError
from django.db import models

from surety.server.records import periods
from surety.server.records.schedule import BY_KIND, CEILING_DAYS, RULES, STORES, Rule, Store, Whose

WHERE = "surety/server/records/schedule.py"
_PEOPLE = {"cases.Person", "cases.ProtectedPerson"}


def problems(
    tables: Iterable[type[models.Model]] | None = None, stores: Sequence[Store] = STORES, rules: Sequence[Rule] = RULES
) -> list[str]:
    """What is wrong with the schedule, a sentence each; none: every table has its one rule within the ceiling."""
    known = {table._meta.label: table for table in (_tables() if tables is None else tables)}  # noqa: SLF001 - Django's own interface
    return [*_rules(rules), *_lines(known, stores), *_ways(known, stores), *_file()]


def _tables() -> Iterable[type[models.Model]]:
    return [table for table in apps.get_models(include_auto_created=True) if not table._meta.proxy]  # noqa: SLF001 - as above


def _rules(rules: Sequence[Rule]) -> list[str]:
    return [
        f'{WHERE}: kind "{rule.name}" is kept {rule.days} days; at most {CEILING_DAYS} (six years) are allowed'
        for rule in rules
        if not 0 <= rule.days <= CEILING_DAYS
    ]


def _lines(known: dict[str, type[models.Model]], stores: Sequence[Store]) -> list[str]:
    times = Counter(store.name for store in stores)
    missing = [
        f"{WHERE}: table {name} has no line; say whose its rows are and their kind" for name in known.keys() - times
    ]
    gone = [f"{WHERE}: there is no table {n}; take its line out" for n in times if ":" not in n and n not in known]
    twice = [f"{WHERE}: {name} has {number} lines; one is right" for name, number in times.items() if number > 1]
    return sorted([*missing, *gone, *twice])


def _ways(known: dict[str, type[models.Model]], stores: Sequence[Store]) -> list[str]:
    return [sentence for store in stores if (sentence := _wrong(store, known.get(store.name)))]


def _wrong(store: Store, table: type[models.Model] | None) -> str:
    of_somebody = store.whose in (Whose.PERSON, Whose.PROTECTED)
    if (of_somebody or store.kind) and store.kind not in BY_KIND:
        return f'{WHERE}: {store.name} has no known kind ("{store.kind}")'
    if table is None:
        return ""
    if of_somebody and not _leads_somewhere(table, store.path):
        return f'{WHERE}: {store.name}: "{store.path}" is no way from a row to a person'
    if store.whose in (Whose.NOBODY, Whose.STAFF) and (named := _names_somebody(table)):
        return f"{WHERE}: {store.name} names a person ({named}) and cannot be of {store.whose}"
    return ""


def _leads_somewhere(table: type[models.Model], path: str) -> bool:
    try:
        table._default_manager.filter(**{path: ""})  # noqa: SLF001 - Django's own interface
    except (FieldError, ValueError, TypeError):
        return False
    return True


def _names_somebody(table: type[models.Model]) -> str:
    for field in table._meta.get_fields():  # noqa: SLF001 - as above
        other = field.related_model if getattr(field, "concrete", False) else None
        is_link = isinstance(other, type) and issubclass(other, models.Model) and other._meta.label in _PEOPLE  # noqa: SLF001 - as above
        if is_link or field.name == "person_id":
            return field.name
    return ""


def _file() -> list[str]:
    try:
        periods.rules()
    except periods.ScheduleError as error:
        return [str(error)]
    return []


def check(**_: object) -> list[CheckMessage]:
    """Django's system check."""
    return [Error(sentence, id="surety.records") for sentence in problems()]


def stop_unless_complete() -> None:
    """For the start of a process. Raises SystemExit with every sentence."""
    if found := problems():
        raise SystemExit("\n".join(["The retention schedule cannot be used as it stands; nothing is started.", *found]))
