"""Picks the cast of invented people (surety/sim/faces/cast.json) and measures whether recognisers tell them apart.

    SURETY_MODELS=FOLDER python -m benchmarks.cast pick --people 48 --tries 2500
    SURETY_MODELS=FOLDER python -m benchmarks.cast measure

Faces drawn by one formula look alike to a recogniser, so a cast is looked for: again and again the person who is most
like another one is changed, by measures of somebody new, and the change stays where it helped. What `measure` tells is
a property of the cast. It says nothing about how well any recogniser does on people.
"""

import argparse
import itertools
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from surety.faces.burst import Machine
from surety.faces.contract import FacesUnavailableError
from surety.faces.models import Store
from surety.sim.faces import View
from surety.sim.faces.features import CAST_FILE, Features, cast, drawn
from surety.sim.faces.picture import picture_of

FIRST_SEED = 1_000
LEAST_SCORE = 0.85  # of a detector: the gate asks for .8
# Similarity that two of the cast should at most have, under what counts as a match (.36; 1 - distance .5), as light and
# turns add to it.
FAR = {"onnx": 0.31, "dlib": 0.45}
PLAIN = View(noise=1.5)
HARD = View(yaw_deg=-8, pitch_deg=4, light=0.35, harsh=0.7, light_side=0.7, eye_px=38, seed=9, place=9)
VIEWS = (
    View(yaw_deg=8, light=0.6, light_side=-0.5, seed=1, place=1),
    View(yaw_deg=-10, pitch_deg=6, light=1.1, smile=0.5, seed=2, place=2),
    View(pitch_deg=-8, light=0.3, harsh=0.8, light_side=0.8, seed=3, place=3, eye_px=34),
    View(yaw_deg=4, roll_deg=6, warmth=0.7, blur_px=0.8, seed=4, place=4),
)


class Seen(NamedTuple):
    """One picture as one machine sees it."""

    score: float
    vector: NDArray[np.float32]


def machines() -> list[Machine]:
    """Every engine that this machine has. Raises SystemExit when there is none."""
    from surety.faces.dlib import DlibMachine  # noqa: PLC0415 - loads dlib
    from surety.faces.onnx import open_machine  # noqa: PLC0415 - loads onnxruntime

    found: list[Machine] = []
    store = Store(Path(os.environ.get("SURETY_MODELS", "models")))
    opens: list[Callable[[Store], Machine]] = [open_machine, DlibMachine]
    for opened in opens:
        try:
            found.append(opened(store))
        except FacesUnavailableError as error:
            print(f"left out: {error}")
    if not found:
        raise SystemExit("No recogniser is here: name a folder with models in SURETY_MODELS.")
    return found


def look(machine: Machine, person: Features, view: View) -> Seen | None:
    """What a machine makes of a picture; None: no face, or more than one."""
    photo = picture_of(person, view)
    faces = machine.faces(photo)
    return Seen(faces[0].score, machine.vector(photo, faces[0])) if len(faces) == 1 else None


# --- picking ------------------------------------------------------------------------------------------------------


class Cast:
    """People, and for each machine the vectors of two pictures of each, one above the other."""

    def __init__(self, people: Sequence[Features], many: int, engines: Sequence[Machine]) -> None:
        self.engines, self.rng = engines, np.random.default_rng(5 + len(people))
        self.seeds = itertools.count(FIRST_SEED * (1 + len(people)))
        self.people: list[Features] = []
        self.vectors: list[list[NDArray[np.float32]]] = []
        offered = itertools.chain(people, (drawn(seed) for seed in self.seeds))
        while len(self.people) < many:
            person = next(offered)
            if vectors := self._vectors(person, None, np.inf):
                self.people.append(person)
                self.vectors.append(vectors)

    def _vectors(self, person: Features, n: int | None, most: float) -> list[NDArray[np.float32]]:
        """A vector a machine; none where a machine does not surely see them, or where they cost `most` already."""
        found: list[NDArray[np.float32]] = []
        for machine in self.engines:
            plain, hard = look(machine, person, PLAIN), look(machine, person, HARD)
            if plain is None or hard is None or plain.score < LEAST_SCORE:
                return []
            found.append(np.stack([plain.vector, hard.vector]))
            if n is not None and self.cost(n, found) >= most:
                return []
        return found

    def cost(self, n: int, vectors: Sequence[NDArray[np.float32]]) -> float:
        """How much too like others person `n` would be with these vectors: all of it, and more of the worst."""
        over = np.full(len(self.people) - 1, -1.0)
        for k, vector in enumerate(vectors):
            others = np.concatenate([v[k] for m, v in enumerate(self.vectors) if m != n])
            alike = self.engines[k].similarities(vector, others).max(axis=0).reshape(-1, 2).max(axis=1)
            over = np.maximum(over, alike - FAR[self.engines[k].name])
        return float(0.3 * over.max() + np.clip(over, 0, None).sum())

    def costs(self) -> NDArray[np.float64]:
        """Of everybody."""
        return np.array([self.cost(n, vectors) for n, vectors in enumerate(self.vectors)])

    def try_once(self) -> bool:
        """Change one of the worst people; keep it where it helped."""
        costs = self.costs()
        n = int(self.rng.choice(np.argsort(costs)[-12:]))
        new = self._changed(self.people[n])
        vectors = self._vectors(new, n, float(costs[n]))
        if not vectors:
            return False
        self.people[n], self.vectors[n] = new, vectors
        return True

    def _changed(self, person: Features) -> Features:
        """Some measures of somebody new; what belongs together (skin and hair colour, hair and beard) goes together."""
        other, share = drawn(next(self.seeds)), float(self.rng.choice([0.15, 0.35, 0.7, 1.0]))
        together = [{"skin", "hair_colour", "iris", "freckles"}, {"hair", "beard", "hairline", "recede"}]
        alone = set(Features.__struct_fields__).difference(*together)
        names = [name for name in sorted(alone) if self.rng.random() < share]
        names += [name for group in together if self.rng.random() < share for name in sorted(group)]
        return msgspec.structs.replace(person, **{name: getattr(other, name) for name in names})


def pick(many: int, tries: int) -> None:
    """Look for a cast, from the one there is on, and write it down."""
    found = Cast(cast(), many, machines())
    began, kept = time.monotonic(), 0
    for n in range(tries):
        kept += found.try_once()
        if n % 100 == 99:
            worst = float(found.costs().max())
            print(f"{n + 1} tries, {kept} kept, worst {worst:.3f}, {time.monotonic() - began:.0f} s", flush=True)
            _write(found.people)
            if worst <= 0:
                break
    _write(found.people)


def _write(people: Sequence[Features]) -> None:
    lines = b",\n".join(msgspec.json.encode(_rounded(person)) for person in people)
    CAST_FILE.write_bytes(b"[\n" + lines + b"\n]\n")


def _rounded(value: object) -> object:
    """Numbers to a tenth of a millimetre, so that the file can be read."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, tuple):
        return tuple(_rounded(v) for v in value)
    if isinstance(value, Features):
        return {name: _rounded(getattr(value, name)) for name in value.__struct_fields__}
    return value


# --- measuring ----------------------------------------------------------------------------------------------------


def measure() -> None:
    """Tell for each machine how the pictures of one person and of two compare with its threshold."""
    for machine in machines():
        match = {"onnx": 0.36, "dlib": 0.5}[machine.name]
        plain = [look(machine, person, PLAIN) for person in cast()]
        same, different, unseen = [], [], sum(seen is None for seen in plain)
        for n, view in itertools.product(range(len(plain)), VIEWS):
            probe = look(machine, cast()[n], view)
            unseen += probe is None
            if probe is not None:
                same += [a for m, a in _alike(machine, plain, probe) if m == n]
                different += [a for m, a in _alike(machine, plain, probe) if m != n]
        rejects, accepts = sum(a < match for a in same), sum(a >= match for a in different)
        print(
            f"{machine.name}: {len(plain)} people, {len(VIEWS)} views; not one face in {unseen} pictures; at {match}: "
            f"{rejects} of {len(same)} of one person below, {accepts} of {len(different)} of two people above; "
            f"least alike of one {min(same):.3f}, most alike of two {max(different):.3f}"
        )


def _alike(machine: Machine, plain: Sequence[Seen | None], probe: Seen) -> Iterator[tuple[int, float]]:
    return ((m, machine.similarity(seen.vector, probe.vector)) for m, seen in enumerate(plain) if seen)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["pick", "measure"])
    parser.add_argument("--people", type=int, default=48)
    parser.add_argument("--tries", type=int, default=2_500)
    args = parser.parse_args()
    if args.what == "pick":
        pick(args.people, args.tries)
    measure()


if __name__ == "__main__":
    main()
