"""Knows of many people when each is to be asked next, and does what is due: one step a call.

What it keeps in memory is only when to look at whom; what is done is decided anew from the database each time. So a
process that dies loses nothing, and several at once do nothing twice.
"""

import heapq
import logging

import msgspec
from django.db.models import Max

from surety.rules import asking as rules
from surety.rules.conditions import CheckInDuty, ConditionSet
from surety.server.cases import queries as cases
from surety.server.cases.models import ChangeNotice, ConditionVersion
from surety.server.checkins import asking, outbox, prompts
from surety.server.checkins.models import Beat
from surety.server.checkins.sheets import Sheets
from surety.server.steps import AWAY
from surety.stream.contract import Stream

logger = logging.getLogger(__name__)

NAME = "checkins"
LOADED_A_STEP = 200  # people whose next time is worked out in one step: some hundred milliseconds
NOTICES_A_STEP = 2_000
LOOKS_AHEAD_DAYS = 1
DAY_MS = 86_400_000
CLEAR_MS = 3_600_000
TROUBLED_MS = 60_000


class Progress(msgspec.Struct, frozen=True):
    """What one step did. `idle`: nothing; the next is due at `next_ms`, or when something changes."""

    asked: int = 0
    not_asked: int = 0
    taken_back: int = 0
    followed_up: int = 0
    appended: int = 0
    looked_at: int = 0
    sheets: int = 0
    next_ms: int | None = None

    @property
    def idle(self) -> bool:
        """Whether there was nothing to do."""
        return not (self.asked or self.not_asked or self.taken_back or self.followed_up or self.appended or self.sheets)


class Asker:
    """Asks everybody who is to be asked. `given_up_ms`, `unheard_ms`: see asking.py; wider where time runs fast."""

    def __init__(
        self,
        stream: Stream,
        key: bytes,
        *,
        given_up_ms: int = asking.GIVEN_UP_MS,
        unheard_ms: int = asking.UNHEARD_MS,
    ) -> None:
        self._stream, self._key, self._sheets = stream, key, Sheets()
        self._given_up_ms, self._unheard_ms = given_up_ms, unheard_ms
        self._next: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []
        self._to_load: list[str] = []
        self._since: dict[str, int] = {}
        self._begun_ms: int | None = None
        self._all_known = False  # whether everybody's next time was worked out since the start
        self._done_ms = 0  # up to when whoever was loaded has been asked
        self._notices_to = 0
        self._cleared_ms = 0
        self._troubled: dict[str, int] = {}

    def run_once(self, now_ms: int) -> Progress:
        """Do what is due. Raises what the database or the log raise; whatever was done before stays done."""
        if self._begun_ms is None:
            self._begin(now_ms)
        changed = self._changed()
        back = sum(self._take_back(person_id, now_ms).taken_back for person_id in changed)
        loaded = self._load(now_ms)
        deeds = [self._ask(person_id, now_ms) for person_id in self._due(now_ms)]
        told = asking.follow_up(now_ms, unheard_ms=self._unheard_ms) + prompts.remind(now_ms)
        appended = outbox.pump(self._stream, now_ms)
        written = self._sheets.run_once(now_ms, changed)
        self._clear(now_ms)
        self._done_ms = now_ms
        return Progress(
            asked=sum(one.asked for one in deeds),
            not_asked=sum(one.not_asked for one in deeds),
            taken_back=back,
            followed_up=told,
            appended=appended,
            looked_at=loaded,
            sheets=written,
            next_ms=now_ms if self._to_load else self._heap[0][0] if self._heap else None,
        )

    def beat(self, now_ms: int, error: str = "") -> None:
        """Leave a sign of life: up to when everybody has been asked."""
        if self._all_known:
            Beat.objects.update_or_create(
                name=NAME, defaults={"at_ms": min(now_ms, self._done_ms), "error": error[:300]}
            )

    def _begin(self, now_ms: int) -> None:
        """Everybody with a check-in duty is to be looked at, from when a process before this one left off."""
        last = Beat.objects.filter(name=NAME).values_list("at_ms", flat=True).first()
        self._begun_ms = now_ms if last is None else min(last, now_ms)
        self._begun_ms = self._done_ms = max(self._begun_ms, now_ms - DAY_MS)
        self._notices_to = ChangeNotice.objects.aggregate(last=Max("pk"))["last"] or 0
        self._to_load = people_with_duties()

    def _changed(self) -> list[str]:
        """Whose case was changed since the last step; they are to be looked at anew."""
        notices = ChangeNotice.objects.filter(pk__gt=self._notices_to).order_by("pk")[:NOTICES_A_STEP]
        rows = list(notices.values_list("pk", "person_id"))
        if not rows:
            return []
        self._notices_to = rows[-1][0]
        people = sorted({person_id for _, person_id in rows})
        self._to_load.extend(people)
        for person_id in people:  # what the new version would have asked before it was known is nobody's omission
            self._since[person_id] = max(self._since.get(person_id, 0), self._done_ms)
        return people

    def _load(self, now_ms: int) -> int:
        """Work out of some more people when they are asked next."""
        now, self._to_load = self._to_load[:LOADED_A_STEP], self._to_load[LOADED_A_STEP:]
        for person_id, known in cases.condition_sets(now).items():
            self._plan(person_id, known, now_ms)
        self._all_known = self._all_known or not self._to_load
        return len(now)

    def _plan(self, person_id: str, known: ConditionSet, now_ms: int) -> None:
        if not any(isinstance(one.body, CheckInDuty) for one in known.conditions):
            self._next.pop(person_id, None)
            self._since.pop(person_id, None)
            return
        since_ms = self._since.setdefault(person_id, self._begun_ms or now_ms)
        asked = asking.asked_lately(person_id, since_ms)
        at_ms = rules.next_ms(known.conditions, self._key, since_ms, LOOKS_AHEAD_DAYS, asked)
        at_ms = since_ms + LOOKS_AHEAD_DAYS * DAY_MS if at_ms is None else at_ms
        self._wake(person_id, max(at_ms, self._troubled.pop(person_id, 0)))

    def _wake(self, person_id: str, at_ms: int) -> None:
        self._next[person_id] = at_ms
        heapq.heappush(self._heap, (at_ms, person_id))

    def _due(self, now_ms: int) -> list[str]:
        found = []
        while self._heap and self._heap[0][0] <= now_ms:
            at_ms, person_id = heapq.heappop(self._heap)
            if self._next.get(person_id) == at_ms:
                found.append(person_id)
        self._to_load.extend(found)  # also those whom an error keeps from being asked in this step
        return found

    def _ask(self, person_id: str, now_ms: int) -> asking.Deed:
        since_ms = self._since[person_id]
        try:
            deed = asking.ask_due(person_id, self._key, since_ms, now_ms, given_up_ms=self._given_up_ms)
        except AWAY:
            raise
        except Exception:  # the boundary of a person: their trouble must not keep others from being asked
            logger.exception("a person could not be asked; they are looked at again in a minute")
            self._troubled[person_id] = now_ms + TROUBLED_MS
            return asking.Deed()
        self._since[person_id] = now_ms + 1
        return deed

    def _take_back(self, person_id: str, now_ms: int) -> asking.Deed:
        """What one person need not answer any more, as their case was changed."""
        try:
            return asking.take_back(person_id, now_ms)
        except AWAY:
            raise
        except Exception:  # the same boundary
            logger.exception("what a person was asked could not be looked at again")
            return asking.Deed()

    def _clear(self, now_ms: int) -> None:
        if now_ms - self._cleared_ms >= CLEAR_MS:
            outbox.clear(now_ms)
            self._cleared_ms = now_ms


def people_with_duties() -> list[str]:
    """Everybody who has, or had, a check-in duty."""
    whose = "condition__order__person_id"
    rows = ConditionVersion.objects.filter(kind="check_in").values_list(whose, flat=True)
    return list(rows.distinct().order_by(whose))
