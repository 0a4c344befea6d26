"""Somebody says that they have a problem; a device says that it lost what it had not sent."""

import pytest

from surety.rules import words
from surety.rules.facts import DeviceEvent, ProblemTold, Topic
from surety.rules.findings import Cause, Certainty, Kind
from tests.rules.scenes import curfew, kinds, ms, only, order, run, told, trail

LONDON = "Europe/London"


def problem(at: str, topic: Topic = Topic.UNWELL, text: str = "", name: str = "p1") -> ProblemTold:
    return ProblemTold(name, "watch", ms(at), ms(at), topic, text)


def test_a_problem_is_told_in_the_persons_own_words_and_blames_nobody() -> None:
    said = problem("12:10", Topic.PLACE, "The bus\nis late.")
    conditions = order(trail())
    finding = only(run(conditions, [said]), Kind.PROBLEM_TOLD)
    assert finding.evidence.fact_ids == (said.id,)
    assert (finding.certainty, finding.cause) == (Certainty.ESTABLISHED, Cause.UNKNOWN)
    assert words.sentence(finding, conditions, LONDON) == (
        'The person told at 12:10 GMT that they cannot be where they are to be. They wrote: "The bus is late".'
    )


@pytest.mark.parametrize("topic", list(Topic))
def test_every_topic_has_its_words(topic: Topic) -> None:
    conditions = order(trail())
    sentence = words.sentence(only(run(conditions, [problem("12:10", topic)]), Kind.PROBLEM_TOLD), conditions, LONDON)
    assert sentence.startswith("The person told at 12:10 GMT that they ")
    assert "wrote" not in sentence


def test_two_problems_at_one_instant_are_two_and_the_same_one_again_is_one() -> None:
    found = run(order(trail()), [problem("12:10"), problem("12:10", name="p2"), problem("12:10", name="p2")])
    assert len({finding.id for finding in found}) == len(found) == 2


def test_a_problem_counts_where_no_condition_is_in_force() -> None:
    assert kinds(run(order(curfew(), until="12:05"), [problem("12:10")])) == [Kind.PROBLEM_TOLD]


def test_lost_messages_are_the_devices_doing_and_told_once_an_hour() -> None:
    reports = [told(f"12:{minute}", DeviceEvent.MESSAGES_LOST) for minute in ("10", "20", "30")]
    found = run(order(trail()), [*reports, told("13:40", DeviceEvent.MESSAGES_LOST)], "13:45")
    lost = [finding for finding in found if finding.kind is Kind.MESSAGES_LOST]
    assert [finding.cause for finding in lost] == [Cause.EQUIPMENT, Cause.EQUIPMENT]
