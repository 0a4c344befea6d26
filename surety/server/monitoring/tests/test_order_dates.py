"""From an order's dates to the desk: overdue reviews, variations that reach back, and the end."""

import msgspec
import pytest

from surety.server.alerts.models import Alert
from surety.server.cases import actions as cases
from surety.server.cases.models import Order, Person
from surety.server.monitoring import queries
from surety.server.monitoring.tests.cast import DAY_MS, HOME, MINUTE_MS, START_MS, person, send, stay
from surety.server.monitoring.worker import Worker
from surety.stream.contract import Stream

pytestmark = pytest.mark.django_db
DUE_MS, END_MS = START_MS + 90 * DAY_MS, START_MS + 365 * DAY_MS


def settle(worker: Worker, now_ms: int) -> None:
    while not worker.run_once(now_ms).idle:
        pass


def told(who: Person) -> list[tuple[str, int]]:
    return [(one.kind.value, one.at_ms) for one in queries.findings(who.pk, 0, 2**60)]


def review(who: Person, *, at_ms: int, now_ms: int) -> None:
    """Vary the order from `at_ms` on: reviewed, the next time in sixty days."""
    order = Order.objects.get(person=who)
    terms = cases.terms_of(order.versions.latest("version"))
    renewed = msgspec.structs.replace(terms, review_due_ms=at_ms + 60 * DAY_MS)
    cases.change_order(
        order.pk, renewed, effective_from_ms=at_ms, acting_user=None, now_ms=now_ms, reason="reviewed on paper"
    )


def test_an_overdue_review_is_an_alert_without_any_message_and_a_review_clears_it(stream: Stream) -> None:
    ada, worker = person(), Worker(stream)
    settle(worker, DUE_MS - 1)
    assert not Alert.objects.exists()
    settle(worker, DUE_MS)
    alert = Alert.objects.get()
    assert (alert.kind, alert.person_id, alert.at_ms, alert.cleared_ms) == ("review_overdue", ada.pk, DUE_MS, None)
    assert "unlawful" in alert.sentence
    reviewed_ms = DUE_MS + DAY_MS
    review(ada, at_ms=reviewed_ms, now_ms=reviewed_ms)
    settle(worker, reviewed_ms)
    alert.refresh_from_db()
    assert alert.cleared_ms == reviewed_ms
    assert told(ada) == [("review_overdue", DUE_MS), ("review_done", reviewed_ms)]


def test_a_review_recorded_late_but_made_in_time_takes_the_finding_away(stream: Stream) -> None:
    ada, worker = person(), Worker(stream)
    send(stream, ada, stay(HOME, DUE_MS - 5 * DAY_MS, DUE_MS - 5 * DAY_MS + 5 * MINUTE_MS))
    settle(worker, DUE_MS + DAY_MS)
    alert = Alert.objects.get()
    review(ada, at_ms=DUE_MS - DAY_MS, now_ms=DUE_MS + DAY_MS)
    settle(worker, DUE_MS + DAY_MS)
    alert.refresh_from_db()
    assert alert.fell_away_ms == DUE_MS + DAY_MS
    assert told(ada) == []


def test_the_end_of_an_order_asks_for_the_device_though_nothing_is_collected_any_more(stream: Stream) -> None:
    ada, worker = person(), Worker(stream)
    review(ada, at_ms=START_MS + DAY_MS, now_ms=START_MS + DAY_MS)
    settle(worker, END_MS)
    assert ("order_expired", END_MS) in told(ada)
    assert "collect the device" in Alert.objects.get(kind="order_expired").sentence
