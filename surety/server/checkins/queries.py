"""The reader of check-ins for pages and the doctor."""

import msgspec
from django.db.models import Q, QuerySet

from surety.clock import Clock
from surety.server.accounts.models import User
from surety.server.cases import queries as cases
from surety.server.checkins import templates
from surety.server.checkins.models import CheckIn, CompareHealth, EnrolledImage, Submission
from surety.server.errors import NotFoundError

SIGN_OF_LIFE_S = 15.0  # a process that gave none for so long is not working
SLOW_MS = 600_000  # photographs that wait longer than this are worth a look
_WAITING = Q(comparisons=None) & ~Q(next_ms=None)


# --- how comparing stands -------------------------------------------------------------------------------------------


class Comparing(msgspec.Struct, frozen=True):
    """How the comparing processes stand. `engine` "": people look at everything, and `sentence` says why."""

    live: bool
    seen_ms: int | None
    engine: str
    model_sha256: str
    sentence: str
    waiting: int
    oldest_ms: int | None
    without_template: int


def trouble(clock: Clock) -> str:
    """What those who work with check-ins should know of the comparing; "" while all is well, or nothing is asked."""
    if not CheckIn.objects.exists():
        return ""
    found = comparing(clock)
    if found.live:
        return "" if found.engine else "There is no face model here: people look at every check-in."
    if found.waiting:
        return "Nothing compares photographs now: what came waits. An administrator finds out why with surety doctor."
    return ""


def comparing(clock: Clock) -> Comparing:
    """For `surety doctor` and the desk."""
    last = CompareHealth.objects.order_by("-at_ms").first()
    waiting = Submission.objects.filter(_WAITING)
    oldest = waiting.order_by("received_ms").values_list("received_ms", flat=True).first()
    return Comparing(
        live=last is not None and (clock.now_ms() - last.at_ms) / 1000 / clock.speed < SIGN_OF_LIFE_S,
        seen_ms=last.at_ms if last else None,
        engine=last.engine if last else "",
        model_sha256=last.model_sha256 if last else "",
        sentence=last.sentence if last else "",
        waiting=waiting.count(),
        oldest_ms=oldest,
        without_template=templates.missing(last.model_sha256).count() if last and last.engine else 0,
    )


# --- one person's check-ins -----------------------------------------------------------------------------------------


def may_keep_photographs(person_id: str, at_ms: int) -> bool:
    """Whether an order in force covers photographs, and the person was told of it."""
    for order in cases.orders(person_id):
        for piece in cases.collection_spans(order.versions.all()):
            if "photo" in piece.data_kinds and piece.span.from_ms <= at_ms < piece.span.to_ms:
                return True
    return False


def of_person(person_id: str) -> QuerySet[CheckIn]:
    """A person's check-ins, the latest first, with what came for each and what was found."""
    rows = CheckIn.objects.filter(person_id=person_id).order_by("-asked_ms", "pk")
    return rows.prefetch_related("prompts", "submissions__comparisons", "submissions__reviews__answers")


def images_of(person_id: str) -> list[EnrolledImage]:
    """The images that a person is compared with now, in the order in which they were enrolled."""
    return list(EnrolledImage.objects.filter(person_id=person_id, removed_ms=None).order_by("recorded_ms", "pk"))


def former_images_of(person_id: str) -> list[EnrolledImage]:
    """The images that were removed or replaced, the latest first."""
    removed = EnrolledImage.objects.filter(person_id=person_id).exclude(removed_ms=None)
    return list(removed.order_by("-removed_ms", "pk"))


def access_check_in(check_in_id: str, user: User | None, permission: str) -> CheckIn:
    """A check-in of somebody to whom the user may do this. One out of reach looks like none."""
    found = CheckIn.objects.select_related("person").filter(pk=check_in_id).first()
    if found is None:
        raise NotFoundError("There is no such check-in among those you may see.")
    cases.access_person(found.person_id, user, permission)
    return found


def access_image(image_id: str, user: User | None) -> EnrolledImage:
    """An enrolled image of somebody whose images the user keeps. One out of reach looks like none."""
    found = EnrolledImage.objects.select_related("person").filter(pk=image_id).first()
    if found is None:
        raise NotFoundError("There is no such image among those you may see.")
    cases.access_person(found.person_id, user, "checkins.enrol")
    return found
