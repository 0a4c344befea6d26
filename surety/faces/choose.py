"""Which engine compares faces here: the remote one if it is set, else onnx with the models found, else dlib.

With none, every check-in goes to a person, with that reason; nothing passes silently and nothing counts against
anybody. Engines are imported when they are opened, since each loads a heavy library.
"""

import importlib
import logging
from collections.abc import Callable

from surety.faces import models, tables
from surety.faces.burst import LocalEngine, Machine
from surety.faces.contract import Engine, FacesUnavailableError
from surety.faces.models import Store
from surety.settings import Settings

log = logging.getLogger(__name__)

LOCAL = {"onnx": "surety.faces.onnx", "dlib": "surety.faces.dlib"}  # in the order in which they are tried


def open_engine(settings: Settings) -> Engine:
    """The engine, ready. Raises FacesUnavailableError with what is missing and what to do."""
    if _is_remote(settings):
        from surety.faces.remote import open_remote  # noqa: PLC0415 - loads OpenCV

        remote: Engine = open_remote(settings)
        return remote
    store = Store(models.models_dir(settings.models_folder))
    reasons: list[str] = []
    for name in _wanted(settings):
        try:
            return _told(open_local(name, store), reasons)
        except FacesUnavailableError as error:
            reasons.append(str(error).rstrip("."))
    raise FacesUnavailableError(". And ".join(reasons) + ".")


def open_machine(settings: Settings) -> Machine:
    """What finds faces and compares vectors here, without a threshold table: for measuring it, and for making one.

    Raises FacesUnavailableError where no model of this machine is found.
    """
    if _is_remote(settings):
        raise FacesUnavailableError("a remote matcher is measured where it runs; set faces_engine to onnx or dlib here")
    store = Store(models.models_dir(settings.models_folder))
    reasons: list[str] = []
    for name in _wanted(settings):
        try:
            return machine(name, store)
        except FacesUnavailableError as error:
            reasons.append(str(error).rstrip("."))
    raise FacesUnavailableError(". And ".join(reasons) + ".")


def open_local(name: str, store: Store) -> LocalEngine:
    """An engine of this machine with its recogniser's table. Raises FacesUnavailableError, as for a missing table.

    A recogniser that has a table goes before one that is preferred and has none: it may be there to be calibrated.
    """
    opened = machine(name, store, lambda sha256: tables.has_table(sha256, store.folder))
    return LocalEngine(opened, tables.find_table(opened.model_sha256, store.folder))


def machine(name: str, store: Store, first: Callable[[str], bool] = lambda _: False) -> Machine:
    """`onnx` or `dlib` on the models of the store, by SHA-256 the `first` first. Raises FacesUnavailableError."""
    opened: Machine = importlib.import_module(LOCAL[name]).open_machine(store, first)
    return opened


def _is_remote(settings: Settings) -> bool:
    return settings.faces_engine == "remote" or (settings.faces_engine == "auto" and bool(settings.faces_remote_url))


def _wanted(settings: Settings) -> list[str]:
    if settings.faces_engine == "none":
        raise FacesUnavailableError("no model: faces_engine is none, so people look at every check-in")
    return list(LOCAL) if settings.faces_engine == "auto" else [settings.faces_engine]


def _told(engine: Engine, reasons: list[str]) -> Engine:
    """Log what keeps an earlier engine from its work, as somebody may have meant it to be used."""
    for reason in reasons:
        log.warning("faces are compared by %s instead: %s", engine.name, reason)
    return engine
