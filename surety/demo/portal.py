"""`surety demo-portal`: a one-time code for the own page of one of the town's people."""

import os
from pathlib import Path
from typing import NamedTuple

import msgspec

from surety.demo.run import set_up_django
from surety.demo.state import Hour


class Given(NamedTuple):
    """What a visitor needs: where to go, the code to type in, and whose page it is."""

    address: str
    code: str
    reference: str


class NobodyFoundError(Exception):
    """Nobody in the town has this name or reference."""


def give(data_dir: Path, wanted: str) -> Given:
    """A code on paper for whoever has this reference or name; for the first of the town where it is empty.

    Raises NobodyFoundError.
    """
    os.environ["SURETY_SETTINGS"] = str((data_dir / "surety.toml").resolve())
    set_up_django()
    from surety.server.cases import names  # noqa: PLC0415 - Django's models exist only now
    from surety.server.cases.models import Person  # noqa: PLC0415 - the same
    from surety.server.portal import codes, views_officer  # noqa: PLC0415 - the same

    hour = msgspec.json.decode((data_dir / "hour.json").read_bytes(), type=Hour)
    found = names.found_ids(Person.objects.order_by("reference"), wanted.strip())
    if not found:
        raise NobodyFoundError(wanted)
    person = Person.objects.get(pk=found[0])
    code = codes.make_paper_code(person.pk, acting_user=None, now_ms=hour.domain_ms)
    return Given(views_officer.address(), code, person.reference)
