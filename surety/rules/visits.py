"""Decides nothing: folds findings of a place into visits and absences, each one thing with one id from start to end.

What is open at either end of a window is kept and says so: an entry before the window, or an end that comes after it or
not at all, takes nothing out of a report.
"""

from collections.abc import Iterable, Sequence

import msgspec

from surety.rules.conditions import ConditionSet, Zone
from surety.rules.facts import Millis
from surety.rules.findings import ENDS, Cause, Certainty, Finding, Kind
from surety.rules.phrases import lasting, local_time

NAMES = {
    Kind.ZONE_ENTERED: "In",
    Kind.ZONE_NEAR: "Close to",
    Kind.ZONE_CROSSED: "Possibly passed through",
    Kind.RESTRICTION_OVERSTAYED: "Too long in",
    Kind.PROTECTED_NEAR: "Closer than ordered to",
    Kind.INCLUSION_LEFT: "Not in",
    Kind.INCLUSION_ABSENT_AT_START: "Not in",
    Kind.CURFEW_LEFT: "Away from",
    Kind.CURFEW_ABSENT_AT_START: "Away from",
}
"""The kinds of findings that begin a visit or an absence, and how one says it before the place."""
_SURENESS = (Certainty.POSSIBLE, Certainty.PROBABLE, Certainty.ESTABLISHED)


class Visit(msgspec.Struct, frozen=True):
    """One visit or absence, named by the episode that the findings of it share.

    `to_ms` is None where it had not ended when the window did (`open_after`). `open_before`: it began earlier.
    `ended` is the kind of the finding that ended it within the window.
    """

    id: str
    kind: Kind
    condition_id: str
    condition_version: int
    from_ms: Millis
    to_ms: Millis | None
    open_before: bool
    open_after: bool
    certainty: Certainty
    cause: Cause
    ended: Kind | None = None


def fold(findings: Iterable[Finding], from_ms: Millis, to_ms: Millis) -> list[Visit]:
    """The visits and absences that meet [from_ms, to_ms), in order of their start.

    `findings` hold the beginning and, if there is one, the end of each, also where they lie outside the window; an end
    tells by itself when what it ends began.
    """
    episodes: dict[str, list[Finding]] = {}
    for finding in sorted(findings, key=lambda one: (one.at_ms, one.id)):
        episodes.setdefault(finding.episode_id, []).append(finding)
    visits = [visit for found in episodes.values() if (visit := _visit(found, from_ms, to_ms)) is not None]
    return sorted(visits, key=lambda visit: (visit.from_ms, visit.id))


def _visit(found: Sequence[Finding], from_ms: Millis, to_ms: Millis) -> Visit | None:
    told = [one for one in found if one.kind in NAMES]
    end = next((one for one in found if one.kind in ENDS or one.kind is Kind.CURFEW_ABSENT_THROUGHOUT), None)
    kind, began_ms = _beginning(told, end)
    if kind is None or began_ms is None:
        return None
    ended_ms = end.at_ms if end is not None else None
    if kind is Kind.ZONE_CROSSED:
        began_ms, ended_ms = _crossed(told[0])
    if began_ms >= to_ms or (ended_ms is not None and ended_ms < from_ms):
        return None
    open_after = ended_ms is None or ended_ms >= to_ms
    return Visit(
        id=found[0].episode_id,
        kind=kind,
        condition_id=found[0].condition_id,
        condition_version=found[0].condition_version,
        from_ms=began_ms,
        to_ms=None if open_after else ended_ms,
        open_before=began_ms < from_ms,
        open_after=open_after,
        certainty=max((one.certainty for one in told or found), key=_SURENESS.index),
        cause=found[0].cause,
        ended=end.kind if end is not None and not open_after else None,
    )


def _beginning(told: Sequence[Finding], end: Finding | None) -> tuple[Kind | None, Millis | None]:
    if told:
        return told[0].kind, told[0].at_ms
    began, began_ms = (end.evidence.numbers.get(name) if end else None for name in ("began", "began_ms"))
    if isinstance(began, str) and isinstance(began_ms, int | float) and began in {kind.value for kind in NAMES}:
        return Kind(began), int(began_ms)
    return None, None


def _crossed(finding: Finding) -> tuple[Millis, Millis]:
    entered, left = (finding.evidence.numbers.get(name) for name in ("entered_ms", "left_ms"))
    known = isinstance(entered, int | float) and isinstance(left, int | float)
    return (int(entered), int(left)) if known else (finding.at_ms, finding.at_ms)  # type: ignore[arg-type]  # both numbers


def sentence(visit: Visit, conditions: ConditionSet, time_zone: str) -> str:
    """A visit in one sentence: 'In the zone "School" from 13:02 to 13:30, 28 minutes.'"""
    began = local_time(visit.from_ms, time_zone)
    since = f"since {began}" if visit.open_after else f"from {began}"
    if visit.to_ms is None:
        until = "; not ended when the window did"
    else:
        until = f" to {local_time(visit.to_ms, time_zone)}, {lasting(visit.to_ms - visit.from_ms)}"
    before = ", before the window began" if visit.open_before else ""
    return f"{NAMES[visit.kind]} {_place(visit, conditions)} {since}{before}{until}."


def _place(visit: Visit, conditions: ConditionSet) -> str:
    if visit.kind is Kind.PROTECTED_NEAR:
        return "the protected person"
    for condition in conditions.conditions:
        if (condition.id, condition.version) == (visit.condition_id, visit.condition_version):
            return f'the zone "{condition.body.name}"' if isinstance(condition.body, Zone) else "the place ordered"
    return "the place ordered"
