"""Files that the tests decode: plain pictures of coloured squares, and what somebody might make of them."""

import io
import random
import struct
import zipfile
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image

FORMATS = ("JPEG", "PNG", "WebP")


def squares(width: int = 96, height: int = 64, seed: int = 1) -> NDArray[np.uint8]:
    """Squares of 16 pixels in colours of their own, so that turning and mirroring show."""
    dice = np.random.default_rng(seed)
    cells = dice.integers(0, 256, (height // 16, width // 16, 3), dtype=np.uint8)
    return cells.repeat(16, axis=0).repeat(16, axis=1)


def picture(name: str = "JPEG", image: Image.Image | None = None, **how: object) -> bytes:
    file = io.BytesIO()
    image = image or Image.fromarray(squares())
    more = {"quality": 95, "subsampling": 0} if name == "JPEG" else {"lossless": True} if name == "WebP" else {}
    image.save(file, name, **{**more, **how})
    return file.getvalue()


def exif(orientation: int = 1, **texts: str) -> Image.Exif:
    """Metadata as a camera writes it; `texts`: taken, offset, subsec."""
    tags = Image.Exif()
    tags[0x0112] = orientation
    numbers = {"taken": 0x9003, "offset": 0x9011, "subsec": 0x9291}
    tags[0x8769] = {numbers[key]: text for key, text in texts.items()}
    return tags


def chunk(name: bytes, body: bytes) -> bytes:
    """A chunk of a PNG file, with its checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, rows: bytes | None = None, depth: int = 8, colour: int = 2) -> bytes:
    """A PNG file of one colour, made without holding its pixels: a bomb where it is large."""
    if rows is None:
        packer = zlib.compressobj(9)
        row = bytes(1 + width * 3)
        rows = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("page.html", "<script>alert(1)</script>")
    return file.getvalue()


def with_segment(jpeg: bytes, body: bytes, marker: int = 0xFE) -> bytes:
    """A JPEG file with one more segment (a comment by default) in front."""
    return jpeg[:2] + bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body + jpeg[2:]


def slow_jpeg(scans: int) -> bytes:
    """A small file that takes long to decode: a large progressive picture whose last scan is repeated."""
    plain = picture("JPEG", Image.new("RGB", (4000, 4000)), quality=20, progressive=True)
    last = plain.rindex(b"\xff\xda")
    return plain[:last] + plain[last:-2] * scans + plain[-2:]


def damaged(data: bytes, dice: random.Random) -> bytes:
    """A file that something happened to: bytes changed, cut out, doubled, cut off, or put in from elsewhere."""
    found = bytearray(data)
    for _ in range(dice.choice((1, 1, 2, 8, 40))):
        at = dice.randrange(len(found) + 1)
        length = dice.choice((1, 2, 4, 16, 200))
        match dice.randrange(6):
            case 0:
                found[at : at + length] = dice.randbytes(len(found[at : at + length]))
            case 1:
                del found[at : at + length]
            case 2:
                found[at:at] = found[max(0, at - length) : at]
            case 3:
                found[at : at + 1] = bytes((dice.choice((0, 1, 0x7F, 0x80, 0xFF)),))
            case 4:
                found[at : at + 4] = struct.pack(">I", dice.choice((0, 1, 0x7FFFFFFF, 0xFFFFFFFF, len(data))))
            case _ if dice.random() < 0.2:
                del found[at:]
    return bytes(found)


def repaired_png(data: bytes) -> bytes:
    """The same with checksums put right, so that the damage reaches the decoder."""
    found, at = data[:8], 8
    while at + 12 <= len(data):
        length = struct.unpack_from(">I", data, at)[0]
        if at + 12 + length > len(data):
            break
        found += chunk(data[at + 4 : at + 8], data[at + 8 : at + 8 + length])
        at += 12 + length
    return found
