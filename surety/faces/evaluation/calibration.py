"""From a run to a threshold table, with where it comes from (`surety faces calibrate`)."""

import hashlib
import math
from pathlib import Path

from surety.faces.contract import Thresholds
from surety.faces.evaluation import report, words
from surety.faces.evaluation.rates import LEAST_FALSE_MATCHES
from surety.faces.evaluation.report import LARGEST_MATCH_FMR, Report

LEAST_GENUINE = 100  # pairs of one person: of fewer nobody can tell what the table costs people
FOLDER = "calibrations"  # in the model directory: the reports that its tables were made from


class CalibrationError(Exception):
    """The run cannot carry a table; one sentence says what it lacks."""


def table_of(folder: Path) -> Thresholds:
    """The table of the run's model. Raises ReportError, CalibrationError."""
    found = report.read(folder)
    cut = found.all_faces.cut
    if cut is None:
        needed = LEAST_FALSE_MATCHES / LARGEST_MATCH_FMR
        raise CalibrationError(
            f"The run compared {found.all_faces.impostors:,} pairs of two people; a table takes {needed:,.0f} or more, "
            f"so that an FMR of {words.fmr(LARGEST_MATCH_FMR)} can be told. Evaluate with --impostors all, or more "
            "people."
        )
    if found.all_faces.genuine < LEAST_GENUINE:
        raise CalibrationError(
            f"The run compared {found.all_faces.genuine:,} pairs of one person; a table takes {LEAST_GENUINE} or more, "
            "so that it is known how many people it would send to a reviewer."
        )
    if not -1 <= cut.inconclusive <= cut.match <= 1:
        raise CalibrationError(
            f"The run's thresholds ({cut.match:.4f}, {cut.inconclusive:.4f}) do not lie between -1 and 1: pictures of "
            "one person may stand in it as two people."
        )
    return Thresholds(
        found.asked.model_sha256, _upwards(cut.match), _upwards(cut.inconclusive), _source(found, _sha256(folder))
    )


def _upwards(similarity: float) -> float:
    """Four places, rounded so that no more pairs match."""
    return min(1.0, math.ceil(similarity * 10_000) / 10_000)


def _source(found: Report, sha256: str) -> str:
    cut = found.all_faces.cut
    assert cut is not None  # noqa: S101 - the caller has refused a run without
    return (
        f"surety faces calibrate: match at FMR {words.fmr(cut.match_fmr)}, inconclusive at "
        f"{words.fmr(cut.inconclusive_fmr)}, over {found.all_faces.impostors} pairs of two people; FNMR "
        f"{words.per_cent(cut.match_fnmr)} of {found.all_faces.genuine} pairs of one; {found.asked.pairs}, "
        f"{found.asked.at}, report {sha256}"
    )


def _sha256(folder: Path) -> str:
    return hashlib.sha256((folder / report.FILE).read_bytes()).hexdigest()


def keep_report(folder: Path, models_dir: Path) -> Path:
    """Put the report beside the table that was made from it."""
    kept = models_dir / FOLDER / f"{_sha256(folder)}.json"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes((folder / report.FILE).read_bytes())
    return kept
