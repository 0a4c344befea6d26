"""Gives the demonstration's people what photo check-ins need: enrolled images, and control pairs for the reviewers.

The images are pictures of invented people, drawn and decoded once for each face of the cast. They are enrolled through
the action that officers use; templates are made of them by the process that compares, with whatever model it finds.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from surety.faces.choose import open_engine
from surety.faces.contract import Engine, FacesUnavailableError
from surety.faces.decode import Decoder
from surety.server.cases.models import Person
from surety.server.checkins import control, enrolment
from surety.server.checkins.control_machine import PairMachine
from surety.server.checkins.enrolment import Measured, Offered, Provenance
from surety.server.checkins.models import EnrolledImage
from surety.settings import Settings
from surety.sim import checkins, controls
from surety.sim.faces import face, jpeg
from surety.sim.lives import Lives

PAIRS = 6
PAIRS_SOURCE = "invented people of the demonstration"
_TOLD_BEFORE_MS = 30_000  # when the order is in force and nobody is asked yet
_DAY_MS = 86_400_000


def seed_images(lives: Lives, done: Callable[[int], None]) -> None:
    """Enrol images of whoever is asked for photographs and has none yet. `done(n)`: so many more are finished."""
    asked = [resident for resident in lives.residents if checkins.is_asked(resident.index)]
    people = dict(Person.objects.values_list("reference", "pk"))
    enrolled = set(EnrolledImage.objects.values_list("person_id", flat=True).distinct())
    now_ms = lives.start_ms - _TOLD_BEFORE_MS
    source = Provenance(
        source="Taken when the watch was given out",
        basis="The order, and consent in writing",
        captured_ms=now_ms - _DAY_MS,
    )
    measured: dict[int, list[Measured]] = {}
    with Decoder() as decoder:
        for resident in asked:
            person_id, identity = people[resident.reference], checkins.identity_of(resident.index)
            if person_id not in enrolled:
                if identity not in measured:
                    measured[identity] = enrolment.measure(_files(identity), decoder, None)
                enrolment.enrol(
                    person_id, measured[identity], source, acting_user=None, now_ms=now_ms, reason="as ordered"
                )
            done(1)


def _files(identity: int) -> list[Offered]:
    views = checkins.enrolled_views(identity)
    return [Offered(f"image {n + 1}", jpeg(face(identity, view), 92)) for n, view in enumerate(views)]


def seed_controls(lives: Lives, settings: Settings) -> None:
    """Load a few pairs whose truth is known, so that reviewers' own errors can be told."""
    if any(source.source == PAIRS_SOURCE for source in control.sources()):
        return
    engine, missing = engine_of(settings)
    now_ms = lives.start_ms - _TOLD_BEFORE_MS
    with tempfile.TemporaryDirectory() as folder, Decoder() as decoder:
        controls.write(Path(folder), PAIRS, lives.seed)
        machine = PairMachine(decoder, engine, missing)
        try:
            rows = control.read(Path(folder), machine.fault)
            control.load(rows, PAIRS_SOURCE, machine.compare, acting_user=None, now_ms=now_ms)
        finally:
            if engine is not None:
                engine.close()


def engine_of(settings: Settings) -> tuple[Engine | None, str]:
    """What compares faces here; else why there is nothing, in a sentence."""
    try:
        return open_engine(settings), ""
    except FacesUnavailableError as error:
        return None, str(error)
