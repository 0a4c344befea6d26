"""The process in which photographs are decoded. It is started by decode.py and never imported with a model or a key.

Two stages. The *keeper* is started once, has Pillow loaded, and reads requests; it never looks into a photograph. For
each request it forks a *worker*, which gives up everything that it does not need (more memory, time, files, sockets,
processes), handles the one photograph, answers through a pipe, and ends. So what one person's photograph does to its
process cannot outlive that photograph, and a hang or a crash costs one worker.

The messages are a length-prefixed JSON header and raw bytes; nothing that is read here is ever unpickled. No numpy: its
threads and address space would make the limits meaningless.
"""

import json
import os
import resource
import select
import signal
import struct
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

from PIL import Image, ImageCms, JpegImagePlugin, PngImagePlugin, WebPImagePlugin
from PIL.ImageFile import ImageFile

from surety.faces.captured import captured
from surety.faces.containers import Reason, RefusedError, inspect
from surety.faces.syscalls import Filter

Header = dict[str, Any]
PREFIX = struct.Struct(">II")  # lengths of header and body
HEADER_MAX = 64 * 1024
STDIN = 0
NICENESS = 10  # photographs wait for the door and the rules, not the other way round
LEAST_SIDE_PX = 32  # a face cannot be found in less
ICC_MAX = 1 << 20
OPEN: dict[str, Callable[[BytesIO], ImageFile]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "WebP": WebPImagePlugin.WebPImageFile,
}
FILTER = Filter()
WHITE = (255, 255, 255, 255)  # what shows through where a picture is transparent
TURNED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # by the EXIF tag Orientation


def main() -> None:
    """Answer requests until the other side goes away."""
    os.nice(NICENESS)
    os.chdir("/")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold somebody's face
    Image.MAX_IMAGE_PIXELS = None  # the walk over the container has refused what is too large before
    _warm_up()
    while (request := read_message(STDIN)) is not None:
        _write(STDIN, _serve(*request))


def _warm_up() -> None:
    """Load everything that is loaded on first use, with a picture of our own: a worker cannot open a file."""
    exif = Image.Exif()
    exif[0x8769] = {0x9003: "2026:01:02 03:04:05", 0x9011: "+00:00"}
    for name in OPEN:
        file = BytesIO()
        Image.new("RGB", (64, 64)).save(file, name, exif=exif)
        _decode({"max_pixels": 64 * 64, "longest_px": 32}, file.getvalue())


def _serve(header: Header, body: bytes) -> bytes:
    """Give the request to a worker of its own, and hand on what it says unread."""
    ours, theirs = os.pipe()
    worker = os.fork()
    if worker == 0:
        _work(theirs, header, body)
    os.close(theirs)
    answer = _read_all(ours, time.monotonic() + header["wall_s"])
    os.close(ours)
    if answer is None:
        os.kill(worker, signal.SIGKILL)
    ended = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
    if answer is not None and ended == 0 and _is_whole(answer):
        return answer
    out_of_time = answer is None or ended == -signal.SIGXCPU
    return message(_refusal(Reason.TOO_LONG if out_of_time else Reason.CRASHED), b"")


def _is_whole(answer: bytes) -> bool:
    return len(answer) >= PREFIX.size and PREFIX.size + sum(PREFIX.unpack_from(answer)) == len(answer)


def _refusal(reason: Reason, sentence: str = "") -> Header:
    return {"refused": reason.value, "sentence": sentence}


def _read_all(handle: int, until_s: float) -> bytes | None:
    """Everything until the other side closes; None when that takes too long."""
    parts: list[bytes] = []
    while (left_s := until_s - time.monotonic()) > 0:
        if not select.select([handle], [], [], left_s)[0]:
            break
        part = os.read(handle, 1 << 20)
        if not part:
            return b"".join(parts)
        parts.append(part)
    return None


# --- the worker


def _work(out: int, header: Header, body: bytes) -> None:
    """Handle one request and end. Never returns."""
    try:
        os.dup2(out, STDIN)  # so that no handle but the answer's is left
        os.closerange(1, 1024)
        confine(cpu_s=header["cpu_s"], memory_mb=header["memory_mb"])
        _write(STDIN, message(*_answer(header, body)))
        os._exit(0)
    finally:
        os._exit(1)


def confine(*, cpu_s: int, memory_mb: int) -> None:
    """Give up, for good, what decoding does not need. Only one handle (0) is open when this is called.

    With no further handle allowed, neither a file nor a socket can be opened; with no further process allowed, nothing
    can be started. The kernel's filter refuses the same, and everything else, to root too.
    """
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))  # SIGXCPU at the first, which tells why it died
    for what, most in (
        (resource.RLIMIT_AS, memory_mb << 20),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 1),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))
    FILTER.close()


def _answer(header: Header, body: bytes) -> tuple[Header, bytes]:
    try:
        return _encode(header, body) if header["task"] == "encode" else _decode(header, body)
    except RefusedError as refused:
        return _refusal(refused.reason, refused.sentence), b""
    except MemoryError:
        return _refusal(Reason.TOO_MUCH_MEMORY), b""
    except Exception:  # noqa: BLE001 - whatever a decoder raises at a malformed file, the file is what is wrong
        return _refusal(Reason.DAMAGED), b""


def _decode(header: Header, data: bytes) -> tuple[Header, bytes]:
    found = inspect(data, header["max_pixels"])
    image = OPEN[found.format](BytesIO(data))
    if image.size != (found.width, found.height):
        raise RefusedError(Reason.DAMAGED, "")
    exif = image.getexif()
    when = captured(exif)
    turn = TURNED.get(exif.get(0x0112, 1))
    photo = _upright(image, turn, header["longest_px"])
    size = (found.height, found.width) if turn in _SIDEWAYS else (found.width, found.height)
    told = {"format": found.format, "size": size, "shape": [photo.height, photo.width], **when}
    return told, photo.tobytes()


_SIDEWAYS = (
    Image.Transpose.TRANSPOSE,
    Image.Transpose.ROTATE_270,
    Image.Transpose.TRANSVERSE,
    Image.Transpose.ROTATE_90,
)


def _upright(image: ImageFile, turn: Image.Transpose | None, longest_px: int) -> Image.Image:
    """The picture scaled, in sRGB and upright, without any metadata."""
    profile = image.info.get("icc_profile", b"")
    if max(image.size) > longest_px:
        image.draft(image.mode, _fitting(image.size, longest_px))  # JPEG alone: decodes it smaller
    photo = in_rgb(image, profile)
    if max(photo.size) > longest_px:
        photo = photo.resize(_fitting(photo.size, longest_px), Image.Resampling.LANCZOS, reducing_gap=2.0)
    if min(photo.size) < LEAST_SIDE_PX:
        raise RefusedError(
            Reason.TOO_SMALL,
            f"The photograph is only {min(image.size)} pixels on its shorter side. Use the camera's usual size.",
        )
    return photo.transpose(turn) if turn is not None else photo


def _fitting(size: tuple[int, int], longest_px: int) -> tuple[int, int]:
    scale = longest_px / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def in_rgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Any mode as 8-bit sRGB: palettes and transparency on white, 16 bits by their upper eight, CMYK by its profile."""
    image.load()
    if image.mode.startswith(("I", "F")):
        image = _eight_bits(image)
    if image.mode == "P" or "transparency" in image.info:
        image = image.convert("RGBA")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa"):
        rgba = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, WHITE), rgba).convert("RGB")
    return _in_srgb(image, profile) or image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """16-bit grey: the upper eight bits. Converted without this it would be clipped to white."""
    wide = image.convert("I")
    return wide.point(lambda level: level * (1 / 257) + 0.5).convert("L")  # 65,535 becomes 255


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image | None:
    """By the picture's own profile where it has one that can be used; a broken one is as none."""
    if not profile or len(profile) > ICC_MAX or image.mode not in ("RGB", "CMYK", "L"):
        return None
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        return ImageCms.profileToProfile(image, source, SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _encode(header: Header, pixels: bytes) -> tuple[Header, bytes]:
    """A photograph as JPEG without metadata."""
    height, width = header["shape"]
    image = Image.frombytes("RGB", (width, height), pixels)
    if max(image.size) > header["longest_px"]:
        image = image.resize(_fitting(image.size, header["longest_px"]), Image.Resampling.LANCZOS)
    file = BytesIO()
    image.save(file, "JPEG", quality=header["quality"], optimize=True)
    return {"size": image.size}, file.getvalue()


# --- messages


def read_message(handle: int) -> tuple[Header, bytes] | None:
    """One message, or None when the other side went away."""
    prefix = _exactly(handle, PREFIX.size)
    if len(prefix) < PREFIX.size:
        return None
    header_length, body_length = PREFIX.unpack(prefix)
    header = _exactly(handle, header_length)
    body = _exactly(handle, body_length)
    if len(header) < header_length or len(body) < body_length:
        return None
    return json.loads(header), body


def _exactly(handle: int, length: int) -> bytes:
    parts, left = [], length
    while left and (part := os.read(handle, min(left, 1 << 20))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def message(header: Header, body: bytes) -> bytes:
    """A message as bytes."""
    text = json.dumps(header).encode()
    return PREFIX.pack(len(text), len(body)) + text + body


def _write(handle: int, what: bytes) -> None:
    rest = memoryview(what)
    while rest:
        rest = rest[os.write(handle, rest) :]
