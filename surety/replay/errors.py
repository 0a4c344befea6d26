"""What a person who typed a file sees: where it is wrong, and what was expected there."""

from pathlib import Path


class InputError(Exception):
    """A file cannot be used. The message names the file, the line where there is one, and what was expected."""

    def __init__(self, file: Path, line: int | None, sentence: str) -> None:
        where = f"{file}:{line}" if line is not None else str(file)
        super().__init__(f"{where}: {sentence}")


def read_bytes(file: Path, limit: int) -> bytes:
    """The file's content. Raises InputError when it cannot be read or is over `limit` bytes."""
    try:
        with file.open("rb") as handle:
            content = handle.read(limit + 1)
    except IsADirectoryError:
        raise InputError(file, None, "this is a folder; a file was expected") from None
    except OSError as error:
        raise InputError(file, None, f"cannot be read ({(error.strerror or str(error)).lower()})") from None
    if len(content) > limit:
        raise InputError(file, None, f"is larger than {limit // 1_000_000} MB")
    return content
