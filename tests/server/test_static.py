"""The pages' files come from the package itself, whole, in a thread as in an event loop."""

import asyncio
from pathlib import Path

import pytest
from django.test import AsyncClient, Client

from surety.server import accounts

FILE = "/static/accounts/entrance.css"
CONTENT = (Path(accounts.__file__).parent / "static" / "accounts" / "entrance.css").read_bytes()


def test_a_file_is_served_without_a_log_in():
    response = Client().get(FILE)
    assert response.status_code == 200
    assert response.content == CONTENT
    assert response["Content-Type"].startswith("text/css")
    assert int(response["Content-Length"]) == len(CONTENT)


def test_a_file_is_served_in_an_event_loop():
    response = asyncio.run(AsyncClient().get(FILE))
    assert response.content == CONTENT


def test_a_piece_of_a_file_may_be_asked_for_and_an_unchanged_one_is_not_sent_again():
    piece = Client().get(FILE, headers={"Range": "bytes=2-5"})
    assert (piece.status_code, piece.content) == (206, CONTENT[2:6])
    first = Client().get(FILE)
    again = Client().get(FILE, headers={"If-Modified-Since": first["Last-Modified"]})
    assert (again.status_code, again.content) == (304, b"")
    assert Client().head(FILE).content == b""


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/static/accounts/nothing.css", "/static/../settings.py", "/static/%2e%2e/models.py"])
def test_nothing_else_is_served(path):
    assert Client().get(path).status_code in {302, 404}
