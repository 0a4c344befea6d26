"""What a condition's form holds: from the fields posted, to a condition of the rules, and back.

The fields are plain inputs and text areas, so the form works without scripts; the editors on the map and of the week
read and write the same fields. A refusal is one sentence with the field's name.
"""

import re
from collections.abc import Iterable, Mapping

import msgspec
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict

from surety.rules.conditions import Area, Body, Circle, Curfew, Polygon, Trail, Zone
from surety.server.cases.checks import check_body
from surety.server.console import exception_form
from surety.server.errors import InvalidError, NotFoundError

LARGEST_FILE = 2_000_000
_CORNER = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*[,;\s]\s*(-?\d+(?:\.\d+)?)\s*")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:\d\d)?|24:00")
_INDEX = re.compile(r"(place|row|night)-(\d{1,4})-")
KINDS = {"curfew": "curfew", "zone": "zone", "trail": "trail monitoring"}


class AreaFields(msgspec.Struct):
    """An area as typed: a circle's numbers, or corners a line each with an empty line before each hole."""

    shape: str = "circle"
    lat: str = ""
    lon: str = ""
    radius: str = "100"
    corners: str = ""


class PlaceFields(msgspec.Struct):
    """An address of a curfew."""

    index: int
    name: str
    area: AreaFields


class RowFields(msgspec.Struct):
    """A line of the timetable; `day` is a weekday, or a date for a single night."""

    index: int
    day: str = "mon"
    start: str = ""
    end: str = ""
    place: str = ""


class Fields(msgspec.Struct):
    """Everything the form holds, as typed."""

    kind: str
    label: str = ""
    name: str = ""
    zone_kind: str = "exclusion"
    stay: str = "30"
    warn: str = "0"
    area: AreaFields = msgspec.field(default_factory=AreaFields)
    places: list[PlaceFields] = []
    rows: list[RowFields] = []
    nights: list[RowFields] = []
    from_date: str = ""
    until_date: str = ""
    exceptions: str = ""
    minutes: str = ""
    unlocated: str = "60"
    charge: str = "0"
    effective_from: str = ""
    reason: str = ""


def blank(kind: str) -> Fields:
    """A new form: a curfew begins with one address and the usual nights."""
    if kind == "curfew":
        week = [
            RowFields(i, day, "19:00", "07:00")
            for i, day in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
        ]
        return Fields(kind, label="Curfew", places=[PlaceFields(0, "Home", AreaFields())], rows=week, minutes="15")
    minutes = {"zone": "60", "trail": "30"}[kind]
    return Fields(kind, label=KINDS[kind].capitalize(), minutes=minutes, charge="60")


# --- from the browser -----------------------------------------------------------------------------------------------


def of_post(post: QueryDict, files: Mapping[str, UploadedFile], kind: str) -> Fields:
    """What was posted, as typed, so that a refused form comes back as it was."""

    def text(name: str) -> str:
        return str(post.get(name, "")).strip()

    places = [
        PlaceFields(i, text(f"place-{i}-name"), area_of_post(post, files, f"place-{i}-"))
        for i in _indexes(post, "place")
    ]
    rows = [
        RowFields(i, *(text(f"row-{i}-{part}") for part in ("day", "start", "end", "place")))
        for i in _indexes(post, "row")
    ]
    nights = [
        RowFields(i, *(text(f"night-{i}-{part}") for part in ("day", "start", "end", "place")))
        for i in _indexes(post, "night")
    ]
    return Fields(
        kind=kind,
        label=text("label"),
        name=text("name"),
        zone_kind=text("zone_kind"),
        stay=text("stay"),
        warn=text("warn"),
        area=area_of_post(post, files, "area-"),
        places=places,
        rows=[row for row in rows if row.start or row.end],
        nights=[row for row in nights if row.day or row.start or row.end],
        from_date=text("from_date"),
        until_date=text("until_date"),
        exceptions=text("exceptions"),
        minutes=text("minutes"),
        unlocated=text("unlocated") or "60",
        charge=text("charge") or "0",
        effective_from=text("effective_from"),
        reason=text("reason"),
    )


def _indexes(post: QueryDict, what: str) -> list[int]:
    found = {int(match[2]) for name in post if (match := _INDEX.match(name)) and match[1] == what}
    return sorted(found)[:500]


def area_of_post(post: QueryDict, files: Mapping[str, UploadedFile], prefix: str) -> AreaFields:
    """An area as posted: drawn, typed or from a file."""
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


# --- to a condition ------------------------------------------------------------------------------------------------


def body_of(fields: Fields, time_zone: str) -> Body:
    """The condition that the fields say. Raises InvalidError with one sentence and the field."""
    seconds = _minutes(fields.minutes) * 60
    if fields.kind == "trail":
        return _trail(fields, seconds, time_zone)
    common = {"timetable": _timetable(fields, time_zone), "unknown_after_s": seconds}
    if fields.kind == "zone":
        if not fields.name:
            raise InvalidError("Give the zone a name that the person knows it by.", field="name")
        area = area_of(fields.area, "area", f'the zone "{fields.name}"')
        raw = {"kind": "zone", "zone_kind": fields.zone_kind, "name": fields.name, "area": area, **common}
        raw |= _own_numbers(fields)
    else:
        raw = {"kind": "curfew", "places": _places(fields.places), **common}
    body = check_body(raw)
    if isinstance(body, Curfew) and not body.timetable.rows and not body.timetable.one_offs:
        raise InvalidError("Give at least one time at which to be there.", field="rows")
    return body


def _timetable(fields: Fields, time_zone: str) -> dict[str, object]:
    return {
        "zone": time_zone,
        "rows": _rows(fields.rows, "day"),
        "one_offs": _rows(fields.nights, "date"),
        "from_date": fields.from_date or None,
        "until_date": fields.until_date or None,
        "exceptions": msgspec.to_builtins(exception_form.pauses_of(fields.exceptions)),
    }


def _trail(fields: Fields, silent_after_s: int, time_zone: str) -> Body:
    if not fields.charge.isdigit() or int(fields.charge) > 720:
        raise InvalidError("Write the minutes of charging a day as a number from 0 to 720.", field="charge")
    if not fields.unlocated.isdigit() or not 5 <= int(fields.unlocated) <= 10_080:
        raise InvalidError("Write the minutes without a place as a number from 5 to 10080.", field="unlocated")
    body: dict[str, object] = {"kind": "trail", "silent_after_s": silent_after_s}
    return check_body(
        body
        | {"no_location_after_s": int(fields.unlocated) * 60, "charge_min_a_day": int(fields.charge)}
        | ({"zone": time_zone} if int(fields.charge) else {})
    )


def _own_numbers(fields: Fields) -> dict[str, object]:
    """What only one kind of zone asks."""
    if fields.zone_kind == "exclusion":
        warn = _whole(
            fields.warn or "0", "warn", "Give the metres within which the person is warned as a whole number."
        )
        if not 0 <= warn <= 5_000:
            raise InvalidError("The person may be warned within 0 m (not at all) to 5,000 m.", field="warn")
        return {"warn_m": warn}
    if fields.zone_kind != "restriction":
        return {}
    stay = _whole(fields.stay, "stay", "Give the minutes that a stay may last as a whole number.")
    if not 1 <= stay <= 1_440:
        raise InvalidError("A stay may last 1 minute to 1,440 (a day).", field="stay")
    return {"max_stay_s": stay * 60}


def _places(places: Iterable[PlaceFields]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for place in places:
        if not place.name:
            raise InvalidError("Give each address a name.", field=f"place-{place.index}-name")
        found.append({"name": place.name, "area": area_of(place.area, f"place-{place.index}", place.name)})
    if not found:
        raise InvalidError("A curfew needs at least one address.", field="places")
    return found


def _minutes(text: str) -> int:
    return _whole(text, "minutes", "Give the minutes without word as a whole number.")


def _whole(text: str, field: str, otherwise: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InvalidError(otherwise, field=field) from None


def _rows(rows: Iterable[RowFields], day: str) -> list[dict[str, str]]:
    found = []
    for row in rows:
        if not (row.day and row.start and row.end):
            raise InvalidError("A line of the timetable lacks its day, its start or its end.", field="rows")
        for text in (row.start, row.end):
            if not _TIME.fullmatch(text):
                raise InvalidError(f'"{text}" is not a time; write it as 19:00.', field="rows")
        found.append({day: row.day, "start": row.start[:5], "end": row.end[:5], "place": row.place})
    return found


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


# --- and back ------------------------------------------------------------------------------------------------------


def of_body(body: Body, label: str) -> Fields:
    """The form that says this condition."""
    if isinstance(body, Trail):
        return Fields(
            "trail",
            label=label,
            minutes=str(body.silent_after_s // 60),
            unlocated=str(body.no_location_after_s // 60),
            charge=str(body.charge_min_a_day),
        )
    if not isinstance(body, Curfew | Zone):
        raise NotFoundError("This kind of condition has no form here.")
    fields = Fields(
        "zone" if isinstance(body, Zone) else "curfew", label=label, minutes=str(body.unknown_after_s // 60)
    )
    table = body.timetable
    fields.rows = [RowFields(i, row.day.value, row.start, _end(row.end), row.place) for i, row in enumerate(table.rows)]
    fields.nights = [
        RowFields(i, one.date, one.start, _end(one.end), one.place) for i, one in enumerate(table.one_offs)
    ]
    fields.from_date, fields.until_date = table.from_date or "", table.until_date or ""
    fields.exceptions = exception_form.text_of(table.exceptions)
    if isinstance(body, Zone):
        fields.name, fields.zone_kind, fields.area = body.name, body.zone_kind.value, _fields_of(body.area)
        fields.stay, fields.warn = str(body.max_stay_s // 60), str(body.warn_m)
    else:
        fields.places = [PlaceFields(i, place.name, _fields_of(place.area)) for i, place in enumerate(body.places)]
    return fields


def _end(text: str) -> str:
    return "00:00" if text == "24:00" else text  # a time field has no 24:00; both lie at the end of the day


def _fields_of(area: Area) -> AreaFields:
    if isinstance(area, Circle):
        return AreaFields("circle", f"{area.lat_deg:.6f}", f"{area.lon_deg:.6f}", f"{area.radius_m:.0f}")
    return AreaFields("polygon", corners=_corners(area))


def _corners(area: Polygon) -> str:
    return "\n\n".join("\n".join(f"{lat:.6f}, {lon:.6f}" for lon, lat in ring) for ring in (area.ring, *area.holes))
