"""Control cases: pictures of which it is known whether they show one person, mixed in among the reviews.

They tell how often reviewers err, without which nobody could know what an answer is worth. A reviewer cannot tell them
apart: they come in place of a review, look like one and end like one. They are about nobody under supervision and touch
no record. A pair that the machine would match clearly is not loaded: reviewers are never asked about such.
"""

import csv
import secrets
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q

from surety.faces.contract import Comparison, Turn
from surety.server.accounts.models import User
from surety.server.audit import actions as audit
from surety.server.checkins.models import ControlPair, ControlPicture, Review

LIST_NAME = "pairs.csv"
COLUMNS = ("name", "same", "group", "turn", "references", "frames")
MOST_FRAMES = 5
MOST_REFERENCES = 5
TRUTH = {"yes": True, "no": False}
Compare = Callable[["Row"], Comparison]


class Row(msgspec.Struct, frozen=True):
    """One line of the list, with the pictures it names."""

    name: str
    same: bool
    group: str
    turn: Turn
    references: tuple[bytes, ...]
    frames: tuple[bytes, ...]


class Loaded(msgspec.Struct, frozen=True):
    """What became of a folder: how many pairs were taken, known before, and left out as a clear match."""

    taken: int
    known: int
    clear: int


class Source(msgspec.Struct, frozen=True):
    """What is known of one source of pairs."""

    source: str
    pairs: int
    retired: int
    answers: int


class ControlsError(Exception):
    """The folder holds something wrong; one sentence says what, in which line, and what to do. Nothing was loaded."""


def draw(user: User, like: Review, *, now_ms: int) -> Review | None:
    """A control case for the user in place of `like`, by chance; never one that they have had."""
    every = settings.SURETY.control_every
    if every == 0 or secrets.randbelow(every):
        return None
    had = Review.objects.filter(control__isnull=False, answers__reviewer=user).values("control")
    unseen = list(ControlPair.objects.filter(retired_ms=None).exclude(pk__in=had).values_list("pk", flat=True))
    if not unseen:
        return None
    return Review.objects.create(
        control_id=secrets.choice(unseen),
        region=like.region,
        severity=like.severity,
        opened_ms=now_ms,
        due_ms=like.due_ms,
    )


def read(folder: Path, checked: Callable[[bytes], str]) -> list[Row]:
    """The pairs of a folder. `checked` says what is wrong with a picture, or nothing. Raises ControlsError."""
    file = folder / LIST_NAME
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ControlsError(
            f"{file} cannot be read ({error}); write the list of pairs there as CSV in UTF-8."
        ) from None
    lines = csv.DictReader(text.splitlines())
    if tuple(lines.fieldnames or ()) != COLUMNS:
        raise ControlsError(f'{file}:1: the first line must be "{",".join(COLUMNS)}".')
    rows = [_row(line, folder, f"{file}:{lines.line_num}", checked) for line in lines]
    names = [row.name for row in rows]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise ControlsError(f'{file}: the name "{twice}" stands in two lines; give each pair its own.')
    return rows


def _row(line: dict[str, str], folder: Path, where: str, checked: Callable[[bytes], str]) -> Row:
    if None in line or None in line.values():
        raise ControlsError(f"{where}: write exactly {len(COLUMNS)} columns; put several pictures apart by spaces.")
    name, same = line["name"].strip(), TRUTH.get(line["same"].strip().lower())
    turn = line["turn"].strip().lower()
    if turn not in set(Turn):
        raise ControlsError(f'{where}: under turn write "left" or "right", or nothing where the head was not to turn.')
    if not 1 <= len(name) <= 120 or same is None or len(line["group"].strip()) > 64:
        raise ControlsError(f'{where}: a pair needs a name, "yes" or "no" under same, and a group of up to 64 letters.')
    references, frames = (tuple(_pictures(line[column], folder, where, checked)) for column in ("references", "frames"))
    if not (1 <= len(references) <= MOST_REFERENCES and 1 <= len(frames) <= MOST_FRAMES):
        raise ControlsError(f"{where}: name 1 to {MOST_REFERENCES} references and 1 to {MOST_FRAMES} frames.")
    return Row(name, same, line["group"].strip(), Turn(turn), references, frames)


def _pictures(names: str, folder: Path, where: str, checked: Callable[[bytes], str]) -> Iterator[bytes]:
    for name in names.split():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise ControlsError(f'{where}: "{name}" lies outside the folder; put the picture into it.')
        try:
            data = path.read_bytes()
        except OSError:
            raise ControlsError(f'{where}: the picture "{name}" cannot be read.') from None
        if fault := checked(data):
            raise ControlsError(f'{where}: the picture "{name}": {fault}')
        yield data


def load(rows: Sequence[Row], source: str, compare: Compare, *, acting_user: User | None, now_ms: int) -> Loaded:
    """Take pairs in, each with what the machine says of it. One of the same source and name stays as it is."""
    known = set(ControlPair.objects.filter(source=source).values_list("name", flat=True))
    new = [row for row in rows if row.name not in known]
    compared = [(row, compare(row)) for row in new]  # before any transaction: it takes long
    taken = [(row, said) for row, said in compared if not said.settles]
    with transaction.atomic():
        for row, said in taken:
            _keep(row, source, said, now_ms)
        loaded = Loaded(len(taken), len(rows) - len(new), len(compared) - len(taken))
        audit.record(
            action="controls.loaded",
            actor=acting_user,
            subject_type="control",
            subject_id="",
            detail={"source": source, **msgspec.to_builtins(loaded)},
            at_ms=now_ms,
        )
    return loaded


def _keep(row: Row, source: str, said: Comparison, now_ms: int) -> None:
    pair = ControlPair.objects.create(
        name=row.name,
        source=source,
        same=row.same,
        group=row.group,
        turn=row.turn.value,
        body=msgspec.to_builtins(said),
        loaded_ms=now_ms,
    )
    pictures = [(True, row.references), (False, row.frames)]
    ControlPicture.objects.bulk_create(
        ControlPicture(pair=pair, is_reference=is_reference, nth=place, data=data)
        for is_reference, those in pictures
        for place, data in enumerate(those)
    )


def retire(source: str, *, acting_user: User | None, now_ms: int) -> int:
    """Show the pairs of a source to nobody any more; what was answered stays. How many they were."""
    with transaction.atomic():
        count = ControlPair.objects.filter(source=source, retired_ms=None).update(retired_ms=now_ms)
        audit.record(
            action="controls.retired",
            actor=acting_user,
            subject_type="control",
            subject_id="",
            detail={"source": source, "pairs": count},
            at_ms=now_ms,
        )
    return count


def sources() -> list[Source]:
    """Every source, by name."""
    counted = ControlPair.objects.values("source").annotate(
        pairs=Count("pk", distinct=True),
        retired=Count("pk", filter=Q(retired_ms__isnull=False), distinct=True),
        answers=Count("reviews__answers", filter=~Q(reviews__answers__answer=""), distinct=True),
    )
    return [Source(**row) for row in counted.order_by("source")]
