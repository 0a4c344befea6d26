"""Where the rays of a camera meet a person, and how bright the light makes it there.

A person is a head (a star-shaped surface, marched) and a few ellipsoids (neck, shoulders, ears, hair behind). Lengths
are decimetres; the camera stands `AWAY` before the middle of the picture, as an arm holds a telephone.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from surety.sim.faces.features import Features, Glasses, Hair
from surety.sim.faces.fields import Floats, grain, step, vector
from surety.sim.faces.paint import paint
from surety.sim.faces.shape import cell_of, look_up, shape_of

AWAY = 6.0
_ROOM = 0.34  # how far a nose or hair may stand out of the ellipsoid of a head
_STEPS = 9  # of a march; each takes most of what is left to the surface
_PIVOT = vector(((0.0,), (-0.85,), (-0.25,)))  # heads turn about the top of the neck
Vector = tuple[float, float, float]


class Rays(NamedTuple):
    """One ray a sample: from `origin` (3 x 1) along `ways` (3 x samples, unit length)."""

    origin: Floats
    ways: Floats


class Look(NamedTuple):
    """What is seen at points: colours and the directions that the surface faces there (both points x 3)."""

    colours: Floats
    normals: Floats


class Part(NamedTuple):
    """What one part of a body does to the rays: which meet it, how far off, and how it looks at some of these."""

    which: NDArray[np.int64]
    far: Floats
    look: Callable[[NDArray[np.int64]], Look]


class Hits(NamedTuple):
    """Which rays meet a person, and what is seen there."""

    which: NDArray[np.int64]
    colours: Floats
    normals: Floats


class Pose(NamedTuple):
    """How a head is held, in degrees, and what the face does. Yaw is positive to the person's own left."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    smile: float = 0.0
    blink: float = 0.0


class Light(NamedTuple):
    """A lamp and what the walls give back. `level`: 1 exposes well; `side`, `above`: where the lamp is, -1 to 1."""

    level: float = 1.0
    side: float = 0.3
    above: float = 0.4
    harsh: float = 0.5
    warmth: float = 0.0


def turning(pose: Pose) -> Floats:
    """The rotation of a head: columns are its axes, as the camera sees them."""
    yaw, pitch, roll = np.radians([pose.yaw, -pose.pitch, pose.roll])
    about_y = [[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]]
    about_x = [[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]]
    about_z = [[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]]
    return (np.array(about_z) @ np.array(about_x) @ np.array(about_y)).astype(np.float32)


def see(person: Features, pose: Pose, rays: Rays) -> Hits:
    """What each ray meets first of one person."""
    parts = list(_parts(person, pose, rays))
    count = rays.ways.shape[1]
    nearest, owner = np.full(count, np.inf, dtype=np.float32), np.full(count, -1, dtype=np.int8)
    for n, part in enumerate(parts):
        nearer = part.far < nearest[part.which]
        which = part.which[nearer]
        nearest[which], owner[which] = part.far[nearer], n
    seen = [np.flatnonzero(owner[part.which] == n) for n, part in enumerate(parts)]
    looks = [part.look(points) for part, points in zip(parts, seen, strict=True)]
    which = np.concatenate([part.which[points] for part, points in zip(parts, seen, strict=True)])
    return Hits(which, np.concatenate([k.colours for k in looks]), np.concatenate([k.normals for k in looks]))


def _parts(person: Features, pose: Pose, rays: Rays) -> Iterator[Part]:
    turn = turning(pose)
    head = Rays(turn.T @ (rays.origin - _PIVOT) + _PIVOT, turn.T @ rays.ways)
    for part in _of_the_head(person, pose, head):
        yield part._replace(look=_turned(part.look, turn))
    covered = person.hair is Hair.SCARF
    neck = _tinted(person.scarf, 0.9) if covered else _tinted(person.skin, 0.78)
    yield _ellipsoid(rays, (0.0, -1.35, -0.25), (0.42, 1.2, 0.42), neck)
    yield _shoulders(person, rays)


def _of_the_head(person: Features, pose: Pose, rays: Rays) -> Iterator[Part]:
    size = (person.half_width + _ROOM, person.half_height + _ROOM, person.half_depth + _ROOM)
    which, far, _ = _meet(rays, (0.0, 0.0, 0.0), size)
    near = Rays(rays.origin, rays.ways[:, which])
    yield _among(which, _head(person, pose, near, far))
    if person.hair is not Hair.SCARF:
        for side in (-1.0, 1.0):
            at = (side * person.half_width * 0.99, person.eye_y - 0.13, -0.05)
            yield _among(which, _ellipsoid(near, at, (0.10, person.ear, 0.16), _tinted(person.skin, 0.92)))
    if person.glasses is not Glasses.NONE:
        yield _among(which, _glasses(person, near))
    if person.hair is Hair.LONG:
        yield _mane(person, rays)


def _among(which: NDArray[np.int64], part: Part) -> Part:
    """The same part, told of all rays, where only some of them were tried."""
    return part._replace(which=which[part.which])


def _turned(look: Callable[[NDArray[np.int64]], Look], turn: Floats) -> Callable[[NDArray[np.int64]], Look]:
    def turned(points: NDArray[np.int64]) -> Look:
        seen = look(points)
        return seen._replace(normals=seen.normals @ turn.T)

    return turned


def _tinted(colour: Vector, by: float) -> Floats:
    return vector(colour) * np.float32(by)


def _head(person: Features, pose: Pose, rays: Rays, far: Floats) -> Part:
    shape = shape_of(person)
    which, far = _march(shape.surface, rays, far)

    def look(seen: NDArray[np.int64]) -> Look:
        points = rays.origin + far[seen] * rays.ways[:, which[seen]]
        length = np.sqrt((points * points).sum(0))
        row, column = cell_of(points, length)
        on_skull = (points * (look_up(shape.skull, row, column) / length)).T
        return Look(paint(person, on_skull, pose.smile, pose.blink), look_up(shape.normals, row, column))

    return Part(which, far, look)


def _march(surface: Floats, rays: Rays, far: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Walk along rays until the surface: which of them meet it, and how far off."""
    which, ways = np.arange(len(far)), rays.ways
    for n in range(_STEPS):
        points = rays.origin + far * ways
        left = _above(surface, points, exact=n > _STEPS - 4)
        far = far + left * np.float32(0.8)
        if n == 2:  # what passes by is known early
            stay = left < 0.7
            which, ways, far, left = which[stay], ways[:, stay], far[stay], left[stay]
    met = left < 0.12  # at an edge of hair the walk may still be under way
    return which[met], far[met]


def _above(surface: Floats, points: Floats, *, exact: bool) -> Floats:
    length = np.sqrt((points * points).sum(0))
    row, column = cell_of(points, length)
    if exact:
        return vector(length - look_up(surface, row, column))
    return vector(length - surface[row.astype(np.int32), column.astype(np.int32)])


def _meet(rays: Rays, at: Vector, size: Vector) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Which rays meet an ellipsoid, how far along, and where on the unit sphere that it is a stretched form of."""
    stretch = vector(size)[:, None]
    origin, ways = (rays.origin - vector(at)[:, None]) / stretch, rays.ways / stretch
    a, b = (ways * ways).sum(0), (ways * origin).sum(0)
    inside = b * b - a * (float((origin * origin).sum()) - 1)
    which = np.flatnonzero(inside > 0)
    far = (-b[which] - np.sqrt(inside[which])) / a[which]
    return which, far, origin + far * ways[:, which]


def _ellipsoid(rays: Rays, at: Vector, size: Vector, colour: Floats) -> Part:
    which, far, unit = _meet(rays, at, size)

    def look(seen: NDArray[np.int64]) -> Look:
        normals = _facing(unit[:, seen], size)
        return Look(np.broadcast_to(colour, normals.shape), normals)

    return Part(which, far, look)


def _facing(unit: Floats, size: Vector) -> Floats:
    normals = (unit / vector(size)[:, None]).T
    return vector(normals / np.linalg.norm(normals, axis=1, keepdims=True))


def _shoulders(person: Features, rays: Rays) -> Part:
    size = (2.05, 3.0, 0.85)
    which, far, unit = _meet(rays, (0.0, -4.56, -0.3), size)

    def look(seen: NDArray[np.int64]) -> Look:
        x, y, _ = unit[:, seen]
        bare = step(0.52 - np.hypot(x * 2.05, (y - 1.0) * 2.1), -0.02, 0.02)[:, None]
        weave = 1 + 0.04 * grain(person.texture, x, y, 9.0)[:, None]
        skin = _tinted(person.scarf if person.hair is Hair.SCARF else person.skin, 0.85)
        return Look(vector(person.clothes) * weave * (1 - bare) + skin * bare, _facing(unit[:, seen], size))

    return Part(which, far, look)


def _mane(person: Features, rays: Rays) -> Part:
    """Hair that falls behind the head."""
    size = (person.half_width * 1.22, 1.45, 0.55)
    which, far, unit = _meet(rays, (0.0, -0.42, -0.45), size)

    def look(seen: NDArray[np.int64]) -> Look:
        x, y, _ = unit[:, seen]
        strands = 0.8 + 0.2 * grain(person.texture + 7, x * 3, y * 0.3, 9.0)
        return Look(vector(person.hair_colour) * strands[:, None], _facing(unit[:, seen], size))

    return Part(which, far, look)


def _glasses(person: Features, rays: Rays) -> Part:
    """Frames in a plane before the eyes."""
    away = rays.ways[2]
    far = (person.half_depth * 1.02 - rays.origin[2]) / np.where(np.abs(away) < 1e-3, np.float32(-1e-3), away)
    x, y = rays.origin[0] + far * rays.ways[0], rays.origin[1] + far * rays.ways[1]
    side, up = np.abs(x) - person.eye_x, y - person.eye_y
    if person.glasses is Glasses.ROUND:
        rim = np.abs(np.hypot(side, up) - 0.195) < 0.014
    else:
        rim = np.abs((np.abs(side / 0.215) ** 6 + np.abs((up + 0.01) / 0.15) ** 6) ** (1 / 6) - 1) < 0.09
    bridge = (np.abs(x) < person.eye_x - 0.18) & (np.abs(up - 0.05) < 0.014)
    arms = (np.abs(x) > person.eye_x + 0.2) & (np.abs(x) < person.half_width) & (np.abs(up - 0.05) < 0.016)
    which = np.flatnonzero((rim | bridge | arms) & (away < 0))

    def look(seen: NDArray[np.int64]) -> Look:
        flat = np.broadcast_to(vector((0, 0, 1)), (len(seen), 3))
        return Look(np.broadcast_to(vector(person.frame_colour), flat.shape), flat)

    return Part(which, far[which], look)


def shade(hits: Hits, light: Light) -> Floats:
    """What the camera records of what was met (samples x 3, sRGB). Light adds up in squares, near enough to linear."""
    lamp = vector((light.side, light.above, 1.0))
    lamp /= np.linalg.norm(lamp)
    half = lamp + vector((0, 0, 1))
    half /= np.linalg.norm(half)
    direct = np.clip((hits.normals @ lamp + 0.15) / 1.15, 0.0, 1.0)
    walls = 0.8 + 0.2 * hits.normals[:, 1]
    bright = (1.05 - 0.75 * light.harsh) * walls * 0.75 + (0.25 + 0.75 * light.harsh) * direct
    gloss = 0.05 * np.clip(hits.normals @ half, 0.0, 1.0) ** 22
    tint = vector((1 + 0.18 * light.warmth, 1.0, 1 - 0.25 * light.warmth))
    linear = (hits.colours**2 * bright[:, None] * 1.15 + gloss[:, None]) * tint * light.level
    return np.sqrt(np.clip(linear, 0.0, 1.0))
