"""The face engine for a moment, for what is measured while somebody waits (an enrolment)."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from surety.faces.choose import open_engine
from surety.faces.contract import Engine, FacesUnavailableError


@contextmanager
def engine_for_a_moment() -> Iterator[Engine | None]:
    """The engine, closed afterwards so that the pages' process keeps no model; None where there is none."""
    try:
        engine = open_engine(settings.SURETY)
    except FacesUnavailableError:
        yield None
        return
    try:
        yield engine
    finally:
        engine.close()
