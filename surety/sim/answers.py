"""What truly became of each question: who was before the camera and when. Written to `answers.jsonl` by the watches."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from surety.sim.checkins import Part


class AnswerTruth(msgspec.Struct, frozen=True):
    """One question that reached a watch. `answered_ms`: when the person answered; None: they did not."""

    check_in_id: str
    reference: str
    part: Part
    asked_ms: int
    due_ms: int
    answered_ms: int | None
    dead: bool = False  # the watch was off when they would have answered


class AnswerFile:
    """Appends to `answers.jsonl`; of one question written twice, the last line counts."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, truths: Iterable[AnswerTruth]) -> None:
        """Add lines."""
        with self.path.open("ab") as file:
            for truth in truths:
                file.write(msgspec.json.encode(truth) + b"\n")

    def read(self) -> dict[str, AnswerTruth]:
        """By question; a line cut off by a crash is left out."""
        found: dict[str, AnswerTruth] = {}
        for line in self.path.read_bytes().splitlines() if self.path.exists() else []:
            try:
                truth = msgspec.json.decode(line, type=AnswerTruth)
            except msgspec.DecodeError:
                continue
            found[truth.check_in_id] = truth
        return found
