"""Photographs as files in a folder of this machine."""

import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from surety.blobs.contract import BlobNotFoundError, BlobsUnavailableError, name_of


class LocalBlobs:
    """A folder a person; a file a photograph, written beside its place and then moved into it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, data: bytes) -> None:
        """See `Blobs.put`."""
        path = self._path(name)
        try:
            if path.exists():
                return
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write(path, data)
        except OSError as error:
            raise BlobsUnavailableError(f"a photograph could not be written to {self._folder}: {error}") from error

    def _write(self, path: Path, data: bytes) -> None:
        new = path.with_name(f".{secrets.token_hex(8)}.new")
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)
        for folder in (path.parent, self._folder):  # the entries of the new file and of a new folder
            _sync(folder)

    def get(self, name: str) -> bytes:
        """See `Blobs.get`."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            raise BlobNotFoundError(f"there is no photograph {name}") from None
        except OSError as error:
            raise BlobsUnavailableError(f"a photograph could not be read from {self._folder}: {error}") from error

    def has(self, name: str) -> bool:
        """See `Blobs.has`."""
        try:
            return self._path(name).exists()
        except OSError as error:
            raise BlobsUnavailableError(f"{self._folder} is out of reach: {error}") from error

    def delete(self, name: str) -> bool:
        """See `Blobs.delete`."""
        path = self._path(name)
        try:
            path.unlink()
            _sync(path.parent)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise BlobsUnavailableError(f"a photograph could not be deleted in {self._folder}: {error}") from error
        return True

    def names(self, person_id: str = "") -> Iterator[str]:
        """See `Blobs.names`."""
        pattern = f"{person_id or '*'}/*"
        try:
            found = sorted(path for path in self._folder.glob(pattern) if not path.name.startswith("."))
        except OSError as error:
            raise BlobsUnavailableError(f"{self._folder} is out of reach: {error}") from error
        yield from (f"{path.parent.name}/{path.name}" for path in found)

    def drop_folder(self, person_id: str) -> None:
        """Delete the folder of somebody of whom nothing is left, with what a killed writing left in it."""
        try:
            shutil.rmtree(self._folder / person_id)
            _sync(self._folder)
        except FileNotFoundError:
            return
        except OSError as error:
            raise BlobsUnavailableError(f"a folder could not be deleted in {self._folder}: {error}") from error

    def age_s(self, name: str, now_s: float) -> float:
        """For how long a file has lain here, by the machine's clock; 0 for none. Raises BlobsUnavailableError."""
        try:
            return max(0.0, now_s - self._path(name).stat().st_mtime)
        except FileNotFoundError:
            return 0.0
        except OSError as error:
            raise BlobsUnavailableError(f"{self._folder} is out of reach: {error}") from error

    def _path(self, name: str) -> Path:
        person_id, _, sha256 = name.partition("/")
        return self._folder / name_of(person_id, sha256)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
