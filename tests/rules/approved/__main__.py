"""Writes the approved lives and scenes anew."""

from tests.rules.approved import HERE, LIVES, ordered, stories_told, told
from tests.rules.test_engine import EVERYTHING

for number in LIVES:
    (HERE / f"life-{number}.txt").write_text(told(number, ordered(EVERYTHING)))
(HERE / "stories.txt").write_text(stories_told())
