"""Decides that an order's review is overdue, that it was reviewed after all, and that the order is over.

An order whose proportionality nobody reviews in time is no longer lawful, so its review is a duty of those who
supervise, and watched like one. The order is over at its end or when somebody ends it before; collection stops at the
door by itself then, but the device is still on a person. Nothing here is about what the person did.
"""

from collections.abc import Sequence

import msgspec

from surety.rules import duty
from surety.rules.conditions import Condition, OrderStatus, OrderTerm
from surety.rules.facts import Millis
from surety.rules.findings import Cause, Certainty, Evidence, Finding, Kind
from surety.rules.grounds import Numbers, episode_of
from surety.rules.scene import Scene
from surety.rules.schedule import END
from surety.rules.state import OrderClock
from surety.rules.tracker import Ask, RowOf, Tracker


class Dates(Ask, frozen=True):
    """One version of an order: when its review is due, when it ends, and whether somebody has ended it."""

    review_due_ms: Millis
    ends_ms: Millis
    ended: bool


class OrderTracker(Tracker[Dates, OrderClock]):
    """Watches the dates of an order."""

    ask_type, record_type = Dates, OrderClock

    def asks_of(self, condition: Condition, row_of: RowOf) -> Sequence[Dates]:  # noqa: ARG002 - no place
        """An order asks to be reviewed, and to be over at its end."""
        body = condition.body
        if not isinstance(body, OrderTerm):
            return ()
        ended = body.status is OrderStatus.ENDED
        return (Dates(condition.id, condition.version, body.review_due_ms, body.ends_ms, ended),)

    def opened(self, ask: Dates, scene: Scene) -> OrderClock:
        """The order stands from now on."""
        return OrderClock(ask.condition_id, ask.version, scene.now_ms)

    def carried(self, record: OrderClock, ask: Dates, scene: Scene) -> OrderClock:
        """A new version counts from when it takes effect. One that puts the end off makes the order stand again."""
        if record.version == ask.version:
            return record
        over = record.over and (ask.ended or ask.ends_ms <= scene.now_ms)
        return msgspec.structs.replace(record, version=ask.version, since_ms=scene.now_ms, over=over)

    def due(self, record: OrderClock, ask: Dates, scene: Scene) -> Millis:  # noqa: ARG002 - the dates alone say it
        """The next of its dates that was not told yet."""
        if record.over:
            return END
        dates = [_end(record, ask)]
        if record.overdue is None:
            dates.append(ask.review_due_ms)
        elif _renewed(record, record.overdue.at_ms, ask):
            dates.append(record.since_ms)
        return max(record.since_ms, min(dates))

    def woken(self, record: OrderClock, ask: Dates, scene: Scene) -> tuple[OrderClock, list[Finding]]:
        """A date has come, or a version that sets a new one has taken effect."""
        found: list[Finding] = []
        if record.overdue is not None and _renewed(record, record.overdue.at_ms, ask):
            done = scene.about(ask.condition_id, ask.version)
            numbers = {**_numbers(ask), "began_ms": record.overdue.at_ms}
            found.append(done.end(Kind.REVIEW_DONE, record.overdue, scene.now_ms, Cause.UNKNOWN, Evidence((), numbers)))
            record = msgspec.structs.replace(record, overdue=None)
        if scene.now_ms >= _end(record, ask):
            return self._over(record, ask, scene, found)
        if record.overdue is None and scene.now_ms >= ask.review_due_ms:
            found.append(_found(Kind.REVIEW_OVERDUE, ask, scene))
            record = msgspec.structs.replace(record, overdue=episode_of(found[-1]))
        return record, found

    def _over(
        self, record: OrderClock, ask: Dates, scene: Scene, found: list[Finding]
    ) -> tuple[OrderClock, list[Finding]]:
        """The order is over; a review that never came is no longer waited for."""
        found += self.closed(record, scene)
        found.append(_found(Kind.ORDER_EXPIRED, ask, scene))
        return msgspec.structs.replace(record, overdue=None, over=True), found

    def closed(self, record: OrderClock, scene: Scene) -> list[Finding]:
        """There is no such order any more."""
        if record.overdue is None:
            return []
        return [duty.ended(record.overdue, scene.about(record.condition_id, record.version), scene.now_ms, "condition")]


def _end(record: OrderClock, ask: Dates) -> Millis:
    return record.since_ms if ask.ended else ask.ends_ms


def _renewed(record: OrderClock, overdue_ms: Millis, ask: Dates) -> bool:
    """Whether a version that took effect after the review was overdue sets a new date for it."""
    return overdue_ms <= record.since_ms < ask.review_due_ms


def _found(kind: Kind, ask: Dates, scene: Scene) -> Finding:
    subject = scene.about(ask.condition_id, ask.version)
    evidence = Evidence((), _numbers(ask))
    return subject.begin(kind, scene.now_ms, scene.now_ms, Certainty.ESTABLISHED, Cause.UNKNOWN, evidence)


def _numbers(ask: Dates) -> Numbers:
    return {
        "review_due_ms": ask.review_due_ms,
        "order_ends_ms": ask.ends_ms,
        "order_ended": "by decision" if ask.ended else "at its date",
    }
