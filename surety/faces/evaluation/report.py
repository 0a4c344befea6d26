"""What a run found, as it is written to report.json: everything the page shows, and what calibration reads."""

from pathlib import Path

import msgspec

from surety.faces.contract import Thresholds
from surety.faces.evaluation.rates import Accuracy, Point, Rate

FILE = "report.json"
WANTED = (1e-2, 1e-3, 1e-4, 1e-5)  # FMR
MATCH_FMR, LARGEST_MATCH_FMR = 1e-5, 1e-4  # what a table is made for, and what it may be made for at most


class Asked(msgspec.Struct, frozen=True):
    """What was put to the test, so that the run can be repeated."""

    at: str  # ISO 8601, UTC
    surety: str  # version
    pairs: str
    pairs_sha256: str
    images: str
    groups: str
    impostors: str  # "list" or "all"
    engine: str
    model_sha256: str
    detector_sha256: str
    table: Thresholds | None  # the model's table at that time


class Acquisition(msgspec.Struct, frozen=True):
    """What became of the pictures. `failed`: no face could be made comparable (failure to acquire, FTA)."""

    pictures: int
    people: int  # 0: nobody says who is on them
    failed: Rate
    refused: dict[str, int]  # files that are no photographs, by reason
    no_face: int
    gate: Rate  # refused by the quality gate, no face included: a check-in would be asked for again
    advice: dict[str, int]  # by what the gate says


class AtThreshold(msgspec.Struct, frozen=True):
    """Both rates at one threshold. `fmr` is None where it is smaller than these pairs can tell."""

    name: str
    threshold: float
    fmr: float | None
    fnmr: float


class Cut(msgspec.Struct, frozen=True):
    """Where `surety faces calibrate` would put the thresholds, and the FNMR that the upper one costs."""

    match_fmr: float
    match: float
    match_fnmr: float
    inconclusive_fmr: float
    inconclusive: float


class Compared(msgspec.Struct, frozen=True):
    """What one set of pictures gives."""

    name: str
    genuine: int  # comparisons of one person
    impostors: int  # of two people
    smallest_fmr: float
    points: list[Point]
    at_table: list[AtThreshold]
    cut: Cut | None  # None: too few pairs
    curve: list[tuple[float, float]]  # FMR, FNMR


class GroupRow(msgspec.Struct, frozen=True):
    """One group. Where `people` is None the group is smaller than is told, and so is everything else of it.

    The differentials are the group's rates as multiples of the rates over everybody, at the same threshold.
    """

    name: str
    people: int | None
    pictures: int = 0
    failed: Rate | None = None
    gate: Rate | None = None
    fnmr: Rate | None = None
    fmr: Rate | None = None
    fnmr_differential: float | None = None
    fmr_differential: float | None = None


class GroupTable(msgspec.Struct, frozen=True):
    """The groups of one column, at one threshold for everybody."""

    column: str
    threshold: float
    threshold_name: str
    fmr: float | None  # over everybody, at that threshold; None where it is smaller than the pairs can tell
    fnmr: float
    rows: list[GroupRow]


class Times(msgspec.Struct, frozen=True):
    """Milliseconds a picture: the middle one, and one of twenty is slower."""

    decode_p50_ms: float
    decode_p95_ms: float
    face_p50_ms: float
    face_p95_ms: float


class Report(msgspec.Struct, frozen=True):
    """A run."""

    asked: Asked
    acquisition: Acquisition
    all_faces: Compared
    good_pictures: Compared  # those that pass the quality gate
    accuracy: Accuracy | None  # LFW's
    groups: list[GroupTable]
    times: Times
    drawn: str  # what was drawn for the intervals


class ReportError(Exception):
    """A folder holds no run that can be read; one sentence says what is wrong."""


def write(report: Report, folder: Path) -> None:
    """Put report.json in place."""
    new = folder / f"{FILE}.new"
    new.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
    new.replace(folder / FILE)


def read(folder: Path) -> Report:
    """The report of a run. Raises ReportError."""
    path = folder / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Report)
    except FileNotFoundError:
        raise ReportError(f"{path} is not there: give the folder that `surety faces evaluate --out` wrote") from None
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise ReportError(f"{path} is no report of a run: {error}") from None
