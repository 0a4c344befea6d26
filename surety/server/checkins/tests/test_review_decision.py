"""From people's answers to the alert and its evidence: nothing before the second word, and roles instead of names."""

from pathlib import Path

import pytest
from django.test import Client

from surety.rules.conditions import CheckInDuty
from surety.rules.facts import CheckInAsked, CheckInSubmitted, Verdict, fact_id
from surety.server.accounts.models import Role
from surety.server.alerts.models import Alert
from surety.server.alerts.tests import cast
from surety.server.alerts.tests.cast import MINUTE_MS
from surety.server.cases.models import Person
from surety.server.checkins import outbox, reviewing
from surety.server.checkins.models import CheckIn, Review, Stands
from surety.server.checkins.tests.review_cast import compared, keep
from surety.server.checkins.tests.test_review import NOT_SAME, SAME, say
from surety.server.console.tests.test_desk import logged_in
from surety.server.monitoring.tests.cast import HOUR_MS, START_MS, person, send
from surety.server.monitoring.worker import Worker
from surety.stream.sql import SqliteStream

pytestmark = pytest.mark.django_db
NOON = START_MS + 12 * HOUR_MS
SENT = NOON + 5 * MINUTE_MS


class Story:
    """One check-in of one person, from the question on, with the real worker and the real outbox."""

    def __init__(self, folder: Path) -> None:
        self.stream = SqliteStream(folder / "log.sqlite3")
        self.worker = Worker(self.stream)
        self.person: Person = person(CheckInDuty(per_day=1))
        due_ms = NOON + 30 * MINUTE_MS
        self.check_in = CheckIn.objects.create(
            person=self.person,
            condition_id="c" * 32,
            condition_version=1,
            asked_ms=NOON,
            due_ms=due_ms,
            late_until_ms=due_ms + HOUR_MS,
            stands=Stands.SUBMITTED,
        )
        sent = self.check_in.submissions.create(
            id="5" * 32, at_ms=SENT, received_ms=SENT, photos=[keep(self.person, b"frame")]
        )
        asked = CheckInAsked(fact_id("q"), self.check_in.pk, NOON, NOON, due_ms, delivered=True)
        came = CheckInSubmitted(sent.pk, self.check_in.pk, "watch", SENT, SENT, tuple(sent.photos))
        send(self.stream, self.person, [asked, came])
        reviewing.open_review(sent, compared(sent), SENT)

    def settle(self, now_ms: int) -> list[str]:
        """Send what waits, judge it; which alerts there are now."""
        outbox.pump(self.stream, now_ms)
        while not self.worker.run_once(now_ms).idle:
            pass
        return list(Alert.objects.order_by("pk").values_list("kind", flat=True))


@pytest.fixture
def story(tmp_path: Path):
    told = Story(tmp_path)
    yield told
    told.stream.close()


def by_two(story: Story) -> Alert:
    for minutes, name in ((10, "rita"), (20, "tom")):
        say(cast.user(name, Role.FACE_REVIEWER), NOT_SAME, now_ms=SENT + minutes * MINUTE_MS)
    story.settle(SENT + 21 * MINUTE_MS)
    return Alert.objects.get()


def supervisor() -> Client:
    return logged_in("sue", Role.SUPERVISOR)[0]


def test_an_alert_exists_only_from_the_second_persons_word_on(story):
    assert story.settle(SENT + MINUTE_MS) == []
    say(cast.user("rita", Role.FACE_REVIEWER), NOT_SAME, now_ms=SENT + 10 * MINUTE_MS)
    assert story.settle(SENT + 11 * MINUTE_MS) == []
    say(cast.user("tom", Role.FACE_REVIEWER), NOT_SAME, now_ms=SENT + 20 * MINUTE_MS)
    assert story.settle(SENT + 21 * MINUTE_MS) == ["face_not_verified"]


def test_the_evidence_tells_what_people_and_the_machine_said_and_names_none_of_them(story):
    alert = by_two(story)
    html = supervisor().get(f"/alerts/{alert.pk}/evidence").content.decode()
    part = html[html.index("What people and the machine said") : html.index("How this check-in was decided")]
    assert "The first to look: not the same person</strong> (face reviewer)" in part
    assert "The second to look, who did not know of the first: not the same person" in part
    assert "Below the thresholds: the machine finds no match." in part
    assert "0.217" in part
    assert [name for name in ("Rita", "Tom") if name in part] == []
    assert f"/review/decided/{story.check_in.pk}/" in html


def test_while_it_is_open_the_page_tells_nothing_of_what_was_said(story):
    say(cast.user("rita", Role.FACE_REVIEWER), NOT_SAME, now_ms=SENT + 10 * MINUTE_MS)
    html = supervisor().get(f"/review/decided/{story.check_in.pk}/").content.decode()
    assert "Not decided yet" in html
    assert [word for word in ("The ears", "not the same person<", "Below the thresholds") if word in html] == []


def test_a_supervisor_has_it_looked_at_again_and_the_new_decision_ends_the_finding(story):
    by_two(story)
    client = supervisor()
    address = f"/review/decided/{story.check_in.pk}/"
    assert client.post(f"{address}again", {"reason": " "}).status_code == 422
    assert client.post(f"{address}again", {"reason": "A letter of his brother."}).status_code == 302
    html = client.get(address).content.decode()
    assert "others look now" in html
    assert "The ears" not in html
    Review.objects.filter(verdict="").update(opened_ms=SENT + 30 * MINUTE_MS)
    say(cast.user("wes", Role.FACE_REVIEWER), SAME, now_ms=SENT + 40 * MINUTE_MS)
    story.settle(SENT + 41 * MINUTE_MS)
    assert Alert.objects.get().cleared_ms is not None
    html = client.get(address).content.decode()
    assert "A letter of his brother." in html
    assert html.index("Decided: not the same person") < html.index("Decided: same person")
    assert CheckIn.objects.get().verdict == Verdict.SAME


def test_a_first_answer_that_was_changed_is_told(story):
    at_ms = SENT + 10 * MINUTE_MS
    say(cast.user("rita", Role.FACE_REVIEWER), SAME, first=NOT_SAME, now_ms=at_ms)
    html = supervisor().get(f"/review/decided/{story.check_in.pk}/").content.decode()
    assert "they had answered: not the same person." in html


def test_a_decision_is_for_those_who_may_see_the_case(story):
    by_two(story)
    address = f"/review/decided/{story.check_in.pk}/"
    for role, status in ((Role.FACE_REVIEWER, 403), (Role.AUDITOR, 403), (Role.OFFICER, 404), (Role.OPERATOR, 200)):
        client, _ = logged_in(f"some {role}", role)
        assert client.get(address).status_code == status
        assert client.post(f"{address}again", {"reason": "Why"}).status_code == 403
    assert Review.objects.count() == 1
