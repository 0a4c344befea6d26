"""`python -m tests.mutants [--sample SHARE] [FILE ...]`: which changes of the rules no test notices.

Two groups, each on a copy of its own in build/mutants. The arithmetic: mutmut leaves functions with a decorator alone
and cannot see into machine code, so there `@compiled` and `@part_of_callers` are taken away and the same functions run
as plain Python, which only the tests of the arithmetic can afford. The decisions: all other files, with the arithmetic
compiled as it is. Survivors that are no fault stand in tests/mutants/survivors.txt with the reason; any other one is a
gap in the tests. All mutants take hours; `--sample 0.05` judges one in twenty, always the same ones, and tells the
interval in which the share killed of all then lies. A run of all goes on where it was interrupted.
"""

import argparse
import collections
import hashlib
import json
import math
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

CHECKOUT = Path(__file__).resolve().parents[2]
EXPLAINED = Path(__file__).with_name("survivors.txt")
WANTED = 0.9  # of the mutants killed


class Group(NamedTuple):
    """Files of surety/rules that are mutated together, and the tests that judge them."""

    name: str
    files: tuple[str, ...]
    tests: tuple[str, ...]
    plain: bool  # whether the compiled functions run as plain Python

    @property
    def copy(self) -> Path:
        """Where its copy of the tree stands."""
        return CHECKOUT / "build" / "mutants" / self.name


ARITHMETIC = ("kernel", "presence", "packing", "geometry")
NEITHER = ("compiled", "__init__")
_RULES = sorted(file.stem for file in (CHECKOUT / "surety/rules").glob("*.py"))
_TESTS = sorted(file.name for file in (CHECKOUT / "tests/rules").glob("test_*.py"))
_OF_ARITHMETIC = tuple(name for name in _TESTS if name.split("_")[1].split(".")[0] in ARITHMETIC)
_ON_SHARED_TRACES = ("test_real_traces.py",)  # measures, and is not part of every checkout
GROUPS = (
    Group("arithmetic", ARITHMETIC, _OF_ARITHMETIC, plain=True),
    Group(
        "decisions",
        tuple(name for name in _RULES if name not in (*ARITHMETIC, *NEITHER)),
        tuple(name for name in _TESTS if name not in (*_OF_ARITHMETIC, *_ON_SHARED_TRACES)),
        plain=False,
    ),
)
# What a test run needs beside the rules. No server, no pages: a mutant is judged by the rules' own tests alone.
SETTINGS = """[tool.mutmut]
source_paths = ["surety/rules"]
also_copy = ["surety", "tests", "conftest.py"]
only_mutate = [{files}]
pytest_add_cli_args = ["-p", "no:django", "-p", "no:xdist", "-p", "no:cacheprovider", "-m", "not shared and not slow"]
pytest_add_cli_args_test_selection = [{tests}]
timeout_multiplier = 8.0
track_dependencies = false
use_git_change_detection = false

[tool.pytest.ini_options]
filterwarnings = ["error"]
markers = ["slow: slow", "shared: needs the shared traces"]
"""
# Few examples a property, always the same ones, so that a verdict is the same in every run. A mutant is judged in the
# fork of a process that ran all tests before: what that keeps in memory of the unchanged rules is forgotten first.
CONFTEST = """import sys

from hypothesis import HealthCheck, settings
settings.register_profile("mutants", max_examples=20, deadline=None, derandomize=True, database=None,
                          suppress_health_check=list(HealthCheck))
settings.load_profile("mutants")


def pytest_sessionstart():
    for name, module in list(sys.modules.items()):
        if name.startswith("surety.rules"):
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()
"""


def prepare(group: Group) -> None:
    """The copy: what is older is replaced, so that mutmut tests anew only what was changed."""
    copy = group.copy
    for name in ("surety", "tests/rules"):
        shutil.copytree(CHECKOUT / name, copy / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / "tests/__init__.py", copy / "tests/__init__.py")
    for file in (copy / "tests/rules").glob("test_*.py"):  # where a test asks for more examples than the profile
        file.write_text(re.sub(r"max_examples=\d+", "max_examples=20", file.read_text()))
    (copy / "conftest.py").write_text(CONFTEST)
    files = ", ".join(f'"surety/rules/{name}.py"' for name in group.files)
    tests = ", ".join(f'"tests/rules/{name}"' for name in group.tests)
    (copy / "pyproject.toml").write_text(SETTINGS.format(files=files, tests=tests))
    if group.plain:
        for file in (copy / "surety/rules").glob("*.py"):
            file.write_text(re.sub(r"^@(compiled|part_of_callers)\n", "", file.read_text(), flags=re.MULTILINE))


def _mutmut(group: Group, *words: str, capture: bool = False) -> str:
    environment = {**os.environ, "PYTHONPATH": str(group.copy), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "mutmut", *words],
        cwd=group.copy,
        env=environment,
        text=True,
        check=False,
        stdout=subprocess.PIPE if capture else None,
    )
    return done.stdout or ""


def _results(group: Group) -> dict[str, str]:
    told = _mutmut(group, "results", "--all", "true", capture=True).splitlines()
    lines = (line.strip().rpartition(": ") for line in told)
    return {name: verdict for name, _, verdict in lines if name}


def _known(group: Group) -> list[str]:
    """Every mutant's name, once mutmut has made them."""
    files = sorted((group.copy / "mutants" / "surety" / "rules").glob("*.py.meta"))
    return [name for file in files for name in json.loads(file.read_text())["exit_code_by_key"]]


def _drawn(names: list[str], share: float) -> list[str]:
    """An even sample, the same in every run while the mutants are the same."""
    ordered = sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())
    return ordered[: max(1, round(share * len(ordered)))]


def wilson(killed: int, judged: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927)."""
    z, share = 1.96, killed / judged
    middle = (share + z * z / (2 * judged)) / (1 + z * z / judged)
    half = z / (1 + z * z / judged) * math.sqrt(share * (1 - share) / judged + (z / (2 * judged)) ** 2)
    return middle - half, middle + half


def report(results: dict[str, str]) -> int:
    """A line a file, the survivors, what the share killed is, and whether that is enough."""
    explained = dict(line.split(None, 1) for line in EXPLAINED.read_text().splitlines() if line[:1] not in {"", "#"})
    judged = {name: verdict for name, verdict in results.items() if verdict != "not checked"}
    by_file: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for name, verdict in judged.items():
        by_file[name.split(".x")[0]][verdict] += 1
    for file, counts in sorted(by_file.items()):
        print(f"{file:34s} {_killed(counts):5d} of {sum(counts.values()):5d} killed  {dict(counts)}")
    for name in sorted(name for name, verdict in judged.items() if verdict in {"survived", "no tests"}):
        print(f"{judged[name]}: {name}  {explained.get(name, 'NOT EXPLAINED')}")
    if not judged:
        print("nothing was judged")
        return 1
    killed = _killed(collections.Counter(judged.values()))
    low, high = wilson(killed, len(judged))
    share = f"{killed / len(judged):.1%}, at 95 % {low:.1%} to {high:.1%} of all {len(results)}"
    print(f"{killed} of {len(judged)} mutants killed: {share}")
    return 0 if killed / len(judged) >= WANTED else 1


def _killed(counts: collections.Counter[str]) -> int:
    return counts["killed"] + counts["timeout"] + counts["segfault"]


def _judge(group: Group, names: list[str], sample: float | None, processes: int) -> dict[str, str]:
    prepare(group)
    children = "--max-children", str(processes)
    if sample is None:
        _mutmut(group, "run", *children, *(f"surety.rules.{name}.*" for name in names))
        return _results(group)
    if not _known(group):  # mutmut makes them all when it is asked for one
        _mutmut(group, "run", *children, f"surety.rules.{group.files[0]}.*__mutmut_1")
    drawn = _drawn([name for name in _known(group) if not names or name.split(".")[2] in names], sample)
    _mutmut(group, "run", *children, *drawn)
    results = _results(group)
    return {name: verdict if name in drawn else "not checked" for name, verdict in results.items()}


def main() -> int:
    """Prepare, run and report. With FILE names (kernel, duty ...) only their mutants."""
    wanted = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    wanted.add_argument("files", nargs="*")
    wanted.add_argument("--sample", type=float, help="the share of all mutants that is judged, such as 0.05")
    wanted.add_argument("--children", type=int, default=os.cpu_count() or 1, help="processes that judge at once")
    chosen = wanted.parse_args()
    results: dict[str, str] = {}
    for group in GROUPS:
        names = [name for name in chosen.files if name in group.files]
        if names or not chosen.files:
            results.update(_judge(group, names, chosen.sample, chosen.children))
    return report(results)


if __name__ == "__main__":
    sys.exit(main())
