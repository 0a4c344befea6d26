"""Reads public places that people need (stops, schools, surgeries, places of worship) from a GeoJSON file.

They come from an open map and belong to nobody; the file says what each is for, in a property named `kind` or as
OpenStreetMap names it (`amenity`, `public_transport`).
"""

from pathlib import Path

import msgspec

from surety.server.errors import InvalidError
from surety.server.monitoring.simulate import Amenity

MAX_BYTES = 50_000_000
_NAMES = ("kind", "amenity", "public_transport")


class _Geometry(msgspec.Struct):
    type: str
    coordinates: object = None


class _Feature(msgspec.Struct):
    geometry: _Geometry | None = None
    properties: dict[str, object] | None = None


class _File(msgspec.Struct):
    features: list[_Feature]


def read(file: Path) -> tuple[Amenity, ...]:
    """The points of a file that say their kind. Raises InvalidError with one sentence for a file it cannot use."""
    try:
        if file.stat().st_size > MAX_BYTES:
            raise InvalidError(f"{file} is larger than {MAX_BYTES // 1_000_000} MB; cut it to the area around home.")
        read = msgspec.json.decode(file.read_bytes(), type=_File)
    except OSError as error:
        raise InvalidError(f"{file} cannot be read: {(error.strerror or str(error)).lower()}.") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidError(f"{file} is no GeoJSON with a list of features: {error}.") from None
    found = tuple(one for n, feature in enumerate(read.features) if (one := _amenity(file, n, feature)) is not None)
    if not found:
        raise InvalidError(f"{file} has no point that says its kind in a property ({', '.join(_NAMES)}).")
    return found


def _amenity(file: Path, number: int, feature: _Feature) -> Amenity | None:
    said = feature.properties or {}
    kind = next((str(said[name]) for name in _NAMES if said.get(name)), "")
    if not kind or feature.geometry is None or feature.geometry.type != "Point":
        return None
    try:
        lon, lat = msgspec.convert(feature.geometry.coordinates, list[float])[:2]
    except (msgspec.ValidationError, ValueError):
        raise InvalidError(f"{file}: feature {number} is a point without two numbers.") from None
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise InvalidError(f"{file}: feature {number} is no place on Earth: longitude first, then latitude.")
    return Amenity(kind, (lon, lat))
