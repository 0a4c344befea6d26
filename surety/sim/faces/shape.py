"""The shape of a head: how far its surface is from the middle, in every direction, and which way it faces there.

Kept as maps over a stereographic projection of the sphere of directions (u = dx / (1 + dz), v = dy / (1 + dz)): smooth
everywhere but behind the head, where no camera looks, and needing no trigonometry to look something up.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from surety.sim.faces.features import Features, Hair
from surety.sim.faces.fields import Floats, bump, grain, ridge, step, vector

CELLS, REACH = 448, 2.4  # cells of a map along each side, and the u or v at its edge
_NEWTON = 8  # steps; the surface is convex along a ray, so that each comes nearer


class Shape(NamedTuple):
    """Maps by direction. `skull`: distance without features (where they are painted); `surface`: with them."""

    skull: Floats
    surface: Floats
    normals: Floats  # rows x columns x 3


def cell_of(points: Floats, length: Floats) -> tuple[Floats, Floats]:
    """Row and column (fractions) in the maps of the directions of points (3 x points), given how far off they are."""
    x, y, z = points
    scale = (CELLS - 1) / (2 * REACH) / np.maximum(length + z, 1e-3)
    middle = (CELLS - 1) / 2
    return np.clip(middle + y * scale, 0, CELLS - 1.001), np.clip(middle + x * scale, 0, CELLS - 1.001)


def look_up(values: Floats, row: Floats, column: Floats) -> Floats:
    """Bilinear values of a map at rows and columns."""
    i, j = row.astype(np.int32), column.astype(np.int32)
    a, b = row - i, column - j
    if values.ndim == 3:
        a, b = a[:, None], b[:, None]
    upper = values[i, j] * (1 - b) + values[i, j + 1] * b
    lower = values[i + 1, j] * (1 - b) + values[i + 1, j + 1] * b
    return vector(upper * (1 - a) + lower * a)


@lru_cache(maxsize=128)
def shape_of(person: Features) -> Shape:
    """The head of a person; kept, as it takes longer than a picture of it."""
    x, y, z = _directions()
    skull = _skull(person, x, y, z)
    px, py, pz = x * skull, y * skull, z * skull
    front = step(pz, 0.1, 0.45)
    rise = front * _relief(person, px, py) * np.maximum(z, 0.35) + _hair_volume(person, px, py, pz)
    surface = (skull + rise).astype(np.float32)
    return Shape(skull, surface, _normals(np.stack([x * surface, y * surface, z * surface], -1)))


@lru_cache(maxsize=1)
def _directions() -> tuple[Floats, Floats, Floats]:
    line = np.linspace(-REACH, REACH, CELLS, dtype=np.float32)
    u, v = line[None, :], line[:, None]
    square = u * u + v * v
    return 2 * u / (1 + square), 2 * v / (1 + square), (1 - square) / (1 + square)


def _skull(person: Features, x: Floats, y: Floats, z: Floats) -> Floats:
    """Solve (x / width(y))^2 + (z / depth(y))^2 + |y / height|^p = 1 along each direction, by Newton's steps."""
    power = np.where(y > 0, 2.6, 3.0)
    tall = np.abs(y) / person.half_height
    r = np.full(x.shape, 1.3, dtype=np.float32)
    for _ in range(_NEWTON):
        width, depth = _width(person, r * y), _depth(person, r * y)
        across = (x / width) ** 2 + (z / depth) ** 2
        along = (r * tall) ** power
        value, slope = r * r * across + along - 1, 2 * r * across + power * along / r
        r = np.clip(r - value / slope, 0.3, 1.6).astype(np.float32)
    return r


def _width(person: Features, y: Floats) -> Floats:
    jaw = 0.46 * person.jaw * step(-y, 0.1, 1.15 + 0.25 * person.square)
    return person.half_width * (1 - jaw - person.temple * step(y, 0.25, 1.1))


def _depth(person: Features, y: Floats) -> Floats:
    return person.half_depth * (1 - 0.06 * step(-y, 0.3, 1.1) - 0.03 * step(y, 0.4, 1.0))


def _relief(person: Features, x: Floats, y: Floats) -> Floats:
    """What stands out of the face, and what lies in it."""
    side = np.abs(x)
    eyes = -1.3 * person.eye_depth * bump(side, y, (person.eye_x - 0.02, person.eye_y), (0.15, 0.10))
    eyes += 0.022 * bump(side, y, (person.eye_x, person.eye_y), (0.09, 0.06))
    brow = person.brow_ridge * bump(side, y, (person.eye_x * 0.8, person.eye_y + 0.17), (0.2, 0.06))
    cheek = person.cheek * bump(side, y, (0.42, person.eye_y - 0.24), (0.15, 0.14))
    folds = (
        -0.02
        * person.age
        * ridge(side - 0.22 - 0.3 * (person.eye_y - 0.45 - y), 0.03)
        * _between(y, person.eye_y - person.mouth_drop, person.eye_y - person.nose_length, 0.06)
    )
    rough = 0.006 * grain(person.texture, x, y, 5.0)
    return vector(eyes + brow + cheek + folds + _nose(person, x, y) + _mouth(person, x, y) + rough)


def _between(y: Floats, low: float, high: float, soft: float) -> Floats:
    return step(y, low - soft, low + soft) * (1 - step(y, high - soft, high + soft))


def _nose(person: Features, x: Floats, y: Floats) -> Floats:
    side, tip = np.abs(x), person.eye_y - person.nose_length * 0.92
    along = np.clip((person.eye_y + 0.08 - y) / (person.nose_length + 0.02), 0.0, 1.0)
    profile = 0.22 + 0.78 * along**1.3 + person.nose_hook * np.sin(np.pi * along) * 6
    bridge = person.nose_height * 0.8 * profile * ridge(x, person.nose_bridge + 0.02 * along)
    bridge *= _between(y, tip - 0.02, person.eye_y + 0.12, 0.07)
    ball = 0.55 * person.nose_height * bump(x, y, (0.0, tip), (person.nose_half_width * 0.5, 0.065))
    wings = (
        0.5
        * person.nose_height
        * bump(side, y, (person.nose_half_width * 0.68, tip - 0.015), (person.nose_half_width * 0.3, 0.052))
    )
    return vector(bridge + ball + wings)


def _mouth(person: Features, x: Floats, y: Floats) -> Floats:
    at = person.eye_y - person.mouth_drop
    lips = 0.05 * bump(x, y, (0.0, at), (person.mouth_half_width * 0.8, 0.10))
    parting = -0.03 * bump(x, y, (0.0, at), (person.mouth_half_width * 0.8, 0.018))
    below = -0.03 * bump(x, y, (0.0, at - 0.17), (0.16, 0.05))
    chin = person.chin * bump(x, y, (0.0, -0.95), (0.2 + 0.12 * person.square, 0.13))
    return vector(lips + parting + below + chin)


def hair_cover(person: Features, x: Floats, y: Floats, z: Floats, soft: float = 0.045) -> Floats:
    """How much hair (or a headscarf) covers the head at a point of it, 0 to 1; `soft` is half the width of its edge.

    Long hair behind the head is a part of its own (camera.py).
    """
    if person.hair is Hair.BALD:
        return np.zeros_like(x)
    if person.hair is Hair.SCARF:
        return np.maximum(step(y, person.hairline - 0.06, person.hairline), 1 - step(z, 0.28, 0.36)).astype(np.float32)
    side = np.abs(x) / person.half_width
    edge = person.hairline + 0.5 * person.parting * x + 0.03 * grain(person.texture + 1, x, z, 6.0)
    edge = edge + person.recede * (step(side, 0.15, 0.55) - step(side, 0.6, 0.85)) * 0.6
    edge = edge - 0.85 * step(side, 0.66, 1.0)
    if person.hair is Hair.FRINGE:
        edge = edge - 0.24 * (1 - step(side, 0.35, 0.8))
    low = -1.2 if person.hair is Hair.LONG else -0.12
    behind = (1 - step(z, -0.12, 0.02)) * step(y, low - 0.4, low)
    top = step(y, edge - soft, edge + soft) * step(y, low, low + 0.1)
    return np.maximum(top, behind).astype(np.float32)


def _hair_volume(person: Features, x: Floats, y: Floats, z: Floats) -> Floats:
    height = {Hair.BALD: 0.0, Hair.SHAVED: 0.01, Hair.TIED: 0.04, Hair.SCARF: 0.10, Hair.FULL: 1.8 * person.volume}
    thick = height.get(person.hair, person.volume)
    locks = 1.0 if person.hair is Hair.SCARF else 1.0 + 0.12 * grain(person.texture + 2, x * 2, z, 7.0)
    return vector(hair_cover(person, x, y, z, soft=0.12) * thick * locks)


def _normals(points: Floats) -> Floats:
    across, down = np.gradient(points, axis=1), np.gradient(points, axis=0)
    normals = np.cross(across, down)
    length = np.linalg.norm(normals, axis=-1, keepdims=True)
    return vector(normals / np.maximum(length, 1e-9))
