"""Where the weights lie that tests may use in place. They are no part of the project."""

import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from surety.faces.contract import Photo

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def shared_faces() -> Path:
    """The folder with weights and the drawn people."""
    path = Path(os.environ.get("SURETY_SHARED", CHECKOUT.parent / "shared")) / "faces"
    if not (path / "models").is_dir():
        pytest.skip(f"the face models are not at {path}; they are not part of a checkout (set SURETY_SHARED)")
    return path


@pytest.fixture(scope="session")
def draw(shared_faces: Path) -> Callable[..., Photo]:
    """Draw one of the people who do not exist: draw(seed, yaw=..., gain=...)."""
    sys.path.insert(0, str(shared_faces))
    import synthface_prototype as drawn  # noqa: PLC0415 - it is found only where it was shared

    sys.path.remove(str(shared_faces))

    @cache
    def picture(seed: int, **how: Any) -> Photo:
        return np.ascontiguousarray(drawn.render(drawn.identity(seed, 2.0), **how)[..., ::-1])

    return picture
