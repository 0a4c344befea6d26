"""The demonstration shows what ends: a hold, another that waits, and a certificate of a case that is over."""

from pathlib import Path

import pytest

from surety.demo import ending, seed
from surety.server.accounts.models import Role, User
from surety.server.audit.models import Entry
from surety.server.cases.models import Person
from surety.server.records import daily, holds
from surety.server.records.erasing import CERTIFICATE
from surety.sim.lives import Lives

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
START_MS = 1_791_309_120_000
PEOPLE = 8


def test_the_demonstration_holds_and_erases(tmp_path: Path) -> None:
    lives = Lives(1, PEOPLE, START_MS)
    officers = [User.objects.create(username="officer", role=Role.OFFICER)]
    User.objects.create(username="supervisor", role=Role.SUPERVISOR)
    seed.seed_people(lives, officers, tmp_path, lambda _: None)
    for _ in range(2):  # a second start adds nothing
        ending.seed_endings(lives)
    assert [hold.state for hold in holds.all_standing(START_MS)] == ["proposed", "approved"]
    gone = Person.objects.get(reference=ending.OLD_REFERENCE)
    daily.run(START_MS)
    assert Person.objects.count() == PEOPLE
    assert Entry.objects.get(action=CERTIFICATE).person_id == gone.pk
