"""What a simulation tells, in sentences: the same for the command line and the editor's page."""

from collections.abc import Iterator

from surety.rules import words
from surety.server.monitoring.cut import Share
from surety.server.monitoring.simulate import Outcome, Tally


def raised_lines(outcome: Outcome, time_zone: str) -> list[str]:
    """What it would have raised, and what the condition that it replaces did."""
    since = words.local_time(outcome.from_ms, time_zone)
    first = (
        f"Over the last {_days(outcome.days)}, from {since}, with {outcome.facts:,} records"
        f" and {_hours(outcome.recorded_s)} of recorded time:"
    )
    lines = [first, *_tally("It would have raised", outcome.proposed)]
    if outcome.instead_of is not None:
        lines += _tally("The condition that it would replace raised", outcome.instead_of)
    return lines


def _tally(begin: str, tally: Tally) -> Iterator[str]:
    quiet = f", {tally.quiet} of them because nothing certain came from the device" if tally.quiet else ""
    yield f"{begin} {_count(tally.alerts, 'alert')}{quiet}."
    if tally.times:
        yield f"It asked {_count(tally.times, 'time')} (nights or days); {tally.times_with_alert} of them had an alert."
    if tally.unverified_s:
        yield f"For {_hours(tally.unverified_s)} nobody could have verified it, which is never a breach."


def finding_rows(tally: Tally) -> list[tuple[str, str, str]]:
    """Findings by kind and certainty."""
    return [(one.kind.replace("_", " "), one.certainty, f"{one.count:,}") for one in tally.raised]


def everyday_rows(outcome: Outcome) -> list[tuple[str, str, str, str, str]]:
    """Each sort of time: what, kind, recorded, cut off of it, and how much of the place's own area is cut off."""
    return [_share(one) for one in outcome.everyday]


def _share(one: Share) -> tuple[str, str, str, str, str]:
    cut_off = f"{100 * one.cut:.0f} % ({_hours(one.cut_s)})" if one.recorded_s else "nothing recorded"
    covered = "" if one.covered is None else f"{100 * one.covered:.0f} %"
    return one.label, one.kind, _hours(one.recorded_s), cut_off, covered


def everyday_lines(outcome: Outcome) -> list[str]:
    """What of everyday life it cuts off, in words; the places that it covers first."""
    lines = [
        f"Look again: it would cut off {one.label} ({one.kind}) at its hours."
        for one in outcome.everyday
        if one.covered is not None and one.covered > 0.5
    ]
    near_home = [
        f'Of {_count(near.count, "public place")} of the kind "{near.kind}" near home, it would cut off {near.cut}.'
        for near in outcome.near_home
    ]
    return [*lines, *near_home]


def _days(days: float) -> str:
    return _count(round(days), "day") if days >= 1 else f"{days * 24:.0f} hours"


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
