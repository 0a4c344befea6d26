"""Somebody who is logged in to their own page, and what they can open there."""

from django.test import Client

from surety.server.cases.models import Person
from surety.server.portal import codes
from surety.server.timekeeping import now_ms


def logged_in(person: Person, language: str = "en") -> Client:
    """A browser in which this person opened their page with a code on paper."""
    client = Client()
    client.post("/my/language", {"language": language})
    code = codes.make_paper_code(person.pk, acting_user=None, now_ms=now_ms())
    assert client.post("/my/paper", {"code": code}).status_code == 302
    return client
