"""Opens trace files of any format that `surety replay` knows and gives one person's facts."""

import gzip
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from surety.replay import gpx, messages, tables
from surety.replay.errors import InputError
from surety.replay.reading import BadLine, Read
from surety.rules.facts import Fact

Reader = Callable[[BinaryIO, str], Read]
_READERS: dict[str, Reader] = {
    ".gpx": gpx.read,
    ".plt": tables.read_plt,
    ".rec": messages.read_rec,
    ".json": messages.read_json,
    ".jsonl": messages.read_json,
    ".ndjson": messages.read_json,
    ".csv": tables.read_csv,
    ".tsv": tables.read_csv,
    ".txt": tables.read_csv,
}
KNOWN = ", ".join(_READERS)


class Traces(msgspec.Struct, frozen=True):
    """What all files held: facts in the order of the files, the lines that could not be read, facts that came twice."""

    facts: list[Fact]
    bad: list[tuple[Path, BadLine]]

    def sentences(self) -> list[str]:
        """Each line that could not be read, as a person is told of it."""
        return [f"{file}:{bad.line}: {bad.sentence}" for file, bad in self.bad]


def read_traces(paths: Iterable[Path], *, strict: bool = False) -> Traces:
    """The facts of all files, and of the trace files in folders.

    A line that cannot be read is passed over and told in `bad`. Raises InputError for a file that cannot be read at
    all, that holds no fact, or, when `strict`, at the first bad line.
    """
    traces = Traces([], [])
    for path in paths:
        for file in _files(path):
            _read_file(file, traces, strict=strict)
    return traces


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.rglob("*") if file.is_file() and _reader_of(file) is not None)
    if not found:
        raise InputError(path, None, f"no trace lies in this folder; files ending in {KNOWN} were expected")
    return found


def _reader_of(file: Path) -> Reader | None:
    name = file.name.lower().removesuffix(".gz")
    return _READERS.get(Path(name).suffix)


def _read_file(file: Path, traces: Traces, *, strict: bool) -> None:
    reader = _reader_of(file)
    if reader is None:
        raise InputError(file, None, f"the format is not known; a file ending in {KNOWN} (or .gz of it) was expected")
    before, bad_before = len(traces.facts), len(traces.bad)
    try:
        with _opened(file) as stream:
            for read in reader(stream, "device"):
                if not isinstance(read, BadLine):
                    traces.facts.append(read)
                elif strict:
                    raise InputError(file, read.line, read.sentence)
                else:
                    traces.bad.append((file, read))
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(file, None, f"cannot be read ({_why(error)})") from None
    if len(traces.facts) == before:
        bad = traces.bad[bad_before:]
        line, sentence = (bad[0][1].line, bad[0][1].sentence) if bad else (None, "holds no position")
        raise InputError(file, line, sentence)


def _opened(file: Path) -> BinaryIO:
    if file.name.lower().endswith(".gz"):
        return cast("BinaryIO", gzip.open(file, "rb"))
    return file.open("rb")


def _why(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()
