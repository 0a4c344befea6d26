"""The sentence of each kind of finding, from its evidence and its condition. Decides nothing."""

from collections.abc import Callable

from surety.rules.conditions import Attendance, MovingZone, Zone, ZoneKind
from surety.rules.facts import Topic
from surety.rules.findings import ENDS, Cause, Kind
from surety.rules.phrases import count, distance, lasting, percent, span
from surety.rules.teller import Teller


def _entered(t: Teller) -> str:
    if (began := t.number("began_ms")) is not None:
        return f"{t.hedge}in {t.place} at {t.at}, as it seemed since {t.time(began)}. {t.last_fix()}"
    if t.finding.at_ms == t.number("window_start_ms"):
        return f"{t.hedge}in {t.place} already when it came into force at {t.at}. {t.last_fix()}"
    return f"{t.hedge}in {t.place} since {t.at}. {t.last_fix()}"


def _absent(t: Teller) -> str:
    began = t.number("window_start_ms")
    where = f"in {t.place}" if isinstance(t.body, Zone) else f"at {t.place}"
    duty = "the time to be there" if isinstance(t.body, Zone) else "the curfew"
    if t.number("began_ms") is not None:
        return _left(t)
    started = f"the {_leave(t)} ended" if t.number("leave_ended_ms") is not None else f"{duty} began"
    if began is None or began == t.finding.at_ms:
        return f"{t.hedge}not {where} when {started} at {t.at}. {t.last_fix()}"
    return f"{t.hedge}not {where} at {t.at}; nobody can tell for {t.time(began)}, when {started}. {t.last_fix()}"


def _left(t: Teller) -> str:
    where = f"in {t.place}" if isinstance(t.body, Zone) else f"at {t.place}"
    if (since := t.number("began_ms")) is not None:
        return f"{t.hedge}not {where} at {t.at}, as it seemed since {t.time(since)}. {t.last_fix()}"
    return f"{t.hedge}not {where} since {t.at}. {t.last_fix()}"


def _back(t: Teller) -> str:
    where = f"{'in' if isinstance(t.body, Zone) else 'at'} {t.place}"
    late, began = t.number("late_s"), t.number("window_start_ms")
    if late is None or began is None:
        return f"{t.hedge}back {where} since {t.at}{t.lasted('away for')}. {_counted(t)}"
    duty = "the time to be there" if isinstance(t.body, Zone) else "the curfew"
    started = f"the {_leave(t)} ended" if t.number("leave_ended_ms") is not None else f"{duty} began"
    return (
        f"Late return: {t.hedge.lower()}{where} since {t.at}, {lasting(int(late * 1000))} after {started} "
        f"({t.time(began)}). {_counted(t)}"
    )


def _throughout(t: Teller) -> str:
    began, end = t.number("window_start_ms"), t.at
    since = f"from {t.time(began)} to {end}" if began is not None else f"until {end}"
    return f"{t.hedge}not at {t.place} at any time {since}. {_counted(t)}"


def _leave(t: Teller) -> str:
    return "suspension" if "suspension" in (t.numbers.get("leave"), t.numbers.get("ended_by")) else "authorised absence"


def _counted(t: Teller) -> str:
    """What of an absence counts against the order's allowance."""
    if t.number("counted_s") is None:
        return ""
    sums = [
        f"{_whole_minutes(t, f'spent_{per}_s')} of the {_minutes(t, f'allowed_{per}_s')} tolerated a {per}"
        for per in ("day", "week")
        if t.number(f"allowed_{per}_s") is not None
    ]
    return f"{_minutes(t, 'counted_s')} of it count, now {' and '.join(sums)}."


def within(t: Teller) -> str:
    """What the order still tolerates when an absence begins, and the leave that is near."""
    said = []
    if (begins := t.number("leave_begins_ms")) is not None:
        said.append(f"The {_leave(t)} begins at {t.time(begins)}.")
    left = t.number("allowance_left_s")
    if left is not None and t.finding.kind not in ENDS:
        said.append(
            f"The order tolerates {_minutes(t, 'allowance_left_s')} more." if left else "Nothing more is tolerated."
        )
    return " ".join(said)


def _cannot_verify(t: Teller) -> str:
    limit = span(t.number("unknown_after_s") or 0)
    if isinstance(t.body, MovingZone):
        return (
            f"Cannot verify the distance to the protected person since {t.at}: for {limit} no certain and simultaneous "
            "positions of both. This is not a breach."
        )
    what = f"being {'in' if isinstance(t.body, Zone) else 'at'} {t.place}"
    if isinstance(t.body, Zone) and t.body.zone_kind is not ZoneKind.INCLUSION:
        restriction = t.body.zone_kind is ZoneKind.RESTRICTION
        what = f"for how long the person is in {t.place}" if restriction else f"keeping out of {t.place}"
    last = t.last_fix() or "No certain fix before."
    return f"Cannot verify {what} since {t.at}: no certain fix for {limit}. This is not a breach. {last}"


def _ended(t: Teller) -> str:
    if t.numbers.get("began") == Kind.REVIEW_OVERDUE.value:
        return f"The order was over at {t.at}; its review was not recorded until then."
    if t.numbers.get("began") == Kind.FACE_NOT_VERIFIED.value:
        return f"People decided anew at {t.at}: it is not said any more that the photograph shows somebody else."
    by = t.numbers.get("ended_by")
    ended = f"{'The condition' if by == 'condition' else 'The ordered time'} ended at {t.at}"
    if by in ("absence", "suspension"):
        ended = f"The {_leave(t)} began at {t.at}"
    was = {
        Kind.CANNOT_VERIFY.value: "it could not be verified until then",
        Kind.PROTECTED_NEAR.value: "still closer to the protected person than ordered then",
        Kind.PROTECTED_APPROACHED.value: "still within the warning distance of the protected person then",
        Kind.SILENT.value: "the device was silent until then",
        Kind.CHECK_IN_MISSED.value: "no photograph had come until then",
        Kind.CHECK_IN_UNDELIVERED.value: "the question had not been answered until then",
        Kind.NO_LOCATION.value: "the device told no usable place until then",
        Kind.ZONE_ENTERED.value: f"still in {t.place} then",
        Kind.RESTRICTION_OVERSTAYED.value: f"still in {t.place} then",
        Kind.ZONE_NEAR.value: f"still close to {t.place} then",
    }.get(str(t.numbers.get("began")), f"not back {'in' if isinstance(t.body, Zone) else 'at'} {t.place} by then")
    return f"{ended}; {was}. {_counted(t)}"


def _silent(t: Teller) -> str:
    limit, last = span(t.number("silent_after_s") or 0), t.number("last_heard_ms")
    heard = f"Last message {t.time(last)}." if last is not None else "It has not been heard before."
    return f"No message from the device for {limit} at {t.at}. {heard}"


def _crossed(t: Teller) -> str:
    gap = lasting(round(1000 * (t.number("gap_s") or 0)))
    entered, left, p = t.number("entered_ms"), t.number("left_ms"), t.number("p_crossed")
    chance = f" The probability that it was gone through is at least {percent(p)}." if p is not None else ""
    inside = f" (in it {t.time(entered)} to {t.time(left)}, at even pace)" if entered is not None and left else ""
    return (
        f"Possibly passed through {t.place} about {t.at}{inside}: the straight way between two fixes {gap} apart goes "
        f"through it. Nobody recorded a place in it; this is on record and no alert.{chance}"
    )


def _edge(t: Teller) -> str:
    edge_m = t.number("edge_m")
    return "" if edge_m is None or edge_m <= 0 else f": {distance(edge_m)} from its edge"


def _overstayed(t: Teller) -> str:
    if (began := t.number("began_ms")) is not None:
        return f"{t.hedge}in {t.place} at {t.at}, too long as it seemed since {t.time(began)}. {t.last_fix()}"
    since, allowed = t.number("stayed_since_ms"), _minutes(t, "allowed_s")
    came = f": there since {t.time(since)}" if since is not None else ""
    return f"{t.hedge}in {t.place} for longer than the {allowed} allowed, at {t.at}{came}. {t.last_fix()}"


def _minutes(t: Teller, name: str) -> str:
    return count(round((t.number(name) or 0) / 60), "minute")


def _whole_minutes(t: Teller, name: str) -> str:
    return str(round((t.number(name) or 0) / 60))


def _allowance(t: Teller) -> str:
    per = "week" if t.numbers.get("per") == "week" else "day"
    return (
        f"{t.hedge}away for more than the {_minutes(t, 'allowed_s')} that the order tolerates a {per}: time away in "
        f"this {'week, from Monday,' if per == 'week' else 'day'} passed that at {t.at}. Only what fixes show counts."
    )


def _attendance_missed(t: Teller) -> str:
    began = t.number("window_start_ms")
    since = f"from {t.time(began)} " if began is not None else ""
    return (
        f"{t.hedge}did not attend {_purpose(t)}, {since}to {t.at}: certainly elsewhere for "
        f"{_minutes(t, 'elsewhere_s')} of that time, so that {_minutes(t, 'needed_s')} there were not possible."
    )


def _attendance_short(t: Teller) -> str:
    return (
        f"{t.hedge}did not stay long enough for {_purpose(t)}: there for {_minutes(t, 'stayed_s')} of the "
        f"{_minutes(t, 'needed_s')} ordered when the time was over at {t.at}, and certainly elsewhere for "
        f"{_minutes(t, 'elsewhere_s')}."
    )


def _attendance_late(t: Teller) -> str:
    began, late = t.number("window_start_ms"), lasting(round((t.number("late_s") or 0) * 1000))
    after = f" ({t.time(began)})" if began is not None else ""
    return (
        f"{t.hedge}late for {_purpose(t)}: there since {t.at}, {late} after it began{after}; "
        f"{_minutes(t, 'tolerated_s')} are tolerated."
    )


def _attendance_kept(t: Teller) -> str:
    return f"{t.hedge}attended {_purpose(t)}: the {_minutes(t, 'needed_s')} ordered were reached at {t.at}."


def _attendance_unverified(t: Teller) -> str:
    stay = f"certainly there for {_minutes(t, 'stayed_s')}, certainly elsewhere for {_minutes(t, 'elsewhere_s')}"
    return (
        f"Cannot verify the attendance of {_purpose(t)} until {t.at}: {stay}; {_minutes(t, 'needed_s')} are "
        "ordered. This is not a breach."
    )


def _purpose(t: Teller) -> str:
    return f"{t.body.purpose} at {t.place}" if isinstance(t.body, Attendance) else t.place


def _check_in_missed(t: Teller) -> str:
    return f"No photograph{_asked(t)} had come by {t.at}."


def _asked(t: Teller) -> str:
    asked = t.number("asked_ms")
    return f" asked for at {t.time(asked)}" if asked is not None else ""


def _check_in_undelivered(t: Teller) -> str:
    return f"The question for a photograph{_asked(t)} had not reached the device by {t.at}. This is not a breach."


def _check_in_late(t: Teller) -> str:
    return f"The photograph{_asked(t)} came late, at {t.at}{t.lasted('late by')}."


def _within(t: Teller) -> str:
    return distance(t.number("within_m") or 0)


def _protected_near(t: Teller) -> str:
    since = f", as it seemed since {t.time(began)}" if (began := t.number("began_ms")) is not None else ""
    return (
        f"{t.hedge}closer to the protected person than the {_within(t)} ordered, at {t.at}{since}. The records do not "
        "say who came towards whom."
    )


def _protected_approached(t: Teller) -> str:
    return (
        f"{t.hedge}within {_within(t)} of the protected person at {t.at}, the distance at which the desk is told "
        "before. This is not a breach."
    )


def _leapt(t: Teller) -> str:
    way, lasted = distance(t.number("way_m") or 0), span(t.number("lasted_s") or 0)
    told = f"At {t.at} the device told of a place {way} from where it had been {lasted} before."
    if t.numbers.get("as") == "aircraft":
        return f"{told} That is as fast as an aircraft flies."
    if (returns := t.number("returns")) is not None:
        often = count(int(returns), "time")
        return f"{told} It came back {often} within an hour: two devices under one name, or a replay."
    back = t.finding.cause is Cause.EQUIPMENT
    return f"{told} It came back at once: an error of the receiver." if back else f"{told} It stayed there."


def _order_over(t: Teller) -> str:
    ended = "was ended" if t.numbers.get("order_ended") == "by decision" else "reached its end"
    return (
        f"The order {ended} at {t.at}. Nothing may be collected under it any more: collect the device, unless another "
        "order stands."
    )


def _review_overdue(t: Teller) -> str:
    due = t.number("review_due_ms")
    was = f"was due at {t.at}" if due is None or due >= t.finding.at_ms else f"is overdue at {t.at}"
    return (
        f"The review of the order {was} and is not recorded. Failing to review an order is unlawful: review whether it "
        "is still proportionate, and record the next date or end it."
    )


def _no_location(t: Teller) -> str:
    limit, last = span(t.number("no_location_after_s") or 0), t.number("last_fix_ms")
    fix = f" The last usable place was told at {t.time(last)}." if last is not None else ""
    off = " It had said that positions are switched off or not permitted." if t.numbers.get("location") == "off" else ""
    return f"The device speaks, but had told no usable place for {limit} at {t.at}. This is not a breach.{fix}{off}"


def _jamming(t: Teller) -> str:
    last = t.number("last_fix_ms")
    if last is None:
        return f"The device said at {t.at} that something drowns the satellites' signal."
    return (
        f"Possibly the satellites' signal was drowned: precise places stopped at {t.time(last)} from one to the next, "
        f"while the device went on speaking until {t.at}."
    )


_OVER = {
    Kind.STRAP_TAMPER.value: "The device reports a closed strap again since {at}.",
    Kind.CASE_TAMPER.value: "The device reports a closed case again since {at}.",
    Kind.OFF_WRIST.value: "The device is worn again since {at}, as it reports.",
    Kind.POWERED_OFF.value: "The device is on again since {at}.",
    Kind.BATTERY_LOW.value: "The device's battery is no longer low since {at}.",
    Kind.BATTERY_FLAT.value: "The device's battery is no longer flat since {at}.",
}


def _restored(t: Teller) -> str:
    said = _OVER.get(str(t.numbers.get("began")), "What the device had reported of itself is over since {at}.")
    return said.format(at=t.at)


def _not_charged(t: Teller) -> str:
    unknown = t.number("unknown_s") or 0
    doubt = f" It did not tell for {lasting(int(unknown * 1000))}." if unknown >= 60 else ""
    return (
        f"The device was charged for {_minutes(t, 'charged_s')} in the day that ended at {t.at}; "
        f"{_minutes(t, 'needed_s')} a day are ordered.{doubt}"
    )


_PROBLEMS = {
    Topic.UNWELL: "feel unwell",
    Topic.UNSAFE: "do not feel safe",
    Topic.DEVICE: "have a problem with the device",
    Topic.CAMERA: "have a problem with the camera",
    Topic.PLACE: "cannot be where they are to be",
    Topic.TIME: "cannot keep a time",
    Topic.OTHER: "have a problem",
}


def _problem(t: Teller) -> str:
    """That the person has a problem, in their own words where they wrote any."""
    topic = t.numbers.get("topic")
    what = _PROBLEMS[Topic(topic)] if topic in set(Topic) else _PROBLEMS[Topic.OTHER]
    own = " ".join(str(t.numbers.get("words") or "").split()).rstrip(".")
    quoted = f' They wrote: "{own}".' if own else ""
    return f"The person told at {t.at} that they {what}.{quoted}"


def _device(text: str) -> Callable[[Teller], str]:
    return lambda t: f"{text.format(at=t.at)}"


SAID: dict[Kind, Callable[[Teller], str]] = {
    Kind.ZONE_ENTERED: _entered,
    Kind.ZONE_LEFT: lambda t: f"{t.hedge}out of {t.place} again since {t.at}{t.lasted('there for')}.",
    Kind.ZONE_CROSSED: _crossed,
    Kind.ZONE_NEAR: lambda t: (
        f"{t.hedge}close to {t.place} since {t.at}{_edge(t)}. A warning to the person, no breach."
    ),
    Kind.ZONE_CLEAR: lambda t: f"No longer close to {t.place} since {t.at}{t.lasted('close for')}.",
    Kind.RESTRICTION_OVERSTAYED: _overstayed,
    Kind.RESTRICTION_LEFT: lambda t: f"{t.hedge}out of {t.place} again since {t.at}{t.lasted('too long by')}.",
    Kind.PROTECTED_APPROACHED: _protected_approached,
    Kind.PROTECTED_NEAR: _protected_near,
    Kind.PROTECTED_CLEAR: lambda t: (
        f"{t.hedge}farther than {_within(t)} from the protected person again since {t.at}{t.lasted('closer for')}."
    ),
    Kind.INCLUSION_LEFT: _left,
    Kind.INCLUSION_ABSENT_AT_START: _absent,
    Kind.INCLUSION_RETURNED: _back,
    Kind.CURFEW_ABSENT_AT_START: _absent,
    Kind.CURFEW_LEFT: _left,
    Kind.CURFEW_RETURNED: _back,
    Kind.CURFEW_ABSENT_THROUGHOUT: _throughout,
    Kind.ALLOWANCE_EXCEEDED: _allowance,
    Kind.ATTENDANCE_MISSED: _attendance_missed,
    Kind.ATTENDANCE_LATE: _attendance_late,
    Kind.ATTENDANCE_SHORT: _attendance_short,
    Kind.ATTENDANCE_KEPT: _attendance_kept,
    Kind.ATTENDANCE_UNVERIFIED: _attendance_unverified,
    Kind.CHECK_IN_MISSED: _check_in_missed,
    Kind.CHECK_IN_UNDELIVERED: _check_in_undelivered,
    Kind.CHECK_IN_LATE: _check_in_late,
    Kind.FACE_NOT_VERIFIED: _device(
        "At {at} at least two people had looked at the photograph and say that it shows somebody else."
    ),
    Kind.CANNOT_VERIFY: _cannot_verify,
    Kind.VERIFIED_AGAIN: lambda t: f"Verified again since {t.at}. {t.last_fix()}",
    Kind.DUTY_ENDED: _ended,
    Kind.SILENT: _silent,
    Kind.HEARD_AGAIN: _device("The device was heard again at {at}."),
    Kind.NO_LOCATION: _no_location,
    Kind.LOCATED_AGAIN: _device("The device tells where it is again since {at}."),
    Kind.SOS: _device("Called for help with the SOS button at {at}."),
    Kind.PROBLEM_TOLD: _problem,
    Kind.STRAP_TAMPER: _device("The device reported an open or cut strap at {at}."),
    Kind.CASE_TAMPER: _device("The device reported an open case at {at}."),
    Kind.OFF_WRIST: _device("The device reported at {at} that it is not worn."),
    Kind.BATTERY_LOW: lambda t: f"The device's battery was low at {t.at}.{t.forecast()}",
    Kind.BATTERY_FLAT: lambda t: f"The device's battery was all but flat at {t.at}.{t.forecast()}",
    Kind.NOT_CHARGED: _not_charged,
    Kind.POWERED_OFF: _device("The device was switched off at {at}."),
    Kind.MOCK_LOCATION: _device("The device reported a simulated position at {at}; it is not used as evidence."),
    Kind.IMPLAUSIBLE_MOVEMENT: _leapt,
    Kind.JAMMING_SUSPECTED: _jamming,
    Kind.MESSAGES_LOST: _device(
        "The device said at {at} that it lost what it had not sent yet. Nobody can tell what that was."
    ),
    Kind.DEVICE_RESTORED: _restored,
    Kind.ORDER_EXPIRED: _order_over,
    Kind.REVIEW_OVERDUE: _review_overdue,
    Kind.REVIEW_DONE: lambda t: f"The order is reviewed: since {t.at} a later date holds{t.lasted('overdue for')}.",
}
