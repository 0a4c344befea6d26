"""What the form of an area holds: a circle's numbers, or corners a line each; from the fields to an area and back.

The map's editor reads and writes the same fields, so the form works without scripts.
"""

import re
from collections.abc import Mapping

import msgspec
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict

from surety.rules.conditions import Area, Circle, Polygon
from surety.server.errors import InvalidError

LARGEST_FILE = 2_000_000
_CORNER = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*[,;\s]\s*(-?\d+(?:\.\d+)?)\s*")


class AreaFields(msgspec.Struct):
    """An area as typed: a circle's numbers, or corners a line each with an empty line before each hole."""

    shape: str = "circle"
    lat: str = ""
    lon: str = ""
    radius: str = "100"
    corners: str = ""


def of_post(post: QueryDict, files: Mapping[str, UploadedFile], prefix: str) -> AreaFields:
    """The area whose fields begin with `prefix`, as typed, or from the file posted with it."""
    area = AreaFields(**{name: post.get(f"{prefix}{name}", "").strip() for name in AreaFields.__struct_fields__})
    file = files.get(f"{prefix}file")
    if file is not None and not area.corners:  # with scripts the drawing has read it already
        area.shape, area.corners = "polygon", corners_of_file(file)
    return area


class _Geometry(msgspec.Struct):
    type: str
    coordinates: list[object] = []


class _Feature(msgspec.Struct):
    geometry: _Geometry | None = None


class _File(msgspec.Struct):
    type: str
    features: list[_Feature] = []
    geometry: _Geometry | None = None
    coordinates: list[object] = []


def corners_of_file(file: UploadedFile) -> str:
    """The first polygon of a GeoJSON file (RFC 7946) as corners, one a line."""
    if file.size is None or file.size > LARGEST_FILE:
        raise InvalidError("The file is larger than 2 MB; draw the area with fewer corners.", field="area")
    try:
        data = msgspec.json.decode(file.read(), type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidError("The file is not GeoJSON: it cannot be read as such.", field="area") from None
    shapes = [feature.geometry for feature in data.features] or [
        data.geometry or _Geometry(data.type, data.coordinates)
    ]
    for shape in shapes:
        if shape is not None and shape.type in ("Polygon", "MultiPolygon") and shape.coordinates:
            return _rings_as_text(shape.coordinates if shape.type == "Polygon" else shape.coordinates[0])
    raise InvalidError("The file holds no polygon; draw the area as one and save it again.", field="area")


def _rings_as_text(rings: object) -> str:
    try:
        read = msgspec.convert(rings, list[list[list[float]]])
        return "\n\n".join("\n".join(f"{p[1]:.6f}, {p[0]:.6f}" for p in ring[:-1]) for ring in read)
    except (msgspec.ValidationError, IndexError):
        raise InvalidError("The polygon in the file is not written as GeoJSON writes one.", field="area") from None


def area_of(area: AreaFields, field: str, what: str) -> dict[str, object]:
    """The area as the rules write it."""
    return _polygon(area, field, what) if area.shape == "polygon" else _circle(area, field, what)


def _circle(area: AreaFields, field: str, what: str) -> dict[str, object]:
    try:
        lat, lon, radius = float(area.lat), float(area.lon), float(area.radius)
    except ValueError:
        raise InvalidError(f"Put {what} on the map, or type its middle and radius as numbers.", field=field) from None
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise InvalidError(f"The middle of {what} is no place on Earth: latitude first, then longitude.", field=field)
    if not 10 <= radius <= 200_000:
        raise InvalidError(f"The radius of {what} is 10 m to 200 km.", field=field)
    return {"shape": "circle", "lat_deg": lat, "lon_deg": lon, "radius_m": radius}


def _polygon(area: AreaFields, field: str, what: str) -> dict[str, object]:
    rings: list[list[tuple[float, float]]] = [[]]
    for number, line in enumerate(area.corners.splitlines(), 1):
        match = _CORNER.fullmatch(line)
        if match:
            lat, lon = float(match[1]), float(match[2])
            if not (-90 <= lat <= 90 and -180 <= lon <= 180):
                raise InvalidError(f"Line {number} of {what} is no place on Earth.", field=field)
            rings[-1].append((lon, lat))
        elif not line.strip():
            rings.append([])
        else:
            raise InvalidError(
                f'Line {number} of {what} is "{line.strip()[:40]}"; write "latitude, longitude".', field=field
            )
    kept = [ring for ring in rings if ring]
    if not kept or any(len(set(ring)) < 3 for ring in kept):
        raise InvalidError(f"Draw {what} with at least three corners.", field=field)
    return {"shape": "polygon", "ring": kept[0], "holes": kept[1:]}


def fields_of(area: Area) -> AreaFields:
    """The form that says this area."""
    if isinstance(area, Circle):
        return AreaFields("circle", f"{area.lat_deg:.6f}", f"{area.lon_deg:.6f}", f"{area.radius_m:.0f}")
    return AreaFields("polygon", corners=_corners(area))


def _corners(area: Polygon) -> str:
    return "\n\n".join("\n".join(f"{lat:.6f}, {lon:.6f}" for lon, lat in ring) for ring in (area.ring, *area.holes))
