"""Threshold tables: from which similarity on two faces are said to match. A table belongs to one model's SHA-256.

A recogniser without a table is refused, as a similarity means nothing by itself. Shipped tables stand in
surety/faces/thresholds/; one in the folder `thresholds` of the model directory (made by `surety faces calibrate`, on
the agency's own pictures) takes the place of the one shipped.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from surety.faces.contract import Outcome, Thresholds
from surety.faces.models import ModelError

SHIPPED = Path(__file__).parent / "thresholds"
FOLDER = "thresholds"  # in the model directory


def judge(similarity: float, table: Thresholds) -> Outcome:
    """MATCH, INCONCLUSIVE or NO_MATCH. What is no number matches nothing."""
    if similarity >= table.match:
        return Outcome.MATCH
    return Outcome.INCONCLUSIVE if similarity >= table.inconclusive else Outcome.NO_MATCH


def read_table(path: Path) -> Thresholds:
    """A table and the SHA-256 of its file. Raises ModelError with what is wrong."""
    try:
        data = path.read_bytes()
        table = msgspec.json.decode(data, type=Thresholds)
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise ModelError(f"{path} is no threshold table: {error}; docs/faces.md shows one") from None
    if not -1.0 <= table.inconclusive <= table.match <= 1.0:
        raise ModelError(f"{path}: inconclusive must be at most match, and both from -1 to 1")
    return msgspec.structs.replace(table, sha256=hashlib.sha256(data).hexdigest())


def write_table(models_dir: Path, table: Thresholds) -> Path:
    """Put a table where `find_table` looks for it, in place of an older one of the same model. Raises OSError."""
    path = models_dir / FOLDER / f"{table.model_sha256}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    kept = {"model_sha256": table.model_sha256, "match": table.match, "inconclusive": table.inconclusive}
    new.write_bytes(msgspec.json.format(msgspec.json.encode({**kept, "source": table.source})) + b"\n")
    new.replace(path)
    return path


def has_table(model_sha256: str, models_dir: Path) -> bool:
    """Whether `find_table` finds one. Raises ModelError for a table that cannot be read."""
    return any(table.model_sha256 == model_sha256 for table in _tables(models_dir))


def find_table(model_sha256: str, models_dir: Path | None = None) -> Thresholds:
    """The table of a recogniser: the model directory's own, else the one shipped. Raises ModelError when none is."""
    for table in _tables(models_dir):
        if table.model_sha256 == model_sha256:
            return table
    raise ModelError(
        f"there is no threshold table for the model {model_sha256}: make one with `surety faces calibrate`, "
        "on pairs of pictures of which you know whether they show one person"
    )


def _tables(models_dir: Path | None) -> Iterator[Thresholds]:
    """The model directory's own, then those shipped."""
    for folder in ([models_dir / FOLDER] if models_dir else []) + [SHIPPED]:
        yield from map(read_table, sorted(folder.glob("*.json")))
