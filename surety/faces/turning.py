"""Which way a head is turned, from the five points; and whether a burst shows the turn that was asked for.

The tip of the nose stands before the plane of the eyes. Turned by an angle, it moves aside by its depth times the
tangent, measured in distances between the eyes. Faces differ, so a turn is judged against the person's own frontal
frame: measured on real faces, turns of 20 degrees and more are found, with 1 % false alarms (docs/faces.md).
"""

import math
from collections.abc import Sequence

from surety.faces.contract import Turn
from surety.faces.geometry import Points

LEAST_TURN_DEG = 15.0  # against the own frontal frame: turns of 20 degrees are found with room for error
FRONTAL_DEG = 20.0  # a frame that can stand for "straight ahead"


def yaw_deg(points: Points, nose_depth: float) -> float:
    """The angle, positive to the person's own left (the picture's right). `nose_depth` in distances between the eyes.

    Measured along the line of the eyes, so that a tilted head makes no difference. The mouth adds nothing to it.
    """
    along = points[1] - points[0]
    length = float(math.hypot(*along))
    if length < 1e-3:
        return 0.0
    middle = (points[0] + points[1]) / 2
    aside = float((points[2] - middle) @ along) / length**2
    return math.degrees(math.atan2(aside, nose_depth))


def turn_seen(yaws_deg: Sequence[float | None], asked: Turn) -> bool | None:
    """Whether the burst shows the turn. None: none was asked for, or there is no frontal frame to judge by."""
    known = [yaw for yaw in yaws_deg if yaw is not None]
    if asked is Turn.NONE or len(known) < 2:
        return None
    frontal = min(known, key=abs)
    if abs(frontal) > FRONTAL_DEG:
        return None
    way = 1.0 if asked is Turn.LEFT else -1.0
    return any(way * (yaw - frontal) >= LEAST_TURN_DEG for yaw in known)
