"""The authorisation matrix: every address of the pages, by every role and by nobody, in two cases, one out of reach.

The addresses come from the URL map itself, so that a new one without a row in matrix.txt fails. A cell tells what gets
through: r reading (GET), w writing (POST), - nothing; "r|-" is the case in reach, then the other one. Whoever is not
logged in is sent to the log-in, and that is a "-" too. The table is what somebody reviews: change it only on purpose.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from surety.server.accounts.models import Role
from tests.server.matrix_cast import OTHERWISE, SECRETS, World, own_page, world

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
TABLE = Path(__file__).with_name("matrix.txt")
NOBODY = "nobody"
PERSON = "person"  # the supervised one, on their own page
COLUMNS = (NOBODY, PERSON, *(role.value for role in Role))
CLOSED = {  # open to nobody here, and why
    "map-base": "no map is set",
    "map-pmtiles": "no map is set",
    "map-tile": "no map is set",
    "mfa_download_recovery_codes": "nobody has made any",
    "mfa_view_recovery_codes": "nobody has made any",
    "my-code": "goes back to the entrance",
    "my-language": "goes back to the entrance",
    "my-leave": "goes back to the entrance",
}
REFUSED = {403, 404, 405}


class Address(NamedTuple):
    """One entry of the URL map: its name, its path with %(parameter)s, and the parameters."""

    name: str
    path: str
    parameters: tuple[str, ...]


def addresses() -> list[Address]:
    """Every address of the server, from its resolver."""
    return sorted(_walk(get_resolver(), ""))


def _walk(resolver: URLResolver, prefix: str) -> Iterator[Address]:
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _walk(entry, route)
        else:
            yield _address(entry, route)


def _address(entry: URLPattern, route: str) -> Address:
    path, parameters = "/", []
    for piece in route.split("<"):
        inside, closed, rest = piece.partition(">")
        if closed:
            parameters.append(inside.rpartition(":")[2])
            path += f"%({parameters[-1]})s{rest}"
        else:
            path += piece
    return Address(str(entry.name or route), path, tuple(parameters))


def rows() -> dict[str, dict[str, str]]:
    """The reviewed table: address to column to cell."""
    lines = [line.split() for line in TABLE.read_text().splitlines() if line and not line.startswith("#")]
    assert tuple(lines[0][1:]) == COLUMNS, "the columns of matrix.txt are nobody and the roles, in their order"
    return {name: dict(zip(COLUMNS, cells, strict=True)) for name, *cells in lines[1:]}


def _through(client: Client, cookies: dict[str, str], method: str, path: str) -> bool:
    """Whether a request gets past who may; what it changes is taken back."""
    client.cookies.load(cookies)
    with transaction.atomic():
        answer: HttpResponse = getattr(client, method)(path)
        transaction.set_rollback(True)
    assert answer.status_code < 500, (method, path, answer.status_code)
    going = answer.headers.get("Location", "")
    to_log_in = going.startswith("/accounts/login/?next=") or (going == "/my/" and path != "/my/")
    return answer.status_code not in REFUSED and not to_log_in


def _cell(address: Address, given: World, client: Client, cookies: dict[str, str]) -> str:
    cells = [
        "".join(letter for letter, method in (("r", "get"), ("w", "post")) if _through(client, cookies, method, path))
        or "-"
        for path in dict.fromkeys(_paths(address, given))
    ]
    return "|".join(cells)


def _paths(address: Address, given: World) -> list[str]:
    """For the case in reach and for the other one; the same where the address is about no case."""
    found = []
    for objects in (given.ours, given.theirs):
        known = {**SECRETS, **objects}
        missing = [name for name in address.parameters if name not in known]
        assert not missing, f"matrix_cast.py has nothing behind {missing} of {address.name}"
        values = {name: known[OTHERWISE.get((address.name, name), name)] for name in address.parameters}
        found.append(address.path % values)
    return found


def _column(name: str) -> dict[str, str]:
    given, client = world(), Client()
    if name in Role.values:
        client.force_login(given.users[Role(name)])
    cookies = {key: morsel.value for key, morsel in client.cookies.items()}
    if name == PERSON:
        cookies = own_page(given.ours["person_id"])
    return {address.name: _cell(address, given, client, cookies) for address in addresses()}


@pytest.mark.parametrize("column", COLUMNS)
def test_every_address_lets_through_whom_the_table_says_and_nobody_else(column: str) -> None:
    table, found = rows(), _column(column)
    wrong = {
        name: f"is {cell}, the table says {table[name][column]}"
        for name, cell in found.items()
        if name in table and table[name][column] != cell
    }
    assert not wrong


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    names = [address.name for address in addresses()]
    assert len(names) == len(set(names)), "two addresses of one name cannot be told apart"
    assert set(rows()) == set(names)


def test_every_address_is_reached_by_somebody_or_takes_a_secret() -> None:
    """A row of nothing but "-" would prove nothing: its objects were not there."""
    secret = set(CLOSED) | {address.name for address in addresses() if set(address.parameters) & set(SECRETS)}
    unreached = {name for name, cells in rows().items() if not set("".join(cells.values())) & {"r", "w"}}
    assert unreached <= secret
