"""How a finding was worked out, in words and as a table: the same for the command line and the evidence page."""

import datetime as dt

import msgspec

from surety.rules import grounds, schedule, words, working
from surety.rules.facts import (
    CheckInAsked,
    CheckInDecided,
    CheckInSubmitted,
    ConditionsChanged,
    DeviceReport,
    Fact,
    Fix,
    ProblemTold,
    ProtectedFix,
)
from surety.rules.findings import Cause, Finding, Kind
from surety.server.monitoring.explain import Rederived, Worked

COLUMNS = (
    "No.",
    "Time",
    "Error claimed, m",
    "Error scale, m",
    "To the edge, m",
    "Log-likelihood ratio",
    "It says alone",
    "Log-odds before",
    "After the wait",
    "Share of the way",
    "Log-odds after",
    "Probability inside",
    "Held",
)
READING = (
    "One row a position. Error scale: what the claimed error, in metres, amounts to, as measured on real receivers."
    " To the edge, in metres: inside positive. Log-likelihood ratio: how much more the position speaks for inside than"
    " for outside; alone, it would move the log-odds to the next figure. Positions close in time share one error, so"
    " each moves the log-odds only a share of the way, and no run of them takes the last hundredth of doubt away; a"
    " wait lets the log-odds fade towards what is presumed of everybody. A log-odds of 0 is a probability of a half."
)
_SOURCES = {
    "gnss": "satellite",
    "fused": "phone's estimate",
    "wifi": "Wi-Fi",
    "cell": "cell tower",
    "unknown": "source not told",
}


SHORT = (
    "No.",
    "Time",
    "Claimed",
    "Scale",
    "Edge",
    "Ratio",
    "Alone",
    "Before",
    "Waited",
    "Share",
    "After",
    "Inside",
    "Held",
)
"""The same columns for a terminal."""


class Table(msgspec.Struct, frozen=True):
    """The arithmetic of one place. The last row is the conclusion, and holds the numbers that the finding stores."""

    place: str
    presumed: str
    rows: tuple[tuple[str, ...], ...]
    closing: tuple[str, ...]


def clock(at_ms: int, time_zone: str) -> str:
    """A time of day to the second, with the date."""
    there = dt.datetime.fromtimestamp(at_ms / 1000, tz=dt.UTC).astimezone(schedule.zone(time_zone))
    return f"{there.day} {there:%b %H:%M:%S}"


def time_on(at_ms: int, day_of_ms: int, time_zone: str) -> str:
    """A time of day to the second; with the date where it is not that of another instant."""
    full, other = clock(at_ms, time_zone), clock(day_of_ms, time_zone)
    return full[-8:] if full[:-8] == other[:-8] else full


def table(worked: Worked, finding: Finding, time_zone: str) -> Table:
    """The arithmetic as rows of text."""
    named = set(finding.evidence.fact_ids)
    last_certain = worked.numbers["last_certain_ms"]
    rows = []
    for number, step in enumerate(worked.steps, worked.left_out + 1):
        mark = " decides" if step.at_ms == last_certain else " named" if step.fact_id in named else ""
        rows.append(_step(f"{number}{mark}", time_on(step.at_ms, finding.known_ms, time_zone), step))
    limits = worked.limits
    return Table(
        place=worked.place,
        presumed=(
            f"Before any position, a probability of {working.probability(limits.rest):.3f} of being inside is presumed,"
            f" as nobody is presumed in breach. Inside is held from {limits.enter_p:.2f} on, outside from"
            f" {limits.leave_p:.2f} down; between them what was held stays. Only a position on that side of the edge"
            f" changes what is held, and to a breach only one that is past the edge by {limits.clear_sigmas:g} error"
            " scale."
        ),
        rows=(*rows, _conclusion(worked, finding, time_zone)),
        closing=(
            *([f"{worked.left_out} earlier positions of this time are not shown."] if worked.left_out else ()),
            "The last row is what the finding stores."
            if worked.agrees
            else "The last row is NOT what the finding stores.",
        ),
    )


def _step(number: str, at: str, step: working.Step) -> tuple[str, ...]:
    claimed = "none" if step.accuracy_m is None else f"{step.accuracy_m:.0f}"
    weak = "" if step.source in ("gnss", "fused", "unknown") else f" ({_SOURCES[step.source]})"
    return (
        number,
        at,
        claimed + weak,
        f"{step.sigma_m:.1f}",
        f"{step.clearance_m:+.1f}",
        f"{step.ratio:+.4f}",
        f"{step.alone:+.4f}",
        f"{step.before:+.4f}",
        f"{step.faded:+.4f}",
        "-" if step.share is None else f"{step.share:.3f}",
        f"{step.after:+.4f}",
        f"{step.p_inside:.6f}",
        step.held.name.lower() + ("" if step.informative else " (too vague to change it)"),
    )


def _conclusion(worked: Worked, finding: Finding, time_zone: str) -> tuple[str, ...]:
    numbers = worked.numbers
    log_odds, p = numbers["log_odds"], numbers["p_inside"]
    return (
        "conclusion",
        time_on(finding.known_ms, finding.known_ms, time_zone),
        "",
        _figure(numbers["sigma_m"], ".1f"),
        _figure(numbers["clearance_m"], "+.1f"),
        *("",) * 5,
        _figure(log_odds, "+.4f"),
        _figure(p, ".6f"),
        finding.kind.value.replace("_", " "),
    )


def _figure(value: float | str | None, form: str) -> str:
    return format(value, form) if isinstance(value, int | float) else ""


def sums(finding: Finding, time_zone: str) -> list[str]:
    """The sums of time that a finding rests on, one sentence each."""
    numbers = finding.evidence.numbers
    lines = []
    limit_s = _number(numbers, "silent_after_s")
    if limit_s is not None:
        heard, since = _number(numbers, "last_heard_ms"), finding.at_ms - limit_s * 1000
        what = "the last message" if heard == since else "the time from which the condition asks"
        lines.append(_sum(what, since, limit_s, finding.at_ms, "No message came in between.", time_zone))
    limit_s = _number(numbers, "unknown_after_s")
    if limit_s is not None:
        since = finding.at_ms - limit_s * 1000
        what = _what_began(numbers, since)
        lines.append(_sum(what, since, limit_s, finding.at_ms, "No certain position came in between.", time_zone))
    began = _number(numbers, "began_ms")
    if began is not None:
        lasted = round((finding.at_ms - began) / 1000)
        lines.append(
            f"It began {clock(int(began), time_zone)} and went on until {clock(finding.at_ms, time_zone)}: {lasted} s."
        )
    silent = _number(numbers, "silent_since_ms")
    if silent is not None:
        lasted = round((finding.at_ms - silent) / 1000)
        lines.append(f"Silent from {clock(int(silent), time_zone)} to {clock(finding.at_ms, time_zone)}: {lasted} s.")
    return lines


def _what_began(numbers: dict[str, float | str | None], since_ms: float) -> str:
    if since_ms == _number(numbers, "last_certain_ms"):
        return "the last certain position"
    if since_ms == _number(numbers, "window_start_ms"):
        return "the start of the ordered time"
    return "the time from which this version asks"


def _sum(what: str, since_ms: float, limit_s: float, at_ms: int, otherwise: str, time_zone: str) -> str:
    first = f"{clock(int(since_ms), time_zone)} ({what}) + {limit_s:.0f} s = {clock(at_ms, time_zone)}."
    return f"{first} {otherwise}"


def _number(numbers: dict[str, float | str | None], name: str) -> float | None:
    value = numbers.get(name)
    return value if isinstance(value, int | float) else None


_SAID: dict[type[Fact], str] = {
    ConditionsChanged: "the conditions were changed",
    CheckInAsked: "a photograph was asked for",
    CheckInSubmitted: "photographs were sent",
    CheckInDecided: "the comparison of a check-in was concluded",
    ProblemTold: "the person told that they have a problem",
    # Where the protected person was is never shown with somebody else's case.
    ProtectedFix: "the protected person's device told where it was; that is not shown",
}


def fact_words(fact: Fact, time_zone: str) -> str:
    """A fact in one line."""
    at = clock(fact.at_ms, time_zone)
    if isinstance(fact, Fix):
        claimed = "no error claimed" if fact.accuracy_m is None else f"error claimed {fact.accuracy_m:.0f} m"
        source = _SOURCES[fact.source.value]
        mock = ", called simulated by the device" if fact.mock else ""
        return f"{at}: position {fact.lat_deg:.5f}, {fact.lon_deg:.5f}, {claimed}, {source}{mock}"
    if isinstance(fact, DeviceReport):
        battery = [] if fact.battery_pct is None else [f"battery {fact.battery_pct:.0f} %"]
        charging = [] if fact.charging is None else ["charging" if fact.charging else "not charging"]
        events = [event.value.replace("_", " ") for event in fact.events]
        return f"{at}: the device reported {', '.join([*events, *battery, *charging]) or 'that it lives'}"
    return f"{at}: {_SAID.get(type(fact), 'something was recorded')}"


def certainty_words(finding: Finding, explained: list[str]) -> list[str]:
    """How sure the finding is, and what that takes."""
    lines = [line for line in explained if line.startswith(("Established", "Probable", "Possible"))]
    clearance, sigma = (_number(finding.evidence.numbers, name) for name in ("clearance_m", "sigma_m"))
    if clearance is None or not sigma or finding.kind is Kind.CANNOT_VERIFY:
        return lines
    far = (
        f"The deciding position is {abs(clearance):.1f} m from the edge, {abs(clearance) / sigma:.1f} times its error"
        f" scale of {sigma:.1f} m. Established takes a satellite position, {grounds.CLEAR_OF_EDGE:.0f} error scales"
        f" from the edge and a probability of {grounds.ESTABLISHED_FROM} or more; probable takes"
        f" {grounds.PROBABLE_FROM}, or {grounds.ESTABLISHED_FROM} where no satellite position is among them."
    )
    return [*lines, far]


_CAUSES = {
    Cause.BEHAVIOUR: "Cause: behaviour. The records show what the person did; no trouble of the equipment explains it.",
    Cause.EQUIPMENT: "Cause: equipment. What the device had told before explains it.",
    Cause.CHARGING: "Cause: charging. The device was on its charger.",
    Cause.NETWORK: "Cause: network. The device had told that it had no network, or others around it had none either.",
    Cause.UNKNOWN: "Cause: unknown. Nothing in the records around it explains it.",
}


def cause_words(finding: Finding) -> str:
    """What explains the finding, and on what ground."""
    return _CAUSES.get(finding.cause, f"Cause: {finding.cause.value}.")


def told_of(finding: Finding, known: Rederived) -> str:
    """Another finding of the same person, in a sentence with its id."""
    return f"{words.sentence(finding, known.conditions, known.person.time_zone)} ({finding.id})"
