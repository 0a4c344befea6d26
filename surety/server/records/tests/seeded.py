"""`python -m surety.server.records.tests.seeded make COUNT | tell`: what the tests of erasure need of Django.

`make` writes people with everything that is kept of one, and prints what must not be found any more; `tell` prints the
certificates, and in which tables the ids of people stand.
"""

# ruff: noqa: PLC0415 - Django must be set up before anything of the server is imported

import json
import sys


def _make(count: int) -> dict[str, object]:
    from django.conf import settings
    from django.core.management import call_command

    from surety.stream.contract import Entry
    from surety.stream.sql import open_stream

    call_command("migrate", verbosity=0)
    from surety.server.records.tests import retention_cast as cast

    officer = cast.user("olu", cast.Role.OFFICER)
    cast.user("ida")
    cast.user("ben")
    people, stream = [], open_stream(settings.SURETY)
    for _ in range(count):
        person = cast.person(phone="01632 960777")
        device = cast.everything(person, officer)
        stream.append([Entry(person.pk, device.pk, "osmand", cast.T0, (b"a fact about Quellmalz",))])
        people.append({"person": person.pk, "reference": person.reference, "device": device.pk})
    return {"people": people, "t0": cast.T0}


def _tell() -> dict[str, object]:
    from django.db import connection

    from surety.server.audit import queries as audit
    from surety.server.audit.models import Entry
    from surety.server.records.erasing import CERTIFICATE
    from surety.server.records.models import Erasure

    certificates = [
        {"person": entry.person_id, **json.loads(entry.detail)} for entry in Entry.objects.filter(action=CERTIFICATE)
    ]
    return {
        "certificates": certificates,
        "sound": audit.verify().is_sound,
        "states": sorted(Erasure.objects.values_list("state", flat=True)),
        "tables": connection.introspection.table_names(),
    }


def main() -> None:
    import django

    django.setup()
    words = sys.argv[1:]
    print(json.dumps(_make(int(words[1])) if words[0] == "make" else _tell()))


if __name__ == "__main__":
    main()
