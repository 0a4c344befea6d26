"""What a condition in the editor would have raised, before it is saved; its page part and its limits."""

from surety.rules.conditions import Body
from surety.server.accounts.models import User
from surety.server.accounts.permissions import check_may
from surety.server.cases.models import Person
from surety.server.console.case_access import now_ms
from surety.server.console.readings import note_reading
from surety.server.monitoring import simulate_words
from surety.server.monitoring.simulate import Proposal, simulate

DAYS = 30
MOST_FACTS = 100_000  # a month at two records a minute, worked out in about two seconds; beyond it the days are fewer
PURPOSE = "what a proposed condition would have raised"


def what_if(user: User, person: Person, body: Body, replace: str) -> dict[str, object]:
    """What the page shows. Raises a RefusedError where the user may not read the trail, or it cannot be worked out."""
    check_may(user, "trail.read", person)
    proposal = Proposal(person, body, DAYS, replace, most_facts=MOST_FACTS)
    outcome = simulate(proposal, now_ms=now_ms())
    note_reading(user, person, (outcome.from_ms, outcome.to_ms), PURPOSE, now_ms=outcome.to_ms)
    return {
        "said": outcome.said,
        "lines": simulate_words.raised_lines(outcome, person.time_zone),
        "raised": simulate_words.finding_rows(outcome.proposed),
        "everyday": simulate_words.everyday_rows(outcome),
        "warnings": simulate_words.everyday_lines(outcome),
        "notes": outcome.notes,
    }
