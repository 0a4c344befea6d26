"""Decides what follows from comparing a submission: a clear match ends it, everything else goes to people.

One queue, `Submission.next_ms`: what waits to be compared, what is tried again later, and what is held while the person
may try once more. A process claims a submission by moving `next_ms` on by a lease; who dies with it loses nothing, as
it comes up again when the lease is over, and doubles nothing, as only who holds the lease may record (`_record`).

- A match that settles it (`faces.contract.Comparison.settles`): the check-in is decided as SAME, by nobody, and the
  rules are told (OutFact). Reviews of it are withdrawn. A match without the turn that was asked for goes to people.
- Once the machine or people said SAME, a later submission is compared and recorded, and changes nothing. Nor does one
  for a question that was taken back meanwhile.
- Once people decided otherwise, a later submission goes to people, a match too: no machine overrules them.
- What would look better at a second try (`_AGAIN`), at a first one with time left, is held for a while (`HOLD_MS`), so
  that the person may try once more; the watch says so. Nobody has to: when the hold is over, people look at what came.
- Anything else, and whatever the machine could not do, goes to people at once, with the best of what came. While they
  look, a better submission takes its place, or is looked at too if they have begun.
"""

import logging

import msgspec
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, QuerySet

from surety.blobs.contract import BlobsUnavailableError
from surety.faces import contract
from surety.faces.contract import FacesUnavailableError, Outcome
from surety.faces.decode import DecoderUnavailableError
from surety.rules.facts import CheckInDecided, Verdict, fact_id
from surety.server.audit import actions as audit
from surety.server.checkins import outbox, templates
from surety.server.checkins.deciding import OPEN_STAGES, open_review
from surety.server.checkins.looking import Machine, failed
from surety.server.checkins.models import Answer, CheckIn, Comparison, Review, Stage, Stands, Submission

logger = logging.getLogger(__name__)

LEASE_MS = 60_000  # a burst takes a tenth of a second; a process that is gone this long is gone
RETRY_MS = 15_000  # times the number of attempts so far
MOST_ATTEMPTS = 4  # about two minutes; then a person looks, as nobody should wait for a machine
HOLD_MS = 300_000  # how long a second try is waited for
LEAST_HOLD_MS = 60_000  # with less time left than this to the due time, nobody is asked to try again
# A match is held that does not settle it: the turn was missing, which is easily mended.
_AGAIN = frozenset({Outcome.NO_FACE, Outcome.POOR_QUALITY, Outcome.NO_MATCH, Outcome.MATCH})
_BEST_FIRST = (Outcome.MATCH, Outcome.INCONCLUSIVE, Outcome.NO_MATCH, Outcome.POOR_QUALITY, Outcome.NO_FACE)


def step(machine: Machine, now_ms: int, *, most: int = 20, lease_ms: int = LEASE_MS) -> int:
    """Settle what is due, each by itself; how many were taken."""
    due = Submission.objects.filter(next_ms__lte=now_ms).order_by("next_ms", "pk")
    taken = 0
    for identity in list(due.values_list("pk", flat=True)[:most]):
        until_ms = now_ms + lease_ms
        if _claim(identity, now_ms, until_ms):
            _settle(machine, identity, until_ms, now_ms)
            taken += 1
    return taken


def _claim(identity: str, now_ms: int, until_ms: int) -> bool:
    """Whether this process has it until then: of several, the database lets one."""
    due = Submission.objects.filter(pk=identity, next_ms__lte=now_ms)
    return due.update(next_ms=until_ms, attempts=F("attempts") + 1) == 1


def _settle(machine: Machine, identity: str, lease_ms: int, now_ms: int) -> None:
    submission = Submission.objects.select_related("check_in").get(pk=identity)
    if submission.comparisons.exists():  # it was held for a second try
        _hand_over(submission, lease_ms, now_ms)
        return
    found = _looked(machine, submission, now_ms)
    if found is None:
        later_ms = now_ms + RETRY_MS * submission.attempts
        Submission.objects.filter(pk=identity, next_ms=lease_ms).update(next_ms=later_ms)
        return
    _record(submission, found, lease_ms, now_ms)


def _looked(machine: Machine, submission: Submission, now_ms: int) -> contract.Comparison | None:
    """What the machine says; None: it failed, and is asked again later."""
    if submission.attempts > MOST_ATTEMPTS:  # what it is given may be what ends it
        return failed(f"The machine stopped {MOST_ATTEMPTS} times while it compared these photographs.")
    try:
        return machine.look(submission, now_ms)
    except (OperationalError, InterfaceError):  # the database is away: nobody's fault
        raise
    except (FacesUnavailableError, BlobsUnavailableError, DecoderUnavailableError) as error:
        lasting = isinstance(error, FacesUnavailableError) and not error.retry
        return _after_failure(submission, str(error), lasting=lasting)
    except Exception as error:  # the boundary around one submission: whatever is in it, people are to look
        logger.exception("submission %s could not be compared", submission.pk)
        return _after_failure(submission, f"{type(error).__name__}: {error}", lasting=False)


def _after_failure(submission: Submission, why: str, *, lasting: bool) -> contract.Comparison | None:
    """What is recorded of a machine that fails; None: it is tried again first."""
    if not lasting and submission.attempts < MOST_ATTEMPTS:
        logger.warning("submission %s is compared again later: %s", submission.pk, why)
        return None
    return failed(f"The machine could not compare: {why.rstrip('.')}.")


# --- what is recorded, in one transaction each ------------------------------------------------------------------


def _record(submission: Submission, found: contract.Comparison, lease_ms: int, now_ms: int) -> None:
    with transaction.atomic():
        check_in = _locked(submission)
        if not _release(submission, lease_ms):
            return
        row = Comparison.objects.create(
            submission=submission,
            at_ms=now_ms,
            outcome=found.outcome.value,
            similarity=found.similarity,
            engine=found.engine,
            model_sha256=found.model_sha256,
            body=msgspec.to_builtins(found),
        )
        _conclude(check_in, row, found, now_ms)
        audit.record(
            action="check_in.compared",
            actor=None,
            subject_type="check_in",
            subject_id=check_in.pk,
            person_id=check_in.person_id,
            detail={
                "submission": submission.pk,
                "outcome": row.outcome,
                "similarity": None if row.similarity is None else round(row.similarity, 4),
                "engine": row.engine,
                "model_sha256": row.model_sha256,
                "stands": check_in.stands,
            },
            at_ms=now_ms,
        )


def _hand_over(submission: Submission, lease_ms: int, now_ms: int) -> None:
    """A second try was waited for long enough."""
    with transaction.atomic():
        check_in = _locked(submission)
        if _release(submission, lease_ms) and check_in.stands == Stands.SUBMITTED:
            _to_people(check_in, now_ms)


def _locked(submission: Submission) -> CheckIn:
    """The check-in, held; its open reviews first, as those who answer them come to the check-in from there."""
    list(_open_reviews(submission.check_in_id).order_by("pk").select_for_update(of=("self",)))
    return CheckIn.objects.select_for_update(no_key=True).get(pk=submission.check_in_id)


def _release(submission: Submission, lease_ms: int) -> bool:
    """Take it off the queue; False when the lease was over and another process has it."""
    return Submission.objects.filter(pk=submission.pk, next_ms=lease_ms).update(next_ms=None) == 1


def _conclude(check_in: CheckIn, row: Comparison, found: contract.Comparison, now_ms: int) -> None:
    taken_back = check_in.stands in {Stands.CANCELLED, Stands.NOT_ASKED}
    if taken_back or (check_in.stands == Stands.DECIDED and check_in.verdict == Verdict.SAME):
        return
    if _is_peoples(check_in):
        _open_review(check_in, row, now_ms)
    elif found.settles:
        _decide_same(check_in, row.submission, now_ms)
    elif check_in.stands == Stands.REVIEW:
        _beside_a_review(check_in, row, now_ms)
    elif until_ms := _hold_until(check_in, row, now_ms):
        _hold(check_in, row.submission, found, until_ms)
    else:
        _to_people(check_in, now_ms)


def _is_peoples(check_in: CheckIn) -> bool:
    """Whether people gave a verdict once, or asked for another look: nothing of it is decided without them then."""
    reviews = Review.objects.filter(submission__check_in=check_in)
    return reviews.exclude(verdict="", reopened_by_name="").exists()


def _decide_same(check_in: CheckIn, submission: Submission, now_ms: int) -> None:
    check_in.stands, check_in.verdict = Stands.DECIDED, Verdict.SAME.value
    check_in.decided_ms, check_in.decided_by_names = now_ms, []
    check_in.save(update_fields=["stands", "verdict", "decided_ms", "decided_by_names"])
    _withdraw_reviews(check_in)
    decided = CheckInDecided(
        id=fact_id(check_in.pk, "decided", submission.pk, Verdict.SAME.value),
        check_in_id=check_in.pk,
        at_ms=now_ms,
        received_ms=now_ms,
        verdict=Verdict.SAME,
    )
    outbox.put(check_in.person_id, decided, now_ms=now_ms)


def _hold_until(check_in: CheckIn, row: Comparison, now_ms: int) -> int | None:
    """Until when a second try is waited for; None: not at all."""
    again = row.outcome in _AGAIN and not row.submission.forced
    first = not Submission.objects.filter(check_in=check_in).exclude(pk=row.submission_id).exists()
    if not (again and first) or check_in.due_ms - now_ms < LEAST_HOLD_MS:
        return None
    return min(check_in.due_ms, now_ms + HOLD_MS)


def _hold(check_in: CheckIn, submission: Submission, found: contract.Comparison, until_ms: int) -> None:
    """Wait for a second try; the door tells the watch (gateway/watch_desk.py), with what would make it better."""
    Submission.objects.filter(pk=submission.pk).update(next_ms=until_ms)
    advice = " ".join(one.value for one in found.advice)
    CheckIn.objects.filter(pk=check_in.pk).update(again=advice, again_until_ms=until_ms)


def _beside_a_review(check_in: CheckIn, row: Comparison, now_ms: int) -> None:
    """People look at an earlier submission: at this one instead if it is better, or too if they have begun."""
    if _best(check_in) != row:
        return
    if not Answer.objects.filter(review__in=_open_reviews(check_in.pk)).exists():
        _withdraw_reviews(check_in)
    _open_review(check_in, row, now_ms)


def _open_reviews(check_in_id: str) -> QuerySet[Review]:
    return Review.objects.filter(submission__check_in_id=check_in_id, stage__in=OPEN_STAGES)


def _withdraw_reviews(check_in: CheckIn) -> None:
    _open_reviews(check_in.pk).update(stage=Stage.WITHDRAWN, held_by=None, held_ms=None)


def _to_people(check_in: CheckIn, now_ms: int) -> None:
    """Open a review of the best of what came, and wait for nothing else."""
    _open_review(check_in, _best(check_in), now_ms)
    Submission.objects.filter(check_in=check_in, comparisons__isnull=False).update(next_ms=None)


def _best(check_in: CheckIn) -> Comparison:
    """The best of what was compared for a check-in; of what is alike, the newest."""
    compared = Comparison.objects.filter(submission__check_in=check_in).select_related("submission")
    return min(compared.order_by("-submission__at_ms", "-pk"), key=_rank)


def _open_review(check_in: CheckIn, row: Comparison, now_ms: int) -> None:
    open_review(row.submission, row, now_ms)
    check_in.stands = Stands.REVIEW


def _rank(row: Comparison) -> tuple[int, float]:
    worst = len(_BEST_FIRST)
    place = _BEST_FIRST.index(Outcome(row.outcome)) if row.outcome in _BEST_FIRST else worst
    return place, -(row.similarity or 0.0)


# --- when the model changes --------------------------------------------------------------------------------------


def derive_some(machine: Machine, now_ms: int, *, most: int = 4) -> int:
    """Make a few templates that the engine's model lacks; how many images were looked at. Resumable at any point."""
    if machine.engine is None:
        return 0
    images = list(templates.missing(machine.engine.model_sha256)[:most])
    return templates.derive(images, machine.engine, machine.decode, now_ms)
