"""Who is asked for photographs, and what each does when asked: right and in time, or one of the other parts.

What somebody does follows from the seed and the instant at which they were asked. On the first evening the first ones
each have a part of their own, so that there is something to see within minutes.
"""

import enum
import random

import msgspec

from surety.rules.conditions import DAYTIME, CheckInDuty, Timetable
from surety.sim.faces import View
from surety.sim.faces.features import cast
from surety.sim.geo import TIME_ZONE

MINUTE_MS = 60_000
DAYTIME_MIN = (7 * 60, 22 * 60)  # when may be asked by default
RESPONSE_S = 1_200
AWAY_AFTER_MIN, AWAY_MIN = 6.0, 1_440.0  # from the start of the town: somebody without a network for a day


class Part(enum.StrEnum):
    """What somebody does with a question."""

    RIGHT = "right"  # answers, themselves, in time
    AGAIN = "again"  # in the dark at first, then with light
    DARK = "dark"  # in the dark, three times, and sends it anyway
    LATE = "late"  # after it was due
    MISSED = "missed"
    NOBODY = "nobody"  # a picture of the room
    OTHER = "other"  # somebody else
    PRINTED = "printed"  # a print of themselves is held before the camera
    TWO = "two"  # somebody is beside them
    AWAY = "away"  # without a network: answered in time, sent a day later


# On the first evening, in the order of the first people who are asked.
_FIRST = (
    Part.RIGHT, Part.RIGHT, Part.RIGHT, Part.TWO, Part.AGAIN, Part.OTHER, Part.DARK, Part.NOBODY, Part.RIGHT,
    Part.PRINTED, Part.LATE, Part.MISSED, Part.AWAY, Part.RIGHT, Part.OTHER, Part.RIGHT,
)  # fmt: skip
_USUALLY = {
    Part.RIGHT: 0.84, Part.AGAIN: 0.05, Part.LATE: 0.03, Part.MISSED: 0.02, Part.DARK: 0.02, Part.NOBODY: 0.01,
    Part.OTHER: 0.01, Part.PRINTED: 0.01, Part.TWO: 0.01,
}  # fmt: skip
AWAY_INDEX = 1 + 3 * _FIRST.index(Part.AWAY)


def is_asked(index: int) -> bool:
    """Whether a resident has a watch and is asked for photographs: one in three."""
    return index % 3 == 1


def duty_of(index: int, first_min: float) -> CheckInDuty | None:
    """What the order asks. The first people are asked soon after the start, the others when nobody can foresee it."""
    if not is_asked(index):
        return None
    rank = index // 3
    soon = int(first_min) + 2 + rank % 4
    if rank >= len(_FIRST) or not DAYTIME_MIN[0] <= soon < DAYTIME_MIN[1] - 30:
        return CheckInDuty(per_day=1 + rank % 4, timetable=Timetable(TIME_ZONE, DAYTIME), response_s=1_800)
    morning = DAYTIME_MIN[0] + 90 + 7 * rank
    fixed = tuple(sorted({_clock(soon), _clock(morning)} if abs(soon - morning) >= 60 else {_clock(soon)}))
    return CheckInDuty(per_day=len(fixed), timetable=Timetable(TIME_ZONE, DAYTIME), response_s=RESPONSE_S, fixed=fixed)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


class Answer(msgspec.Struct, frozen=True):
    """What somebody does with one question: how long after it was asked (None: nothing), and how pictures are taken."""

    part: Part
    after_ms: int | None
    identity: int
    view: View
    tries: int = 1
    forced: bool = False
    turns: bool = True  # whether they turn their head as they are asked


def answer_of(seed: int, index: int, asked_ms: int, response_ms: int, *, first: bool) -> Answer:
    """What a resident does with the question of an instant; `first`: it is one of the first evening."""
    rng = random.Random(f"check-in/{seed}/{index}/{asked_ms // MINUTE_MS}")
    part = part_of_question(rng, index, first=first)
    after_ms = int(rng.uniform(0.6, 6.0) * MINUTE_MS)
    if part is Part.LATE:
        after_ms = response_ms + int(rng.uniform(2, 9) * MINUTE_MS)
    elif part is Part.AWAY:
        after_ms = int((AWAY_AFTER_MIN + rng.uniform(0.5, 2)) * MINUTE_MS)
    elif part is not Part.RIGHT:
        after_ms = min(after_ms, int(0.4 * response_ms))
    who = identity_of(index)
    view = _view(rng, part)
    if part is Part.OTHER:
        who = (who + 1 + rng.randrange(len(cast()) - 1)) % len(cast())
    forced = part is Part.DARK or (part is Part.NOBODY and rng.random() < 0.5)
    return Answer(
        part,
        None if part is Part.MISSED else after_ms,
        who,
        view,
        tries=3 if forced else 1,
        forced=forced,
        turns=part is not Part.PRINTED,
    )


def part_of_question(rng: random.Random, index: int, *, first: bool) -> Part:
    """Which part somebody plays."""
    if first and (part := part_on_the_first_evening(index)):
        return part
    return rng.choices(list(_USUALLY), list(_USUALLY.values()))[0]


def part_on_the_first_evening(index: int) -> Part | None:
    """The part of one of the first who are asked; None for all others."""
    return _FIRST[index // 3] if is_asked(index) and index // 3 < len(_FIRST) else None


def identity_of(index: int) -> int:
    """Whose face a resident has. In a large town several have the same one: faces are never compared across people."""
    return index % len(cast())


def enrolled_views(identity: int) -> tuple[View, ...]:
    """How the pictures were taken that somebody with this face is compared with."""
    plain = View(seed=900, place=1_000 + identity, eye_px=54.0, size_px=320, light_above=0.5)
    return plain, msgspec.structs.replace(plain, seed=901, yaw_deg=6.0, smile=0.2)


def _view(rng: random.Random, part: Part) -> View:
    company = rng.randrange(len(cast())) if part is Part.TWO else None
    return View(
        eye_px=rng.uniform(36, 54), yaw_deg=rng.gauss(0, 3), pitch_deg=rng.gauss(0, 4), roll_deg=rng.gauss(0, 3),
        smile=rng.choice((0.0, 0.0, 0.3)), light=0.003 if part is Part.DARK else rng.uniform(0.35, 1.1),
        light_side=rng.uniform(-0.7, 0.7), harsh=rng.uniform(0.3, 0.6), warmth=rng.uniform(0, 0.8),
        noise=rng.uniform(1.5, 4.0), place=rng.randrange(10_000), seed=rng.randrange(1 << 30), company=company,
        nobody=part is Part.NOBODY, printed=part is Part.PRINTED,
    )  # fmt: skip


def in_the_dark(answer: Answer) -> Answer:
    """The first try of somebody who then finds light."""
    view = msgspec.structs.replace(answer.view, light=0.003, seed=answer.view.seed + 1)
    return msgspec.structs.replace(answer, view=view)
