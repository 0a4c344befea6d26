"""The review of an order's proportionality: who recorded it, what came of it, and when the next one is due.

A review recorded in time keeps an order from lapsing; a late one restores it from its own time on (lapse.py). It
decides nothing by itself: it is what somebody with authority over the case concluded, in their words.
"""

import msgspec
from django.db import transaction

from surety.server.accounts.models import User
from surety.server.cases import checks
from surety.server.cases.intervals import version_spans
from surety.server.cases.models import OrderStatus, OrderVersion, ReviewOutcome
from surety.server.cases.order_writing import finish, latest_version, next_version, terms_of, told_of, write_version
from surety.server.cases.writing import stamp
from surety.server.errors import ConflictError, InvalidError

SHORTEST_STATEMENT = 20  # a word such as "fine" is no review


def record_review(
    order_id: str,
    outcome: str,
    statement: str,
    next_due_ms: int,
    *,
    acting_user: User | None,
    now_ms: int,
    reason: str = "",
) -> OrderVersion:
    """Record that an order was reviewed now. Gives the version that says so, with the date of the next review.

    `next_due_ms` is at most four months on; it is of no account where the order ends by the review. A change of the
    order that was recorded for a later time keeps its time, and gets the new date too.
    """
    _check(outcome, statement, next_due_ms, now_ms)
    with transaction.atomic():
        latest, person = latest_version(order_id, acting_user)
        standing = _standing(latest, now_ms)
        ends = outcome == ReviewOutcome.ENDS
        written: list[OrderVersion] = []
        for before in standing[:1] if ends else standing:
            at_ms = now_ms if ends else max(now_ms, before.effective_from_ms)
            version = next_version(written[-1] if written else latest, at_ms, now_ms, reason)
            version.status = OrderStatus.ENDED if ends else before.status
            version.review_outcome, version.review_statement = outcome, statement.strip()
            due_ms = before.review_due_ms if ends else next_due_ms
            terms = msgspec.structs.replace(terms_of(before), review_due_ms=due_ms)
            write_version(version, terms, told_of(before), stamp(acting_user, now_ms, reason))
            more = {"review": outcome, "next_due_ms": None if ends else next_due_ms}
            finish("order.reviewed", person, acting_user, now_ms, version, more)
            written.append(version)
    return written[0]


def _check(outcome: str, statement: str, next_due_ms: int, now_ms: int) -> None:
    if outcome not in ReviewOutcome.values:
        raise InvalidError(f"The outcome of a review is {', '.join(ReviewOutcome.values)}.", field="outcome")
    if len(statement.strip()) < SHORTEST_STATEMENT:
        raise InvalidError(
            f"Write in at least {SHORTEST_STATEMENT} characters why the order is, or is no longer, proportionate.",
            field="statement",
        )
    if outcome == ReviewOutcome.ENDS:
        return
    checks.check_instant(next_due_ms, "next_due_ms")
    if next_due_ms <= now_ms:
        raise InvalidError("The next review is due in the future; choose a later day.", field="next_due_ms")
    if next_due_ms > now_ms + checks.REVIEW_WITHIN_MS:
        raise InvalidError("The next review is due at most four months on; choose an earlier day.", field="next_due_ms")


def _standing(latest: OrderVersion, now_ms: int) -> list[OrderVersion]:
    """The versions of the order that hold from now on, in order of time. Raises ConflictError where it is over."""
    rows = {version.version: version for version in latest.order.versions.all()}
    held = version_spans((version.version, version.effective_from_ms) for version in rows.values())
    standing = [rows[one.version] for one in held if one.span.to_ms > now_ms]
    if standing[0].status == OrderStatus.ENDED or standing[0].ends_ms <= now_ms:
        raise ConflictError("The order is over: there is nothing to review.")
    return standing
