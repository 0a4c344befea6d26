"""`python -m tests.journey.inside people COUNT [NETWORK ...] | conclude END_MS`: what a test needs of Django.

People are on the networks in turn.
"""

# ruff: noqa: PLC0415 - Django must be set up before anything of the server is imported

import json
import sys

from surety.clock import SystemClock
from surety.rules.facts import Fix, decode

DAY_MS = 86_400_000


def _make_people(count: int, *networks: str) -> list[dict[str, str]]:
    from django.core.management import call_command

    from surety.server.cases import actions as cases
    from surety.server.cases.checks import DeviceDetails
    from surety.server.monitoring.tests.cast import NIGHT_CURFEW, SCHOOL_ZONE, TRAIL, person

    call_command("migrate", verbosity=0)
    at_ms = SystemClock().now_ms() - 3 * DAY_MS
    people = []
    for number in range(count):
        network = networks[number % len(networks)] if networks else ""
        who = person(SCHOOL_ZONE, NIGHT_CURFEW, TRAIL, at_ms=at_ms)
        details = DeviceDetails(protocol="osmand", network=network, with_secret=False)
        device, _ = cases.register_device(details, acting_user=None, now_ms=at_ms)
        cases.assign_device(device.pk, who.pk, from_ms=at_ms, acting_user=None, now_ms=at_ms)
        people.append({"person": who.pk, "identifier": device.identifier, "network": network})
    return people


def _conclude(end_ms: int) -> dict[str, object]:
    """Let a worker finish what is in the log, up to an instant; everything that stands then."""
    from surety.server.alerts.models import Alert, AlertEvent
    from surety.server.monitoring.models import Finding, SetAside, StoredFact
    from surety.server.monitoring.worker import Worker
    from surety.server.project.settings import SURETY
    from surety.stream.sql import open_stream

    worker = Worker(open_stream(SURETY))
    while not worker.run_once(end_ms).idle:
        pass
    standing = Finding.objects.filter(superseded_ms=None)
    alerts = Alert.objects.filter(fell_away_ms=None).order_by("person_id", "at_ms", "kind")
    opened = AlertEvent.objects.filter(action="opened").values_list("alert_id", flat=True)
    return {
        "facts": sorted(f"{row.person_id} {row.at_ms}" for row in StoredFact.objects.all() if _is_fix(row.body)),
        "findings": {row.id: bytes(row.body).decode() for row in standing},
        "alerts": [f"{one.person_id} {one.kind} {one.at_ms} {one.finding_id}" for one in alerts],
        "opened_twice": len(opened) - len(set(opened)),
        "set_aside": SetAside.objects.count(),
    }


def _is_fix(body: bytes) -> bool:
    return isinstance(decode(bytes(body)), Fix)


def _main() -> None:
    import django

    django.setup()
    command, argument, *more = sys.argv[1], int(sys.argv[2]), *sys.argv[3:]
    print(json.dumps(_make_people(argument, *more) if command == "people" else _conclude(argument)))


if __name__ == "__main__":
    _main()
