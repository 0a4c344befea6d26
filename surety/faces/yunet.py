"""Reading YuNet's answer: boxes and five points from three grids (Wu, Peng and Yu 2023), as OpenCV reads it."""

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from surety.faces.geometry import Face

Array = NDArray[np.float32]
STRIDES = (8, 16, 32)
OVERLAP = 0.3  # two boxes that share more of their area than this are one face


def faces(answer: Mapping[str, Array], columns: int, least_score: float) -> list[Face]:
    """The faces in one answer, the surest first. `columns`: of the picture that went in, a multiple of 32."""
    rows = [_of_stride(answer, stride, columns // stride, least_score) for stride in STRIDES]
    scores, boxes, points = (np.concatenate([row[n] for row in rows]) for n in range(3))
    finite = np.isfinite(boxes).all(axis=1) & np.isfinite(points).all(axis=1)
    scores, boxes, points = scores[finite], boxes[finite], points[finite]
    kept = cv2.dnn.NMSBoxes(boxes.tolist(), scores.tolist(), least_score, OVERLAP) if len(scores) else ()
    return [
        Face(_box(boxes[n]), points[n].reshape(5, 2).astype(np.float32), float(scores[n]))
        for n in np.asarray(kept, int).ravel()
    ]


def _box(row: Array) -> tuple[float, float, float, float]:
    x, y, width, height = row.tolist()
    return x, y, width, height


def _of_stride(answer: Mapping[str, Array], stride: int, columns: int, least_score: float) -> tuple[Array, ...]:
    sure = np.clip(answer[f"cls_{stride}"][0, :, 0], 0, 1) * np.clip(answer[f"obj_{stride}"][0, :, 0], 0, 1)
    score = np.sqrt(sure)
    cells = np.flatnonzero(score >= least_score)
    corner = np.stack([cells % columns, cells // columns], axis=1).astype(np.float32)
    box = answer[f"bbox_{stride}"][0, cells]
    size = np.exp(np.clip(box[:, 2:], -20, 20)) * stride
    centre = (corner + box[:, :2]) * stride
    points = (answer[f"kps_{stride}"][0, cells].reshape(-1, 5, 2) + corner[:, None]) * stride
    return score[cells], np.concatenate([centre - size / 2, size], axis=1), points.reshape(-1, 10)
