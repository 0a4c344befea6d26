"""Keys of this installation: random bytes in a file that its owner alone may read, made at the first use."""

import os
import secrets
from pathlib import Path


class KeyFileError(Exception):
    """The file holds something else than a key. The message says which file, and what it should hold."""


def kept(path: Path, size: int) -> bytes:
    """The key of `size` bytes in a file; made durable before it is given. Two processes at once get the same.

    Raises OSError where the file cannot be read or made, KeyFileError where it holds another number of bytes.
    """
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        make(path, secrets.token_bytes(size))
        key = path.read_bytes()
    if len(key) != size:
        raise KeyFileError(f"{path} is no key: it must hold {size} bytes")
    return key


def make(path: Path, content: bytes) -> None:
    """A file that its owner alone may read, durably; one that is there already stays as it is. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    write(new, content)
    try:
        os.link(new, path)  # whoever comes second takes the first one's key
    except FileExistsError:
        pass
    finally:
        new.unlink()


def write(new: Path, content: bytes) -> None:
    """A new file that its owner alone may read, its content on disk. Raises OSError, also when it is there."""
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
