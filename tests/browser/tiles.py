"""The smallest archive of vector tiles (PMTiles 3, Mapbox Vector Tile 2): one tile with one road across the world."""

import struct
import zlib
from pathlib import Path


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def _field(number: int, content: bytes | int) -> bytes:
    if isinstance(content, int):
        return _varint(number << 3) + _varint(content)
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def road_tile() -> bytes:
    """A layer "roads" with one line from the north-west to the south-east corner."""
    zigzag = 4096 << 1
    geometry = b"".join(map(_varint, (1 << 3 | 1, 0, 0, 1 << 3 | 2, zigzag, zigzag)))  # move to 0,0; line by 4096,4096
    feature = _field(3, 2) + _field(4, geometry)
    return _field(3, _field(15, 2) + _field(1, b"roads") + _field(2, feature) + _field(5, 4096))


def write_archive(path: Path) -> None:
    """Write the archive: header, directory of one tile, metadata, tile; nothing compressed."""
    tile = road_tile()
    directory = b"".join(map(_varint, (1, 0, 1, len(tile), 1)))
    metadata = b'{"vector_layers": [{"id": "roads", "fields": {}}]}'
    at_metadata = 127 + len(directory)
    at_tile = at_metadata + len(metadata)
    places = (127, len(directory), at_metadata, len(metadata), at_tile, 0, at_tile, len(tile), 1, 1, 1)
    kinds = (1, 1, 1, 1, 0, 0)  # clustered, directories plain, tiles plain, vector, zoom 0 to 0
    box = (-1_800_000_000, -850_000_000, 1_800_000_000, 850_000_000)
    header = b"PMTiles\x03" + struct.pack("<11Q", *places) + struct.pack("<6B", *kinds)
    header += struct.pack("<4i", *box) + struct.pack("<B2i", 0, 0, 0)
    path.write_bytes(header + directory + metadata + tile)


def picture() -> bytes:
    """A PNG of one grey pixel."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    shape = struct.pack(">2I5B", 1, 1, 8, 0, 0, 0, 0)
    pixel = zlib.compress(b"\x00\x80")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", shape) + chunk(b"IDAT", pixel) + chunk(b"IEND", b"")
