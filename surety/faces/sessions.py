"""Opening models in onnxruntime, each with one thread, and putting pictures before them as their manifests say."""

from typing import Any

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from surety.faces.contract import Photo
from surety.faces.models import Found, Manifest, ModelError, read_verified

Array = NDArray[np.float32]


class Session:
    """One model, ready. Raises ModelError when the file is no model that onnxruntime can run."""

    def __init__(self, found: Found) -> None:
        if found.manifest is None:
            raise ModelError(found.refusal)
        self.manifest: Manifest = found.manifest
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # processes share the cores, not threads
        options.enable_cpu_mem_arena = False  # pictures of many sizes would each keep their share
        options.log_severity_level = 4
        try:
            self._run: Any = onnxruntime.InferenceSession(
                read_verified(found), options, providers=["CPUExecutionProvider"]
            )
        except ModelError:
            raise
        except Exception as error:  # noqa: BLE001 - onnxruntime raises types of its own, which it does not export
            raise ModelError(f"{found.path} cannot be run by onnxruntime: {str(error)[:200]}") from None
        self._input = self._run.get_inputs()[0].name
        self.outputs = [output.name for output in self._run.get_outputs()]

    def answer(self, batch: Array) -> list[Array]:
        """The outputs for a batch of pictures (count x channels x rows x columns)."""
        return list(self._run.run(None, {self._input: batch}))

    def prepared(self, photo: Photo) -> Array:
        """A picture as a batch of one, with the channels and the scale of the manifest."""
        manifest = self.manifest
        return np.asarray(
            cv2.dnn.blobFromImage(
                photo, manifest.scale, mean=(manifest.mean,) * 3, swapRB=manifest.channels == "bgr", crop=False
            ),
            np.float32,
        )
