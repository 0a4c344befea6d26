"""`surety demo-watch`: a spare watch for a visitor's own telephone or browser, worn by one of the town's people."""

import os
from pathlib import Path
from typing import NamedTuple

import msgspec

from surety.demo.run import set_up_django
from surety.demo.state import Hour
from surety.settings import load
from surety.sim.checkins import Part, is_asked, part_on_the_first_evening

MODEL = "a visitor's own"


class Given(NamedTuple):
    """What a visitor needs: where to go, the code to type in, and whose watch it is."""

    address: str
    code: str
    reference: str


class NobodyAskedError(Exception):
    """The town is so small that nobody is asked for photographs."""


def give(data_dir: Path, people: int) -> Given:
    """A fresh one-time code for the spare watch; a key that it had is gone. Raises NobodyAskedError."""
    os.environ["SURETY_SETTINGS"] = str((data_dir / "surety.toml").resolve())
    set_up_django()
    settings = load(data_dir / "surety.toml", {})
    hour = msgspec.json.decode((data_dir / "hour.json").read_bytes(), type=Hour)
    reference = f"AL-{_wearer(people) + 1:05d}"
    address = f"http://localhost:{settings.door_port}/watch/"
    return Given(address, _code(reference, hour.domain_ms), reference)


def _wearer(people: int) -> int:
    """Who leaves their first question to the visitor; in a small town, the first who is asked."""
    asked = [index for index in range(people) if is_asked(index)]
    if not asked:
        raise NobodyAskedError
    idle = [index for index in asked if part_on_the_first_evening(index) is Part.MISSED]
    return (idle or asked)[0]


def _code(reference: str, now_ms: int) -> str:
    from surety.server.cases import actions, watches  # noqa: PLC0415 - Django's models exist only now
    from surety.server.cases.checks import DeviceDetails  # noqa: PLC0415 - the same
    from surety.server.cases.models import Device, Person  # noqa: PLC0415 - the same

    person = Person.objects.get(reference=reference)
    device = Device.objects.filter(assignments__person=person, model=MODEL).first()
    if device is None:
        details = DeviceDetails(protocol=watches.PROTOCOL, model=MODEL, with_secret=False)
        device, _ = actions.register_device(details, acting_user=None, now_ms=now_ms, reason="for a visitor")
        actions.assign_device(device.pk, person.pk, from_ms=now_ms, acting_user=None, now_ms=now_ms)
    return watches.make_code(device.pk, acting_user=None, now_ms=now_ms, reason="for a visitor")
