"""When a photograph says that it was taken (EXIF 2.32, tags DateTimeOriginal, OffsetTimeOriginal, SubSecTimeOriginal).

It is what the camera claims, nothing more: it is put on record, and nothing is decided by it. Runs in the limited
process.
"""

import datetime as dt
import re
from typing import Any, Protocol

EXIF_IFD, DATE_TIME_ORIGINAL, OFFSET_TIME_ORIGINAL, SUBSEC_TIME_ORIGINAL = 0x8769, 0x9003, 0x9011, 0x9291
OFFSET = re.compile(r"([+-])(\d\d):(\d\d)|Z")


class Exif(Protocol):
    """The part of Pillow's Exif that is read here."""

    def get_ifd(self, tag: int) -> dict[int, Any]:
        """The entries of an inner directory."""


def captured(exif: Exif) -> dict[str, Any]:
    """`captured_ms` (None without an offset: the instant is not known then), `captured_local` as the camera has it."""
    try:
        tags = exif.get_ifd(EXIF_IFD)
        local = dt.datetime.strptime(_text(tags, DATE_TIME_ORIGINAL), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - local by definition
    except Exception:  # noqa: BLE001 - broken metadata is as none; Pillow's reader raises many kinds
        return {"captured_ms": None, "captured_local": ""}
    offset = _offset(_text(tags, OFFSET_TIME_ORIGINAL))
    instant = None if offset is None else round(local.replace(tzinfo=offset).timestamp() * 1000) + _subsec_ms(tags)
    return {"captured_ms": instant, "captured_local": local.isoformat()}


def _text(tags: dict[int, Any], tag: int) -> str:
    value = tags.get(tag, "")
    return value.strip("\0 ") if isinstance(value, str) else ""


def _offset(text: str) -> dt.timezone | None:
    match = OFFSET.fullmatch(text)
    if match is None:
        return None
    if text == "Z":
        return dt.UTC
    away = dt.timedelta(hours=int(match[2]), minutes=int(match[3]))
    return dt.timezone(-away if match[1] == "-" else away) if away < dt.timedelta(hours=24) else None


def _subsec_ms(tags: dict[int, Any]) -> int:
    """The fraction of a second, written as its decimal digits."""
    digits = _text(tags, SUBSEC_TIME_ORIGINAL)
    return int(digits[:3].ljust(3, "0")) if digits.isdecimal() and digits.isascii() else 0
