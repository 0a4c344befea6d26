"""People found by name, when names lie under each person's own key: a list in the order of names, and a search.

`python -m benchmarks names` writes people with names into a database of its own, and times what the page "People" asks
for: with no key in memory (a page's first answer after its process began), and once more. How many queries it took
stands beside it.
"""

# ruff: noqa: PLC0415 - Django must be set up before anything of the server is imported

import json
import os
import random
import subprocess
import sys
import tempfile
import time

PEOPLE = (300, 2_000, 20_000)
TARGET_S = 1.0  # a page that takes longer is felt as slow
MODULE = "benchmarks.names"


def measure() -> list[dict[str, object]]:
    """Seconds for each number of people."""
    rows: list[dict[str, object]] = []
    for people in PEOPLE:
        with tempfile.TemporaryDirectory(prefix="surety-bench-") as folder:
            env = os.environ | {"SURETY_DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "surety.server.project.settings"}
            done = subprocess.run(
                [sys.executable, "-m", MODULE, str(people)], env=env, check=True, capture_output=True, text=True
            )
            rows += json.loads(done.stdout)
    return rows


def _inside(people: int) -> list[dict[str, object]]:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from surety.server.cases.models import Person

    _write(people)
    first, queries = _timed(people, "")
    again, _ = _timed(people, "")
    search, _ = _timed(people, "name3 berg1")
    assert Person.objects.count() == people
    told = f"s, {people:,} people, {queries} queries"
    return [
        {"name": f"people in order, keys not at hand, {people:,}", "value": first, "unit": told, "target": TARGET_S},
        {"name": f"people in order, keys at hand, {people:,}", "value": again, "unit": told, "target": TARGET_S},
        {"name": f"people searched by two words, {people:,}", "value": search, "unit": told, "target": TARGET_S},
    ]


def _write(people: int) -> None:
    from surety.server.cases.models import Person
    from surety.server.records import vault

    dice = random.Random(1)
    for start in range(0, people, 500):
        rows = [
            Person(
                reference=f"B{number:06d}",
                given_names=f"Name{dice.randrange(1000)} Second",
                family_name=f"Berg{dice.randrange(1000)}",
                recorded_ms=1,
                recorded_by_name="benchmark",
            )
            for number in range(start, min(start + 500, people))
        ]
        vault.warm((row.pk for row in rows), make=True)
        Person.objects.bulk_create(rows)
        for row in rows:
            vault.forget(row.pk)


def _timed(people: int, asked: str) -> tuple[float, int]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from surety.server.cases import names
    from surety.server.cases.models import Person

    with CaptureQueriesContext(connection) as counted:
        began = time.perf_counter()
        found = names.found_ids(Person.objects.all(), asked)
        took = time.perf_counter() - began
    assert asked or len(found) == people
    return took, len(counted)


if __name__ == "__main__":
    print(json.dumps(_inside(int(sys.argv[1]))))
