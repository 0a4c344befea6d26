"""Whether a copy of the log is what was written: every entry, and every checkpoint that was signed of it.

What is found, and how exactly. An entry that was changed, removed, put in, doubled or moved breaks the chain and is
named itself. A log that somebody wrote anew so that its chain is whole again does not agree with the checkpoints: then
the entries between the last that agrees and the first that does not are named. An entry that was added later with an
early time stands behind a checkpoint that is younger than it says. Not found: what was rewritten since the newest
checkpoint that lies where the rewriter could not reach it.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from surety.ledger import notes
from surety.ledger.entries import FIRST_PREVIOUS, BadLineError, Line, chained, leaf, read
from surety.ledger.merkle import Edge
from surety.ledger.notes import BadNoteError, Checkpoint, Key

TOLERANCE_MS = 600_000  # processes of one system differ by less than ten minutes, or something is wrong


class Verdict(NamedTuple):
    """What checking found. Not sound: `first_bad_seq` to `last_bad_seq` are the entries among which the fault lies.

    They are 0 where a checkpoint is at fault, and not an entry.
    """

    entries: int
    checkpoints: int
    first_bad_seq: int
    last_bad_seq: int
    sentence: str
    is_sound: bool


class Fault(NamedTuple):
    """What is wrong, and among which entries."""

    first_seq: int
    last_seq: int
    sentence: str


def file_name(size: int) -> str:
    """What the checkpoint over so many entries is called: names sort as sizes do."""
    return f"{size:012d}.txt"


def series(files: Mapping[str, str], key: Key) -> list[Checkpoint]:
    """The checkpoints of one folder (file name to text), the smallest first. Raises BadNoteError, naming the file."""
    found: list[Checkpoint] = []
    previous = notes.FIRST
    for name, text in sorted(files.items()):
        try:
            one = notes.opened(text, key)
        except BadNoteError as error:
            raise BadNoteError(f"Checkpoint {name}: {error}.") from error
        if name != file_name(one.size):
            raise BadNoteError(f"Checkpoint {name} covers {one.size} entries and is named as if it covered others.")
        if one.previous != previous:
            before = f"between it and that over {found[-1].size} entries" if found else "before it"
            raise BadNoteError(f"Checkpoint {name}: one {before} is missing, or one of them is of another log.")
        found.append(one)
        previous = notes.digest(text)
    return found


def together(folders: Iterable[Mapping[str, str]], key: Key) -> list[Checkpoint]:
    """The checkpoints of several folders as one series. Raises BadNoteError where two contradict each other."""
    found: dict[int, Checkpoint] = {}
    for files in folders:
        for one in series(files, key):
            known = found.setdefault(one.size, one)
            if known.edge.hashes != one.edge.hashes or known.at_ms != one.at_ms:
                raise BadNoteError(
                    f"Two checkpoints over {one.size} entries contradict each other: two logs were kept."
                )
    return [found[size] for size in sorted(found)]


class Checker:
    """Takes the entries one after another; tells the first fault, after which it is of no more use."""

    def __init__(self, checkpoints: Sequence[Checkpoint]) -> None:
        self.edge, self.seq, self._link = Edge(), 0, FIRST_PREVIOUS
        self._ahead = list(reversed(checkpoints))
        self._agreed = Checkpoint(Edge(), -(2**62), notes.FIRST, FIRST_PREVIOUS)

    def take(self, line: Line) -> Fault | None:
        """The next entry; what is wrong with it, or with the log up to it."""
        if sentence := self._chained(line) or self._timely(line):
            at = min(line.seq, self.seq + 1) if line.seq > 0 else self.seq + 1
            return Fault(at, at, sentence)
        self.seq, self._link = line.seq, line.hash
        self.edge.append(leaf(line))
        return self._agrees()

    def end(self) -> Fault | None:
        """Whether the log ends before a checkpoint that was signed of it."""
        if not self._ahead:
            return None
        last, first = self._ahead[0], self.seq + 1
        told = f"the checkpoint of {_time(last.at_ms)} covers {last.size} entries"
        return Fault(first, last.size, f"Entry {first} is missing: the log was cut off after entry {self.seq}; {told}.")

    def _chained(self, line: Line) -> str:
        wanted = self.seq + 1
        if line.seq != wanted:
            return f"Entry {wanted} is missing: entry {line.seq} follows entry {self.seq}."
        if line.hash != chained(line):
            return f"Entry {line.seq} was changed after it was written."
        if line.previous_hash != self._link:
            return f"Entry {line.seq} does not link to the entry before it: one of the two was changed or put in."
        return ""

    def _timely(self, line: Line) -> str:
        said = f"Entry {line.seq} says {_time(line.at_ms)}"
        if line.at_ms < self._agreed.at_ms - TOLERANCE_MS:
            return f"{said}, but was written after the checkpoint of {_time(self._agreed.at_ms)}: it is back-dated."
        if self._ahead and line.at_ms > self._ahead[-1].at_ms + TOLERANCE_MS:
            return f"{said}, but the checkpoint of {_time(self._ahead[-1].at_ms)} covers it already."
        return ""

    def _agrees(self) -> Fault | None:
        if not self._ahead or self._ahead[-1].size != self.seq:
            return None
        one, since = self._ahead.pop(), self._agreed.size + 1
        self._agreed = one
        if one.edge.hashes == self.edge.hashes and one.last == self._link:
            return None
        told = f"do not agree with the checkpoint of {_time(one.at_ms)}: the log was written anew after it was signed"
        return Fault(since, self.seq, f"Entries {since} to {self.seq} {told}.")


def check(lines: Iterable[str], folders: Sequence[Mapping[str, str]], key: Key | None) -> Verdict:
    """Check an exported log, line by line, against the checkpoints of some folders (file name to text).

    Without a key and checkpoints only the chain is checked, and the sentence says so.
    """
    try:
        known = together(folders, key) if key is not None else []
    except BadNoteError as error:
        return Verdict(0, 0, 0, 0, str(error), is_sound=False)
    checker = Checker(known)
    fault = _first_fault(checker, lines) or checker.end()
    return verdict(checker, len(known), fault)


def _first_fault(checker: Checker, lines: Iterable[str]) -> Fault | None:
    for text in lines:
        try:
            fault = checker.take(read(text))
        except BadLineError as error:
            at = checker.seq + 1
            fault = Fault(at, at, f"Line {at}, where entry {at} should be: {error}.")
        if fault:
            return fault
    return None


def verdict(checker: Checker, checkpoints: int, fault: Fault | None) -> Verdict:
    """What was found, in a sentence."""
    if fault:
        return Verdict(checker.seq, checkpoints, fault.first_seq, fault.last_seq, fault.sentence, is_sound=False)
    told = f"All {checker.seq} entries are as they were written"
    against = (
        f", and agree with {checkpoints} signed checkpoints" if checkpoints else "; there was no checkpoint to compare"
    )
    return Verdict(checker.seq, checkpoints, 0, 0, f"{told}{against}.", is_sound=True)


def _time(at_ms: int) -> str:
    return dt.datetime.fromtimestamp(at_ms / 1000, tz=dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
