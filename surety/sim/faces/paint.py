"""The colour of a head at points of it: skin, then mouth, eyes and brows, then beard, hair and headscarf.

Points are on the skull of the shape (surety/sim/faces/shape.py), so that what is painted sticks to what stands out.
"""

import numpy as np

from surety.sim.faces.features import Beard, Features, Hair
from surety.sim.faces.fields import Floats, bump, grain, mix, ridge, step, vector
from surety.sim.faces.shape import hair_cover

_LIP_RED = vector((0.70, 0.24, 0.26))


def paint(person: Features, points: Floats, smile: float, blink: float) -> Floats:
    """Colours (points x 3, sRGB 0 to 1) at points x 3 of a head."""
    x, y, z = points[:, 0], points[:, 1], points[:, 2]
    colours = _skin(person, x, y, z)
    front = z > 0.05
    near = front & (y < person.eye_y + 0.5) & (np.abs(x) < 0.62)
    fx, fy = x[near], y[near]
    face = _lips(person, colours[near], fx, fy, smile)
    face = _eyes(person, face, fx, fy, blink)
    colours[near] = _brows(person, face, fx, fy)
    colours = _beard(person, colours, x, y, z)
    return np.clip(_hair(person, colours, x, y, z), 0.01, 1.0)


def _skin(person: Features, x: Floats, y: Floats, z: Floats) -> Floats:
    side, nose_y = np.abs(x), person.eye_y - person.nose_length
    tone = 1 + 0.025 * grain(person.texture, x, y, 4.0) + person.pores * grain(person.texture + 3, x, y + z, 26.0)
    tone *= 1 - person.socket * bump(side, y, (person.eye_x - 0.03, person.eye_y + 0.02), (0.14, 0.085))
    tone *= 1 - 0.20 * person.bags * bump(side, y, (person.eye_x - 0.02, person.eye_y - 0.10), (0.10, 0.035))
    tone *= 1 - _lines(person, x, y)
    tone *= 1 - person.hollow * bump(side, y, (0.47, person.eye_y - 0.52), (0.11, 0.16))
    tone *= 1 - person.nostril * bump(side, y, (person.nose_half_width * 0.42, nose_y + 0.005), (0.032, 0.017))
    tone *= 1 - 0.22 * bump(x, y, (0.0, nose_y - 0.02), (person.nose_half_width * 0.8, 0.025))
    tone *= 1 - 0.30 * step(-y, 0.95, 1.25)
    red = person.ruddy * (bump(side, y, (0.40, -0.25), (0.16, 0.14)) + bump(x, y, (0.0, nose_y + 0.06), (0.12, 0.08)))
    colours = vector(person.skin) * tone[:, None]
    colours *= 1 + red[:, None] * vector((0.05, -0.05, -0.05))
    return _spots(person, colours, x, y)


def _lines(person: Features, x: Floats, y: Floats) -> Floats:
    """Folds beside the mouth, lines of the forehead and at the corners of the eyes, as deep as the age."""
    side, mouth_y = np.abs(x), person.eye_y - person.mouth_drop
    fold = ridge(side - person.nose_half_width - 0.05 - 0.28 * (person.eye_y - person.nose_length + 0.02 - y), 0.016)
    fold *= step(y, mouth_y - 0.06, mouth_y + 0.05) * (1 - step(y, mouth_y + 0.20, mouth_y + 0.30))
    forehead = np.zeros_like(x)
    for k in range(3):
        forehead += ridge(y - person.eye_y - 0.36 - 0.085 * k + 0.06 * x * x, 0.010) * (1 - step(side, 0.28, 0.42))
    corner = ridge((y - person.eye_y) - 0.35 * (side - person.eye_x - 0.2), 0.012) * bump(
        side, y, (person.eye_x + 0.22, person.eye_y), (0.04, 0.06)
    )
    return (0.06 + 0.20 * person.age) * fold + 0.13 * person.age * (forehead + corner)


def _spots(person: Features, colours: Floats, x: Floats, y: Floats) -> Floats:
    if person.freckles:
        many = bump(np.abs(x), y, (0.28, person.eye_y - 0.25), (0.22, 0.14))
        colours = mix(
            colours,
            (0.45, 0.26, 0.16),
            0.3 * person.freckles * many * step(grain(person.texture + 4, x, y, 30.0), 0.7, 1.4),
        )
    for mole_x, mole_y, radius in person.moles:
        colours = mix(
            colours, (0.20, 0.12, 0.09), 0.6 * step(-np.hypot(x - mole_x, y - mole_y), -radius * 1.3, -radius * 0.7)
        )
    return colours


def _lips(person: Features, colours: Floats, x: Floats, y: Floats, smile: float) -> Floats:
    half = person.mouth_half_width * (1 + 0.14 * smile)
    u = x / half
    arc = np.clip(1 - u * u, 0.0, 1.0)
    line = person.eye_y - person.mouth_drop + (person.mouth_curve + 0.06 * smile) * u * u - 0.006 * ridge(u, 0.2)
    parted = 0.035 * max(0.0, smile - 0.3) * arc
    bow = 1 - 0.22 * ridge(u, 0.12) + 0.06 * ridge(np.abs(u) - 0.25, 0.12)
    upper = _band(y, line, line + parted + person.upper_lip * arc**0.75 * bow)
    lower = _band(y, line - parted - person.lower_lip * arc**0.6, line)
    inside = (np.abs(u) < 1).astype(np.float32)
    base = vector(person.skin)
    red = base * (1 - person.lip_red) + _LIP_RED * (0.35 + 0.75 * float(base.mean())) * person.lip_red
    colours = mix(colours, red * 0.86, upper * inside * 0.9)
    colours = mix(colours, red * 0.98, lower * inside * 0.9)
    teeth = _band(y, line - parted, line + parted) * inside * step(parted, 0.004, 0.012)
    colours = mix(colours, (0.86, 0.83, 0.78), teeth)
    gap = ridge(y - line, 0.009) * step(1.02 - np.abs(u), 0.0, 0.15) * (1 - teeth)
    return mix(colours, (0.20, 0.08, 0.08), 0.8 * gap)


def _band(y: Floats, low: Floats, high: Floats) -> Floats:
    return step(y - low, -0.007, 0.007) * step(high - y, -0.007, 0.007)


def _eyes(person: Features, colours: Floats, x: Floats, y: Floats, blink: float) -> Floats:
    side = np.abs(x) - person.eye_x
    near = (np.abs(side) < 0.24) & (np.abs(y - person.eye_y) < 0.2)
    lit = np.where(x[near] < 0, 1.0, -1.0).astype(np.float32)  # light falls on both eyes from one direction
    colours[near] = _eye(person, colours[near], side[near], y[near] - person.eye_y, lit, 1 - blink)
    return colours


def _eye(person: Features, colours: Floats, x: Floats, y: Floats, lit: Floats, opened: float) -> Floats:
    """One eye, x outwards from its middle."""
    wide, high = person.eye_half_width, person.eye_half_height * opened
    u = x / wide
    y = y - person.eye_slant * x
    arc = np.clip(1 - u * u, 0.0, 1.0)
    top, bottom = high * 1.15 * arc**0.6, -high * 0.80 * arc**0.8
    within = step(top - y, -0.005, 0.007) * step(y - bottom, -0.005, 0.007) * (np.abs(u) < 1)
    within = within * float(np.clip(opened * 5, 0, 1))
    colours = mix(colours, vector((0.90, 0.88, 0.86)) * (1 - 0.3 * step(y, 0.0, top + 0.01))[:, None], within)
    colours = _iris(person, colours, x, y, lit, within)
    lid = step(y - top, 0.0, 0.02) * (1 - step(y - top, 0.05, 0.11)) * step(1.15 - np.abs(u), 0.0, 0.3)
    colours = mix(colours, (0.22, 0.17, 0.24), 0.8 * person.shadow * lid)
    lashes = ridge(y - top, 0.011) * step(1.06 - np.abs(u), 0.0, 0.12)
    colours = mix(colours, (0.06, 0.04, 0.04), person.lash * lashes)
    colours = mix(colours, (0.25, 0.13, 0.10), 0.35 * ridge(y - bottom, 0.009) * (np.abs(u) < 0.98))
    crease = ridge(y - top - 0.030 - 0.025 * person.lid, 0.012) * step(1.1 - np.abs(u), 0.0, 0.3)
    return mix(colours, vector(person.skin) * 0.45, 0.55 * person.lid * crease)


def _iris(person: Features, colours: Floats, x: Floats, y: Floats, lit: Floats, within: Floats) -> Floats:
    away, radius = np.hypot(x, y - 0.006), 0.062
    shade = (0.55 + 0.6 * np.clip(away / radius, 0, 1) - 0.5 * step(away, radius * 0.8, radius))[:, None]
    colours = mix(colours, vector(person.iris) * shade, within * step(radius - away, -0.006, 0.006))
    colours = mix(colours, (0.02, 0.02, 0.02), within * step(radius * 0.42 - away, -0.005, 0.005))
    glint = step(0.016 - np.hypot(x - 0.02 * lit, y - 0.026), -0.006, 0.004)
    return mix(colours, (0.97, 0.97, 0.97), within * glint)


def _brows(person: Features, colours: Floats, x: Floats, y: Floats) -> Floats:
    u = (np.abs(x) - person.eye_x - 0.015) / person.brow_half_width
    line = (
        person.eye_y
        + person.brow_lift
        + person.brow_slope * (np.abs(x) - person.eye_x)
        + person.brow_arch * (1 - u * u)
    )
    thick = person.brow_thickness * (1.15 - 0.45 * np.clip(u, -1, 1))
    hairs = np.clip(0.85 + 0.3 * grain(person.texture + 5, x, y, 38.0), 0.3, 1.1)
    cover = np.exp(-(np.abs((y - line) / thick) ** 2.4)) * step(1 - np.abs(u), 0.0, 0.25) * hairs * person.brow_density
    return mix(colours, vector(person.hair_colour) * 0.7, np.clip(cover, 0, 1).astype(np.float32))


def _beard(person: Features, colours: Floats, x: Floats, y: Floats, z: Floats) -> Floats:
    if person.beard is Beard.NONE:
        return colours
    side, mouth_y = np.abs(x), person.eye_y - person.mouth_drop
    lip = bump(side, y, (0.0, mouth_y + 0.115), (0.19, 0.042)) * 1.5
    chin = bump(x, y, (0.0, mouth_y - 0.33), (0.20, 0.16)) * 1.4
    cheeks = step(mouth_y + 0.02 + 0.75 * np.clip(side - 0.28, 0, 0.5) - y, -0.06, 0.10)
    below = step(z, -0.35, -0.1)
    area = {
        Beard.MOUSTACHE: lip,
        Beard.GOATEE: np.maximum(lip, chin),
        Beard.FULL: np.maximum(lip, cheeks),
        Beard.STUBBLE: np.maximum(lip, cheeks) * 0.45,
    }[person.beard]
    bare = bump(x, y, (0.0, mouth_y - 0.01), (person.mouth_half_width * 0.62, 0.05))
    hairs = np.clip(0.75 + 0.3 * grain(person.texture + 6, x, y, 34.0), 0.2, 1.1)
    cover = np.clip(area, 0, 1) * (1 - bare) * below * hairs * person.beard_density
    return mix(colours, vector(person.hair_colour) * 0.8, np.clip(cover, 0, 0.92).astype(np.float32))


def _hair(person: Features, colours: Floats, x: Floats, y: Floats, z: Floats) -> Floats:
    if person.hair is Hair.SCARF:
        folds = (0.9 + 0.08 * np.sin(14 * y + 5 * x + grain(person.texture, x, y, 2.0)))[:, None]
        return mix(colours, vector(person.scarf) * folds, hair_cover(person, x, y, z))
    strands = (
        0.85 + 0.22 * grain(person.texture + 7, x * 3 + 0.4 * y, z, 14.0) + 0.1 * grain(person.texture + 8, x, y, 40.0)
    )
    thick = 0.75 if person.hair is Hair.SHAVED else 1.0
    shade = np.clip(strands, 0.4, 1.5)[:, None]
    return mix(colours, vector(person.hair_colour) * shade, hair_cover(person, x, y, z) * thick)
