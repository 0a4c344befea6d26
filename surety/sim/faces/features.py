"""What an invented person looks like: about fifty numbers, drawn from a seed. No face of anybody was used.

Lengths are decimetres (an adult's head is some 1.5 wide and 2.3 high), with the origin in the middle of the head, x to
the viewer's right, y up, z towards the camera. Colours are sRGB from 0 to 1.
"""

import enum
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np

Colour = tuple[float, float, float]
CAST_FILE = Path(__file__).with_name("cast.json")

# Skin from light to dark, and the hair that goes with any of them. Chosen by eye.
_SKIN = np.array(
    [
        (0.95, 0.80, 0.70),
        (0.90, 0.72, 0.58),
        (0.80, 0.60, 0.45),
        (0.66, 0.45, 0.32),
        (0.48, 0.31, 0.22),
        (0.34, 0.21, 0.15),
    ]
)
_HAIR: dict[str, Colour] = {
    "black": (0.07, 0.06, 0.06),
    "dark": (0.16, 0.10, 0.07),
    "brown": (0.33, 0.21, 0.13),
    "fair": (0.66, 0.50, 0.29),
    "red": (0.48, 0.20, 0.09),
    "grey": (0.58, 0.57, 0.56),
    "white": (0.82, 0.81, 0.79),
}
_EYES: dict[str, Colour] = {
    "dark": (0.14, 0.08, 0.05),
    "brown": (0.33, 0.19, 0.09),
    "green": (0.33, 0.40, 0.25),
    "blue": (0.33, 0.47, 0.60),
    "grey": (0.45, 0.49, 0.50),
}


class Hair(enum.StrEnum):
    """How the hair is worn."""

    BALD = "bald"
    SHAVED = "shaved"
    SHORT = "short"
    FULL = "full"  # with volume
    FRINGE = "fringe"
    LONG = "long"
    TIED = "tied"
    SCARF = "scarf"  # covered by a headscarf


class Beard(enum.StrEnum):
    """What grows below the nose."""

    NONE = "none"
    STUBBLE = "stubble"
    MOUSTACHE = "moustache"
    GOATEE = "goatee"
    FULL = "full"


class Glasses(enum.StrEnum):
    """What is worn before the eyes."""

    NONE = "none"
    ROUND = "round"
    SQUARE = "square"


class Features(msgspec.Struct, frozen=True, kw_only=True):
    """One person. Names say what they measure; half-sizes are from the middle outwards."""

    half_width: float
    half_height: float
    half_depth: float
    jaw: float  # 0: as wide as the cheeks, 1: pointed
    square: float  # how boxy the lower face is
    temple: float  # how much narrower the forehead is
    chin: float
    cheek: float
    brow_ridge: float
    eye_x: float
    eye_y: float
    eye_half_width: float
    eye_half_height: float
    eye_slant: float
    eye_depth: float
    lid: float
    bags: float
    iris: Colour
    brow_lift: float  # above the eye
    brow_half_width: float
    brow_thickness: float
    brow_slope: float
    brow_arch: float
    brow_density: float
    nose_length: float
    nose_half_width: float
    nose_height: float
    nose_bridge: float
    nose_hook: float
    mouth_drop: float  # below the eyes
    mouth_half_width: float
    upper_lip: float
    lower_lip: float
    lip_red: float
    mouth_curve: float
    ear: float
    skin: Colour
    ruddy: float
    age: float  # 0 to 1: lines, folds
    freckles: float
    moles: tuple[tuple[float, float, float], ...]  # x, y, radius
    hair: Hair
    hair_colour: Colour
    hairline: float
    recede: float
    parting: float
    volume: float
    beard: Beard
    beard_density: float
    glasses: Glasses
    frame_colour: Colour
    clothes: Colour
    scarf: Colour
    pores: float = 0.02  # how rough the skin looks
    socket: float = 0.16  # how dark it is around the eyes
    hollow: float = 0.0  # and below the cheekbones
    nostril: float = 0.62
    lash: float = 0.85
    shadow: float = 0.0  # paint on the lids
    texture: int  # seed of the grain of skin and hair


# Faces made of one formula look alike to a recogniser: each measure varies this many times as much as its curve says.
_WIDE = 1.6

T = TypeVar("T")


class _Draw:
    """Numbers of one seed: bell curves cut at twice their width, so that nobody becomes a caricature."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng((20_260, seed))

    def about(self, mean: float, sd: float, low: float = -9.0, high: float = 9.0) -> float:
        """A number of a bell curve around `mean`, wide enough for recognisers to tell people apart."""
        value = mean + _WIDE * sd * float(np.clip(self.rng.normal(), -2.0, 2.0))
        return float(np.clip(value, low, high))

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def one_of(self, choices: dict[T, float]) -> T:
        weights = np.array(list(choices.values()))
        return list(choices)[int(self.rng.choice(len(weights), p=weights / weights.sum()))]


def features_of(identity: int) -> Features:
    """The person that a number stands for: one of the cast while it is small, else one drawn from it as a seed."""
    return cast()[identity] if 0 <= identity < len(cast()) else drawn(identity)


@lru_cache(maxsize=1)
def cast() -> tuple[Features, ...]:
    """People whom recognisers can tell apart, as benchmarks/cast.py found them."""
    return msgspec.json.decode(CAST_FILE.read_bytes(), type=tuple[Features, ...]) if CAST_FILE.exists() else ()


@lru_cache(maxsize=4096)
def drawn(seed: int) -> Features:
    """The person that a seed stands for; always the same one."""
    draw = _Draw(seed)
    heavy = draw.between(0.0, 1.0)  # how heavy the features are: ridge, jaw, brows; beards go with it
    tone = draw.between(0.0, 1.0)
    age = draw.between(0.0, 1.0)
    colour = _hair_colour(draw, tone, age)
    return Features(
        **_head(draw, heavy),
        **_eyes_and_brows(draw, heavy, tone),
        **_nose_and_mouth(draw, heavy, tone),
        **_skin(draw, tone, age),
        **_hair(draw, heavy, age, colour),
        **_worn(draw),
        texture=int(draw.rng.integers(1 << 30)),
    )


def _head(draw: _Draw, heavy: float) -> dict[str, Any]:
    return {
        "half_width": draw.about(0.76, 0.05),
        "half_height": draw.about(1.12, 0.05),
        "half_depth": draw.about(0.95, 0.03),
        "jaw": draw.about(0.62 - 0.30 * heavy, 0.16, 0.0, 1.0),
        "square": draw.about(0.25 + 0.4 * heavy, 0.2, 0.0, 1.0),
        "temple": draw.about(0.10, 0.05, 0.0, 0.25),
        "chin": draw.about(0.10 + 0.05 * heavy, 0.04),
        "cheek": draw.about(0.05, 0.03),
        "brow_ridge": draw.about(0.01 + 0.05 * heavy, 0.012),
        "ear": draw.about(0.27, 0.03),
    }


def _eyes_and_brows(draw: _Draw, heavy: float, tone: float) -> dict[str, Any]:
    light = {"dark": 0.1, "brown": 0.3, "green": 0.2, "blue": 0.3, "grey": 0.1}
    return {
        "eye_x": draw.about(0.32, 0.022),
        "eye_y": draw.about(0.03, 0.04),
        "eye_half_width": draw.about(0.145, 0.012),
        "eye_half_height": draw.about(0.056, 0.011, 0.034),
        "eye_slant": draw.about(0.06, 0.10),
        "eye_depth": draw.about(0.05, 0.02, 0.0),
        "lid": draw.about(0.5, 0.3, 0.0, 1.0),
        "bags": draw.about(0.3, 0.25, 0.0, 1.0),
        "iris": _EYES[draw.one_of(light if tone < 0.45 else {"dark": 0.6, "brown": 0.4})],
        "brow_lift": draw.about(0.19 - 0.03 * heavy, 0.025),
        "brow_half_width": draw.about(0.20, 0.022),
        "brow_thickness": draw.about(0.024 + 0.016 * heavy, 0.009, 0.012),
        "brow_slope": draw.about(0.05, 0.09),
        "brow_arch": draw.about(0.035, 0.02, 0.0),
        "brow_density": draw.about(0.75, 0.18, 0.25, 1.0),
    }


def _nose_and_mouth(draw: _Draw, heavy: float, tone: float) -> dict[str, Any]:
    return {
        "nose_length": draw.about(0.46, 0.045),
        "nose_half_width": draw.about(0.15 + 0.05 * tone, 0.025),
        "nose_height": draw.about(0.19 - 0.03 * tone, 0.03),
        "nose_bridge": draw.about(0.065 + 0.01 * tone, 0.014),
        "nose_hook": draw.about(0.0, 0.03),
        "mouth_drop": draw.about(0.70, 0.035),
        "mouth_half_width": draw.about(0.26, 0.028),
        "upper_lip": draw.about(0.050 - 0.012 * heavy + 0.022 * tone, 0.014, 0.018),
        "lower_lip": draw.about(0.066 + 0.020 * tone, 0.016, 0.028),
        "lip_red": draw.about(0.55 - 0.25 * heavy, 0.14, 0.1, 0.9),
        "mouth_curve": draw.about(0.016, 0.013),
    }


def _skin(draw: _Draw, tone: float, age: float) -> dict[str, Any]:
    at = tone * (len(_SKIN) - 1)
    mixed = np.array([np.interp(at, range(len(_SKIN)), _SKIN[:, channel]) for channel in range(3)])
    mixed = mixed + draw.about(0.0, 0.02) + np.array([0.0, draw.about(0.0, 0.008), draw.about(0.0, 0.012)])
    spots = range(max(0, int(draw.rng.integers(-2, 3))))
    return {
        "skin": tuple(float(c) for c in np.clip(mixed, 0.08, 0.97)),
        "ruddy": draw.about(0.5, 0.3, 0.0),
        "age": age,
        "freckles": max(0.0, draw.about(-0.2, 0.5)) if tone < 0.4 else 0.0,
        "pores": draw.between(0.0, 0.07),
        "socket": draw.about(0.2, 0.12, 0.0, 0.5),
        "hollow": max(0.0, draw.about(0.02, 0.10)),
        "nostril": draw.about(0.6, 0.18, 0.2, 0.95),
        "lash": draw.about(0.75, 0.15, 0.35, 1.0),
        "shadow": max(0.0, draw.about(-0.1, 0.25)),
        "moles": tuple((draw.about(0, 0.3), draw.about(-0.3, 0.3), draw.between(0.008, 0.016)) for _ in spots),
    }


def _hair_colour(draw: _Draw, tone: float, age: float) -> Colour:
    if age > 0.6 and draw.between(0.0, 1.0) < age:
        return _HAIR[draw.one_of({"grey": 0.6, "white": 0.4})]
    light = {"black": 0.1, "dark": 0.3, "brown": 0.3, "fair": 0.2, "red": 0.1}
    return _HAIR[draw.one_of(light if tone < 0.45 else {"black": 0.8, "dark": 0.2})]


def _hair(draw: _Draw, heavy: float, age: float, colour: Colour) -> dict[str, Any]:
    worn = {Hair.SHORT: 4.0, Hair.FULL: 2.0, Hair.FRINGE: 1.5, Hair.TIED: 1.0, Hair.LONG: 3.0 * (1.0 - heavy)}
    worn |= {Hair.BALD: 1.5 * heavy * age, Hair.SHAVED: 1.5 * heavy, Hair.SCARF: 0.7 * (1.0 - heavy)}
    beards = {Beard.NONE: 1.5, Beard.STUBBLE: 1.0, Beard.MOUSTACHE: 0.5, Beard.GOATEE: 0.6, Beard.FULL: 1.0}
    return {
        "hair": draw.one_of(worn),
        "hair_colour": colour,
        "hairline": draw.about(0.66, 0.06),
        "recede": draw.about(0.2 * heavy * (0.4 + age), 0.08, 0.0, 0.45),
        "parting": draw.about(0.0, 0.12),
        "volume": draw.about(0.10, 0.04, 0.03),
        "beard": draw.one_of(beards) if heavy > 0.45 else Beard.NONE,
        "beard_density": draw.about(0.75, 0.15, 0.4, 1.0),
    }


def _worn(draw: _Draw) -> dict[str, Any]:
    frames = {(0.05, 0.05, 0.06): 3.0, (0.28, 0.16, 0.09): 1.5, (0.45, 0.45, 0.48): 1.0, (0.35, 0.07, 0.10): 0.5}
    return {
        "glasses": draw.one_of({Glasses.NONE: 3.0, Glasses.ROUND: 0.4, Glasses.SQUARE: 0.6}),
        "frame_colour": draw.one_of(frames),
        "clothes": _cloth(draw),
        "scarf": _cloth(draw),
    }


def _cloth(draw: _Draw) -> Colour:
    grey, tint = draw.between(0.12, 0.6), [draw.between(-0.1, 0.1) for _ in range(3)]
    return grey + tint[0], grey + tint[1], grey + tint[2]
