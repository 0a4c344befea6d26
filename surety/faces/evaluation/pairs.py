"""Pair lists and groups: which pictures are compared, and who is on them.

Two kinds of list. LFW's pairs.txt (Huang et al. 2007): first the number of folds and of pairs in each, then "name 1 2"
for one person and "name 1 other 3" for two; the pictures are name/name_0001.jpg. A plain list: a CSV or TSV file with
two file names and 1 (one person) or 0 (two people) in each line.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
LARGEST_LIST_BYTES = 200_000_000
TOLD = 5  # missing pictures named one by one


class InputError(Exception):
    """A file cannot be used. The message names the file, the line where there is one, and what was expected."""

    def __init__(self, file: Path, line: int | None, sentence: str) -> None:
        super().__init__(f"{file}:{line}: {sentence}" if line is not None else f"{file}: {sentence}")


class Pair(NamedTuple):
    """Two pictures, by their paths in the folder of pictures, and whether they show one person."""

    one: str
    other: str
    same: bool
    fold: int = 0


class PairList(NamedTuple):
    """The pairs, and who is on the pictures where the list or the groups tell it."""

    pairs: list[Pair]
    folds: int  # 0: a plain list without folds
    subjects: dict[str, str]  # by picture; empty where unknown


class Groups(NamedTuple):
    """What a groups file tells: subjects by picture, and for each column the group of a picture."""

    subjects: dict[str, str]
    columns: dict[str, dict[str, str]]


class Folder:
    """The folder of pictures. Nothing outside it is read, whatever a list names."""

    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            raise InputError(path, None, "there is no such folder of pictures")
        self.path = path.resolve()

    def file(self, name: str) -> Path | None:
        """Where a picture lies; None when it is not there, or not inside the folder."""
        try:
            found = (self.path / name).resolve()
            return found if found.is_relative_to(self.path) and found.is_file() else None
        except (OSError, ValueError):  # a name too long, or with a null byte
            return None

    def pictures(self) -> Iterator[str]:
        """Every picture, by its path in the folder, in order."""
        for path in sorted(self.path.rglob("*")):
            if path.suffix.lower() in SUFFIXES and self.file(name := path.relative_to(self.path).as_posix()):
                yield name


def read_pairs(path: Path, folder: Folder) -> PairList:
    """Read either kind of list, told by its first line. Raises InputError."""
    lines = read_text(path).splitlines()
    first = next((line.split() for line in lines if line.strip()), [])
    if not first:
        raise InputError(path, None, "the list of pairs is empty")
    if len(first) <= 2 and all(word.isdecimal() for word in first):
        found = _lfw(path, lines, folder)
    else:
        found = PairList(list(_plain(path, lines)), 0, {})
    _check(path, found.pairs, folder)
    return found


def read_text(path: Path) -> str:
    """A text file. Raises InputError."""
    try:
        if path.stat().st_size > LARGEST_LIST_BYTES:
            raise InputError(path, None, f"is larger than {LARGEST_LIST_BYTES // 1_000_000} MB")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(path, None, "is no text in UTF-8") from None
    except OSError as error:
        raise InputError(path, None, f"cannot be read ({(error.strerror or str(error)).lower()})") from None


# --- LFW


def _lfw(path: Path, lines: Sequence[str], folder: Folder) -> PairList:
    rows = [(number, line.split("\t") if "\t" in line else line.split()) for number, line in enumerate(lines, 1)]
    rows = [(number, row) for number, row in rows if any(row)]
    (number, head), body = rows[0], rows[1:]
    folds, each = (int(head[0]), int(head[1])) if len(head) == 2 else (1, int(head[0]))
    if not folds or len(body) != folds * each * 2:
        raise InputError(
            path,
            number,
            f"announces {folds} folds of {each} pairs of one person and {each} of two; {len(body)} lines follow",
        )
    ends = {name.rsplit(".", 1)[0]: name for name in folder.pictures()}
    pairs = [_lfw_pair(path, number, row, n // (2 * each), ends) for n, (number, row) in enumerate(body)]
    subjects = {name: name.split("/")[0] for name in ends.values() if name.count("/") == 1}
    return PairList(pairs, folds if folds > 1 else 0, subjects)


def _lfw_pair(path: Path, line: int, row: Sequence[str], fold: int, ends: Mapping[str, str]) -> Pair:
    numbers = (row[1], row[-1]) if len(row) in (3, 4) else ("", "")
    if not all(number.isdecimal() for number in numbers):
        raise InputError(path, line, 'expected "name 1 2" (one person) or "name 1 other 3" (two)')
    names = (row[0], row[0]) if len(row) == 3 else (row[0], row[2])
    stems = [f"{name}/{name}_{int(number):04d}" for name, number in zip(names, numbers, strict=True)]
    one, other = (ends.get(stem, f"{stem}.jpg") for stem in stems)
    return Pair(one, other, len(row) == 3, fold)


# --- plain lists


def _plain(path: Path, lines: Sequence[str]) -> Iterator[Pair]:
    separator = "\t" if any("\t" in line for line in lines[:10]) else ","
    for number, row in enumerate(csv.reader(lines, delimiter=separator), 1):
        words = [word.strip() for word in row]
        if not any(words) or words[0].startswith("#"):
            continue
        if len(words) != 3:
            raise InputError(path, number, f"expected file, file, 1 or 0; there are {len(words)} fields")
        if words[2] in ("0", "1"):
            if not (words[0] and words[1]):
                raise InputError(path, number, "expected file, file, 1 or 0; a file name is empty")
            yield Pair(words[0], words[1], words[2] == "1")
        elif number > 1:  # the first line may be a heading
            raise InputError(path, number, f'the third field must be 1 (one person) or 0 (two), not "{words[2]}"')


def _check(path: Path, pairs: Sequence[Pair], folder: Folder) -> None:
    if not any(pair.same for pair in pairs):
        raise InputError(
            path, None, "there is no pair of one person in it, so nothing can be said of false non-matches"
        )
    names = dict.fromkeys(name for pair in pairs for name in (pair.one, pair.other))
    missing = [name for name in names if folder.file(name) is None]
    if missing:
        told = ", ".join(missing[:TOLD]) + (" and others" if len(missing) > TOLD else "")
        raise InputError(path, None, f"{len(missing)} of the {len(names)} pictures are not in {folder.path}: {told}")


# --- groups


def read_groups(path: Path, folder: Folder, known: Mapping[str, str]) -> Groups:
    """A CSV file with the heading `file` or `subject`, perhaps `subject` beside `file`, and a column for each grouping.

    `known`: subjects by picture as far as the pair list tells them. Raises InputError.
    """
    rows = list(csv.reader(io.StringIO(read_text(path))))
    head = [word.strip() for word in rows[0]] if rows else []
    key = head[0] if head else ""
    if key not in ("file", "subject") or len(set(head)) != len(head) or "" in head:
        raise InputError(
            path, 1, 'expected a heading with "file" or "subject" first, then a name for each other column'
        )
    if key == "subject" and not known:
        raise InputError(
            path, 1, 'the list of pairs does not tell who is on a picture: give "file" first, then "subject"'
        )
    table = {row[key]: row for row in _rows(path, head, rows[1:])}
    if key == "file":
        return _by_file(path, table, head, folder, known)
    columns = {name: {file: table[who][name] for file, who in known.items() if who in table} for name in head[1:]}
    return Groups(dict(known), columns)


def _rows(path: Path, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[dict[str, str]]:
    seen: set[str] = set()
    for number, row in enumerate(rows, 2):
        words = [word.strip() for word in row]
        if not any(words):
            continue
        if len(words) != len(head):
            raise InputError(path, number, f"the heading has {len(head)} fields, this line {len(words)}")
        if words[0] in seen:
            raise InputError(path, number, f'"{words[0]}" stands here a second time')
        seen.add(words[0])
        yield dict(zip(head, words, strict=True))


def _by_file(
    path: Path, table: Mapping[str, Mapping[str, str]], head: Sequence[str], folder: Folder, known: Mapping[str, str]
) -> Groups:
    lost = [name for name in table if folder.file(name) is None]
    if lost:
        raise InputError(path, None, f"{len(lost)} pictures are not in {folder.path}: {', '.join(lost[:TOLD])}")
    subjects = {name: row["subject"] for name, row in table.items()} if "subject" in head else dict(known)
    columns = {name: {file: row[name] for file, row in table.items()} for name in head[1:] if name != "subject"}
    return Groups(subjects, columns)


def contradictions(pairs: Sequence[Pair], subjects: Mapping[str, str]) -> list[Pair]:
    """Pairs of which the subjects say otherwise than the list: one of the two is wrong."""
    return [
        pair
        for pair in pairs
        if pair.one in subjects and pair.other in subjects and (subjects[pair.one] == subjects[pair.other]) != pair.same
    ]
