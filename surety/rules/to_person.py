"""Says to the person themselves what they may want to act on at once. Decides only which findings are told so.

Short, plain and without blame: it is read on a small screen while walking.
"""

from collections.abc import Mapping

from surety.rules.conditions import ConditionSet, Zone
from surety.rules.facts import Millis
from surety.rules.findings import Finding, Kind
from surety.rules.phrases import distance

USEFUL_MS: Mapping[Kind, Millis] = {Kind.ZONE_NEAR: 900_000}
"""The kinds of findings that are told, and for how long after the event it is of use to hear of them."""


def sentence(finding: Finding, conditions: ConditionSet) -> str:
    """What the person is told of a finding of such a kind."""
    zone = _zone(finding, conditions)
    name = f'"{zone.name}"' if zone is not None else "that you are to stay out of"
    edge_m = finding.evidence.numbers.get("edge_m")
    if not isinstance(edge_m, int | float) or edge_m <= 0:
        return f"You may be in the zone {name}, which your order asks you to stay out of. Please leave it now."
    where = f"about {distance(edge_m)} from the zone {name}"
    return f"You are {where}, which your order asks you to stay out of. Please turn away from it."


def _zone(finding: Finding, conditions: ConditionSet) -> Zone | None:
    for condition in conditions.conditions:
        same = (condition.id, condition.version) == (finding.condition_id, finding.condition_version)
        if same and isinstance(condition.body, Zone):
            return condition.body
    return None
