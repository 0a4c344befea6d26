"""What people say that they have a problem with reaches the desk: how soon, and as one alert."""

import pytest

from surety.rules.facts import Topic
from surety.rules.findings import Kind
from surety.server.alerts import actions
from surety.server.alerts.models import Alert, Severity
from surety.server.alerts.tests import cast
from surety.server.alerts.tests.cast import MINUTE_MS, NOW_MS

pytestmark = pytest.mark.django_db


def told(person, topic, at_ms=NOW_MS):
    finding = cast.finding(
        person, Kind.PROBLEM_TOLD, at_ms=at_ms, numbers={"topic": topic.value, "words": "Please call."}
    )
    actions.apply_findings([finding], (), now_ms=at_ms)


@pytest.mark.parametrize("topic", list(Topic))
def test_who_is_unwell_or_not_safe_is_asked_after_within_a_quarter_of_an_hour(topic):
    told(cast.person(), topic)
    urgent = topic in {Topic.UNWELL, Topic.UNSAFE}
    alert = Alert.objects.get()
    assert alert.severity == (Severity.SERIOUS if urgent else Severity.ROUTINE)
    assert alert.due_ms == NOW_MS + (15 if urgent else 60) * MINUTE_MS
    assert "Please call" in alert.sentence


def test_who_writes_three_times_is_one_alert_that_takes_the_most_urgent():
    ana = cast.person()
    for number, topic in enumerate((Topic.TIME, Topic.UNSAFE, Topic.DEVICE)):
        told(ana, topic, NOW_MS + number * MINUTE_MS)
    alert = Alert.objects.get()
    assert (alert.severity, alert.due_ms) == (Severity.SERIOUS, NOW_MS + 16 * MINUTE_MS)
    assert alert.parts.count() == 3


def test_a_problem_does_not_join_a_silence_nor_a_silence_a_problem():
    ana = cast.person()
    actions.apply_findings([cast.finding(ana, Kind.SILENT)], (), now_ms=NOW_MS)
    told(ana, Topic.DEVICE)
    actions.apply_findings([cast.finding(ana, Kind.CANNOT_VERIFY)], (), now_ms=NOW_MS)
    kinds = sorted(sorted(alert.parts.values_list("kind", flat=True)) for alert in Alert.objects.all())
    assert kinds == [["cannot_verify", "silent"], ["problem_told"]]
