"""Record fields of a person that no rule may read, and who may see them.

They are kept because an order, an interpreter or a hospital needs them, and for the fairness report, which counts
groups and names nobody. tests/lines fails where a rule, the worker, an alert or a check-in names one or reads this
file.
"""

from surety.server.accounts.models import User
from surety.server.accounts.permissions import may
from surety.server.cases.models import Person

# Protected: nothing may be concluded from them about anybody.
TRAITS = {
    "date_of_birth": "Date of birth",
    "nationality": "Nationality",
    "sex": "Sex",
    "ethnicity": "Ethnicity, as they describe it",
    "disabilities": "Disabilities",
}
CONTACT = {"address": "Address", "responsible_adult": "Responsible adult"}


def may_see(user: User, person: Person) -> bool:
    """Whoever keeps the case: the person's officer, and supervisors of their region. No operator, no reviewer."""
    return may(user, "cases.change", person)


def record_fields(user: User, person: Person) -> list[tuple[str, str]]:
    """What is on record, in words, for a user who may see it; else nothing."""
    if not may_see(user, person):
        return []
    rows = [(words, getattr(person, name)) for name, words in (TRAITS | CONTACT).items()]
    if person.no_fixed_abode:
        rows.append(("Home", "No fixed abode"))
    return [(words, value) for words, value in rows if value]
