"""The ground of every map, from our own origin: the vector layer, PMTiles by ranges, or an operator's tiles passed on.

Nothing here is about a person; who is logged in may load it. A browser never asks another origin: tiles of a foreign
XYZ source come through us, so that their maker does not learn where staff look, and the page's policy stays 'self'.
"""

import hashlib
import re
import urllib.error
import urllib.request
from functools import lru_cache
from pathlib import Path

import msgspec
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import condition, require_safe

from surety.settings import Settings

_TILE_TIMEOUT_S = 5  # a slow tile is a hole in the picture, not a blocked page
_TILE_MAX_BYTES = 2_000_000
_CHUNK = 1 << 16
_RANGE = re.compile(r"bytes=(\d{1,15})-(\d{0,15})")


def _operator() -> Settings:
    found: Settings = settings.SURETY
    return found


def base_kind(operator: Settings) -> str:
    """Which ground the operator chose: "xyz", "pmtiles", "geojson" or "none"."""
    if "{z}" in operator.map_tiles:
        return "xyz"
    if operator.map_tiles:
        return "pmtiles"
    return "geojson" if operator.map_geojson else "none"


@login_required
@require_safe
def map_config(_request: HttpRequest) -> JsonResponse:
    """What `<surety-map>` asks first: which ground, where it lies, and how far it reaches."""
    operator = _operator()
    kind = base_kind(operator)
    addresses = {"geojson": "/map/base.geojson", "pmtiles": "/map/tiles.pmtiles", "none": ""}
    url = addresses.get(kind) or (operator.map_tiles if operator.map_tiles.startswith("/") else "")
    if kind == "xyz" and not url:
        url = "/map/tiles/{z}/{x}/{y}"
    return JsonResponse({"base": kind, "url": url, "bounds": _bounds_of_file(operator.map_geojson), "attribution": ""})


def _etag_of_layer(_request: HttpRequest) -> str | None:
    path = Path(_operator().map_geojson)
    if not _operator().map_geojson or not path.is_file():
        return None
    stat = path.stat()
    return f'"{hashlib.sha256(f"{path}|{stat.st_size}|{stat.st_mtime_ns}".encode()).hexdigest()[:32]}"'


@login_required
@require_safe
@condition(etag_func=_etag_of_layer)
def base_geojson(_request: HttpRequest) -> HttpResponseBase:
    """The local vector layer (setting `map_geojson`), with an ETag."""
    operator = _operator()
    if not operator.map_geojson or not Path(operator.map_geojson).is_file():
        return HttpResponse("There is no local map layer.", status=404, content_type="text/plain")
    body = Path(operator.map_geojson).read_bytes()
    return HttpResponse(body, content_type="application/geo+json", headers={"Cache-Control": "private, max-age=300"})


def map_bounds() -> list[float] | None:
    """West, south, east, north of the local vector layer; None when there is none."""
    return _bounds_of_file(_operator().map_geojson)


def _bounds_of_file(path: str) -> list[float] | None:
    if not path or not Path(path).is_file():
        return None
    return _bounds(path, Path(path).stat().st_mtime_ns)


class _Geometry(msgspec.Struct):
    coordinates: object = None


class _Properties(msgspec.Struct):
    kind: str = ""


class _Feature(msgspec.Struct):
    geometry: _Geometry | None = None
    properties: _Properties | None = None


class _Collection(msgspec.Struct):
    features: list[_Feature]
    bbox: list[float] | None = None


@lru_cache(maxsize=4)
def _bounds(path: str, _changed_ns: int) -> list[float] | None:
    try:
        layer = msgspec.json.decode(Path(path).read_bytes(), type=_Collection)
    except msgspec.DecodeError:
        return None
    if layer.bbox and len(layer.bbox) == 4:
        return layer.bbox
    # Where people live: a railway or a river may run far out of the town.
    lived_in = [f for f in layer.features if f.properties is not None and f.properties.kind == "building"]
    box = [float("inf"), float("inf"), float("-inf"), float("-inf")]
    for feature in lived_in or layer.features:
        if feature.geometry is not None:
            _widen(box, feature.geometry.coordinates)
    return box if box[0] <= box[2] else None


def _widen(box: list[float], coordinates: object) -> None:
    if not isinstance(coordinates, list) or not coordinates:
        return
    if isinstance(coordinates[0], int | float):
        lon, lat = float(coordinates[0]), float(coordinates[1])
        box[:] = [min(box[0], lon), min(box[1], lat), max(box[2], lon), max(box[3], lat)]
        return
    for part in coordinates:
        _widen(box, part)


@login_required
@require_safe
def pmtiles(request: HttpRequest) -> HttpResponse:
    """A PMTiles archive by byte ranges (RFC 9110, section 14); whole it is of no use to a page."""
    operator = _operator()
    if base_kind(operator) != "pmtiles" or not Path(operator.map_tiles).is_file():
        return HttpResponse("There is no tile archive.", status=404, content_type="text/plain")
    path = Path(operator.map_tiles)
    size = path.stat().st_size
    asked = _RANGE.fullmatch(request.headers.get("Range", ""))
    if asked is None:
        return HttpResponse("Ask for a range of bytes.", status=416, headers={"Content-Range": f"bytes */{size}"})
    first = int(asked[1])
    last = min(int(asked[2]) if asked[2] else size - 1, size - 1, first + 32 * _CHUNK * 8)
    if first > last:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    with path.open("rb") as file:
        file.seek(first)
        body = file.read(last - first + 1)
    headers = {
        "Content-Range": f"bytes {first}-{last}/{size}",
        "Accept-Ranges": "bytes",
        "ETag": f'"{path.stat().st_mtime_ns:x}-{size:x}"',
        "Cache-Control": "private, max-age=3600",
    }
    return HttpResponse(body, status=206, content_type="application/octet-stream", headers=headers)


@login_required
@require_safe
def xyz_tile(_request: HttpRequest, z: int, x: int, y: int) -> HttpResponse:
    """One tile of the operator's XYZ source, fetched by us: their address, and three whole numbers of ours."""
    operator = _operator()
    if base_kind(operator) != "xyz" or operator.map_tiles.startswith("/") or z > 22 or max(x, y) >= 2**z:
        return HttpResponse(status=404)
    address = operator.map_tiles.replace("{z}", str(z)).replace("{x}", str(x)).replace("{y}", str(y))
    if not address.startswith(("https://", "http://")):
        return HttpResponse(status=404)
    try:
        asked = urllib.request.Request(address, headers={"User-Agent": "surety"})  # noqa: S310 - checked just above
        with urllib.request.urlopen(asked, timeout=_TILE_TIMEOUT_S) as answer:  # noqa: S310 - the same
            body, kind = answer.read(_TILE_MAX_BYTES + 1), answer.headers.get_content_type()
    except (urllib.error.URLError, TimeoutError):
        return HttpResponse(status=502)
    if len(body) > _TILE_MAX_BYTES or not kind.startswith("image/"):
        return HttpResponse(status=502)
    return HttpResponse(body, content_type=kind, headers={"Cache-Control": "private, max-age=86400"})
