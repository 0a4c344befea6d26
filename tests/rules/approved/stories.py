"""Short scenes of what the whole lives do not show, each told like them. Nobody invents an outcome here: what the rules
conclude was read and approved, to the byte.
"""

import random
from collections.abc import Iterator

import msgspec

from surety.rules.conditions import (
    Absence,
    AbsenceKind,
    Attendance,
    CheckInDuty,
    Condition,
    ConditionSet,
    OrderStatus,
    OrderTerm,
    Pause,
    Place,
    Trail,
)
from surety.rules.facts import CheckInAsked, CheckInDecided, CheckInSubmitted, DeviceEvent, Fact, ProblemTold, Topic
from surety.rules.facts import Verdict as Said
from tests.rules.scenes import (
    ALWAYS,
    HOME,
    LONDON,
    MOTHERS,
    SCHOOL,
    SCHOOL_CIRCLE,
    SCHOOL_HOURS,
    SHOP,
    curfew,
    exclusion,
    fix,
    inclusion,
    ms,
    order,
    stay,
    told,
    trail,
)

Story = tuple[str, ConditionSet, list[Fact], str]
EVENING = Pause("2026-11-02T20:00", "2026-11-02T22:00")
QUIET_TRAIL = Trail(silent_after_s=604_800, no_location_after_s=604_800, charge_min_a_day=60, zone=LONDON)


def stories() -> Iterator[Story]:
    """Each: a name, what was ordered, what came, and until when time runs."""
    yield from _evenings()
    yield from _absences()
    yield from _appointments()
    yield from _devices()
    yield from _orders()
    yield from _check_ins()


def _evenings() -> Iterator[Story]:
    yield "never at home all night", order(curfew()), stay(SHOP, "18:00", "+1 08:00", 300), "+1 12:00"
    unseen = stay(SHOP, "18:00", "22:00") + stay(SHOP, "+1 02:00", "+1 08:00", 300)
    yield "never at home as far as is known", order(curfew()), unseen, "+1 12:00"
    late = stay(SHOP, "18:00", "20:10") + stay(HOME, "20:10", "+1 08:00", 300)
    yield "comes home late", order(curfew()), late, "+1 12:00"
    weak = stay(HOME, "18:00", "20:00") + stay(MOTHERS, "20:00", "23:00", accuracy_m=400.0)
    yield "out, by weak fixes", order(curfew()), weak, "+1 12:00"
    past = [fix(ms("13:00"), (SCHOOL[0] + 0.0036, SCHOOL[1])), fix(ms("13:04"), (SCHOOL[0] - 0.0036, SCHOOL[1]))]
    yield "past a zone between two fixes", order(exclusion()), past, "15:00"
    there = stay(SCHOOL, "12:30", "18:00", 120)
    yield "in a zone when its hours begin and end", order(exclusion(SCHOOL_HOURS)), there, "20:00"
    near = msgspec.structs.replace(exclusion(), warn_m=300)
    edge = (SCHOOL[0] + 0.0027, SCHOOL[1])
    yield "near a zone and away", order(near), stay(edge, "13:00", "13:20") + stay(HOME, "13:20", "14:00"), "15:00"


def _absences() -> Iterator[Story]:
    out = stay(HOME, "18:00", "19:30") + stay(SHOP, "19:30", "22:20") + stay(HOME, "22:20", "+1 08:00", 300)
    for kind in AbsenceKind:
        away = Absence(kind, ALWAYS, (EVENING,), (), "a wedding")
        yield f"out before and after {kind.value}", order(curfew(), away), out, "+1 12:00"
    quiet = stay(HOME, "18:00", "19:00") + stay(HOME, "23:00", "23:30")
    for kind in AbsenceKind:
        yield f"not heard before {kind.value}", order(curfew(), Absence(kind, ALWAYS, (EVENING,))), quiet, "+1 12:00"
    begun, stay_of = ms("12:00"), Absence(AbsenceKind.SUSPENSION, ALWAYS)
    ordered = (Condition("c", 1, begun, None, curfew()), Condition("s", 1, ms("20:30"), None, stay_of))
    yield "a suspension is ordered while out", ConditionSet("ada", 1, ordered), out, "+1 12:00"
    speaks = [told(f"{13 + m // 60}:{m % 60:02d}", battery_pct=70) for m in range(0, 180, 10)]
    blind = [*stay(HOME, "12:00", "13:00"), *speaks]
    yield "the trail ends while no place is told", order(trail(), until="15:30"), blind, "18:00"
    withdrawn = order(curfew(), inclusion(), trail(), until="21:00")
    yield "conditions withdrawn while broken and unseen", withdrawn, stay(MOTHERS, "18:00", "20:00"), "+1 12:00"


def _appointments() -> Iterator[Story]:
    course = order(Attendance("a course", Place("school", SCHOOL_CIRCLE), SCHOOL_HOURS, 3_600, 600))
    days = {
        "kept": [("+1 07:50", "+1 09:30")],
        "late": [("+1 08:20", "+1 09:50")],
        "short": [("+1 08:00", "+1 08:25")],
        "in two parts": [("+1 08:00", "+1 08:25"), ("+1 10:00", "+1 11:00")],
        "missed": [],
    }
    for name, there in days.items():
        facts: list[Fact] = list(stay(HOME, "+1 07:00", "+1 17:00", 120))
        for begin, end in there:
            facts = [one for one in facts if not ms(begin) <= one.at_ms < ms(end)] + list(stay(SCHOOL, begin, end, 120))
        yield f"an appointment {name}", course, sorted(facts, key=lambda one: one.at_ms), "+2 07:00"
    yield "an appointment of which nothing is known", course, stay(HOME, "+1 07:00", "+1 07:30"), "+2 07:00"


def _devices() -> Iterator[Story]:
    dice = random.Random(1)
    level, day = 90.0, list[Fact]()
    for at in range(ms("12:00"), ms("+2 12:00"), 600_000):
        charging = ms("+1 09:00") <= at < ms("+1 09:30")
        level = min(100.0, level + 3) if charging else max(1.0, level - dice.choice((0, 1)))
        day.append(msgspec.structs.replace(told("12:00", battery_pct=level, charging=charging), id=f"r{at}", at_ms=at))
    yield "charged for half an hour", order(QUIET_TRAIL), day, "+2 12:00"
    unsure = [one for one in day if not ms("+1 01:00") <= one.at_ms < ms("+1 01:40")]
    yield "charged too little, with a silence", order(QUIET_TRAIL), unsure, "+2 12:00"
    yield "a battery that runs down, then nothing", order(trail(3_600)), day[200:240], "+2 12:00"
    speaks = [told(f"{13 + m // 60}:{m % 60:02d}", battery_pct=70) for m in range(0, 180, 10)]
    placed = [*stay(HOME, "12:00", "13:00"), *speaks, *stay(HOME, "16:05", "16:20")]
    yield "speaks and tells no place", order(trail()), placed, "18:00"
    for event in DeviceEvent:
        facts = [*stay(HOME, "12:00", "12:10"), told("12:10", event), *stay(HOME, "12:11", "12:20")]
        again = told("12:30", DeviceEvent.STRAP_CLOSED, DeviceEvent.CASE_CLOSED, DeviceEvent.ON_WRIST, battery_pct=80)
        yield f"the device says {event.value}", order(curfew(), trail()), [*facts, again], "16:00"
    for topic in Topic:
        said = ProblemTold(
            f"p-{topic}", "tag", ms("12:05"), ms("12:06"), topic, "it hurts" if topic == "device" else ""
        )
        yield f"a problem with {topic.value}", order(curfew()), [said], "16:00"


def _orders() -> Iterator[Story]:
    begun, later = ms("12:00"), ms("+3 12:00")
    term = OrderTerm(ms("+1 12:00"), ms("+9 12:00"), OrderStatus.IN_FORCE)
    ends = {
        "reviewed late": OrderTerm(ms("+8 12:00"), ms("+9 12:00"), OrderStatus.IN_FORCE),
        "ended while its review was overdue": OrderTerm(ms("+1 12:00"), ms("+3 12:00"), OrderStatus.ENDED),
        "suspended": OrderTerm(ms("+1 12:00"), ms("+9 12:00"), OrderStatus.SUSPENDED),
    }
    for name, then in ends.items():
        versions = (Condition("order:o", 1, begun, later, term), Condition("order:o", 2, later, None, then))
        yield f"an order {name}", ConditionSet("ada", 1, versions), [], "+12 12:00"
    yield "an order at its date", ConditionSet("ada", 1, (Condition("order:o", 1, begun, None, term),)), [], "+12 12:00"


def _check_ins() -> Iterator[Story]:
    duty = order(CheckInDuty(3, late_until_s=7_200))
    asked = CheckInAsked("a", "c", ms("13:00"), ms("13:00"), ms("13:30"), delivered=True)
    sent = CheckInSubmitted("s", "c", "tag", ms("13:20"), ms("13:21"), ("f" * 64,))
    late = msgspec.structs.replace(sent, at_ms=ms("14:00"), received_ms=ms("14:01"))
    by = ("ben", "cleo")

    def said(at: str, verdict: Said, *deciders: str) -> CheckInDecided:
        return CheckInDecided(f"d{at}", "c", ms(at), ms(at), verdict, deciders)

    yield "a photograph in time", duty, [asked, sent, said("13:21", Said.SAME)], "18:00"
    yield "a photograph late", duty, [asked, late, said("14:10", Said.CANNOT_TELL, *by)], "18:00"
    other = [asked, sent, said("15:00", Said.NOT_SAME, *by), said("16:00", Said.SAME, *by)]
    yield "somebody else, and then not", duty, other, "18:00"
    yield "somebody else, says one", duty, [asked, sent, said("15:00", Said.NOT_SAME, "ben")], "18:00"
    yield "nothing came", duty, [asked], "18:00"
    unheard = msgspec.structs.replace(asked, delivered=False)
    yield "it never got through", duty, [unheard], "18:00"
    missed = order(CheckInDuty(3), until="15:00")
    yield "missed under a duty that ends", missed, [asked], "18:00"
