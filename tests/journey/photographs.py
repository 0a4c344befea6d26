"""A whole system that asks people for photographs: every process, on a data directory of its own.

The domain's clock runs fast, so that the next whole minute, at which everybody is asked, and the end of a wait for one
more try are soon.
"""

import json
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from types import TracebackType
from typing import Any, NamedTuple, Self

from tests.browser.server import CHECKOUT, RunningServer
from tests.journey.house import free_port, wait_until

SPEED = 20
NOON_MS = 1_793_620_800_000  # 2 November 2026, 12:00 UTC
SET_UP = """
import io, json
from surety.faces.choose import open_engine
from surety.faces.decode import Decoder
from surety.rules.facts import Fact
from surety.server.cases import actions as cases, watches
from surety.server.cases.checks import DeviceDetails, OrderTerms, PersonDetails, Told
from surety.server.checkins import enrolment
from surety.server.project.settings import SURETY
from surety.server.timekeeping import now_ms
from surety.sim import faces
from surety.sim.faces import View

at, again = now_ms(), dict(acting_user=None, now_ms=now_ms())
engine, decoder, made = open_engine(SURETY), Decoder(), []
for number, face in enumerate({faces}):
    who = cases.register_person(
        PersonDetails(reference=f"T-{{number:05d}}", given_names="Ada", family_name="Example"), **again
    )
    terms = OrderTerms(
        order_type="community", legal_basis="Sentencing Act (invented) s. 2", issuing_authority="Example Court",
        decision_sha256="ab" * 32, starts_ms=at - 60_000, ends_ms=at + 90 * 86_400_000,
        review_due_ms=at + 80 * 86_400_000, data_kinds=("device", "photo"),
    )
    order = cases.record_order(who.pk, terms, told=Told(at_ms=at, how="in person", language="en"), **again)
    device, _ = cases.register_device(DeviceDetails(protocol="native", model="phone"), **again)
    cases.assign_device(device.pk, who.pk, from_ms=at, **again)
    views = [View(size_px=480, eye_px=92.0, seed=900 + n, yaw_deg=yaw) for n, yaw in enumerate((0.0, 4.0, -4.0))]
    files = [enrolment.Offered(f"{{n}}.jpg", faces.jpeg(faces.face(face, view), 92)) for n, view in enumerate(views)]
    provenance = enrolment.Provenance(source="taken at the office", basis="the order")
    enrolment.enrol(who.pk, enrolment.measure(files, decoder, engine), provenance, **again)
    made.append(dict(person=who.pk, order=order.pk, device=device.pk, code=watches.make_code(device.pk, **again)))
decoder.close()
print(json.dumps(made))
"""
ASK = """
import datetime as dt
from surety.rules.conditions import CheckInDuty, Row, Timetable, Weekday
from surety.server.cases import actions as cases
from surety.server.timekeeping import now_ms
at = now_ms()
soon = dt.datetime.fromtimestamp((at + {lead_ms}) // 60_000 * 60 + 60, dt.UTC)
duty = CheckInDuty(
    1, response_s=28_800, fixed=(soon.strftime("%H:%M"),),
    timetable=Timetable("UTC", tuple(Row(day, "00:00", "24:00") for day in Weekday)),
)
for order in {orders}:
    cases.add_condition(
        order, duty, label="Photographs", effective_from_ms=at, acting_user=None, now_ms=at
    )
"""


class Watched(NamedTuple):
    """Somebody who is asked, and the code for their watch."""

    person: str
    order: str
    device: str
    code: str


class PhotographHouse(RunningServer):
    """Pages, door, worker, asking and comparing. Use it with `with`."""

    def __init__(self) -> None:
        clock = f"scaled:{time.time_ns() // 1_000_000}:{NOON_MS}:{SPEED}"
        super().__init__(clock=clock, door_port=str(free_port()), faces_engine="dlib", control_every="0")
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.watch_url = f"http://localhost:{self.settings['door_port']}/watch/"

    def __enter__(self) -> Self:
        super().__enter__()
        for name in ("door", "checkins", "worker", "compare"):
            self.run(name)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for name, process in self.processes.items():
            process.terminate()
            process.wait(30)
            if kind is not None:
                print(f"--- {name}", (self.data_dir / f"{name}.log").read_text()[-2000:])
        super().__exit__(kind, error, at)

    def run(self, name: str) -> None:
        """Start one process of the system."""
        with (self.data_dir / f"{name}.log").open("ab") as log:
            command = [sys.executable, "-m", "surety", name]
            self.processes[name] = subprocess.Popen(command, env=self.env, cwd=CHECKOUT, stdout=log, stderr=log)

    def kill(self, name: str) -> None:
        """kill -9, and start it again."""
        self.processes[name].kill()
        self.processes[name].wait()
        self.run(name)

    def people(self, faces: list[int]) -> list[Watched]:
        """One person for each invented face, with enrolled images and a watch."""
        return [Watched(**one) for one in json.loads(self.python(SET_UP.format(faces=faces)).splitlines()[-1])]

    def ask(self, people: list[Watched]) -> None:
        """Order that each is asked at the next minute, and wait until they are."""
        self.python(ASK.format(orders=[one.order for one in people], lead_ms=5_000 * SPEED))
        asked = "SELECT count(*) FROM checkins_checkin WHERE stands = 'asked'"
        wait_until(lambda: self.column(asked) == [len(people)], "everybody is asked")

    def column(self, sql: str, *values: str) -> list[Any]:
        """The first column of what the database says now."""
        file = f"file:{self.data_dir / 'surety.sqlite3'}?mode=ro"
        with closing(sqlite3.connect(file, uri=True, timeout=20)) as database:
            return [row[0] for row in database.execute(sql, values)]
