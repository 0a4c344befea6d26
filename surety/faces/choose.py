"""Which engine compares faces here: the remote one if it is set, else onnx with the models found, else dlib.

With none, every check-in goes to a person, with that reason; nothing passes silently and nothing counts against
anybody. Engines are imported when they are opened, since each loads a heavy library.
"""

import logging
from collections.abc import Callable

from surety.faces import models
from surety.faces.burst import Machine
from surety.faces.contract import Engine, FacesUnavailableError
from surety.settings import Settings

log = logging.getLogger(__name__)


def open_engine(settings: Settings) -> Engine:
    """The engine, ready. Raises FacesUnavailableError with what is missing and what to do."""
    wanted = settings.faces_engine
    if wanted == "none":
        raise FacesUnavailableError("no model: faces_engine is none, so people look at every check-in")
    if wanted == "remote" or (wanted == "auto" and settings.faces_remote_url):
        return _remote(settings)
    drivers = {"onnx": _onnx, "dlib": _dlib}
    store = models.Store(models.models_dir(settings.models_folder))
    return _auto(store, list(drivers.values())) if wanted == "auto" else drivers[wanted](store)


def _auto(store: models.Store, drivers: list[Callable[[models.Store], Engine]]) -> Engine:
    """The first that can work. What keeps an earlier one from it is logged, as somebody may have meant it to be used."""
    reasons = []
    for driver in drivers:
        try:
            engine = driver(store)
        except FacesUnavailableError as error:
            reasons.append(str(error).rstrip("."))
        else:
            for reason in reasons:
                log.warning("faces are compared by %s instead: %s", engine.name, reason)
            return engine
    raise FacesUnavailableError(". And ".join(reasons))


def open_machine(settings: Settings) -> Machine:
    """What finds faces and compares vectors here, without a threshold table: for measuring it, and for making one.

    Raises FacesUnavailableError where no model of this machine is found.
    """
    from surety.faces import onnx  # noqa: PLC0415 - loads onnxruntime and OpenCV

    return onnx.open_machine(models.Store(models.models_dir(settings.models_folder)))


def _onnx(store: models.Store) -> Engine:
    from surety.faces.onnx import open_onnx  # noqa: PLC0415 - loads onnxruntime and OpenCV

    return open_onnx(store)


def _dlib(store: models.Store) -> Engine:
    from surety.faces.dlib import open_dlib  # noqa: PLC0415 - loads OpenCV, and the extra

    return open_dlib(store)


def _remote(settings: Settings) -> Engine:
    from surety.faces.remote import open_remote  # noqa: PLC0415 - loads OpenCV

    return open_remote(settings)
