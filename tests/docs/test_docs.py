"""The docs name files and tests that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATH = re.compile(r"`((?:surety|tests|docs|benchmarks|deploy|requirements)/[\w./-]+?)(?:::(\w+))?`")
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("file", DOCS, ids=lambda f: str(f.relative_to(ROOT)))
def test_every_path_that_the_docs_name_exists(file: Path) -> None:
    for path, name in PATH.findall(file.read_text()):
        if "NAME" in path:  # a place to fill in
            continue
        target = ROOT / path
        assert target.exists(), f"{file.name} names {path}, which is not there"
        assert not name or f"def {name}(" in target.read_text(), f"{file.name} names {path}::{name}, which is not there"


def test_where_is_answers_twenty_questions() -> None:
    rows = [
        line for line in (ROOT / "docs/where-is.md").read_text().splitlines() if line.startswith("| ") and "`" in line
    ]
    assert len(rows) >= 20
    assert all(PATH.search(row) for row in rows)


def test_each_line_of_the_design_has_a_test() -> None:
    text = (ROOT / "docs/lines.md").read_text()
    rows = [line for line in text.splitlines() if re.match(r"\| [1-7] \|", line)]
    assert len(rows) == 7


def test_each_right_names_what_serves_it_and_a_test_or_says_that_it_is_open() -> None:
    rows = [line for line in (ROOT / "docs/rights.md").read_text().splitlines() if line.startswith("| ")]
    rows = [row for row in rows if not row.startswith("| ---")]
    told = [row.strip("| ").split(" | ") for row in rows]
    headings = [cells for cells in told if cells[-1] == "the test"]
    assert len(headings) == 3
    assert len(told) - len(headings) >= 25
    for cells in told:
        assert cells in headings or "tests/" in cells[-1], f"{cells[0]}: name the test"


@pytest.mark.parametrize("file", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda f: f.name)
def test_lock_files_pin_by_hash_and_carry_no_address(file: Path) -> None:
    text = file.read_text()
    assert "://" not in text
    pinned = re.findall(r"^[\w.-]+(?:\[[\w,]+\])?==", text, re.MULTILINE)
    blocks = re.split(r"\n(?=[\w])", text)
    assert pinned
    assert all("--hash=sha256:" in block for block in blocks if "==" in block.split("\n")[0])


@pytest.mark.parametrize("file", sorted((ROOT / "requirements").glob("*.in")), ids=lambda f: f.name)
def test_each_dependency_says_what_it_is_for(file: Path) -> None:
    for line in file.read_text().splitlines():
        if line and not line.startswith(("#", "-r")):
            assert "#" in line, line
