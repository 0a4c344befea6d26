"""The writer of prompts: the outbox of words about a check-in that leave by push or as a message.

The watch's own poll needs none of it. One way is taken at a time: push where the person's watch can be woken, else, or
when that failed, a message where a service and their number are known; a message only after a minute in which the watch
did not show the question. Half-way to its time a question is called to mind, once.

At least once: a try is claimed before it is made, so that of several processes one makes it, and one that dies with it
leaves it to be made again. What fails is tried again, later each time, until the question's time is over.
"""

import logging

from django.conf import settings
from django.db import transaction
from django.db.models import F

from surety.server.cases.models import DeviceAssignment, Person, WatchKey
from surety.server.checkins import routes, sending, wording
from surety.server.checkins.models import Channel, CheckIn, Prompt, PromptState, Stands
from surety.server.checkins.sending import CannotSendError
from surety.settings import Settings

logger = logging.getLogger(__name__)

ASKED, REMINDER = "asked", "reminder"
MESSAGE_AFTER_MS = 60_000
FIRST_PAUSE_MS, LONGEST_PAUSE_MS = 15_000, 300_000
CLAIM_MS = 60_000  # longer than a try lasts
MOST = 50  # sent in one step


def _settings() -> Settings:
    found: Settings = settings.SURETY
    return found


def queue(row: CheckIn, kind: str, now_ms: int) -> bool:
    """Queue words about a check-in, in the caller's transaction, by the first way that there is; whether there is."""
    person = Person.objects.get(pk=row.person_id)
    if sending.has_push(_settings()) and _subscription(row.person_id, now_ms) is not None:
        _queue(row, person, Channel.PUSH, kind, now_ms, now_ms)
    elif sending.can_message(person.phone, _settings()):
        _queue(row, person, Channel.MESSAGE, kind, now_ms, now_ms + MESSAGE_AFTER_MS)
    else:
        return False
    return True


def _queue(row: CheckIn, person: Person, channel: Channel, kind: str, now_ms: int, at_ms: int) -> None:
    time = wording.clock(row.due_ms, person.time_zone)
    sentence = wording.say(person.language, f"prompt.{kind}", time=time)
    Prompt.objects.create(
        check_in=row, channel=channel, kind=kind, sentence=sentence, queued_ms=now_ms, next_try_ms=at_ms
    )


def _subscription(person_id: str, now_ms: int) -> WatchKey | None:
    """The key of a watch that the person wears now and that can be woken."""
    worn = DeviceAssignment.objects.filter(person_id=person_id, from_ms__lte=now_ms, to_ms=None)
    keys = WatchKey.objects.filter(device__in=worn.values("device"), device__protocol=routes.PROTOCOL)
    return keys.exclude(push="").order_by("-push_ms").first()


def remind(now_ms: int) -> int:
    """Call to mind what was asked and is half-way to its time; how many. Each once, also without a way to say it."""
    half = CheckIn.objects.filter(stands=Stands.ASKED, reminded_ms=None, due_ms__gt=now_ms)
    half = half.filter(asked_ms__lte=2 * now_ms - F("due_ms"))
    done = 0
    for row in half.order_by("due_ms")[:MOST]:
        with transaction.atomic():
            if CheckIn.objects.filter(pk=row.pk, reminded_ms=None, stands=Stands.ASKED).update(reminded_ms=now_ms):
                done += queue(row, REMINDER, now_ms)
    return done


def withdraw(now_ms: int) -> int:
    """Withdraw what is about a check-in that needs no answer any more, and messages about one that the watch shows."""
    queued = Prompt.objects.filter(state=PromptState.QUEUED)
    over = queued.exclude(check_in__stands=Stands.ASKED)
    shown = queued.filter(channel=Channel.MESSAGE, kind=ASKED, check_in__seen_ms__isnull=False)
    done = sum(each.update(state=PromptState.WITHDRAWN, settled_ms=now_ms) for each in (over, shown))
    late = queued.filter(check_in__due_ms__lte=now_ms)
    return done + late.update(state=PromptState.FAILED, settled_ms=now_ms)


def deliver(now_ms: int) -> int:
    """Make the tries that are due, each outside of any transaction, as it may last; how many."""
    withdraw(now_ms)
    due = Prompt.objects.filter(state=PromptState.QUEUED, next_try_ms__lte=now_ms).order_by("next_try_ms", "pk")
    done = 0
    for prompt in due.select_related("check_in__person")[:MOST]:
        if _claimed(prompt, now_ms):
            _try(prompt, now_ms)
            done += 1
    return done


def _claimed(prompt: Prompt, now_ms: int) -> bool:
    mine = Prompt.objects.filter(pk=prompt.pk, state=PromptState.QUEUED, next_try_ms=prompt.next_try_ms)
    return bool(mine.update(next_try_ms=now_ms + CLAIM_MS, attempts=F("attempts") + 1))


def _try(prompt: Prompt, now_ms: int) -> None:
    try:
        _send(prompt, now_ms)
    except CannotSendError as error:
        _failed(prompt, error, now_ms)
    else:
        Prompt.objects.filter(pk=prompt.pk).update(state=PromptState.SENT, settled_ms=now_ms, error="")


def _send(prompt: Prompt, now_ms: int) -> None:
    row, person = prompt.check_in, prompt.check_in.person
    if prompt.channel == Channel.MESSAGE:
        sending.message(person.phone, wording.say(person.language, "prompt.title"), prompt.sentence, _settings())
        return
    key = _subscription(person.pk, now_ms)
    if key is None:
        raise CannotSendError("The watch is not to be reached by push any more.", again=False)
    try:
        sending.push(key.push, _settings(), ttl_s=(row.due_ms - now_ms) // 1000)
    except CannotSendError as error:
        if error.gone:
            WatchKey.objects.filter(pk=key.pk, push=key.push).update(push="", push_ms=now_ms)
        raise


def _failed(prompt: Prompt, error: CannotSendError, now_ms: int) -> None:
    """Try again later while that can help; else say so, and take the other way if there is one."""
    pause_ms = min(FIRST_PAUSE_MS * 2**prompt.attempts, LONGEST_PAUSE_MS)
    logger.warning("a prompt by %s was not sent: %s", prompt.channel, error.sentence)
    if error.again and now_ms + pause_ms < prompt.check_in.due_ms:
        Prompt.objects.filter(pk=prompt.pk).update(next_try_ms=now_ms + pause_ms, error=error.sentence)
        return
    with transaction.atomic():
        Prompt.objects.filter(pk=prompt.pk).update(state=PromptState.FAILED, settled_ms=now_ms, error=error.sentence)
        person = prompt.check_in.person
        if prompt.channel == Channel.PUSH and sending.can_message(person.phone, _settings()):
            _queue(prompt.check_in, person, Channel.MESSAGE, prompt.kind, now_ms, now_ms)
