"""Real traces with known truth, for the benchmarks that measure detectors; they are no part of the project.

Looked for at SURETY_SHARED or beside the checkout, as the tests do. The scorer that comes with them is the judge.
"""

import importlib.util
import os
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from surety.replay import cases

CHECKOUT = Path(__file__).parents[1]
KINDS = ("zones", "home")
RATES_S = (0.0, 60.0)
RATE_WORDS = {0.0: "every fix", 60.0: "one fix a minute"}
FILES = {"zones": ("zones.jsonl.gz", "fixes.csv.gz"), "home": ("home.json.gz", "home-fixes.csv.gz")}


class AbsentError(Exception):
    """The traces are not on this machine; the message says where they were looked for."""


class Watched(NamedTuple):
    """The tasks along one trace, and its fixes: rows of epoch seconds, latitude, longitude, claimed radius."""

    tasks: list[cases.Task]
    track: np.ndarray


class Figures(NamedTuple):
    """What the scorer says of one detector. `exposure_days`: zone-days or wearer-days in which an alert is false."""

    false: int
    exposure_days: float
    caught: int
    events: int
    delays_s: list[float]

    @property
    def recall(self):
        return self.caught / max(self.events, 1)

    def delay_s(self, quantile):
        return float(np.quantile(self.delays_s, quantile)) if self.delays_s else float("nan")


def folder():
    """Where the traces lie; raises AbsentError."""
    path = Path(os.environ.get("SURETY_SHARED", CHECKOUT.parent / "shared")) / "gps"
    if not (path / "score.py").exists():
        raise AbsentError(f"the real traces are not at {path}; they are not part of a checkout (set SURETY_SHARED)")
    return path


def skipped(name):
    """The benchmark's one row where the traces are absent, else None."""
    try:
        folder()
    except AbsentError as absent:
        return [{"name": f"{name}: skipped", "value": None, "baseline": str(absent)}]
    return None


@cache
def scorer():
    spec = importlib.util.spec_from_file_location("trace_scorer", folder() / "score.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def watched(kind, thin_s=0.0):
    """Every case of a kind, by trace."""
    names = [folder() / name for name in FILES[kind]]
    return [Watched(tasks, track) for tasks, track in cases.watched(*names, thin_s)]


@cache
def truth(kind):
    """The cases as the scorer reads them, with their truth."""
    path = str(folder() / FILES[kind][0])
    judge = scorer()
    with judge.gzip.open(path, "rt") as lines:
        return [judge.json.loads(line) for line in lines] if kind == "zones" else judge.json.load(lines)


@cache
def _judged_fixes(kind, thin_s):
    return scorer().fixes(str(folder() / FILES[kind][1]), "trace" if kind == "zones" else "case", thin_s)


@cache
def per_fix(kind, thin_s):
    """The intervals of the rule that every target is measured against, as the scorer's own baseline has them."""
    rule = scorer().baseline_zones if kind == "zones" else scorer().baseline_home
    return rule(truth(kind), _judged_fixes(kind, thin_s))


def judge(kind, alerts, thin_s=0.0, wanted=None):
    """The scorer's word on intervals by case, over all cases or those whose truth is `wanted`."""
    chosen = [case for case in truth(kind) if wanted is None or wanted(case)]
    said = getattr(scorer(), kind)(chosen, alerts, _judged_fixes(kind, thin_s))
    events = said["observable"] if kind == "zones" else said["departures"]
    days = said["zone_days"] if kind == "zones" else said["days"]
    return Figures(said["false"], days, len(said["delay"]), events, said["delay"])


def day_of(case):
    """The day on which a case was recorded, by the study's name for it or by its own first instant (UTC)."""
    name = case["case"]
    return name[:3] if name.startswith("d") else str(np.datetime64(int(case["at_home"][0]), "s").astype("M8[D]"))


def phone_of(case):
    """The phone that recorded a case."""
    parts = case["case"].split("-")
    return "-".join(parts[1:3] if parts[0].startswith("d") else parts[:2])
