"""The writer of codes and links: made for one log-in, used once, five tries, told to the audit log.

Nothing here says to whoever asks whether a reference exists: that is the views' promise, and this file gives them what
they need for it. A code in plain is returned once and kept nowhere.
"""

import hashlib
import hmac
import logging
import secrets
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from surety.server.accounts.models import User
from surety.server.accounts.permissions import check_may
from surety.server.audit import actions as audit
from surety.server.cases import queries as cases
from surety.server.cases.models import Person
from surety.server.cases.watches import GROUP, LETTERS
from surety.server.checkins import sending
from surety.server.portal import languages, limits
from surety.server.portal.languages import noop, say_in
from surety.server.portal.models import Attempt, LogInCode, WatchLink, Way

logger = logging.getLogger(__name__)

GOOD_FOR_MIN = 10
PAPER_GOOD_FOR_MS = 72 * 3_600_000  # until they are home and have a quiet hour
MOST_TRIES = 5
MESSAGE = noop("Your code is {code}. It is good for {minutes} minutes. Give it to nobody.")
BY_THEMSELVES = "The person themselves"
# A message takes seconds to leave; who waits for the answer would learn from that whether there was anybody to send to.
_leaving = ThreadPoolExecutor(2, "portal-messages")


def send_code(reference: str, *, now_ms: int) -> None:
    """Send a code to the phone of whoever has this reference, if anybody has; the caller learns nothing of it."""
    at_ms = limits.machine_ms()
    person = Person.objects.filter(reference__iexact=reference).first()
    if not limits.person_may_ask(reference, at_ms) or person is None:
        return
    if not sending.can_message(person.phone, settings.SURETY):
        return
    code = f"{secrets.randbelow(1_000_000):06d}"
    with transaction.atomic():
        _keep(person, Way.MESSAGE, limits.keyed(person.pk, code), at_ms, GOOD_FOR_MIN * 60_000, None)
        _note("portal.code_sent", person, now_ms, {"way": Way.MESSAGE.value}, None)
    tag = languages.known(person.language)
    words = say_in(tag, MESSAGE, code=code, minutes=GOOD_FOR_MIN)
    _leaving.submit(_send, person.phone, say_in(tag, "My page"), words)


def _send(phone: str, title: str, words: str) -> None:
    try:
        sending.message(phone, title, words, settings.SURETY)
    except sending.CannotSendError as error:
        logger.warning("a code for the person's own page was not sent: %s", error.sentence)


def make_paper_code(person_id: str, *, acting_user: User | None, now_ms: int) -> str:
    """A one-time code that an officer hands over, in plain, which is returned this once. Raises NotAllowedError."""
    person = cases.access_person(person_id, acting_user)
    check_may(acting_user, "cases.change", person)
    code = "-".join("".join(secrets.choice(LETTERS) for _ in range(GROUP)) for _ in range(2))
    with transaction.atomic():
        _keep(person, Way.PAPER, limits.keyed(code), limits.machine_ms(), PAPER_GOOD_FOR_MS, acting_user)
        _note("portal.code_made", person, now_ms, {"way": Way.PAPER.value}, acting_user)
    return code


def _keep(person: Person, way: Way, code_hmac: str, at_ms: int, good_for_ms: int, user: User | None) -> None:
    LogInCode.objects.update_or_create(
        person=person,
        way=way,
        defaults={
            "code_hmac": code_hmac,
            "made_ms": at_ms,
            "expires_ms": at_ms + good_for_ms,
            "tries": 0,
            "used_ms": None,
            "made_by": user,
            "made_by_name": str(user) if user else "",
        },
    )


def use_message_code(reference: str, code: str, *, now_ms: int) -> Person | None:
    """Whoever has this reference, if this is their code; a wrong one is one of five tries."""
    at_ms = limits.machine_ms()
    row = (
        LogInCode.objects.filter(person__reference__iexact=reference, way=Way.MESSAGE).select_related("person").first()
    )
    wanted = limits.keyed(row.person_id if row else "", code.strip())
    if row is None:
        return None
    open_rows = LogInCode.objects.filter(pk=row.pk, used_ms=None, expires_ms__gt=at_ms, tries__lt=MOST_TRIES)
    if not hmac.compare_digest(wanted, row.code_hmac):
        _wrong(open_rows, row, now_ms)
        return None
    return _used(open_rows, row, now_ms, at_ms)


def use_paper_code(code: str, *, now_ms: int) -> Person | None:
    """Whoever the code on paper is of. It has 49 bits: tries are limited by address alone."""
    wanted = limits.keyed("-".join(code.upper().replace("-", " ").split()))
    row = LogInCode.objects.filter(way=Way.PAPER, code_hmac=wanted).select_related("person").first()
    if row is None:
        return None
    at_ms = limits.machine_ms()
    return _used(LogInCode.objects.filter(pk=row.pk, used_ms=None, expires_ms__gt=at_ms), row, now_ms, at_ms)


def _wrong(open_rows: QuerySet[LogInCode], row: LogInCode, now_ms: int) -> None:
    with transaction.atomic():
        if open_rows.update(tries=F("tries") + 1) and row.tries + 1 >= MOST_TRIES:
            _note("portal.code_used_up", row.person, now_ms, {"way": row.way, "wrong": MOST_TRIES}, None)


def _used(open_rows: QuerySet[LogInCode], row: LogInCode, now_ms: int, at_ms: int) -> Person | None:
    with transaction.atomic():
        if not open_rows.update(used_ms=at_ms):
            return None
        _note("portal.logged_in", row.person, now_ms, {"by": row.way, "wrong_before": row.tries}, None)
    return row.person


def use_link(token: str, *, now_ms: int) -> Person | None:
    """Whoever the link of a watch is of, once."""
    at_ms = limits.machine_ms()
    sha256 = hashlib.sha256(token.encode()).hexdigest()
    with transaction.atomic():
        mine = WatchLink.objects.filter(pk=sha256, used_ms=None, expires_ms__gt=at_ms)
        if not mine.update(used_ms=at_ms):
            return None
        link = WatchLink.objects.select_related("person").get(pk=sha256)
        _note("portal.logged_in", link.person, now_ms, {"by": "watch", "device": link.device_id}, None)
    return link.person


def log_out(person: Person, *, now_ms: int) -> None:
    """Note that a person logged out."""
    _note("portal.logged_out", person, now_ms, {}, None)


def _note(action: str, person: Person, now_ms: int, detail: dict[str, object], user: User | None) -> None:
    audit.record(
        action=action,
        actor=user,
        subject_type="person",
        subject_id=person.pk,
        person_id=person.pk,
        detail=detail,
        at_ms=now_ms,
        actor_name="" if user else BY_THEMSELVES,
    )


def tidy(_now_ms: int) -> int | None:
    """Delete what is of no use any more: a job of the keeper."""
    at_ms = limits.machine_ms()
    Attempt.objects.filter(at_ms__lt=at_ms - limits.DAY_MS).delete()
    LogInCode.objects.filter(expires_ms__lt=at_ms - limits.DAY_MS).delete()
    WatchLink.objects.filter(expires_ms__lt=at_ms - limits.DAY_MS).delete()
    return None
