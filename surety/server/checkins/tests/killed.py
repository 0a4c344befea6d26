"""`python -m surety.server.checkins.tests.killed make COUNT | compare | tell`: what the kill test needs of Django.

`compare` is the comparing process with the plain engine and a lease of two seconds, so that what a killed process
held comes up again soon, and a slow one loses its lease now and then.
"""

# ruff: noqa: PLC0415 - Django must be set up before anything of the server is imported

import json
import sys
import threading

LEASE_MS = 2_000
HOUR_MS = 3_600_000
KINDS = ("match", "unsure", "other")


def _make(count: int) -> list[dict[str, object]]:
    """People with an enrolled image and a question, and for each the fact that answers it, not sent yet."""
    from django.core.management import call_command

    from surety.clock import SystemClock
    from surety.rules.facts import encode
    from surety.server.checkins.tests import compare_cast as cast

    call_command("migrate", verbosity=0)
    now_ms = SystemClock().now_ms()
    pictures = dict(zip(KINDS, (cast.ADA_FACE, cast.UNSURE_FACE, cast.OTHER_FACE), strict=True))
    made = []
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        person = cast.ada(f"P{number}")
        cast.enrolled(person, cast.ADA_FACE)
        times = {"asked_ms": now_ms - 2 * HOUR_MS, "due_ms": now_ms - HOUR_MS, "late_until_ms": now_ms + 9 * HOUR_MS}
        fact = cast.answer(cast.asked(person, **times), pictures[kind], at_ms=now_ms - HOUR_MS // 2)
        made.append({"person": person.pk, "kind": kind, "id": fact.id, "fact": encode(fact).hex()})
    return made


def _compare() -> None:
    from django.db import OperationalError

    from surety.clock import SystemClock
    from surety.server.checkins import comparing
    from surety.server.checkins.tests.compare_cast import machine

    clock, mine, never = SystemClock(), machine(), threading.Event()
    while True:
        try:
            busy = comparing.step(mine, clock.now_ms(), most=3, lease_ms=LEASE_MS)
        except OperationalError:  # the database is busy: the next step takes it up
            busy = 0
        if not busy:
            never.wait(0.02)


def _tell() -> dict[str, object]:
    from surety.rules.facts import decode
    from surety.server.checkins.models import CheckIn, Comparison, OutFact, Review, Submission
    from surety.server.monitoring.models import SetAside

    return {
        "submissions": list(Submission.objects.values_list("pk", flat=True)),
        "waiting": Submission.objects.exclude(next_ms=None).count(),
        "compared": list(Comparison.objects.values_list("submission_id", "outcome")),
        "reviews": list(Review.objects.values_list("submission_id", flat=True)),
        "told": [decode(bytes(row.body)).check_in_id for row in OutFact.objects.all()],
        "stands": dict(CheckIn.objects.values_list("submissions__id", "stands")),
        "check_ins": dict(CheckIn.objects.values_list("submissions__id", "id")),
        "set_aside": SetAside.objects.count(),
    }


def _main() -> None:
    import django

    django.setup()
    if sys.argv[1] == "compare":
        _compare()
    print(json.dumps(_make(int(sys.argv[2])) if sys.argv[1] == "make" else _tell()))


if __name__ == "__main__":
    _main()
