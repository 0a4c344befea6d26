"""Writes the approved lives anew."""

from tests.rules.approved import HERE, LIVES, ordered, told
from tests.rules.test_engine import EVERYTHING

for number in LIVES:
    (HERE / f"life-{number}.txt").write_text(told(number, ordered(EVERYTHING)))
