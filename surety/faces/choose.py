"""Which engine compares faces here: the remote one if it is set, else onnx with the models found, else dlib.

With none, every check-in goes to a person, with that reason; nothing passes silently and nothing counts against
anybody.
"""

from surety.faces import models
from surety.faces.burst import Machine
from surety.faces.contract import Engine, FacesUnavailableError
from surety.settings import Settings


def open_engine(settings: Settings) -> Engine:
    """The engine, ready. Raises FacesUnavailableError with what is missing and what to do."""
    wanted = settings.faces_engine
    if wanted == "none":
        raise FacesUnavailableError("no model: faces_engine is none, so people look at every check-in")
    store = models.Store(models.models_dir(settings.models_folder))
    if wanted == "onnx":
        return _onnx(store)
    return _onnx(store)


def open_machine(settings: Settings) -> Machine:
    """What finds faces and compares vectors here, without a threshold table: for measuring it, and for making one.

    Raises FacesUnavailableError where no model of this machine is found.
    """
    from surety.faces import onnx  # noqa: PLC0415 - loads onnxruntime and OpenCV

    return onnx.open_machine(models.Store(models.models_dir(settings.models_folder)))


def _onnx(store: models.Store) -> Engine:
    from surety.faces.onnx import open_onnx  # noqa: PLC0415 - loads onnxruntime and OpenCV

    return open_onnx(store)
