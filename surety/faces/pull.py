"""Fetching models from their makers, or from an address that the operator names: only what a manifest pins.

What arrives is kept only if its SHA-256 is the manifest's, so the address need not be trusted. A fetch that was broken
off goes on where it stopped.
"""

from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote, urlsplit

import urllib3

from surety.faces.models import Manifest, ModelError, sha256_of

CHUNK_BYTES = 1 << 16
CONNECT_S, READ_S = 10.0, 30.0

Progress = Callable[[int], None]  # bytes that are here so far


def address_of(manifest: Manifest, mirror: str = "") -> str:
    """Where a model is fetched: below the mirror, by its file name, else from its makers. Raises ModelError."""
    found = f"{mirror.rstrip('/')}/{quote(manifest.file)}" if mirror else manifest.url
    if urlsplit(found).scheme not in {"https", "http"} or not urlsplit(found).hostname:
        raise ModelError(f"{found or manifest.name} is no address to fetch from: write one that begins with https://")
    return found


def fetch(manifest: Manifest, address: str, folder: Path, progress: Progress = lambda _: None) -> Path:
    """The model in the folder, fetched unless it is there. Raises ModelError with what is wrong and what to do."""
    path = folder / manifest.file
    if path.is_file() and sha256_of(path) == manifest.sha256:
        return path
    part = path.with_name(f"{path.name}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _download(address, part, manifest, progress)
    except urllib3.exceptions.HTTPError as error:
        raise ModelError(
            f"{_host(address)} cannot be reached ({_short(error)}). {_instead(manifest, folder)}"
        ) from None
    except OSError as error:
        raise ModelError(f"{part} cannot be written: {error.strerror or error}") from None
    if (got := sha256_of(part)) != manifest.sha256:
        part.unlink()
        raise ModelError(
            f"{address} gave another file (SHA-256 {got}), which was deleted. {_instead(manifest, folder)}"
        )
    part.replace(path)
    return path


def _download(address: str, part: Path, manifest: Manifest, progress: Progress) -> None:
    here = part.stat().st_size if part.is_file() else 0
    if here >= manifest.size:  # whole, or too much: its SHA-256 decides
        return
    http = urllib3.PoolManager(timeout=urllib3.Timeout(connect=CONNECT_S, read=READ_S), retries=urllib3.Retry(3))
    headers = {"Range": f"bytes={here}-"} if here else {}
    with http.request("GET", address, headers=headers, preload_content=False) as answer:
        if answer.status not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
            raise ModelError(f"{address} answers {answer.status}. {_instead(manifest, part.parent)}")
        goes_on = answer.status == HTTPStatus.PARTIAL_CONTENT
        with part.open("ab" if goes_on else "wb") as file:
            _copy(answer, file.write, here if goes_on else 0, manifest.size, progress)


def _copy(
    answer: urllib3.BaseHTTPResponse, write: Callable[[bytes], int], so_far: int, most: int, progress: Progress
) -> None:
    for data in answer.stream(CHUNK_BYTES):
        so_far += len(data)
        if so_far > most:
            raise ModelError(f"more than the {most} bytes of the model come; the fetch was stopped")
        write(data)
        progress(so_far)


def _host(address: str) -> str:
    return urlsplit(address).hostname or address


def _short(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return str(reason).rpartition(": ")[2] or type(reason).__name__


def _instead(manifest: Manifest, folder: Path) -> str:
    return (
        f"Name another address with --from, or put {manifest.file} (SHA-256 {manifest.sha256}, "
        f"{manifest.size} bytes) into {folder} yourself."
    )
