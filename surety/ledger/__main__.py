"""`python -m surety.ledger LOG --key KEY --checkpoints FOLDER ...`: check a copy of the log with the public key alone.

Exit code 0: all is as it was written. 1: it is not, and the sentence says what. 2: something could not be read.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from surety.ledger import notes, verifying


def main() -> int:
    """Read the files, check, and say what was found."""
    wanted = argparse.ArgumentParser(prog="python -m surety.ledger", description=(__doc__ or "").splitlines()[0])
    wanted.add_argument("log", type=Path, help="the log as `surety audit export` wrote it")
    wanted.add_argument("--key", required=True, help="the public key, as `surety audit key` prints it, or a file of it")
    wanted.add_argument("--checkpoints", type=Path, action="append", required=True, help="a folder; can be repeated")
    chosen = wanted.parse_args()
    try:
        found = check_files(chosen.log, chosen.key, chosen.checkpoints)
    except (OSError, UnicodeDecodeError, notes.BadNoteError) as error:
        print(f"Cannot be read: {error}", file=sys.stderr)
        return 2
    print(found.sentence)
    return 0 if found.is_sound else 1


def check_files(log: Path, key: str, folders: list[Path]) -> verifying.Verdict:
    """Check an exported log against folders of checkpoints. Raises OSError, UnicodeDecodeError or BadNoteError."""
    file = Path(key)
    public = notes.read_key(file.read_text() if file.is_file() else key)
    return verifying.check(lines_of(log), [notes_in(folder) for folder in folders], public)


def notes_in(folder: Path) -> dict[str, str]:
    """Every checkpoint of a folder, by file name. Raises OSError."""
    return {file.name: file.read_text(encoding="utf-8") for file in sorted(folder.iterdir()) if file.suffix == ".txt"}


def lines_of(log: Path) -> Iterator[str]:
    """The lines of an exported log, without their ends."""
    with log.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            yield line.removesuffix("\n")


if __name__ == "__main__":
    sys.exit(main())
