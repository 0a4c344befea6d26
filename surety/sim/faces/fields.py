"""Small functions of the plane of which faces are put together: steps, bumps, grain. Everything is float32."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

_GRAIN = 64  # cells of the square of noise, which repeats


def vector(values: Any) -> Floats:
    """Numbers as an array of float32."""
    return np.asarray(values, dtype=np.float32)


def step(value: Floats, low: float | Floats, high: float | Floats) -> Floats:
    """0 below `low`, 1 above `high`, smooth between (Hermite's cubic); the other way round where low > high."""
    t = np.clip((value - low) / (np.subtract(high, low) + np.float32(1e-9)), 0.0, 1.0)
    return vector(t * t * (3.0 - 2.0 * t))


def bump(x: Floats, y: Floats, at: tuple[float, float], size: tuple[float, float]) -> Floats:
    """A bell of height 1 around a point, with its standard deviation along either axis."""
    return vector(np.exp(-0.5 * (((x - at[0]) / size[0]) ** 2 + ((y - at[1]) / size[1]) ** 2)))


def ridge(value: Floats, width: float | Floats) -> Floats:
    """A bell of height 1 along the line where `value` is 0."""
    return vector(np.exp(-0.5 * (value / width) ** 2))


@lru_cache(maxsize=256)
def _lattice(seed: int) -> Floats:
    return np.random.default_rng(seed).standard_normal((_GRAIN, _GRAIN), dtype=np.float32)


def grain(seed: int, u: Floats, v: Floats, cells_per_unit: float) -> Floats:
    """Smooth noise of mean 0: value noise on a lattice, the same for the same seed and place."""
    values = _lattice(seed)
    a, b = u * cells_per_unit, v * cells_per_unit
    i, j = np.floor(a).astype(np.int32), np.floor(b).astype(np.int32)
    fa, fb = (a - i).astype(np.float32), (b - j).astype(np.float32)
    i, j, k, m = i % _GRAIN, j % _GRAIN, (i + 1) % _GRAIN, (j + 1) % _GRAIN
    upper = values[i, j] * (1 - fb) + values[i, m] * fb
    lower = values[k, j] * (1 - fb) + values[k, m] * fb
    return vector(upper * (1 - fa) + lower * fa)


def mix(colours: Floats, other: tuple[float, float, float] | Floats, amount: Floats) -> Floats:
    """Lay another colour (one, or one a point) over points x 3 colours, `amount` thick (0 to 1)."""
    share = amount[:, None]
    return vector(colours * (1 - share) + vector(other) * share)
