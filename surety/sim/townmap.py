"""The town as GeoJSON, for the console's map: the local vector layer of a demonstration.

Every feature has `kind` (street, building, water, park, rail, school, station, shop) and `name`; streets also
`main`, true for the two main streets.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from surety.sim.geo import XY, lon_lat
from surety.sim.town import Place, Town


def write_map(town: Town, path: Path) -> None:
    """Write the town's map as one GeoJSON FeatureCollection."""
    path.write_bytes(msgspec.json.encode(feature_collection(town)))


def feature_collection(town: Town) -> dict[str, object]:
    """The town's features in the order in which they are best drawn: ground, water, ways, buildings."""
    return {"type": "FeatureCollection", "name": "Alderbeck", "features": list(_features(town))}


def _features(town: Town) -> Iterator[dict[str, object]]:
    for park in town.parks:
        yield _area("park", park.name, park.ring)
    yield _area("water", "River Alder", town.river)
    yield _line("rail", "Railway", town.rail)
    for street in town.streets:
        yield _line("street", street.name, (town.corners[street.a], town.corners[street.b]), main=street.main)
    for place in (*town.homes, *town.works):
        yield _area("building", place.name, place.ring)
    for place in (*town.shops, town.school, town.station):
        yield _building(place)


def _building(place: Place) -> dict[str, object]:
    return _area(place.kind, place.name, place.ring)


def _area(kind: str, name: str, ring: tuple[XY, ...]) -> dict[str, object]:
    closed = [lon_lat(*p) for p in (*ring, ring[0])]
    return _feature(kind, name, {"type": "Polygon", "coordinates": [closed]})


def _line(kind: str, name: str, points: tuple[XY, ...], **more: bool) -> dict[str, object]:
    return _feature(kind, name, {"type": "LineString", "coordinates": [lon_lat(*p) for p in points]}, **more)


def _feature(kind: str, name: str, geometry: dict[str, object], **more: bool) -> dict[str, object]:
    return {"type": "Feature", "properties": {"kind": kind, "name": name, **more}, "geometry": geometry}
