"""From pictures to vectors: decoded in the limited process, measured, and kept in a file, so that a run can go on.

What is kept belongs to a model and a detector, and to a picture's SHA-256. The vectors are templates of the faces of
the test set: the file is readable for its owner alone, and is deleted with the run's folder.
"""

import hashlib
import os
import signal
import struct
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import IO

import msgspec

from surety import __version__
from surety.faces.burst import Machine, see
from surety.faces.choose import open_machine
from surety.faces.decode import CHECK_IN, ENROLMENT, Decoder, Refused
from surety.settings import Settings

LIMITS = msgspec.structs.replace(CHECK_IN, max_bytes=ENROLMENT.max_bytes, max_pixels=ENROLMENT.max_pixels)
HEAD = struct.Struct("<II")  # length and checksum of a record
READ_AHEAD = 4  # pictures that a process is given at once


class Acquired(msgspec.Struct, frozen=True):
    """What became of one picture. Without a vector nothing can be compared: a failure to acquire."""

    sha256: str
    vector: bytes  # float32, little endian; empty without a face
    refused: str = ""  # decode.Reason
    advice: tuple[str, ...] = ()  # of the quality gate: not empty means that a check-in would be asked for again
    decode_ms: float = 0.0
    face_ms: float = 0.0  # finding, measuring and embedding the face


class Kept:
    """The file of what was acquired. A record that was cut off by an interruption is written anew."""

    def __init__(self, folder: Path, machine: Machine) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"acquired-{machine.model_sha256[:16]}-{machine.detector_sha256[:16]}-{__version__}.bin"
        self._path = folder / name
        self._file: IO[bytes] = os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        self.found = {record.sha256: record for record in self._read()}

    def _read(self) -> Iterator[Acquired]:
        data, at = self._file.read(), 0
        while at + HEAD.size <= len(data):
            length, checksum = HEAD.unpack_from(data, at)
            body = data[at + HEAD.size : at + HEAD.size + length]
            if len(body) < length or zlib.crc32(body) != checksum:
                break
            yield msgspec.msgpack.decode(body, type=Acquired)
            at += HEAD.size + length
        self._file.truncate(at)
        self._file.seek(at)

    def add(self, record: Acquired) -> None:
        """Keep one more."""
        body = msgspec.msgpack.encode(record)
        self._file.write(HEAD.pack(len(body), zlib.crc32(body)) + body)
        self._file.flush()
        self.found[record.sha256] = record

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Worker:
    """One decoder and one machine, in one process."""

    def __init__(self, settings: Settings) -> None:
        self.decoder, self.machine = Decoder(), open_machine(settings)

    def acquire(self, path: Path) -> Acquired:
        """One picture. Never raises for what it holds."""
        data = path.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        began = time.perf_counter()
        answer = self.decoder.decode(data, LIMITS)
        decoded = time.perf_counter()
        if isinstance(answer, Refused):
            return Acquired(sha256, b"", refused=answer.reason.value, decode_ms=_ms(decoded - began))
        seen = see(self.machine, answer.photo)
        vector = b"" if seen.vector is None else seen.vector.astype("<f4").tobytes()
        advice = tuple(word.value for word in seen.quality.advice)
        return Acquired(sha256, vector, "", advice, _ms(decoded - began), _ms(time.perf_counter() - decoded))

    def close(self) -> None:
        """End the decoder's process and let go of the models."""
        self.decoder.close()
        self.machine.close()


def acquire(
    settings: Settings, kept: Kept, files: Sequence[Path], processes: int, step: Callable[[], None]
) -> list[Acquired]:
    """What became of each file, in order. `step` is called after each. Raises FacesUnavailableError, OSError."""
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    missing = {sha: path for sha, path in zip(digests, files, strict=True) if sha not in kept.found}
    for _ in range(len(files) - len(missing)):
        step()
    for record in results(settings, list(missing.values()), processes):
        kept.add(record)
        step()
    return [kept.found[sha] for sha in digests]


def results(settings: Settings, files: Sequence[Path], processes: int) -> Iterator[Acquired]:
    """One after another as they are done; in one process it is this one."""
    if not files:
        return
    if processes == 1:
        worker = Worker(settings)
        try:
            yield from map(worker.acquire, files)
        finally:
            worker.close()
        return
    pool = ProcessPoolExecutor(processes, get_context("spawn"), _begin, (settings,))
    try:
        yield from pool.map(_one, files, chunksize=READ_AHEAD)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_WORKERS: list[Worker] = []  # of a pool's process: the one that it made when it started


def _begin(settings: Settings) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asked
    _WORKERS.append(Worker(settings))


def _one(path: Path) -> Acquired:
    return _WORKERS[0].acquire(path)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
