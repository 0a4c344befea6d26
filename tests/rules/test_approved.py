"""The same rules give the same findings, byte for byte and word for word, in any process and on any machine."""

import re

import pytest

from surety.rules.findings import RULES_VERSION
from tests.rules.approved import HERE, LIVES, ordered, stories_told, told
from tests.rules.test_engine import EVERYTHING


@pytest.mark.parametrize("number", LIVES)
def test_a_life_is_told_as_it_was_approved(number: int) -> None:
    assert told(number, ordered(EVERYTHING)) == (HERE / f"life-{number}.txt").read_text()


def test_the_short_scenes_are_told_as_they_were_approved() -> None:
    assert stories_told() == (HERE / "stories.txt").read_text()


def test_the_approved_lives_are_of_these_rules_and_show_most_that_can_be_found() -> None:
    text = "".join(file.read_text() for file in HERE.glob("*.txt"))
    assert set(re.findall(r'"rules_version":"([^"]+)"', text)) == {RULES_VERSION}
    assert len(set(re.findall(r'"kind":"([^"]+)"', text))) >= 40
