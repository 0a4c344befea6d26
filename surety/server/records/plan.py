"""What would go and when: of one person, for their own page and the record tab; of everybody, for the plan."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from surety.server.cases.models import Person, ProtectedPerson
from surety.server.checkins.models import EnrolledImage, Submission
from surety.server.records import dues, holds, periods
from surety.server.records.models import Erased, Erasure, ErasureState, LegalHold, Sweep
from surety.server.records.schedule import CEILING_DAYS

AT_ONCE = 200


class Going(NamedTuple):
    """One kind of data of one person and when it goes; `due_ms` None: day by day, each part as old as `days`."""

    kind: str
    words: str
    number: int  # how many photographs or images; 0: not counted
    due_ms: int | None
    days: int
    basis: str
    held_until_ms: int | None

    @property
    def goes_ms(self) -> int | None:
        """When it goes, if the hold ends then and no other follows."""
        return self.due_ms if self.due_ms is None else max(self.due_ms, self.held_until_ms or 0)


class Planned(NamedTuple):
    """The same in the plan of everybody."""

    person_id: str
    reference: str
    going: Going


def what_goes_when(person_id: str, now_ms: int) -> list[Going]:
    """Everything that is kept of a person, each kind with when it goes, the next first. Empty: no such person."""
    return [planned.going for planned in of_people([person_id], now_ms)]


def of_people(person_ids: Iterable[str], now_ms: int) -> Iterator[Planned]:
    """The same of several people, each person's soonest first."""
    ids = list(person_ids)
    ends, known = dues.case_ends(ids), holds.standing(ids, now_ms)
    named = dict(Person.objects.filter(pk__in=ids).values_list("pk", "reference"))
    ordered = dict(Erasure.objects.filter(pk__in=ids, state=ErasureState.DUE).values_list("pk", "due_ms"))
    for person_id in ids:
        if person_id in ends:
            going = [*_pieces(person_id, ends[person_id], now_ms, known)]
            case = _case(person_id, ends[person_id], ordered.get(person_id), now_ms, known)
            going += [case, *_positions(case)]
            going.sort(key=lambda one: (one.due_ms is None, one.due_ms or 0))
            yield from (Planned(person_id, named[person_id], one) for one in going)


def _pieces(person_id: str, end_ms: int, now_ms: int, known: dict[str, list[LegalHold]]) -> Iterator[Going]:
    found: dict[tuple[str, int], int] = {}
    kept = Submission.objects.filter(check_in__person_id=person_id, photos_erased_ms=None).select_related("check_in")
    for one in kept:
        key = dues.photo_kind(one.check_in), dues.photo_due_ms(one.check_in, end_ms)
        found[key] = found.get(key, 0) + len(one.photos)
    images = EnrolledImage.objects.filter(person_id=person_id).count()
    if images:
        found["enrolled_image", dues.image_due_ms(end_ms)] = images
    for (kind, due_ms), number in found.items():
        if number:
            yield _going(person_id, kind, due_ms, number, now_ms, known)


def _positions(case: Going) -> Iterator[Going]:
    """Positions go with the case as long as nothing thins them out before: what is told is what happens."""
    for kind in ("trail", "positions_verdict_only"):
        yield case._replace(kind=kind, words=periods.rules()[kind].words, basis=f"with the case: {case.basis}")


def _case(person_id: str, end_ms: int, ordered_ms: int | None, now_ms: int, known: dict[str, list[LegalHold]]) -> Going:
    due_ms = dues.case_due_ms(end_ms) if ordered_ms is None else ordered_ms
    return _going(person_id, "case", due_ms, 0, now_ms, known)


def _going(
    person_id: str, kind: str, due_ms: int | None, number: int, now_ms: int, known: dict[str, list[LegalHold]]
) -> Going:
    rule = periods.rules()[kind]
    basis = f"{period_words(rule.days)} after {rule.start}; {rule.basis}"
    return Going(kind, rule.words, number, due_ms, rule.days, basis, holds.holding(person_id, kind, now_ms, known))


def period_words(days: int) -> str:
    """A period as people say it."""
    return {CEILING_DAYS: "six years", 365: "12 months", 1: "a day"}.get(days, f"{days} days")


def of_everybody(now_ms: int, until_ms: int) -> Iterator[Planned]:
    """What goes by an instant, of everybody: supervised people, then protected ones."""
    cursor = ""
    while ids := list(Person.objects.filter(pk__gt=cursor).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        yield from (
            one for one in of_people(ids, now_ms) if one.going.due_ms is not None and one.going.due_ms <= until_ms
        )
        cursor = ids[-1]
    gone = Erasure.objects.filter(state=ErasureState.DONE).values("pk")
    for row in ProtectedPerson.objects.exclude(pk__in=gone).order_by("pk").iterator(AT_ONCE):
        due_ms = dues.protected_due_ms(row)
        if due_ms <= until_ms:
            yield Planned(row.pk, row.reference, _going(row.pk, "protected_person", due_ms, 0, now_ms, {}))


class Standing(NamedTuple):
    """How erasure stands, for `surety doctor` and oversight."""

    waiting: int
    late: int  # due for two days and neither held nor done; or everything, where the daily erasure does not run
    held: int
    swept_lately: bool


def standing(now_ms: int) -> Standing:
    """How many erasures of people wait, how many are late, how many holds stand, and whether the daily one runs."""
    waiting = Erasure.objects.filter(state__in=(ErasureState.DUE, ErasureState.STARTED))
    two_days_ago = now_ms - 2 * periods.DAY_MS
    late = list(waiting.filter(due_ms__lt=two_days_ago).values_list("pk", flat=True))
    held = holds.standing(late, now_ms)
    sweep = Sweep.objects.filter(pk=1).first()
    lately = sweep is not None and max(sweep.begun_ms, sweep.done_ms or 0) > two_days_ago
    overdue = len(late) - len(held)
    nobody = sweep is None or lately
    return Standing(waiting.count(), overdue or int(not nobody), len(holds.all_standing(now_ms)), lately)


ON_TIME_MS = 2 * periods.DAY_MS  # the daily erasure, and once more where a store was away


class OnTime(NamedTuple):
    """Erasures that were done in a span, and how many of them on time. Of nobody in particular."""

    kind: str
    done: int
    on_time: int


def on_time(from_ms: int, to_ms: int) -> list[OnTime]:
    """By kind: how many erasures a span saw done, and how many within two days from when they were due and free."""
    found: dict[str, list[bool]] = {}
    pieces = Erased.objects.filter(done_ms__gte=from_ms, done_ms__lt=to_ms)
    for kind, due_ms, done_ms in pieces.values_list("kind", "due_ms", "done_ms"):
        found.setdefault(kind, []).append(done_ms <= due_ms + ON_TIME_MS)
    whole = Erasure.objects.filter(done_ms__gte=from_ms, done_ms__lt=to_ms, state=ErasureState.DONE)
    for row in whole:
        kind = "protected_person" if row.is_protected else "case"
        found.setdefault(kind, []).append(row.done_ms is not None and row.done_ms <= row.due_ms + ON_TIME_MS)
    return [OnTime(kind, len(each), sum(each)) for kind, each in sorted(found.items())]
