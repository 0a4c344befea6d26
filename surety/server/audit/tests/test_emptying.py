"""Tests that commit for real empty their database afterwards: the guards step aside for them and come back."""

import pytest
from django.db import connection

from surety.server.audit import actions, guards, queries
from surety.server.audit.models import Entry


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_", [1, 2])
def test_each_test_that_commits_starts_with_an_empty_log_and_its_guards(round_):
    assert not Entry.objects.exists()
    assert guards.missing(connection) == []
    actions.record(action="a", actor=None, subject_type="t", subject_id=str(round_), at_ms=1_780_000_000_000)
    assert queries.verify().is_sound
