"""Control pairs of invented people, for a demonstration: a folder that `surety checkins controls load` takes.

They are taken in bad light, out of focus, or by somebody else, as what reaches reviewers is. What reviewers make of
invented faces says nothing about how they judge real ones.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from surety.sim.faces import View, burst, face, jpeg

FRAMES = 3
COLUMNS = ("name", "same", "group", "turn", "references", "frames")


class Pair(msgspec.Struct, frozen=True):
    """Who is enrolled, who is before the camera, and how the pictures are taken."""

    name: str
    enrolled: int
    sent: int
    turn: str
    view: View


def pairs(count: int, seed: int) -> Iterator[Pair]:
    """Every second one shows the same person."""
    rng = np.random.default_rng((seed, 17))
    for number in range(count):
        enrolled, other = (int(who) for who in rng.choice(10_000, 2, replace=False))
        turn = str(rng.choice(["left", "right"]))
        view = View(
            light=float(rng.uniform(0.05, 0.35)),
            blur_px=float(rng.uniform(1.0, 2.4)),
            noise=float(rng.uniform(4, 10)),
            place=number,
            seed=number,
        )
        yield Pair(f"invented-{seed}-{number}", enrolled, enrolled if number % 2 == 0 else other, turn, view)


def write(folder: Path, count: int, seed: int) -> None:
    """Write the pictures and pairs.csv. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "pairs.csv").open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(COLUMNS)
        for pair in pairs(count, seed):
            references = [face(pair.enrolled, View(place=pair.view.place + 40, smile=smile)) for smile in (0.0, 0.5)]
            frames = burst(pair.sent, pair.view.seed, pair.turn, pair.view, FRAMES)
            named = [_write(folder, f"{pair.name}-r{n}.jpg", jpeg(one)) for n, one in enumerate(references)]
            shown = [_write(folder, f"{pair.name}-f{n}.jpg", jpeg(one)) for n, one in enumerate(frames)]
            same = "yes" if pair.enrolled == pair.sent else "no"
            lines.writerow([pair.name, same, "invented", pair.turn, " ".join(named), " ".join(shown)])


def _write(folder: Path, name: str, data: bytes) -> str:
    (folder / name).write_bytes(data)
    return name
