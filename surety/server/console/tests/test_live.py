"""The live feed, one poll at a time: each listener is told what they may see under their filter, and nothing else."""

import json

import pytest

from surety.rules.findings import Kind
from surety.server import timekeeping
from surety.server.accounts.models import Role, User
from surety.server.alerts import actions
from surety.server.alerts.models import Alert
from surety.server.alerts.tests import cast
from surety.server.cases.models import Person
from surety.server.console.desk_filter import Choice
from surety.server.console.live_feed import MOST_MISSED, Feed, Listener, ended
from surety.server.monitoring.models import WorkerHealth

pytestmark = pytest.mark.django_db
NOW_MS = cast.NOW_MS


def listener(user: User, **choice: str) -> Listener:
    return Listener(user.pk, "no-session", Choice(**choice), 0)


def told(body: bytes | None) -> tuple[int, str, dict]:
    assert body is not None
    lines = dict(line.split(": ", 1) for line in body.decode().strip().splitlines())
    return int(lines["id"]), lines["event"], json.loads(lines["data"])


def come_in(person: Person, kind: Kind = Kind.ZONE_ENTERED) -> Alert:
    finding = cast.finding(person, kind)
    actions.apply_findings([finding], [], now_ms=NOW_MS)
    return Alert.objects.get(finding_id=finding.id)


def test_a_new_critical_alert_is_a_row_and_is_announced() -> None:
    olga = cast.user("olga", Role.OPERATOR)
    feed, desk = Feed(), listener(olga)
    alert = come_in(cast.person())
    ((_, body),) = feed.poll([desk])
    _, event, data = told(body)
    assert event == "rows"
    assert data["rows"][0]["id"] == alert.pk
    assert alert.sentence in data["rows"][0]["say"]
    assert f"row-{alert.pk}" in data["rows"][0]["html"]
    assert feed.poll([desk]) == []


def test_a_listener_hears_nothing_of_people_whom_they_may_not_see() -> None:
    north = cast.user("olga", Role.OPERATOR, "north")
    feed, desk = Feed(), listener(north)
    come_in(cast.person("south"))
    assert feed.poll([desk]) == []


def test_a_permission_that_was_taken_away_ends_the_news_at_once() -> None:
    olga = cast.user("olga", Role.OPERATOR)
    feed, desk = Feed(), listener(olga)
    User.objects.filter(pk=olga.pk).update(is_active=False)
    come_in(cast.person())
    assert feed.poll([desk]) == []
    assert ended([desk]) == [desk]


def test_an_alert_that_leaves_the_filter_is_gone_and_one_of_another_severity_never_comes() -> None:
    olga = cast.user("olga", Role.OPERATOR)
    feed = Feed()
    unacknowledged, critical = listener(olga, state="open"), listener(olga, severity="1")
    alert = come_in(cast.person(), Kind.SILENT)
    first = dict(feed.poll([unacknowledged, critical]))
    assert told(first[unacknowledged])[2]["rows"]
    assert not told(first[critical])[2]["rows"]
    actions.acknowledge(alert.pk, acting_user=olga, now_ms=NOW_MS)
    second = dict(feed.poll([unacknowledged, critical]))
    assert told(second[unacknowledged])[2]["gone"] == [alert.pk]


def test_a_page_that_comes_back_is_told_what_it_missed() -> None:
    olga = cast.user("olga", Role.OPERATOR)
    person = cast.person()
    come_in(person)
    feed, desk = Feed(), listener(olga)
    desk.since = feed.position
    missed = come_in(person, Kind.SOS)
    _, event, data = told(feed.catch_up(desk))
    assert event == "rows"
    assert [row["id"] for row in data["rows"]] == [missed.pk]


def test_a_page_that_missed_too_much_is_told_to_draw_its_list_anew() -> None:
    olga = cast.user("olga", Role.OPERATOR)
    alert = come_in(cast.person())
    for number in range(MOST_MISSED + 1):
        actions.note(alert.pk, f"note {number}", acting_user=olga, now_ms=NOW_MS)
    assert told(Feed().catch_up(listener(olga)))[1] == "reset"


def test_numbers_at_the_side_are_sent_only_when_they_change() -> None:
    olga = cast.user("olga", Role.OPERATOR)
    feed, desk = Feed(), listener(olga)
    come_in(cast.person())
    assert len(feed.tallies([desk])) == 1
    assert feed.tallies([desk]) == []


def test_a_row_is_drawn_once_however_many_desks_are_open(django_assert_max_num_queries) -> None:
    olga = cast.user("olga", Role.OPERATOR)
    feed, desks = Feed(), [listener(olga) for _ in range(50)]
    come_in(cast.person())
    with django_assert_max_num_queries(6):
        assert len(feed.poll(desks)) == 50


def test_a_desk_is_told_when_nobody_judges_and_when_somebody_does_again() -> None:
    feed, desk = Feed(), listener(cast.user("olga", Role.OPERATOR))
    ((_, body),) = feed.judgings([desk])
    assert json.loads(body.decode().split("data: ")[1]) == {"live": False, "complete_to_ms": None}
    assert feed.judgings([desk]) == []
    now = timekeeping.now_ms()
    WorkerHealth.objects.create(name="worker:all", process_id=1, at_ms=now, position=9, lag_records=0, lag_ms=0)
    ((_, body),) = feed.judgings([desk])
    assert json.loads(body.decode().split("data: ")[1]) == {"live": True, "complete_to_ms": None}
    WorkerHealth.objects.update(at_ms=now, lag_ms=600_000)
    ((_, body),) = feed.judgings([desk])
    behind = json.loads(body.decode().split("data: ")[1])
    assert behind["live"]
    assert now - 661_000 < behind["complete_to_ms"] <= now - 600_000
