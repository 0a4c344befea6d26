"""One run, from the lists to the report."""

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from surety import __version__
from surety.faces import models, tables
from surety.faces.burst import Machine
from surety.faces.choose import open_machine
from surety.faces.contract import Thresholds
from surety.faces.evaluation import groups, rates, scores
from surety.faces.evaluation.acquire import Acquired, Kept, acquire
from surety.faces.evaluation.pairs import Folder, Groups, InputError, PairList, contradictions, read_groups, read_pairs
from surety.faces.evaluation.rates import Scores
from surety.faces.evaluation.report import (
    LARGEST_MATCH_FMR,
    MATCH_FMR,
    WANTED,
    Acquisition,
    Asked,
    AtThreshold,
    Compared,
    Cut,
    GroupTable,
    Report,
    Times,
)
from surety.faces.evaluation.scores import View
from surety.settings import Settings

GROUPS_AT_FMR = 1e-3  # where groups are compared, beside the model's own table: enough false matches to tell them apart


class Wanted(msgspec.Struct, frozen=True):
    """What the operator named."""

    pairs: Path
    images: Path
    groups: Path | None
    everyone: bool  # impostors: all
    processes: int
    out: Path


class TestSet(msgspec.Struct, frozen=True):
    """The lists as they were read."""

    __test__ = False  # it is no test, whatever its name

    pairs: PairList
    groups: Groups
    folder: Folder

    @property
    def names(self) -> list[str]:
        """Every picture that is looked at, once."""
        named = [name for pair in self.pairs.pairs for name in (pair.one, pair.other)]
        return list(dict.fromkeys([*named, *self.groups.subjects]))


def read_test_set(wanted: Wanted, settings: Settings) -> TestSet:
    """Read the lists, and refuse what cannot be evaluated before anything is computed. Raises InputError."""
    _outside_the_system(wanted, settings)
    folder = Folder(wanted.images)
    pairs = read_pairs(wanted.pairs, folder)
    found = Groups(dict(pairs.subjects), {})
    if wanted.groups:
        found = read_groups(wanted.groups, folder, pairs.subjects)
    if wrong := contradictions(pairs.pairs, found.subjects):
        one, other, same, _ = wrong[0]
        said = "one person" if same else "two people"
        raise InputError(wanted.pairs, None, f"says that {one} and {other} show {said}; the subjects say otherwise")
    if wanted.everyone and not found.subjects:
        raise InputError(
            wanted.pairs, None, "does not tell who is on the pictures, so that --impostors all is not possible: "
            "give --groups with the columns file and subject"
        )  # fmt: skip
    if not wanted.everyone:
        found = Groups({name: who for name, who in found.subjects.items() if name in _named(pairs)}, found.columns)
    return TestSet(pairs, found, folder)


def _named(pairs: PairList) -> set[str]:
    return {name for pair in pairs.pairs for name in (pair.one, pair.other)}


def _outside_the_system(wanted: Wanted, settings: Settings) -> None:
    """The system's own photographs are sealed and are no test set; neither side of a run lies among them."""
    inside = settings.data_dir.resolve()
    for path in (wanted.images, wanted.out):
        if path.resolve().is_relative_to(inside):
            raise InputError(
                path,
                None,
                f"lies in {inside}, where the system keeps its own data; name a test set and a folder elsewhere",
            )


def run(wanted: Wanted, settings: Settings, test_set: TestSet, now: dt.datetime, step: Callable[[], None]) -> Report:
    """Acquire, compare, count. `step` is called after each picture. Raises FacesUnavailableError."""
    machine = open_machine(settings)
    kept = Kept(wanted.out / "acquired", machine)
    try:
        files = [test_set.folder.path / name for name in test_set.names]
        found = acquire(settings, kept, files, wanted.processes, step)
    finally:
        kept.close()
    acquired = dict(zip(test_set.names, found, strict=True))
    table = _table(machine, settings)
    return _report(wanted, test_set, acquired, machine, table, now)


def _table(machine: Machine, settings: Settings) -> Thresholds | None:
    try:
        return tables.find_table(machine.model_sha256, models.models_dir(settings.models_folder))
    except models.ModelError:
        return None


def _report(
    wanted: Wanted,
    test_set: TestSet,
    acquired: Mapping[str, Acquired],
    machine: Machine,
    table: Thresholds | None,
    now: dt.datetime,
) -> Report:
    found = {}
    views = {"all": _view(test_set, acquired, good=False), "good": _view(test_set, acquired, good=True)}
    for name, seen in views.items():
        pick = scores.of_everyone if wanted.everyone else scores.of_list
        found[name] = pick(seen, test_set.pairs.pairs, machine)
    return Report(
        asked=_asked(wanted, machine, table, now),
        acquisition=_acquisition(test_set, acquired),
        all_faces=compared("all pictures in which a face was found", found["all"], table),
        good_pictures=compared("pictures that pass the quality gate", found["good"], table),
        accuracy=_accuracy(test_set, views["all"], machine),
        groups=_groups(test_set, acquired, views["all"], found["all"], table),
        times=_times(list(acquired.values())),
        drawn=_drawn(found["all"]),
    )


def _view(test_set: TestSet, acquired: Mapping[str, Acquired], *, good: bool) -> View:
    vectors = {name: one.vector for name, one in acquired.items() if one.vector and not (good and one.advice)}
    return scores.view(test_set.names, vectors, test_set.groups.subjects)


def _asked(wanted: Wanted, machine: Machine, table: Thresholds | None, now: dt.datetime) -> Asked:
    return Asked(
        at=now.isoformat(timespec="seconds"),
        surety=__version__,
        pairs=wanted.pairs.name,
        pairs_sha256=hashlib.sha256(wanted.pairs.read_bytes()).hexdigest(),
        images=wanted.images.name,
        groups=wanted.groups.name if wanted.groups else "",
        impostors="all" if wanted.everyone else "list",
        engine=machine.name,
        model_sha256=machine.model_sha256,
        detector_sha256=machine.detector_sha256,
        table=table,
    )


def _acquisition(test_set: TestSet, acquired: Mapping[str, Acquired]) -> Acquisition:
    found = list(acquired.values())
    subjects = test_set.groups.subjects
    people = scores.numbered(list(acquired), subjects) if subjects else np.arange(len(found))
    return Acquisition(
        pictures=len(found),
        people=len(np.unique(people)) if subjects else 0,
        failed=groups.share([not one.vector for one in found], people),
        refused=dict(Counter(one.refused for one in found if one.refused)),
        no_face=sum(not one.vector and not one.refused for one in found),
        gate=groups.share([not one.vector or bool(one.advice) for one in found], people),
        advice=dict(Counter(word for one in found for word in one.advice)),
    )


def compared(name: str, found: Scores, table: Thresholds | None) -> Compared:
    """Everything that is told of one set of similarities."""
    return Compared(
        name=name,
        genuine=len(found.genuine),
        impostors=found.impostors,
        smallest_fmr=rates.smallest_fmr(found.impostors),
        points=rates.points(found, WANTED),
        at_table=_at_table(found, table),
        cut=_cut(found),
        curve=rates.curve(found),
    )


def _cut(found: Scores) -> Cut | None:
    """A table for an FMR of 1e-5, or the smallest that can be told; what is inconclusive begins at ten times that."""
    rate = max(MATCH_FMR, rates.smallest_fmr(found.impostors))
    if rate > LARGEST_MATCH_FMR:
        return None
    match, inconclusive = rates.threshold_at(found, rate), rates.threshold_at(found, rate * 10)
    return Cut(rate, match, rates.fnmr(found, match), rate * 10, inconclusive)


def _at_table(found: Scores, table: Thresholds | None) -> list[AtThreshold]:
    named = [("match", table.match), ("inconclusive", table.inconclusive)] if table else []
    return [AtThreshold(name, value, _fmr(found, value), rates.fnmr(found, value)) for name, value in named]


def _fmr(found: Scores, threshold: float) -> float | None:
    if threshold <= found.lowest or not found.impostors:
        return None
    rate = rates.fmr(found, threshold)
    return rate if rates.supported(rate, found.impostors) else None


def _accuracy(test_set: TestSet, seen: View, machine: Machine) -> rates.Accuracy | None:
    """LFW's figure, of the pairs of the list, also where impostors are all others."""
    if not test_set.pairs.folds:
        return None
    pairs = test_set.pairs.pairs
    alike = np.full(len(pairs), np.nan, np.float32)
    usable = [n for n, pair in enumerate(pairs) if pair.one in seen.place and pair.other in seen.place]
    ends = np.array([(seen.place[pairs[n].one], seen.place[pairs[n].other]) for n in usable], np.int64).reshape(-1, 2)
    alike[usable] = scores.similarities(seen, ends, machine)
    return rates.accuracy(alike, np.array([p.same for p in pairs]), np.array([p.fold for p in pairs]))


def _groups(
    test_set: TestSet, acquired: Mapping[str, Acquired], seen: View, found: Scores, table: Thresholds | None
) -> list[GroupTable]:
    all_ = groups.Everything(acquired, test_set.groups.subjects, seen, found)
    columns = test_set.groups.columns
    return [groups.table(all_, name, columns[name], at) for at in _at(found, table) for name in columns]


def _at(found: Scores, table: Thresholds | None) -> list[groups.Threshold]:
    """Where groups are compared: at an FMR over everybody that can be told, and at the model's own match."""
    rate = max(GROUPS_AT_FMR, rates.smallest_fmr(found.impostors))
    at = [groups.Threshold(f"FMR {rate:.2g} over everybody", rates.threshold_at(found, rate))] if rate < 0.1 else []
    if table and table.match > found.lowest:
        at.append(groups.Threshold("the table's match", table.match))
    return at


def _times(found: Sequence[Acquired]) -> Times:
    decode = [one.decode_ms for one in found] or [0.0]
    face = [one.face_ms for one in found if not one.refused] or [0.0]
    (d50, d95), (f50, f95) = (np.percentile(times, [50, 95]).round(1).tolist() for times in (decode, face))
    return Times(d50, d95, f50, f95)


def _drawn(found: Scores) -> str:
    if found.subjects:
        return "people were drawn, with all their pictures; a pair of two people counts as often as both were drawn"
    return "pairs were drawn, as the test set does not say who is on the pictures: the intervals are too narrow"
