"""What was ordered: curfews, zones and the trail, as versions that hold from one instant to another.

A condition never changes; a new version takes its place from its `effective_from_ms`. The rules look up the version
in force at the time of a fact, so a late fact meets what held when it happened.
"""

import enum
from typing import Annotated

import msgspec

from surety.rules.facts import Latitude, Longitude, Millis

Identifier = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
LocalTime = Annotated[str, msgspec.Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]
LocalDate = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Moment = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}(T([01]\d|2[0-3]):[0-5]\dZ?)?$")]
Point = tuple[Longitude, Latitude]


class Circle(msgspec.Struct, frozen=True, tag="circle", tag_field="shape"):
    """All places within `radius_m` metres of the centre, anywhere on Earth."""

    lat_deg: Latitude
    lon_deg: Longitude
    radius_m: Annotated[float, msgspec.Meta(ge=10, le=200_000)]


class Polygon(msgspec.Struct, frozen=True, tag="polygon", tag_field="shape"):
    """A ring of (lon, lat) corners, and holes, as in GeoJSON (RFC 7946); edges are short, at most 200 km.

    A ring may cross the antimeridian or go around a pole: it is the side with the smaller area.
    """

    ring: Annotated[tuple[Point, ...], msgspec.Meta(min_length=3, max_length=2_000)]
    holes: Annotated[tuple[tuple[Point, ...], ...], msgspec.Meta(max_length=50)] = ()


Area = Circle | Polygon


class Weekday(enum.StrEnum):
    """Days of a weekly timetable, as orders write them."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a timetable in local time. An end at or before the start lies on the next day (19:00-07:00).

    `place` names one of the condition's places, for curfews with several addresses; the first place when absent.
    """

    day: Weekday
    start: LocalTime
    end: LocalTime
    place: str = ""


class OneOff(msgspec.Struct, frozen=True, omit_defaults=True):
    """A window on one date, such as the first night of a curfew, in place of that date's weekly rows."""

    date: LocalDate
    start: LocalTime
    end: LocalTime
    place: str = ""


class Pause(msgspec.Struct, frozen=True, omit_defaults=True):
    """A time in which a timetable does not apply, such as a public holiday or a week away that a court allowed.

    `start` and `end` are dates, local times (2026-12-24T18:00) or, where a local time would be said twice, instants in
    UTC (2026-10-25T01:30Z). A date as the start means its beginning, as the end its end: 2026-12-25 to 2026-12-25 is
    that whole day. What runs at the start is cut there and goes on at the end.
    """

    start: Moment
    end: Moment
    name: Annotated[str, msgspec.Meta(max_length=120)] = ""


class Timetable(msgspec.Struct, frozen=True, omit_defaults=True, cache_hash=True):
    """When a condition is active, in the local time of `zone` (an IANA name). No rows and no one-offs: always.

    `from_date` and `until_date`: the first and the last date on which weekly rows start (without any row: on which the
    condition is active); one-offs have dates of their own. `exceptions` take away from all of it.
    """

    zone: str
    rows: Annotated[tuple[Row, ...], msgspec.Meta(max_length=200)] = ()
    one_offs: Annotated[tuple[OneOff, ...], msgspec.Meta(max_length=1_000)] = ()
    from_date: LocalDate | None = None
    until_date: LocalDate | None = None
    exceptions: Annotated[tuple[Pause, ...], msgspec.Meta(max_length=1_000)] = ()


class Place(msgspec.Struct, frozen=True):
    """A named address and the area that counts as being there."""

    name: Identifier
    area: Area


class Curfew(msgspec.Struct, frozen=True, tag="curfew", tag_field="kind", omit_defaults=True):
    """Be at a place at certain times. `unknown_after_s`: that long without an informative fix is "cannot verify".

    `allowance_day_min`, `allowance_week_min`: minutes away that the order tolerates in a day and in a week, as they add
    up (accumulated time violation); 0: the order says nothing of the kind.
    """

    places: Annotated[tuple[Place, ...], msgspec.Meta(min_length=1, max_length=20)]
    timetable: Timetable
    unknown_after_s: Annotated[int, msgspec.Meta(ge=60, le=86_400)] = 900
    allowance_day_min: Annotated[int, msgspec.Meta(ge=0, le=1_440)] = 0
    allowance_week_min: Annotated[int, msgspec.Meta(ge=0, le=10_080)] = 0


class ZoneKind(enum.StrEnum):
    """Exclusion: do not enter. Inclusion: do not leave. Restriction: pass through, but do not stay."""

    EXCLUSION = "exclusion"
    INCLUSION = "inclusion"
    RESTRICTION = "restriction"


class Zone(msgspec.Struct, frozen=True, tag="zone", tag_field="kind", omit_defaults=True):
    """Stay out of, stay within, or do not stay in an area while the timetable is active.

    `max_stay_s`: how long one stay in a restriction zone may last; other zones do not read it. `warn_m`: how near an
    exclusion zone the person is told so, in metres from its edge; 0: not at all.
    """

    zone_kind: ZoneKind
    name: Identifier
    area: Area
    timetable: Timetable
    unknown_after_s: Annotated[int, msgspec.Meta(ge=60, le=86_400)] = 3_600
    max_stay_s: Annotated[int, msgspec.Meta(ge=60, le=86_400)] = 1_800
    warn_m: Annotated[int, msgspec.Meta(ge=0, le=5_000)] = 0


class Trail(msgspec.Struct, frozen=True, tag="trail", tag_field="kind", omit_defaults=True):
    """Monitoring of where a person goes. Silence: that long without any message of the device is a finding.

    `no_location_after_s`: the same where it speaks, but tells no place that is good for anything. `charge_min_a_day`:
    how many minutes of each local day (in `zone`, an IANA name) the device is to be charged; 0: nothing is asked.
    """

    silent_after_s: Annotated[int, msgspec.Meta(ge=60, le=604_800)] = 1_800
    no_location_after_s: Annotated[int, msgspec.Meta(ge=300, le=604_800)] = 3_600
    charge_min_a_day: Annotated[int, msgspec.Meta(ge=0, le=720)] = 0
    zone: str = "UTC"


class Exemption(msgspec.Struct, frozen=True, omit_defaults=True):
    """Times in which nobody is asked for a photograph: at work, at worship, with a doctor."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    timetable: Timetable


DAYTIME = tuple(Row(day, "07:00", "22:00") for day in Weekday)


class CheckInDuty(msgspec.Struct, frozen=True, tag="check_in", tag_field="kind", omit_defaults=True):
    """Answer, with a photograph of oneself, up to `per_day` questions a day (0: none are asked for now).

    `response_s` is how long one is in time, `late_until_s` how long after that one is still taken, as late. Questions
    come only while `timetable` is active (by default not in the night) and none of the `exempt` is, at least `apart_s`
    after each other; its exceptions are pauses. `fixed`: at these local times; without any, at times that nobody can
    foresee (asking.py).
    """

    per_day: Annotated[int, msgspec.Meta(ge=0, le=5)]
    response_s: Annotated[int, msgspec.Meta(ge=300, le=86_400)] = 1_800
    late_until_s: Annotated[int, msgspec.Meta(ge=0, le=259_200)] = 86_400
    timetable: Timetable = Timetable("UTC", DAYTIME)
    apart_s: Annotated[int, msgspec.Meta(ge=0, le=43_200)] = 3_600
    fixed: Annotated[tuple[LocalTime, ...], msgspec.Meta(max_length=5)] = ()
    exempt: Annotated[tuple[Exemption, ...], msgspec.Meta(max_length=20)] = ()


class MovingZone(msgspec.Struct, frozen=True, tag="moving_zone", tag_field="kind", omit_defaults=True):
    """Keep `alert_m` metres away from a protected person, wherever they are, as their own device tells.

    Nobody writes it as a condition: it is derived from a link to which the protected person has consented, and ends
    with that consent. `warn_m`: from which distance on the desk is told before (0: not at all). `compared_within_s`: so
    far apart in time may the positions of the two be that are compared. `unknown_after_s`: as for any zone.
    """

    link_id: Identifier
    alert_m: Annotated[int, msgspec.Meta(ge=50, le=20_000)]
    timetable: Timetable
    warn_m: Annotated[int, msgspec.Meta(ge=0, le=50_000)] = 0
    compared_within_s: Annotated[int, msgspec.Meta(ge=60, le=3_600)] = 600
    unknown_after_s: Annotated[int, msgspec.Meta(ge=60, le=86_400)] = 1_800


class OrderStatus(enum.StrEnum):
    """Whether an order may be acted on. A suspended one stands, and is reviewed; an ended one does not."""

    IN_FORCE = "in_force"
    SUSPENDED = "suspended"
    ENDED = "ended"


class OrderTerm(msgspec.Struct, frozen=True, tag="order_term", tag_field="kind"):
    """The dates of the order itself, as one of its versions says them: when it is to be reviewed, and when it ends.

    Nobody writes it as a condition: it is derived from the order, and holds also when the order may not be acted on.
    """

    review_due_ms: Millis
    ends_ms: Millis
    status: OrderStatus


class Attendance(msgspec.Struct, frozen=True, tag="attendance", tag_field="kind", omit_defaults=True):
    """Be at a place for at least `min_stay_s` in each window of the timetable, such as a course or a clinic.

    Coming up to `tolerance_s` after a window's start is in time. `unknown_after_s`: fixes further apart than that do
    not tell where somebody was between them.
    """

    purpose: Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
    place: Place
    timetable: Timetable
    min_stay_s: Annotated[int, msgspec.Meta(ge=60, le=86_400)]
    tolerance_s: Annotated[int, msgspec.Meta(ge=0, le=86_400)] = 600
    unknown_after_s: Annotated[int, msgspec.Meta(ge=60, le=86_400)] = 900


class AbsenceKind(enum.StrEnum):
    """Why nothing is asked for a while: leave that somebody in charge gave, or a stay of the conditions themselves."""

    AUTHORISED = "authorised_absence"
    SUSPENSION = "suspension"


class Absence(msgspec.Struct, frozen=True, tag="absence", tag_field="kind", omit_defaults=True):
    """A time in which other conditions ask nothing: by the timetable (recurring leave), and in each of `spans` (once).

    Without rows, one-offs and spans: for as long as the condition is in force. `applies_to` names conditions; without
    names an authorised absence covers every duty to be somewhere, and never an exclusion zone; a suspension covers
    every curfew, zone, attendance and check-in duty. leave.py decides.
    """

    absence_kind: AbsenceKind
    timetable: Timetable
    spans: Annotated[tuple[Pause, ...], msgspec.Meta(max_length=500)] = ()
    applies_to: Annotated[tuple[Identifier, ...], msgspec.Meta(max_length=50)] = ()
    reason: Annotated[str, msgspec.Meta(max_length=200)] = ""


Body = Curfew | Zone | Trail | CheckInDuty | MovingZone | OrderTerm | Absence | Attendance


def timetables_of(body: Body) -> tuple[Timetable, ...]:
    """Every timetable in a condition's body; a trail's says in which zone its days are counted."""
    if isinstance(body, Trail):
        return (Timetable(body.zone),)
    if isinstance(body, CheckInDuty):
        return (body.timetable, *(one.timetable for one in body.exempt))
    return (body.timetable,) if isinstance(body, Curfew | Zone | MovingZone | Absence | Attendance) else ()


class Condition(msgspec.Struct, frozen=True):
    """One version of one condition of one person's order, in force from `effective_from_ms` until before `to`."""

    id: Identifier
    version: Annotated[int, msgspec.Meta(ge=1)]
    effective_from_ms: Millis
    effective_to_ms: Millis | None
    body: Body


class ConditionSet(msgspec.Struct, frozen=True):
    """Every version of every condition of one person, past ones included, ordered by id and version.

    `revision` changes whenever anything in the set changes, so that what was derived from it can be kept.
    """

    person_id: str
    revision: int
    conditions: tuple[Condition, ...]
