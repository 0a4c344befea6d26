"""Warnings to the person: queued with the finding, withdrawn when over, expired when nobody could deliver them."""

import pytest
from django.test import Client

from surety.rules.conditions import Body
from surety.server.accounts.models import Role
from surety.server.alerts.models import Alert
from surety.server.cases.models import Person
from surety.server.console.tests.case_cast import user
from surety.server.monitoring.models import Finding
from surety.server.monitoring.tests.cast import (
    HOME,
    HOUR_MS,
    MINUTE_MS,
    SCHOOL,
    SCHOOL_ZONE,
    START_MS,
    fix,
    person,
    replaced,
    send,
    stay,
)
from surety.server.monitoring.tests.conftest import stream
from surety.server.monitoring.worker import Worker
from surety.server.notices import actions, queries
from surety.server.notices.models import Notice
from surety.stream.contract import Stream

__all__ = ["stream"]
pytestmark = pytest.mark.django_db
MORNING = START_MS + 9 * HOUR_MS
CLOSE = (SCHOOL[0] + 250 / 111_200, SCHOOL[1])  # 100 m from the edge
WARNING: Body = replaced(SCHOOL_ZONE, warn_m=200)
APPROACH = [
    *stay(HOME, MORNING, MORNING + 5 * MINUTE_MS),
    *stay(CLOSE, MORNING + 9 * MINUTE_MS, MORNING + 12 * MINUTE_MS),
]
THEN = MORNING + 12 * MINUTE_MS


def settle(worker: Worker, now_ms: int) -> None:
    while not worker.run_once(now_ms).idle:
        pass


def walked_close(stream: Stream, *, now_ms: int = THEN) -> Person:
    ada = person(WARNING, at_ms=MORNING - MINUTE_MS)
    send(stream, ada, APPROACH)
    settle(Worker(stream), now_ms)
    return ada


def test_coming_close_queues_one_sentence_and_opens_no_alert(stream: Stream) -> None:
    ada = walked_close(stream)
    notice = Notice.objects.get()
    assert (notice.person_id, notice.state, notice.attempts) == (ada.pk, "queued", 0)
    assert notice.finding_id == Finding.objects.get(kind="zone_near").pk
    assert notice.sentence == (
        'You are about 100 m from the zone "School", which your order asks you to stay out of. '
        "Please turn away from it."
    )
    assert not Alert.objects.exists()


def test_a_warning_that_comes_hours_late_is_not_given(stream: Stream) -> None:
    """A tag that was out of reach and sends its morning in the afternoon."""
    walked_close(stream, now_ms=THEN + 3 * HOUR_MS)
    assert Finding.objects.filter(kind="zone_near").exists()
    assert not Notice.objects.exists()


def test_going_away_withdraws_what_was_not_delivered(stream: Stream) -> None:
    ada = walked_close(stream)
    send(stream, ada, stay(HOME, THEN, THEN + 3 * MINUTE_MS))
    settle(Worker(stream), THEN + 3 * MINUTE_MS)
    assert Notice.objects.get().state == "withdrawn"


def test_a_finding_that_falls_away_withdraws_its_warning(stream: Stream) -> None:
    """Late fixes of the same minutes show that the person was elsewhere."""
    ada = walked_close(stream)
    elsewhere = [fix(at_ms, HOME, received_ms=THEN) for at_ms in range(MORNING + 8 * MINUTE_MS, THEN, 5_000)]
    send(stream, ada, elsewhere)
    settle(Worker(stream), THEN)
    assert Finding.objects.get(kind="zone_near").superseded_ms == THEN
    assert Notice.objects.get().state == "withdrawn"


def test_what_was_handed_over_stays_so(stream: Stream) -> None:
    ada = walked_close(stream)
    Notice.objects.update(state="sent", settled_ms=THEN)
    send(stream, ada, stay(HOME, THEN, THEN + 3 * MINUTE_MS))
    settle(Worker(stream), THEN + 3 * MINUTE_MS)
    assert Notice.objects.get().state == "sent"


def test_a_warning_is_of_use_for_a_quarter_of_an_hour(stream: Stream) -> None:
    ada = walked_close(stream)
    at_ms = Notice.objects.get().at_ms
    assert actions.expire(at_ms + 15 * MINUTE_MS - 1) == 0
    assert actions.expire(at_ms + 15 * MINUTE_MS) == 1
    assert [one.state for one in queries.notices_of(ada.pk, 0, 2**60)] == ["expired"]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("queued", "the device&#x27;s protocol carries no messages"),
        ("sent", "Handed to the device at"),
        ("expired", "Could not be delivered"),
        ("withdrawn", "Not delivered: the device&#x27;s protocol carries no messages"),
    ],
)
def test_the_page_tells_what_was_said_and_whether_it_arrived(stream: Stream, state: str, said: str) -> None:
    ada = walked_close(stream)
    Notice.objects.update(state=state, settled_ms=THEN, at_ms=_now() - MINUTE_MS, expires_ms=_now() + HOUR_MS)
    client = Client()
    client.force_login(user("sue supervisor", Role.SUPERVISOR))
    page = client.get(f"/people/{ada.pk}").content.decode()
    assert "Please turn away from it." in page
    assert said in page


def _now() -> int:
    from surety.server.console.case_access import now_ms  # noqa: PLC0415 - the clock of the pages

    return now_ms()


def test_what_was_handed_over_is_not_left_in_plain_text(stream: Stream) -> None:
    ada = walked_close(stream)
    notice = Notice.objects.get()
    words = notice.sentence
    actions.seal_settled()
    assert Notice.objects.get().sentence == words, "the door still needs it"
    Notice.objects.update(state="sent", settled_ms=THEN)
    actions.seal_settled()
    settled = queries.notices_of(ada.pk, 0, 2**60)[0]
    assert (settled.sentence, settled.words) == ("", words)
