"""The pages of the person's own page, in the order of its menu. Each name is an address of urls.py."""

from django.urls import NoReverseMatch, reverse

from surety.server.portal.languages import noop, say

SEES = (
    ("my-today", noop("Today")),
    ("my-order", noop("What is ordered")),
    ("my-trail", noop("Where I was")),
    ("my-record", noop("Findings and decisions")),
    ("my-check-ins", noop("My photos")),
    ("my-readers", noop("Who looked")),
    ("my-kept", noop("What is kept")),
)
# What a person does (an excuse, a change, an absence, a problem, a copy of everything): the room that builds one adds
# its line here, and it stands as a large button on the first page.
DOES: tuple[tuple[str, str], ...] = ()


def shown(among: tuple[tuple[str, str], ...], current: str = "") -> list[dict[str, object]]:
    """Addresses and words, in the language that is spoken; an address that is not there yet is left out."""
    found: list[dict[str, object]] = []
    for name, words in among:
        try:
            found.append({"href": reverse(name), "words": say(words), "current": name == current})
        except NoReverseMatch:
            continue
    return found
