"""Compares the truth with the alerts of the running system: what was caught, what was missed, what was false, how late.

An alert is false when nothing of its kind truly happened around its time. An event is hidden when the device could
not tell of it (switched off, or offline until now): it is neither caught nor missed.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from statistics import median

import msgspec

from surety.sim.devices import Span
from surety.sim.truth import DayTruth

MINUTE_MS = 60_000
LATE_MS = 15 * MINUTE_MS  # an alert about something may be stamped so long after it ended
EARLY_MS = 10 * MINUTE_MS  # or so long before: the estimator's doubt
SETTLE_MS = 10 * MINUTE_MS  # what began later than this before the end of the comparison is not judged
SILENT_MS = 30 * MINUTE_MS  # what the town's orders say
LEAST_ABSENCE_MS, LEAST_VISIT_MS = 180_000, 120_000  # shorter ones are between two fixes


class AlertSeen(msgspec.Struct, frozen=True):
    """An alert as the running system has it. `opened_ms` is the domain's time."""

    reference: str
    kind: str
    at_ms: int
    opened_ms: int
    fell_away: bool


class Line(msgspec.Struct, frozen=True):
    """One kind of event: counts, delays from the event to the opened alert, and false alerts a 100 person-days."""

    name: str
    true_events: int
    caught: int
    missed: int
    hidden: int
    alerts: int
    false: int
    false_fell_away: int
    delay_median_s: float | None
    delay_p95_s: float | None
    false_per_100_days: float
    false_interval: tuple[float, float]


class Score(msgspec.Struct, frozen=True):
    """The whole comparison."""

    people: int
    person_days: float
    from_ms: int
    to_ms: int
    lines: tuple[Line, ...]
    false_alerts: tuple[AlertSeen, ...]
    missed: tuple[tuple[str, str, int, int], ...]  # (kind, reference, from_ms, to_ms)
    other_alerts: dict[str, int]


class _Event(msgspec.Struct, frozen=True):
    reference: str
    span: Span


class _Topic(msgspec.Struct, frozen=True):
    """A kind of event: which alerts are about it, when it truly happened, and what counts as one at all."""

    name: str
    kinds: frozenset[str]
    spans: Callable[[list[DayTruth]], Iterator[Span]]
    least_ms: int
    hideable: bool = True


def _points(times: Iterable[int]) -> Iterator[Span]:
    return ((t, t + 1) for t in times)


_TOPICS = (
    _Topic(
        "absent in curfew",
        frozenset({"curfew_absent_at_start", "curfew_left", "curfew_absent_throughout"}),
        lambda days: (s for d in days for s in d.absent),
        LEAST_ABSENCE_MS,
    ),
    _Topic(
        "in exclusion zone",
        frozenset({"zone_entered"}),
        lambda days: (s for d in days for spans in d.zones.values() for s in spans),
        LEAST_VISIT_MS,
    ),
    _Topic(
        "too long in a zone",
        frozenset({"restriction_overstayed"}),
        lambda days: (s for d in days for s in d.overstays),
        LEAST_VISIT_MS,
    ),
    _Topic(
        "attendance",
        frozenset({"attendance_missed", "attendance_short"}),
        lambda days: (a.window for d in days for a in d.attendance if a.stayed_ms < a.needed_ms),
        0,
    ),
    _Topic("SOS", frozenset({"sos"}), lambda days: _points(t for d in days for t in d.sos), 0),
    _Topic("strap", frozenset({"strap_tamper"}), lambda days: _points(t for d in days for t in d.strap), 0),
    _Topic(
        "battery low",
        frozenset({"battery_low", "battery_flat"}),
        lambda days: (s for d in days for s in d.low),
        15 * MINUTE_MS,
    ),
    _Topic(
        "silent over 30 min",
        frozenset({"silent"}),
        lambda days: (s for d in days for s in (*d.dead, *d.unlinked)),
        SILENT_MS + 3 * MINUTE_MS,
        hideable=False,
    ),
)
# A doubt is true when there was a reason for it; that none was raised is not an error of its own.
_DOUBT_KINDS = frozenset({"cannot_verify", "attendance_unverified"})


def score(truths: Sequence[DayTruth], alerts: Sequence[AlertSeen], from_ms: int, to_ms: int) -> Score:
    """Compare over [from_ms, to_ms)."""
    people: dict[str, list[DayTruth]] = {}
    for truth in sorted(truths, key=lambda t: t.day):
        people.setdefault(truth.reference, []).append(truth)
    days = len(people) * (to_ms - from_ms) / 86_400_000
    judged = [_judge(topic, people, alerts, (from_ms, to_ms), days) for topic in _TOPICS]
    judged.append(_judge_doubt(people, alerts, days))
    known = frozenset().union(*(t.kinds for t in _TOPICS), _DOUBT_KINDS)
    other: dict[str, int] = {}
    for alert in alerts:
        if alert.kind not in known:
            other[alert.kind] = other.get(alert.kind, 0) + 1
    return Score(
        len(people),
        round(days, 3),
        from_ms,
        to_ms,
        tuple(line for line, _, _ in judged),
        tuple(a for _, false, _ in judged for a in false),
        tuple(m for _, _, missed in judged for m in missed),
        other,
    )


_Judged = tuple[Line, list[AlertSeen], list[tuple[str, str, int, int]]]


def _judge(
    topic: _Topic, people: dict[str, list[DayTruth]], alerts: Sequence[AlertSeen], window: Span, days: float
) -> _Judged:
    mine = [a for a in alerts if a.kind in topic.kinds]
    spans = {reference: _joined(topic.spans(truths)) for reference, truths in people.items()}
    events = [
        _Event(reference, (max(s[0], window[0]), s[1]))
        for reference, found in spans.items()
        for s in found
        if s[1] > window[0] and s[0] < window[1] - SETTLE_MS and min(s[1], window[1]) - s[0] >= topic.least_ms
    ]
    found_by = {id(e): _first_alert(e, mine) for e in events}
    hidden = [e for e in events if found_by[id(e)] is None and topic.hideable and _is_hidden(e, people, window[1])]
    missed = [e for e in events if found_by[id(e)] is None and e not in hidden]
    delays = [(a.opened_ms - e.span[0]) / 1000 for e in events if (a := found_by[id(e)]) is not None]
    false = [a for a in mine if not _is_true(a, spans.get(a.reference, []))]
    line = _line(topic.name, (len(events), len(delays), len(missed), len(hidden)), mine, false, delays, days)
    return line, false, [(topic.name, e.reference, *e.span) for e in missed]


def _judge_doubt(people: dict[str, list[DayTruth]], alerts: Sequence[AlertSeen], days: float) -> _Judged:
    """ "Cannot verify" is right when the device was off, offline or without sky around that time."""
    mine = [a for a in alerts if a.kind in _DOUBT_KINDS]
    false = [
        a
        for a in mine
        if not _is_true(a, _joined(s for d in people.get(a.reference, []) for s in (*d.dead, *d.unlinked, *d.blind)))
    ]
    return _line("cannot verify", (0, 0, 0, 0), mine, false, [], days), false, []


def _line(
    name: str,
    counts: tuple[int, int, int, int],
    mine: list[AlertSeen],
    false: list[AlertSeen],
    delays: list[float],
    days: float,
) -> Line:
    low, high = poisson_interval(len(false))
    per = 100 / days if days else 0.0
    gone = sum(a.fell_away for a in false)
    return Line(
        name, *counts, len(mine), len(false), gone, median(delays) if delays else None, _p95(delays),
        round(len(false) * per, 3), (round(low * per, 3), round(high * per, 3)),
    )  # fmt: skip


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, those that touch (as at 04:00) made one."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span[0] <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], span[1]))
        else:
            found.append(span)
    return found


def _first_alert(event: _Event, alerts: list[AlertSeen]) -> AlertSeen | None:
    own = [a for a in alerts if a.reference == event.reference and _is_true(a, [event.span])]
    return min(own, key=lambda a: a.opened_ms, default=None)


def _is_true(alert: AlertSeen, spans: Sequence[Span]) -> bool:
    return any(start - EARLY_MS <= alert.at_ms <= end + LATE_MS for start, end in spans)


def _is_hidden(event: _Event, people: dict[str, list[DayTruth]], to_ms: int) -> bool:
    days = people[event.reference]
    off = [s for d in days for s in d.dead] + [s for d in days for s in d.unlinked if s[1] > to_ms]
    off += [s for d in days for s in d.blind]
    return any(start <= event.span[0] + LEAST_ABSENCE_MS and end >= min(event.span[1], to_ms) for start, end in off)


def _p95(values: list[float]) -> float | None:
    return sorted(values)[min(len(values) - 1, math.ceil(0.95 * len(values)) - 1)] if values else None


def poisson_interval(count: int, confidence: float = 0.95) -> tuple[float, float]:
    """The exact (Garwood) interval of a Poisson mean for a count, by bisection."""
    tail = (1 - confidence) / 2
    low = 0.0 if count == 0 else _solve(lambda mean: 1 - _below(count - 1, mean) - tail, count)
    return low, _solve(lambda mean: tail - _below(count, mean), count)


def _below(count: int, mean: float) -> float:
    """P(X <= count) of a Poisson variable."""
    return math.fsum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(count + 1))


def _solve(rising: Callable[[float], float], count: int) -> float:
    low, high = 1e-12, 20.0 + 3 * count
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return (low + high) / 2
