"""The writer of sheets: what a watch shows of today and tomorrow, in the person's language (docs/watch.md).

A sheet is written anew when something of the person's case changed, when they were told something, and at midnight by
their clocks. Open check-ins are not in it: the door reads them as they are and puts them in.
"""

import json
from collections.abc import Iterable

from django.conf import settings
from django.db.models import Max, QuerySet

from surety.rules import asked, schedule
from surety.rules.conditions import (
    Absence,
    AbsenceKind,
    Attendance,
    Body,
    CheckInDuty,
    ConditionSet,
    Curfew,
    MovingZone,
    Trail,
    Zone,
)
from surety.rules.intervals import Window
from surety.rules.phrases import on_clock
from surety.server.cases import queries as cases
from surety.server.cases.models import DoorGrant, Person
from surety.server.checkins import routes, sending, wording
from surety.server.checkins.models import Sheet
from surety.server.notices.models import Notice, NoticeState

DAYS = 2  # today and tomorrow
DAY_MS = schedule.DAY_MS
WORDS_MS = DAY_MS  # what was told longer ago is on the person's page
A_STEP = 100  # sheets written in one step, each some milliseconds
MOST_WORDS = 50


class Sheets:
    """Which sheets are to be written. Keeps only how far it has read; whatever is missed is mended at midnight."""

    def __init__(self) -> None:
        self._notices_to: int | None = None
        self._waiting: dict[str, None] = {}
        self._push_key = sending.push_key(settings.SURETY)

    def run_once(self, now_ms: int, changed: Iterable[str] = ()) -> int:
        """Write what is to be written, some of it; how many sheets."""
        self._waiting.update(dict.fromkeys([*changed, *self._told(), *_stale(now_ms), *_missing(now_ms)]))
        now = list(self._waiting)[:A_STEP]
        written = write(now, now_ms, self._push_key)
        for person_id in now:
            del self._waiting[person_id]
        return written

    def _told(self) -> list[str]:
        """Who was told something since the last step."""
        if self._notices_to is None:
            self._notices_to = Notice.objects.aggregate(last=Max("pk"))["last"] or 0
            return []
        rows = list(Notice.objects.filter(pk__gt=self._notices_to).order_by("pk").values_list("pk", "person_id"))
        self._notices_to = max([self._notices_to, *(number for number, _ in rows)])
        return [person_id for _, person_id in rows]


def _stale(now_ms: int) -> list[str]:
    rows = Sheet.objects.filter(renew_ms__lte=now_ms).order_by("renew_ms")
    return list(rows.values_list("person_id", flat=True)[:A_STEP])


def _missing(now_ms: int) -> list[str]:
    """Who wears a watch and has no sheet yet."""
    worn = _worn(now_ms).exclude(person_id__in=Sheet.objects.values("person_id"))
    return list(worn.values_list("person_id", flat=True).distinct()[:A_STEP])


def _worn(now_ms: int) -> QuerySet[DoorGrant]:
    return DoorGrant.objects.filter(protocol=routes.PROTOCOL, from_ms__lte=now_ms, to_ms__gt=now_ms, link_id="")


def write(person_ids: Iterable[str], now_ms: int, push_key: str) -> int:
    """Write the sheets of those of these people who wear a watch; take away those of the others. How many."""
    wanted = list(person_ids)
    if not wanted:
        return 0
    worn = set(_worn(now_ms).filter(person_id__in=wanted).values_list("person_id", flat=True))
    Sheet.objects.filter(person_id__in=set(wanted) - worn).delete()
    known = cases.condition_sets(sorted(worn))
    for person in Person.objects.filter(pk__in=worn):
        sheet = body_of(person, known[person.pk], now_ms, push_key)
        rows = {
            "body": json.dumps(sheet, ensure_ascii=False),
            "made_ms": now_ms,
            "renew_ms": _midnight(person, now_ms, 1),
        }
        Sheet.objects.update_or_create(person=person, defaults=rows)
    return len(worn)


def body_of(person: Person, known: ConditionSet, now_ms: int, push_key: str) -> dict[str, object]:
    """The sheet of one person, as docs/watch.md says it; without open check-ins."""
    return {
        "language": person.language,
        "time_zone": person.time_zone,
        "made_ms": now_ms,
        "duties": _duties(person, known, now_ms),
        "check_ins": [],
        "words": _words(person.pk, now_ms),
        "push_key": push_key,
    }


def _midnight(person: Person, at_ms: int, days: int) -> int:
    """The beginning of the person's date, or of one after it."""
    today = on_clock(at_ms, person.time_zone).date().toordinal()
    return schedule.first_showing(person.time_zone, today + days, 0)


def _words(person_id: str, now_ms: int) -> list[dict[str, object]]:
    rows = Notice.objects.filter(person_id=person_id, at_ms__gt=now_ms - WORDS_MS).exclude(state=NoticeState.WITHDRAWN)
    return [{"text": one.words, "at_ms": one.at_ms} for one in rows.order_by("-at_ms", "-pk")[:MOST_WORDS]]


# --- duties --------------------------------------------------------------------------------------------------------


def _duties(person: Person, known: ConditionSet, now_ms: int) -> list[dict[str, object]]:
    """Every time of today and tomorrow in which something is asked, in order."""
    from_ms, to_ms = _midnight(person, now_ms, 0), _midnight(person, now_ms, DAYS)
    found = []
    for condition in known.conditions:
        if not (text := _text(condition.body, person.language)):
            continue
        for window in asked.times(condition, known.conditions, from_ms, to_ms):
            times = {"from_ms": max(window.start_ms, from_ms), "to_ms": min(window.end_ms, to_ms)}
            if _whole(window, from_ms):  # a curfew of the night is told to its end, what never ends to tomorrow's
                times = {"from_ms": window.start_ms, "to_ms": window.end_ms}
            found.append({"text": text, **times, "kind": _kind(condition.body)})
    return sorted(found, key=lambda duty: (duty["from_ms"], duty["to_ms"], duty["text"]))


def _whole(window: Window, from_ms: int) -> bool:
    return window.start_ms > from_ms - DAY_MS and window.end_ms < from_ms + (DAYS + 1) * DAY_MS


def _kind(body: Body) -> str:
    return str(body.__struct_config__.tag)


def _text(body: Body, tag: str) -> str:
    """What is asked, in a few words; nothing for what asks nothing of the person."""
    if isinstance(body, Curfew):
        places = wording.either(tag, [place.name for place in body.places])
        return wording.say(tag, "duty.curfew", places=places)
    if isinstance(body, Zone):
        stay = wording.span(tag, body.max_stay_s)
        return wording.say(tag, f"duty.{body.zone_kind.value}", name=body.name, span=stay)
    if isinstance(body, Attendance):
        stay = wording.span(tag, body.min_stay_s)
        return wording.say(tag, "duty.attendance", purpose=body.purpose, place=body.place.name, span=stay)
    if isinstance(body, CheckInDuty):
        times, within = wording.number(tag, "times", body.per_day), wording.span(tag, body.response_s)
        return wording.say(tag, "duty.check_in", times=times, span=within)
    return _other_text(body, tag)


def _other_text(body: Body, tag: str) -> str:
    if isinstance(body, Trail):
        charge = body.charge_min_a_day
        return wording.say(tag, "duty.trail_charge" if charge else "duty.trail", span=wording.span(tag, charge * 60))
    if isinstance(body, MovingZone):
        return wording.say(tag, "duty.moving_zone", metres=str(body.alert_m))
    if isinstance(body, Absence):
        kind = "suspension" if body.absence_kind is AbsenceKind.SUSPENSION else "absence"
        return wording.say(tag, f"duty.{kind}", reason=body.reason)
    return ""  # an order's own dates
