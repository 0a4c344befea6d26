"""`python -m tests.journey.inside people COUNT [NETWORK ...] | conclude END_MS | watch 1 | claims 1`: needs of tests.

People are on the networks in turn. `watch` is somebody with a watch, its one-time code and a check-in; `claims` enters
in the audit log what the door claimed, and tells what is there.
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


def _make_watch() -> dict[str, str]:
    from django.core.management import call_command

    from surety.server.cases import actions as cases
    from surety.server.cases import watches
    from surety.server.cases.checks import DeviceDetails
    from surety.server.checkins.models import CheckIn
    from surety.server.monitoring.tests.cast import TRAIL, person

    call_command("migrate", verbosity=0)
    now_ms = SystemClock().now_ms()
    at_ms = now_ms - 3 * DAY_MS
    who = person(TRAIL, at_ms=at_ms, data_kinds=("position", "device", "photo"))
    details = DeviceDetails(protocol="native", with_secret=False)
    device, _ = cases.register_device(details, acting_user=None, now_ms=at_ms)
    cases.assign_device(device.pk, who.pk, from_ms=at_ms, acting_user=None, now_ms=at_ms)
    asked = CheckIn.objects.create(
        person=who,
        condition_id="duty",
        condition_version=1,
        asked_ms=now_ms,
        due_ms=now_ms + 1_800_000,
        late_until_ms=now_ms + DAY_MS,
    )
    code = watches.make_code(device.pk, acting_user=None, now_ms=now_ms)
    return {"person": who.pk, "device": device.pk, "code": code, "check_in": asked.pk}


def _record_claims() -> dict[str, object]:
    from surety.server.alerts.models import Alert
    from surety.server.audit.models import Entry
    from surety.server.cases import watches
    from surety.server.records.queries import blobs, photograph

    recorded = watches.record_claims(SystemClock().now_ms())
    names = [name.split("/") for name in blobs().names()]
    return {
        "recorded": recorded,
        "told": Entry.objects.filter(action="watch.enrolled").count(),
        "photographs": [photograph(person, sha256).hex() for person, sha256 in names],
        "problem": Alert.objects.get(kind="problem_told").sentence,
    }


def _conclude(end_ms: int) -> dict[str, object]:
    """Let a worker finish what is in the log, up to an instant; everything that stands then."""
    from surety.server.alerts.models import Alert, AlertEvent
    from surety.server.monitoring.models import Finding, SetAside, StoredFact
    from surety.server.monitoring.sealed import FACT, FINDING, unseal
    from surety.server.monitoring.worker import Worker
    from surety.server.project.settings import SURETY
    from surety.stream.sql import open_stream

    worker = Worker(open_stream(SURETY))
    while not worker.run_once(end_ms).idle:
        pass
    standing = Finding.objects.filter(superseded_ms=None)
    alerts = Alert.objects.filter(fell_away_ms=None).order_by("person_id", "at_ms", "kind")
    opened = AlertEvent.objects.filter(action="opened").values_list("alert_id", flat=True)
    facts = [(row, decode(unseal(row.person_id, row.body, FACT))) for row in StoredFact.objects.all()]
    return {
        "facts": sorted(f"{row.person_id} {row.at_ms}" for row, fact in facts if isinstance(fact, Fix)),
        "findings": {row.id: unseal(row.person_id, row.body, FINDING).decode() for row in standing},
        "alerts": [f"{one.person_id} {one.kind} {one.at_ms} {one.finding_id}" for one in alerts],
        "opened_twice": len(opened) - len(set(opened)),
        "set_aside": SetAside.objects.count(),
    }


def _main() -> None:
    import django

    django.setup()
    command, argument, *more = sys.argv[1], int(sys.argv[2]), *sys.argv[3:]
    said: object
    match command:
        case "people":
            said = _make_people(argument, *more)
        case "watch":
            said = _make_watch()
        case "claims":
            said = _record_claims()
        case _:
            said = _conclude(argument)
    print(json.dumps(said))


if __name__ == "__main__":
    _main()
