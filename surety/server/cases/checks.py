"""Whether what somebody wants to record can stand. A check raises InvalidError with one sentence, or gives the value.

No authority, no collection: an order without its legal basis is not an order.
"""

import datetime as dt
import re
import zoneinfo
from collections.abc import Iterable, Mapping

import msgspec

from surety.rules import asking, leave, schedule
from surety.rules.conditions import (
    Absence,
    Attendance,
    Body,
    CheckInDuty,
    Circle,
    Curfew,
    MovingZone,
    OneOff,
    OrderTerm,
    Polygon,
    Row,
    Trail,
    Zone,
)
from surety.server.errors import InvalidError

DATA_KINDS = ("position", "device", "photo")
ORDER_TYPES = ("civil", "community", "immigration", "post_release", "pre_trial", "special", "bail")
REVIEW_WITHIN_MS = 123 * 86_400_000  # four months: the longest that proportionality may go without a review
BACKDATED_AFTER_MS = 60_000  # a form filled in within a minute is not a backdated change
_EARLIEST_MS, _LATEST_MS = 946_684_800_000, 4_102_444_800_000  # 2000 and 2100: anything outside is a slip


class OrderTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What an order says. `decision_sha256` is the hash of the signed decision's file, 64 hex digits."""

    order_type: str
    legal_basis: str
    issuing_authority: str
    decision_sha256: str
    starts_ms: int
    ends_ms: int
    review_due_ms: int
    data_kinds: tuple[str, ...] = ("position", "device")


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """That the person was told of the order: when, how, and in which language they read."""

    at_ms: int
    how: str
    language: str


class PersonDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Who a person is. `region` decides which operators and supervisors see them. Record fields: traits.py."""

    reference: str
    given_names: str
    family_name: str
    language: str = "en"
    interpreter_required: bool = False
    phone: str = ""
    time_zone: str = "Europe/London"
    region: str = ""
    date_of_birth: str = ""  # YYYY-MM-DD
    nationality: str = ""
    sex: str = ""
    ethnicity: str = ""
    disabilities: str = ""
    address: str = ""
    no_fixed_abode: bool = False
    responsible_adult: str = ""


class DeviceDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A device. Without `identifier` an unguessable one is made. `payload_key`: passphrase of encrypted payloads."""

    protocol: str
    identifier: str = ""
    model: str = ""
    network: str = ""  # the mobile network's operator: many devices of one that fail at once are one event
    payload_key: str = ""
    with_secret: bool = True  # whether the door asks for the secret (false: the identifier alone is the credential)


def check_person(details: PersonDetails) -> PersonDetails:
    """A person needs a reference, names and a time zone that exists."""
    _need(details.reference, "reference", "a reference")
    _need(details.given_names, "given_names", "the given names")
    _need(details.family_name, "family_name", "the family name")
    check_time_zone(details.time_zone)
    for name, longest in _LONGEST.items():
        if len(getattr(details, name)) > longest:
            raise InvalidError(f"{name} is longer than {longest} characters.", field=name)
    if details.date_of_birth:
        _check_birth(details.date_of_birth)
    return details


_LONGEST = {
    "reference": 32,
    "given_names": 120,
    "family_name": 120,
    "phone": 32,
    "region": 64,
    "nationality": 64,
    "sex": 32,
    "ethnicity": 64,
    "disabilities": 500,
    "address": 500,
    "responsible_adult": 300,
}


def _check_birth(text: str) -> None:
    try:
        year = dt.date.fromisoformat(text).year
    except ValueError:
        raise InvalidError("Write a date of birth as year, month and day: 1990-12-31.", field="date_of_birth") from None
    if not 1900 <= year <= 2100:
        raise InvalidError("The date of birth is not in this or the last century.", field="date_of_birth")


def check_reason(reason: str) -> str:
    """Why something is changed."""
    _need(reason, "reason", "a reason")
    return reason


def check_time_zone(name: str) -> str:
    """An IANA time zone's name."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidError(
            f'"{name}" is not a time zone; write a name such as Europe/London.', field="time_zone"
        ) from None
    return name


def check_order(terms: OrderTerms) -> OrderTerms:
    """An order needs its legal basis, authority, signed decision, data kinds, and dates in order."""
    if terms.order_type not in ORDER_TYPES:
        raise InvalidError(
            f'order_type is "{terms.order_type}"; write one of {", ".join(ORDER_TYPES)}.', field="order_type"
        )
    _need(terms.legal_basis, "legal_basis", "its legal basis")
    _need(terms.issuing_authority, "issuing_authority", "the authority that issued it")
    if not re.fullmatch(r"[0-9a-f]{64}", terms.decision_sha256):
        raise InvalidError(
            "An order needs the SHA-256 of the signed decision: 64 digits 0-9 and a-f.", field="decision_sha256"
        )
    if not terms.data_kinds or not set(terms.data_kinds) <= set(DATA_KINDS):
        raise InvalidError(f"An order names what may be collected: {' or '.join(DATA_KINDS)}.", field="data_kinds")
    return _check_order_dates(terms)


def _check_order_dates(terms: OrderTerms) -> OrderTerms:
    for name in ("starts_ms", "ends_ms", "review_due_ms"):
        check_instant(getattr(terms, name), name)
    if terms.starts_ms >= terms.ends_ms:
        raise InvalidError("An order ends after it starts.", field="ends_ms")
    if terms.review_due_ms <= terms.starts_ms:
        raise InvalidError("The review is due after the order starts.", field="review_due_ms")
    return terms


def check_review(review_due_ms: int, from_ms: int) -> None:
    """The next review is due within four months of the start, or of the decision that sets it anew."""
    if review_due_ms > from_ms + REVIEW_WITHIN_MS:
        raise InvalidError("The review is due at most four months on; choose an earlier day.", field="review_due_ms")


def check_told(told: Told, now_ms: int) -> Told:
    """The person was told already, somehow, in some language."""
    check_instant(told.at_ms, "told_ms")
    if told.at_ms > now_ms:
        raise InvalidError("The person cannot have been told in the future.", field="told_ms")
    _need(told.how, "told_how", "how the person was told")
    _need(told.language, "told_language", "the language in which the person was told")
    return told


def check_instant(value: int, field: str) -> int:
    """An instant in milliseconds that is no slip of the pen."""
    if isinstance(value, bool) or not isinstance(value, int) or not _EARLIEST_MS <= value <= _LATEST_MS:
        raise InvalidError(f"{field} must be an instant between the years 2000 and 2100.", field=field)
    return value


def check_effective(effective_from_ms: int, now_ms: int, reason: str) -> int:
    """A change that reaches back needs a reason: it makes the rules conclude anew about what has happened."""
    check_instant(effective_from_ms, "effective_from_ms")
    if effective_from_ms < now_ms - BACKDATED_AFTER_MS and not reason.strip():
        raise InvalidError("A change that takes effect in the past needs a reason.", field="reason")
    return effective_from_ms


_WRITTEN = (Absence, Attendance, CheckInDuty, Curfew, Zone, Trail)
_A_WEEK = [f"2026-01-{day:02d}" for day in range(5, 12)]  # from a Monday on; no clocks change anywhere


def check_body(body: Body | Mapping[str, object]) -> Body:
    """What a condition says, as the rules read it. A sentence names the part of it that is wrong."""
    raw = msgspec.to_builtins(body) if isinstance(body, _WRITTEN) else body
    try:
        good: Body = msgspec.convert(raw, Body)
    except msgspec.ValidationError as error:
        raise InvalidError(_mend(str(error)), field="body") from None
    if isinstance(good, MovingZone):
        raise InvalidError("A moving zone follows from a link with a protected person, not from a form.", field="body")
    if isinstance(good, OrderTerm):
        raise InvalidError("An order's own dates are changed with the order, not as a condition.", field="body")
    if isinstance(good, Absence):
        _check_absence(good)
    if isinstance(good, Attendance):
        _check_attendance(good)
    if isinstance(good, CheckInDuty):
        _check_check_ins(good)
    _check_parts(good)
    return good


def _mend(message: str) -> str:
    what, _, where = message.partition(" - at ")
    place = where.strip("`").removeprefix("$").lstrip(".")
    return f"{what} (in {place})." if place else f"{what}."


def _check_parts(body: Body) -> None:
    if not isinstance(body, Curfew | Zone):
        return
    check_time_zone(body.timetable.zone)
    try:
        schedule.check(body.timetable)
    except schedule.TimetableError as error:
        raise InvalidError(f"{str(error)[0].upper()}{str(error)[1:]}.", field="rows") from None
    places = {place.name for place in body.places} if isinstance(body, Curfew) else {""}
    if isinstance(body, Curfew) and len(places) < len(body.places):
        raise InvalidError("Two places of the curfew have the same name.", field="body")
    named = {row.place for row in body.timetable.rows} | {row.place for row in body.timetable.one_offs}
    for name in sorted(named - places - {""}):
        raise InvalidError(f'The timetable names the place "{name}", which the condition lacks.', field="body")
    for area in [place.area for place in body.places] if isinstance(body, Curfew) else [body.area]:
        _check_area(area)


def _check_absence(body: Absence) -> None:
    """An absence has times that exist, and each of its dates ends after it begins."""
    check_time_zone(body.timetable.zone)
    try:
        schedule.check(body.timetable)
        schedule.check(msgspec.structs.replace(body.timetable, exceptions=body.spans))
        leave.leave_of(body)
    except schedule.TimetableError as error:
        text = str(error).replace("exception", "absence")
        raise InvalidError(f"{text[0].upper()}{text[1:]}.", field="body") from None
    if not body.reason.strip():
        raise InvalidError("Write the reason of the absence; the person and others read it.", field="absence_reason")


def _check_attendance(body: Attendance) -> None:
    """Attendance has times, each long enough to come as late as is tolerated and still stay as long as is ordered."""
    check_time_zone(body.timetable.zone)
    _check_area(body.place.area)
    windows: tuple[Row | OneOff, ...] = (*body.timetable.rows, *body.timetable.one_offs)
    if not windows:
        raise InvalidError("Give at least one time at which to attend.", field="rows")
    if body.min_stay_s + body.tolerance_s > min(_wall_clock_s(one) for one in windows):
        raise InvalidError(
            "The shortest of the times leaves no room for coming late as tolerated and staying as long as ordered.",
            field="min_stay",
        )


def _check_check_ins(body: CheckInDuty) -> None:
    """Photographs are asked for in times that exist, and as many a day as are ordered fit into each day."""
    for table, field in ((body.timetable, "rows"), *((one.timetable, "exempt") for one in body.exempt)):
        check_time_zone(table.zone)
        try:
            schedule.check(table)
        except schedule.TimetableError as error:
            raise InvalidError(f"{str(error)[0].upper()}{str(error)[1:]}.", field=field) from None
    if body.fixed and len(set(body.fixed)) != body.per_day:
        raise InvalidError(f"Give {body.per_day} fixed times, as so many are asked for a day.", field="fixed")
    if body.per_day and body.timetable.rows:
        _check_fit(body)


def _check_fit(body: CheckInDuty) -> None:
    table = msgspec.structs.replace(body.timetable, one_offs=(), exceptions=(), from_date=None, until_date=None)
    week = msgspec.structs.replace(body, timetable=table)
    fits = {day: asking.fit(week, day) for day in _A_WEEK if asking.allowed(week, day)}
    if not fits:
        raise InvalidError("The exemptions leave no time in which a photograph could be asked for.", field="exempt")
    day, least = min(fits.items(), key=lambda one: one[1])
    if least < body.per_day:
        name = f"{dt.date.fromisoformat(day):%A}"
        what = "of the fixed times lie in what is allowed" if body.fixed else "fit into what is allowed"
        raise InvalidError(
            f"On a {name} only {least} of {body.per_day} photographs {what}, {body.apart_s // 60} minutes apart: allow "
            "more time, less distance, or fewer a day.",
            field="per_day",
        )


def _wall_clock_s(row: Row | OneOff) -> int:
    start, end = (int(text[:2]) * 60 + int(text[3:]) for text in (row.start, row.end))
    return 60 * (end - start + (1_440 if end <= start else 0))


def check_covered(names: Iterable[str], known: Mapping[str, Body | None]) -> None:
    """What an absence covers by name are curfews, zones and attendances of the same person, withdrawn ones too."""
    for name in names:
        if name not in known:
            raise InvalidError("The absence names a condition that this person does not have.", field="applies_to")
        if not isinstance(known[name], Attendance | CheckInDuty | Curfew | Zone | None):
            raise InvalidError(
                "An absence covers curfews, zones, attendance and check-ins, no other condition.", field="applies_to"
            )


def _check_area(area: Circle | Polygon) -> None:
    if isinstance(area, Polygon):
        for ring in (area.ring, *area.holes):
            if len(set(ring)) < 3:
                raise InvalidError("An area needs at least three different corners.", field="body")


def check_device(details: DeviceDetails) -> DeviceDetails:
    """A device needs a protocol; an identifier of its own has 4 to 64 characters without spaces."""
    _need(details.protocol, "protocol", "the protocol that the device speaks")
    if details.identifier and not re.fullmatch(r"[!-~]{4,64}", details.identifier):
        raise InvalidError("An identifier has 4 to 64 letters, digits and signs, without spaces.", field="identifier")
    if len(details.protocol) > 16 or max(map(len, (details.model, details.network, details.payload_key))) > 64:
        raise InvalidError("The protocol, model, network or payload key is too long.", field="protocol")
    return details


def _need(value: str, field: str, what: str) -> None:
    if not value.strip():
        raise InvalidError(f"{what[0].upper()}{what[1:]} is missing.", field=field)
