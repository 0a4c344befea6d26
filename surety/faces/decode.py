"""Photographs to pixels, decoded in a limited process of their own (decode_child.py): bytes, pixels, time, memory.

`Decoder.decode` never raises for what a file holds and never hangs: a photograph or one plain sentence comes back. What
it gives is the pixels alone: metadata ends here, after the time at which the camera says that it took the picture.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
import numpy as np

from surety.faces.containers import Reason
from surety.faces.contract import Photo

__all__ = ["CHECK_IN", "ENROLMENT", "Decoded", "Decoder", "DecoderUnavailableError", "Limits", "Reason", "Refused"]


class Limits(msgspec.Struct, frozen=True):
    """What one photograph may cost."""

    max_bytes: int
    max_pixels: int
    longest_px: int  # the picture is scaled down to this
    cpu_s: int = 5  # of processor time; a 12-megapixel JPEG takes about 0.2
    wall_s: float = 30.0  # a loaded machine is slower than its processor time
    memory_mb: int = 768  # of address space: 64 megapixels, twice, with four bytes each


CHECK_IN = Limits(max_bytes=1 << 20, max_pixels=24_000_000, longest_px=1280)
ENROLMENT = Limits(max_bytes=20 << 20, max_pixels=64_000_000, longest_px=2048, cpu_s=10)

RUN = "import sys; sys.path.insert(0, sys.argv[1]); from surety.faces.decode_child import main; main()"
Answer = tuple["_Told", bytearray]
GRACE_S = 5.0  # by which the process may overstay the worker's own time limit before it is ended itself
LONGEST_ANSWER = 64 << 20
SENTENCES = {
    Reason.DAMAGED: "The photograph is damaged and cannot be shown. Send it again.",
    Reason.TOO_LONG: "The photograph took too long to decode. Take it anew with the camera's usual settings.",
    Reason.TOO_MUCH_MEMORY: "The photograph needs too much memory to decode. Send it smaller.",
    Reason.CRASHED: "The photograph could not be decoded: the decoder stopped twice while reading it. Take it anew.",
}


class Decoded(msgspec.Struct, frozen=True):
    """A photograph without its metadata.

    `size`: width and height in pixels as the file has them, upright; `photo` may be scaled down. `captured_ms`: when
    the camera says that it was taken; None where it does not say so with its offset from UTC, and then
    `captured_local` has what it wrote (ISO 8601, no offset), or nothing.
    """

    photo: Photo
    captured_ms: int | None
    captured_local: str
    format: str
    size: tuple[int, int]


class Refused(msgspec.Struct, frozen=True):
    """No photograph: why, and one plain sentence."""

    reason: Reason
    sentence: str


class DecoderUnavailableError(Exception):
    """The limited process cannot be started or is gone: our failure, not the photograph's. Trying again may help."""


class _DiedError(Exception):
    """The process went away or hung in the middle."""


class _Told(msgspec.Struct, frozen=True):
    """The header of an answer, believed only as far as its types go: a file may have taken the worker over."""

    refused: Reason | None = None
    sentence: str = ""
    shape: tuple[int, int] = (0, 0)  # rows and columns of the pixels that follow
    size: tuple[int, int] = (0, 0)
    format: str = ""
    captured_ms: int | None = None
    captured_local: str = ""


class Decoder:
    """Keeps one warm process; safe for several threads, one photograph at a time. Close it, or use `with`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._owner = os.getpid()

    def decode(self, data: bytes, limits: Limits = CHECK_IN) -> Decoded | Refused:
        """Pixels of a JPEG, PNG or WebP file. Raises DecoderUnavailableError; never for what the file holds."""
        if len(data) > limits.max_bytes:
            most = limits.max_bytes / (1 << 20)
            sentence = f"The photograph is {len(data) / (1 << 20):.1f} MiB; at most {most:.0f} MiB are taken."
            return Refused(Reason.TOO_LARGE, sentence)
        told, body = self._ask({"task": "decode", **msgspec.to_builtins(limits)}, data)
        return Refused(told.refused, told.sentence or SENTENCES[told.refused]) if told.refused else _decoded(told, body)

    def reencode(self, photo: Photo, longest_px: int = 1280, quality: int = 88) -> bytes:
        """The photograph as a JPEG file without metadata, scaled down to `longest_px`, for people to look at.

        Raises ValueError when it is no photograph, DecoderUnavailableError when the process fails.
        """
        if photo.ndim != 3 or photo.shape[2] != 3 or photo.dtype != np.uint8 or not photo.size:
            raise ValueError(f"a photograph has rows x columns x 3 bytes, not {photo.shape} of {photo.dtype}")
        wanted = {"longest_px": longest_px, "quality": quality, "shape": photo.shape[:2]}
        limits = msgspec.to_builtins(ENROLMENT) | wanted
        told, body = self._ask({"task": "encode", **limits}, np.ascontiguousarray(photo).tobytes())
        if told.refused:
            raise DecoderUnavailableError(f"a photograph could not be written as JPEG ({told.refused})")
        return bytes(body)

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return self._process.pid if self._process else None

    def _ask(self, header: dict[str, Any], body: bytes) -> Answer:
        """One exchange; once more where something died, for that need not have been the photograph's doing."""
        with self._lock:
            for _ in range(2):
                answer = self._exchange_or_start_again(header, body)
                if answer[0].refused is not Reason.CRASHED:
                    break
            return answer

    def _exchange_or_start_again(self, header: dict[str, Any], body: bytes) -> Answer:
        try:
            return self._exchange(header, body)
        except _DiedError:
            self._end()
        try:
            return self._exchange(header, body)
        except _DiedError as error:
            self._end()
            raise DecoderUnavailableError("the process that decodes photographs ended or hung, twice") from error

    def _exchange(self, header: dict[str, Any], body: bytes) -> Answer:
        from surety.faces.decode_child import HEADER_MAX, PREFIX, message  # noqa: PLC0415 - loads Pillow: when needed

        line = self._running()
        until_s = time.monotonic() + header["wall_s"] + GRACE_S
        try:
            line.settimeout(until_s - time.monotonic())
            line.sendall(message(header, body))
            header_length, body_length = PREFIX.unpack(_receive(line, PREFIX.size, until_s))
            if header_length > HEADER_MAX or body_length > LONGEST_ANSWER:
                raise _DiedError
            told = msgspec.json.decode(_receive(line, header_length, until_s), type=_Told)
            pixels = _receive(line, body_length, until_s)
        except (OSError, msgspec.DecodeError) as error:  # a timeout is an OSError
            raise _DiedError from error
        return told, pixels

    def _running(self) -> socket.socket:
        if self._owner != os.getpid():  # after a fork the process belongs to the other one
            if self._line is not None:
                self._line.close()  # our copy of it
            self._process = self._line = None
            self._owner = os.getpid()
        if self._line is not None and self._process is not None and self._process.poll() is None:
            return self._line
        self._end()
        return self._start()

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        root = str(Path(__file__).parents[2])
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", RUN, root],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={},  # no key and no address in it
                start_new_session=True,  # so that it ends with its worker
            )
        except OSError as error:
            ours.close()
            raise DecoderUnavailableError(f"the process that decodes photographs cannot be started: {error}") from error
        finally:
            theirs.close()
        self._line = ours
        return ours

    def _end(self) -> None:
        if self._line is not None:
            self._line.close()
        if self._process is not None and self._owner == os.getpid():
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = self._line = None


def _receive(line: socket.socket, length: int, until_s: float) -> bytearray:
    """Exactly so many bytes, in the time that is left."""
    found = bytearray(length)
    view = memoryview(found)
    while view:
        line.settimeout(max(0.001, until_s - time.monotonic()))
        count = line.recv_into(view)
        if not count:
            raise _DiedError
        view = view[count:]
    return found


def _decoded(told: _Told, pixels: bytearray) -> Decoded | Refused:
    if told.shape[0] * told.shape[1] * 3 != len(pixels) or not pixels:
        return Refused(Reason.CRASHED, SENTENCES[Reason.CRASHED])
    photo = np.frombuffer(pixels, np.uint8).reshape(*told.shape, 3)
    return Decoded(photo, told.captured_ms, told.captured_local, told.format, told.size)
