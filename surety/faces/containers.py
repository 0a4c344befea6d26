"""Whether bytes are one whole photograph and nothing else: a walk over the container, before any decoder sees it.

JPEG (ITU-T T.81), PNG (third edition) and WebP (RFC 9649), told by their content and never by a name. The walk goes
from the first byte to the last, so that what stands behind the picture, in a second picture, or in a comment that is a
document of another kind, is found and refused. It reads sizes too, so that a bomb is refused before a pixel is made.

Runs in the limited process (decode_child.py), and imports nothing outside the standard library.
"""

import enum
import re
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple


class Reason(enum.StrEnum):
    """Why a photograph was refused."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"  # bytes
    NOT_A_PHOTOGRAPH = "not_a_photograph"  # or of a format that is not taken
    ANIMATED = "animated"
    TRUNCATED = "truncated"
    EXTRA_DATA = "extra_data"  # behind the picture, or a document of another kind inside it
    DAMAGED = "damaged"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_SMALL = "too_small"  # to show a face
    TOO_LONG = "too_long"  # to decode
    TOO_MUCH_MEMORY = "too_much_memory"
    CRASHED = "crashed"  # the decoder died of it, twice


class RefusedError(Exception):
    """The photograph is refused; one plain sentence says why and what to do."""

    def __init__(self, reason: Reason, sentence: str) -> None:
        super().__init__(sentence)
        self.reason, self.sentence = reason, sentence


class Container(NamedTuple):
    """What the walk found: `format` is JPEG, PNG or WebP; the size in pixels is as stored, before any turning."""

    format: str
    width: int
    height: int


TAKEN = "Send a JPEG, PNG or WebP photograph."
OTHERS = (  # what people send instead, so that the sentence can name it
    (re.compile(rb"GIF8[79]a"), "a GIF"),
    (re.compile(rb".{4}ftyp(?:heic|heix|heim|mif1|msf1)", re.DOTALL), "a HEIC photograph"),
    (re.compile(rb".{4}ftypavi[fs]", re.DOTALL), "an AVIF picture"),
    (re.compile(rb".{4}ftyp", re.DOTALL), "a film"),
    (re.compile(rb"%PDF-"), "a PDF document"),
    (re.compile(rb"(?:II\*\0|MM\0\*)"), "a TIFF picture"),
    (re.compile(rb"BM.{4}\0\0\0\0", re.DOTALL), "a BMP picture"),
    (re.compile(rb"PK\x03\x04"), "a ZIP archive"),
    (re.compile(rb"\s*<(?:\?xml|svg|!doctype|html)", re.IGNORECASE), "a page or a drawing"),
)
FOREIGN = re.compile(  # documents that are found by a mark anywhere in a file; looked for in what is not picture data
    rb"PK\x03\x04[\x00-\x3f]\x00|%PDF-|<\?php|<script|<html|<iframe|Rar!\x1a\x07|7z\xbc\xaf\x27\x1c|\x7fELF[\x01\x02]",
    re.IGNORECASE,
)
ZIP_END, ZIP_END_LENGTH, ZIP_COMMENT_MAX = b"PK\x05\x06", 22, 0xFFFF
PDF_WITHIN = 1024  # readers of PDF look for its mark in the first kilobyte


def inspect(data: bytes, max_pixels: int) -> Container:
    """Walk the whole file. Raises RefusedError."""
    if not data:
        raise RefusedError(Reason.EMPTY, f"The photograph is empty. {TAKEN}")
    found = _walk(data, max_pixels)
    if b"%PDF-" in data[:PDF_WITHIN] or _ends_as_zip(data):
        raise _foreign(found.format)
    return found


def _walk(data: bytes, max_pixels: int) -> Container:
    if data.startswith(b"\xff\xd8\xff"):
        return _sized(_jpeg(data), max_pixels)
    if data.startswith(PNG_MARK):
        return _png(data, max_pixels)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _sized(_webp(data), max_pixels)
    other = next((words for mark, words in OTHERS if mark.match(data)), "")
    said = f"This is {other}, which is not taken." if other else "This is not a photograph."
    raise RefusedError(Reason.NOT_A_PHOTOGRAPH, f"{said} {TAKEN}")


def _sized(found: Container, max_pixels: int) -> Container:
    if not (found.width and found.height):
        raise _damaged(found.format)
    if found.width * found.height > max_pixels:
        raise RefusedError(
            Reason.TOO_MANY_PIXELS,
            f"The photograph has {found.width} x {found.height} pixels; "
            f"at most {max_pixels / 1e6:.0f} million are taken. Send it smaller.",
        )
    return found


def _ends_as_zip(data: bytes) -> bool:
    """Whether an archive's directory ends with the file: then programs open the file as that archive."""
    at = data.rfind(ZIP_END)
    while at >= max(0, len(data) - ZIP_END_LENGTH - ZIP_COMMENT_MAX):
        comment = data[at + 20 : at + 22]
        if len(comment) == 2 and at + ZIP_END_LENGTH + int.from_bytes(comment, "little") == len(data):
            return True
        at = data.rfind(ZIP_END, 0, at)
    return False


def _foreign(name: str) -> RefusedError:
    return RefusedError(
        Reason.EXTRA_DATA,
        f"The {name} file holds more than one picture: something else is hidden in it. Take the photograph anew.",
    )


def _damaged(name: str) -> RefusedError:
    return RefusedError(Reason.DAMAGED, f"The {name} file is damaged and cannot be shown. Send it again.")


def _truncated(name: str) -> RefusedError:
    return RefusedError(Reason.TRUNCATED, f"The {name} file is cut off before its end. Send it again.")


def _animated(name: str) -> RefusedError:
    return RefusedError(Reason.ANIMATED, f"The {name} file is animated. Send a single photograph.")


# --- JPEG

NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # not a stuffed byte, a restart mark or filling
SOS, EOI, DHT_JPG_DAC = 0xDA, 0xD9, (0xC4, 0xC8, 0xCC)
METADATA = (*range(0xE0, 0xF0), 0xFE)  # APP0 to APP15, and comments
APP2, MPF = 0xE2, b"MPF\0"  # CIPA DC-007, multi-picture format


def _jpeg(data: bytes) -> Container:
    """The first picture. Telephones put more behind it (a gain map, a preview), which its MPF segment announces."""
    found, more, end = _jpeg_picture(data, 0)
    while more and data.startswith(b"\xff\xd8\xff", end):
        _, _, end = _jpeg_picture(data, end)
    if end != len(data):
        said = "The JPEG file goes on behind its picture. Take the photograph anew, or save it as plain JPEG."
        raise RefusedError(Reason.EXTRA_DATA, said)
    return found


def _jpeg_picture(data: bytes, begin: int) -> tuple[Container, bool, int]:
    """One picture, whether it announces more, and where it ends."""
    sizes: list[tuple[int, int]] = []
    more, at = False, begin + 2
    for marker, body, end in _jpeg_segments(data, begin):
        at = end
        if marker in METADATA and FOREIGN.search(body):
            raise _foreign("JPEG")
        more |= marker == APP2 and body.startswith(MPF)
        if 0xC0 <= marker <= 0xCF and marker not in DHT_JPG_DAC:
            sizes.append(_jpeg_size(body))
    if len(sizes) != 1:
        raise _damaged("JPEG")
    return Container("JPEG", *sizes[0]), more, at


def _jpeg_size(body: bytes) -> tuple[int, int]:
    if len(body) < 6:
        raise _damaged("JPEG")
    height, width = struct.unpack_from(">HH", body, 1)
    return width, height


def _jpeg_segments(data: bytes, begin: int) -> Iterator[tuple[int, bytes, int]]:
    """Each segment of one picture and where it ends, up to and with its end mark."""
    at, marker = begin + 2, 0
    while marker != EOI:
        at, marker = _marker(data, at)
        length = 0 if marker == EOI else int.from_bytes(data[at : at + 2], "big")
        if at + length > len(data):
            raise _truncated("JPEG")
        if marker != EOI and length < 2:
            raise _damaged("JPEG")
        body, at = data[at + 2 : at + length], at + length
        if marker == SOS:
            at = _behind_the_pixels(data, at)
        yield marker, body, at


def _behind_the_pixels(data: bytes, at: int) -> int:
    following = NEXT_MARKER.search(data, at)
    if following is None:
        raise _truncated("JPEG")
    return following.start()


def _marker(data: bytes, at: int) -> tuple[int, int]:
    """The mark at a place, and where it ends."""
    if at >= len(data):
        raise _truncated("JPEG")
    if data[at] != 0xFF:
        raise _damaged("JPEG")
    while at < len(data) and data[at] == 0xFF:  # marks may be filled up with FF
        at += 1
    if at >= len(data):
        raise _truncated("JPEG")
    if data[at] < 0xC0 or 0xD0 <= data[at] <= 0xD8:
        raise _damaged("JPEG")
    return at + 1, data[at]


# --- PNG

PNG_MARK = b"\x89PNG\r\n\x1a\n"
PNG_ANIMATED = (b"acTL", b"fcTL", b"fdAT")
PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type


def _png(data: bytes, max_pixels: int) -> Container:
    found: Container | None = None
    pixels, room = zlib.decompressobj(), 0
    for name, body in _png_chunks(data):
        if name in PNG_ANIMATED:
            raise _animated("PNG")
        if name == b"IHDR":
            if found or len(body) != 13:
                raise _damaged("PNG")
            found = _sized(Container("PNG", *struct.unpack_from(">II", body)), max_pixels)
            room = _png_room(body)
        elif name == b"IDAT":
            room = _drain(pixels, body, room)
        elif FOREIGN.search(body):
            raise _foreign("PNG")
    if found is None or not pixels.eof:
        raise _damaged("PNG")
    return found


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at, name = len(PNG_MARK), b""
    while name != b"IEND":
        if at + 12 > len(data):
            raise _truncated("PNG")
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            raise _truncated("PNG")
        if zlib.crc32(data[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            raise _damaged("PNG")
        if (at == len(PNG_MARK)) != (name == b"IHDR") or (name == b"IEND" and length):
            raise _damaged("PNG")
        yield name, data[at + 8 : end - 4]
        at = end
    if at != len(data):
        raise RefusedError(Reason.EXTRA_DATA, "The PNG file goes on behind its picture. Take the photograph anew.")


def _png_room(header: bytes) -> int:
    """The most bytes that the unpacked picture can take, with a filter byte a row (seven passes where interlaced)."""
    width, height, depth, colour = struct.unpack_from(">IIBB", header)
    if colour not in PNG_CHANNELS or depth not in (1, 2, 4, 8, 16):
        raise _damaged("PNG")
    rows = (width * depth * PNG_CHANNELS[colour] + 7) // 8 + 1
    return int(rows * height + 8 * (height + width) + 64)


def _drain(pixels: "zlib._Decompress", body: bytes, room: int) -> int:
    """Unpack one piece without keeping it: the room that is left. Behind the picture's end nothing may stand."""
    step = 1 << 20
    waiting = body
    while waiting and not pixels.eof:
        try:
            room -= len(pixels.decompress(waiting, step))
        except zlib.error:
            raise _damaged("PNG") from None
        if room < 0:
            raise _damaged("PNG")
        waiting = pixels.unconsumed_tail
    if pixels.unused_data or waiting:
        raise _foreign("PNG")
    return room


# --- WebP

WEBP_ANIMATED = (b"ANIM", b"ANMF")
WEBP_PICTURE = (b"VP8 ", b"VP8L")


def _webp(data: bytes) -> Container:
    sizes: list[tuple[int, int]] = []
    canvas: tuple[int, int] | None = None
    for name, body in _webp_chunks(data):
        if name in WEBP_ANIMATED or (name == b"VP8X" and body[:1] and body[0] & 2):
            raise _animated("WebP")
        if name == b"VP8X":
            canvas = _webp_canvas(body)
        elif name in WEBP_PICTURE:
            sizes.append(_vp8(body) if name == b"VP8 " else _vp8l(body))
        elif name != b"ALPH" and FOREIGN.search(body):
            raise _foreign("WebP")
    if len(sizes) != 1 or canvas not in (None, sizes[0]):
        raise _damaged("WebP")
    return Container("WebP", *sizes[0])


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    whole = int.from_bytes(data[4:8], "little") + 8
    if whole > len(data):
        raise _truncated("WebP")
    if whole < len(data):
        raise RefusedError(Reason.EXTRA_DATA, "The WebP file goes on behind its picture. Take the photograph anew.")
    at = 12
    while at < len(data):
        name, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 + length > len(data):
            raise _truncated("WebP")
        yield name, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _webp_canvas(body: bytes) -> tuple[int, int]:
    if len(body) != 10:
        raise _damaged("WebP")
    return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1


def _vp8(body: bytes) -> tuple[int, int]:
    if len(body) < 10 or body[3:6] != b"\x9d\x01\x2a":
        raise _damaged("WebP")
    width, height = struct.unpack_from("<HH", body, 6)
    return width & 0x3FFF, height & 0x3FFF


def _vp8l(body: bytes) -> tuple[int, int]:
    if len(body) < 5 or body[0] != 0x2F:
        raise _damaged("WebP")
    bits = int.from_bytes(body[1:5], "little")
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
