"""Pictures of invented people, as a telephone would take them: `face`, `burst`, `jpeg`.

Everything follows from its arguments: the same call gives the same bytes.
"""

import io
from functools import lru_cache

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from surety.sim.faces.camera import AWAY, Light, Pose, Rays, see, shade
from surety.sim.faces.features import Features, features_of
from surety.sim.faces.fields import Floats, grain, step, vector

Photo = NDArray[np.uint8]
"""Rows x columns x 3, RGB, upright: what surety/faces/contract.py takes."""

_FINE = 480  # samples along a side from which on one a pixel is enough
_EYES = 0.64  # decimetres between the eyes of most people; `eye_px` is about it


class View(msgspec.Struct, frozen=True, kw_only=True):
    """How a picture is taken. Lengths in pixels of the picture, angles in degrees, as surety.faces.contract has them.

    `yaw_deg`: positive to the person's own left (to the right in the picture). `light`: 1 exposes well, 0.1 is dusk.
    `light_side`, `light_above`: where the lamp is, -1 to 1. `noise`: standard deviation in grey levels of 255.
    `company`: somebody else beside the person. `nobody`: the place alone. `printed`: a print is held before the camera.
    """

    size_px: int = 240
    eye_px: float = 46.0
    yaw_deg: float = 0.0
    pitch_deg: float = 0.0
    roll_deg: float = 0.0
    smile: float = 0.0
    blink: float = 0.0
    light: float = 1.0
    light_side: float = 0.3
    light_above: float = 0.4
    harsh: float = 0.5
    warmth: float = 0.0
    blur_px: float = 0.0
    motion_px: float = 0.0
    noise: float = 2.5
    shift_px: tuple[float, float] = (0.0, 0.0)  # of the person, to the right and up
    place: int = 0  # seed of what is behind
    seed: int = 0  # of the noise
    company: int | None = None
    nobody: bool = False
    printed: bool = False


_PLAIN = View()


def face(identity: int, view: View = _PLAIN) -> Photo:
    """A picture of the invented person that an identity stands for."""
    return picture_of(features_of(identity), view)


def picture_of(person: Features, view: View) -> Photo:
    """A picture of somebody."""
    rng = np.random.default_rng((view.seed, person.texture, 7))
    picture = _print(_scene(person, _of_the_print(view)), rng, view) if view.printed else _scene(person, view)
    return _record(picture, view, rng)


def burst(identity: int, seed: int, turn: str = "", view: View = _PLAIN, frames: int = 4) -> list[Photo]:
    """The frames of one answer: straight on first, then turned the way that was asked ("left", "right" or "")."""
    rng = np.random.default_rng((seed, 11))
    goal = {"left": 1.0, "right": -1.0}.get(turn, 0.0) * float(rng.uniform(24.0, 32.0))
    shares = np.clip(np.linspace(-0.35, 1.0, frames), 0.0, 1.0)
    return [face(identity, _moment(view, rng, goal * float(share), n)) for n, share in enumerate(shares)]


def jpeg(photo: Photo, quality: int = 85) -> bytes:
    """The picture as a JPEG file, without metadata."""
    out = io.BytesIO()
    Image.fromarray(photo).save(out, "JPEG", quality=quality)
    return out.getvalue()


def _moment(view: View, rng: np.random.Generator, yaw: float, n: int) -> View:
    """One frame of a burst: a hand trembles, a head is never quite still."""
    by = rng.normal(0.0, 1.0, 6)
    return msgspec.structs.replace(
        view,
        yaw_deg=view.yaw_deg + yaw + 1.2 * by[0],
        pitch_deg=view.pitch_deg + 1.2 * by[1],
        roll_deg=view.roll_deg + 0.8 * by[2],
        smile=float(np.clip(view.smile + 0.04 * by[3], 0.0, 1.0)),
        shift_px=(view.shift_px[0] + by[4], view.shift_px[1] + by[5]),
        seed=view.seed * 31 + n + 1,
    )


def _scene(person: Features, view: View) -> Floats:
    """Side x side x 3, sRGB 0 to 1, sharp and without noise."""
    side = max(view.size_px, min(_FINE, view.size_px * 3 // 2))
    picture = _place(view.place, side) * np.float32(np.sqrt(min(1.0, view.light)))
    if not view.nobody:
        beside = () if view.company is None else ((features_of(view.company), 1.2),)
        for who, sideways in (*beside, (person, -1.2 if beside else 0.0)):
            _draw(picture, who, view, sideways)
    return picture if side == view.size_px else _shrink(picture, view.size_px)


def _shrink(picture: Floats, side: int) -> Floats:
    channels = [Image.fromarray(picture[..., n]).resize((side, side), Image.Resampling.BOX) for n in range(3)]
    return np.stack([np.asarray(channel) for channel in channels], -1)


def _draw(picture: Floats, person: Features, view: View, sideways: float) -> None:
    """Draw one person over the place, `sideways` decimetres from the middle."""
    fine = picture.shape[0] / view.size_px
    pose = Pose(view.yaw_deg, view.pitch_deg, view.roll_deg, view.smile, view.blink)
    focal = view.eye_px * fine * (AWAY - 0.85) / _EYES
    if view.company is not None:
        focal *= 0.8  # both are to be in the picture
    right, up = view.shift_px
    hits = see(person, pose, _rays(picture.shape[0], focal, (right * fine, up * fine), sideways))
    light = Light(view.light, view.light_side, view.light_above, view.harsh, view.warmth)
    picture.reshape(-1, 3)[hits.which] = shade(hits, light)


def _rays(side: int, focal: float, shift: tuple[float, float], sideways: float) -> Rays:
    middle, line = (side - 1) / 2, np.arange(side, dtype=np.float32)
    x, y = (line - middle - shift[0]) / focal, (middle - line - shift[1]) / focal
    ways = np.empty((3, side, side), dtype=np.float32)
    ways[0], ways[1], ways[2] = x[None, :], y[:, None], -1.0
    ways /= np.sqrt((ways * ways).sum(0))
    return Rays(vector(((-sideways,), (-0.15,), (AWAY,))), ways.reshape(3, -1))


@lru_cache(maxsize=32)
def _place_of(seed: int) -> Floats:
    """A wall with a few things before it, out of focus: 96 x 96 x 3."""
    rng = np.random.default_rng((seed, 5))
    line = np.linspace(0, 1, 96, dtype=np.float32)
    x, y = np.meshgrid(line, line)
    wall = rng.uniform(0.45, 0.85) + rng.uniform(-0.06, 0.06, 3)
    place = vector(wall) * (1.05 - 0.2 * y)[..., None] * (1 + 0.03 * grain(seed + 9, x, y, 3.0))[..., None]
    for _ in range(4):
        at, half = rng.uniform(0, 1, 2), rng.uniform(0.04, 0.22, 2)
        thing = step(half[0] - np.abs(x - at[0]), -0.02, 0.02) * step(half[1] - np.abs(y - at[1]), -0.02, 0.02)
        colour = vector(rng.uniform(0.3, 0.6) + rng.uniform(-0.1, 0.1, 3))
        place = place * (1 - 0.5 * thing[..., None]) + colour * 0.5 * thing[..., None]
    return vector(np.clip(place, 0.0, 1.0))


def _place(seed: int, side: int) -> Floats:
    small = Image.fromarray((_place_of(seed) * 255).astype(np.uint8))
    return np.asarray(small.resize((side, side), Image.Resampling.BICUBIC), dtype=np.float32) / 255


def _of_the_print(view: View) -> View:
    """What was photographed for the print: somebody straight before a plain wall, well lit."""
    return View(size_px=view.size_px, eye_px=view.eye_px * 1.25, place=view.place + 1, smile=view.smile)


def _print(picture: Floats, rng: np.random.Generator, view: View) -> Floats:
    """A print on paper, held before the camera: a border, paper's flat tones, the print's dots and a gleam."""
    side = view.size_px
    inner = int(side * 0.72)
    left, top = ((side - inner) // 2 + int(v) for v in rng.uniform(-6, 6, 2))
    small = Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8)).resize((inner, inner))
    tones = 0.12 + 0.80 * np.asarray(small, dtype=np.float32) / 255
    rows, columns = np.mgrid[0:inner, 0:inner].astype(np.float32)
    dots = 1 + 0.06 * np.sin(2.1 * columns + 0.3 * rows) * np.sin(2.3 * rows - 0.2 * columns)
    gleam = 0.12 * step(-np.abs(columns - rows * 0.6 - inner * 0.3), -inner * 0.2, 0.0)
    whole = _place(view.place, side)
    edge = int(side * 0.03)
    whole[top - edge : top + inner + edge, left - edge : left + inner + edge] = 0.93
    whole[top : top + inner, left : left + inner] = tones * dots[..., None] + gleam[..., None]
    return whole * np.float32(np.sqrt(min(1.0, view.light)))


def _record(picture: Floats, view: View, rng: np.random.Generator) -> Photo:
    """What lens and sensor make of it: movement, blur, noise, eight bits."""
    if view.motion_px >= 1:
        picture = _smear(picture, np.full(round(view.motion_px), 1.0), axis=1)
    if view.blur_px > 0:
        reach = np.arange(-int(3 * view.blur_px) - 1, int(3 * view.blur_px) + 2)
        bell = np.exp(-(reach**2) / (2 * view.blur_px**2))
        picture = _smear(_smear(picture, bell, axis=0), bell, axis=1)
    noise = rng.standard_normal(picture.shape, dtype=np.float32) * np.float32(view.noise / 255)
    return (np.clip(picture + noise, 0.0, 1.0) * 255 + 0.5).astype(np.uint8)


def _smear(picture: Floats, weights: NDArray[np.float64], axis: int) -> Floats:
    """Weighted mean along an axis, with the edge carried on."""
    before = len(weights) // 2
    pad = [(0, 0)] * 3
    pad[axis] = (before, len(weights) - 1 - before)
    wide, size = np.pad(picture, pad, mode="edge"), picture.shape[axis]
    out = np.zeros_like(picture)
    for n, weight in enumerate(weights / weights.sum()):
        out += np.float32(weight) * (wide[n : n + size] if axis == 0 else wide[:, n : n + size])
    return out
