"""The files of a simulated town: `town.json`, which says what is simulated and who was given which device, and
`progress.json`, which says how far it was sent.
"""

import os
from pathlib import Path

import msgspec

from surety.sim.encode import Credentials
from surety.sim.lives import Lives


class Plan(msgspec.Struct, frozen=True):
    """What is simulated. Together with the time, it gives every message again."""

    seed: int
    people: int
    start_ms: int
    devices: tuple[Credentials, ...]

    def lives(self) -> Lives:
        """The lives that it names."""
        return Lives(self.seed, self.people, self.start_ms)


class Progress(msgspec.Struct, frozen=True):
    """Every message due before `sent_to_ms` was taken by the door (or refused for good)."""

    sent_to_ms: int
    counts: dict[str, int] = {}


def read_plan(folder: Path) -> Plan:
    """The plan of a folder. Raises FileNotFoundError, or msgspec.ValidationError for a file that is none."""
    return msgspec.json.decode((folder / "town.json").read_bytes(), type=Plan)


def read_progress(folder: Path) -> Progress | None:
    """How far the town was sent; None when nothing was, or when the file was cut off."""
    try:
        return msgspec.json.decode((folder / "progress.json").read_bytes(), type=Progress)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def write(folder: Path, what: Plan | Progress) -> None:
    """Replace the file in one step, so that a reader never sees half of it. Readable by its owner alone: secrets."""
    path = folder / ("town.json" if isinstance(what, Plan) else "progress.json")
    new = path.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.encode(what))
    new.replace(path)
