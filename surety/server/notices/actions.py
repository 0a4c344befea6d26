"""The writer of notices, beside the door, which marks those that it handed over.

In the worker's transaction: what the rules found and what tells the person of it commit together.
"""

from collections.abc import Sequence

from django.db import transaction

from surety.rules import to_person
from surety.rules.findings import ENDS, Finding
from surety.server.cases import queries as cases
from surety.server.notices.models import Notice, NoticeState
from surety.server.records import vault

CHUNK = 200


def apply_findings(new: Sequence[Finding], superseded: Sequence[tuple[str, str]], *, now_ms: int) -> None:
    """Queue what people are to be told of, and withdraw what is over or fell away before it could be delivered."""
    told = [one for one in new if (limit := to_person.USEFUL_MS.get(one.kind)) and now_ms < one.at_ms + limit]
    if told:
        _queue(told, now_ms)
    gone = {finding_id for finding_id, _ in superseded} | {one.episode_id for one in new if one.kind in ENDS}
    if gone:
        queued = Notice.objects.filter(finding_id__in=gone, state=NoticeState.QUEUED)
        queued.update(state=NoticeState.WITHDRAWN, settled_ms=now_ms)


def _queue(told: Sequence[Finding], now_ms: int) -> None:
    known = cases.condition_sets(sorted({finding.person_id for finding in told}))
    rows = [
        Notice(
            person_id=finding.person_id,
            finding_id=finding.id,
            kind=finding.kind.value,
            at_ms=finding.at_ms,
            sentence=to_person.sentence(finding, known[finding.person_id]),
            queued_ms=now_ms,
            expires_ms=finding.at_ms + to_person.USEFUL_MS[finding.kind],
        )
        for finding in told
    ]
    Notice.objects.bulk_create(rows, ignore_conflicts=True)  # a finding that is derived again was told already


def expire(now_ms: int) -> int:
    """Settle what nobody could deliver in time; how many."""
    overdue = Notice.objects.filter(state=NoticeState.QUEUED, expires_ms__lte=now_ms)
    return overdue.update(state=NoticeState.EXPIRED, settled_ms=now_ms)


def seal_settled(_now_ms: int = 0) -> int | None:
    """Put what the door needs no more under each person's key. A job of the keeper; killed anywhere, it goes on."""
    while _seal_some():
        pass
    return None


def _seal_some() -> int:
    with transaction.atomic():
        settled = Notice.objects.select_for_update().exclude(sentence="").exclude(state=NoticeState.QUEUED)
        rows = list(settled.order_by("pk")[:CHUNK])
        destroyed = vault.warm((row.person_id for row in rows), make=True)
        for row in rows:
            row.said, row.sentence = "" if row.person_id in destroyed else row.sentence, ""
            row.save(update_fields=["said", "sentence"])
    return len(rows)
