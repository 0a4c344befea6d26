"""The only writer of what the worker keeps. `store` puts one batch into the database, all of it or nothing."""

import logging
from collections.abc import Collection, Iterable, Sequence

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper

from surety.rules.facts import encode
from surety.rules.findings import Finding
from surety.server.alerts import actions as alerts
from surety.server.checkins import taking as check_ins
from surety.server.checkins.taking import Sent
from surety.server.monitoring import snapshots
from surety.server.monitoring.batch import Batch, Move, SetAsideRow
from surety.server.monitoring.bulk import BulkInsert, expand, fetch_in, update_on
from surety.server.monitoring.models import ALL_WORKER, PersonState, RulesInForce, SetAsideReason, WorkerHealth
from surety.server.monitoring.sealed import FACT, Boxes, boxes_of, seal
from surety.server.notices import actions as notices

logger = logging.getLogger(__name__)
RETRY_WAKE_UP_MS = 3_600_000  # a wake-up that failed is tried again an hour later


class LostOwnershipError(Exception):
    """Somebody else moved a read position of ours: another worker owns the partition. Nothing was stored."""


_FACTS = BulkInsert(
    "monitoring_storedfact",
    ("fact_id", "person_id", "at_ms", "received_ms", "processed_ms", "body"),
    ("text", "text", "bigint", "bigint", "bigint", "bytea"),
)
_STATE_COLUMNS = (
    "person_id",
    "at_ms",
    "wake_at_ms",
    "conditions_revision",
    "head_ms",
    "head_fact_id",
    "snapshot_ms",
    "facts_since_snapshot",
    "facts",
    "facts_tally",
    "body",
)
_STATES = BulkInsert(
    "monitoring_personstate",
    _STATE_COLUMNS,
    ("text", "bigint", "bigint", "bigint", "bigint", "text", "bigint", "int", "bigint", "text", "bytea"),
    update_on("person_id", _STATE_COLUMNS),
)
_SNAPSHOTS = BulkInsert(
    "monitoring_snapshot", ("person_id", "at_ms", "body"), ("text", "bigint", "bytea"), "(person_id, at_ms) DO NOTHING"
)
_FINDING_COLUMNS = (
    "id",
    "person_id",
    "kind",
    "condition_id",
    "condition_version",
    "episode_id",
    "at_ms",
    "known_ms",
    "processed_ms",
    "certainty",
    "cause",
    "body",
    "superseded_ms",
    "superseded_by",
)
_FINDINGS = BulkInsert(
    "monitoring_finding",
    _FINDING_COLUMNS,
    ("text",) * 4 + ("int", "text", "bigint", "bigint", "bigint", "text", "text", "bytea", "bigint", "text"),
    update_on("id", _FINDING_COLUMNS),
)
_FORMER = BulkInsert(
    "monitoring_formerfinding",
    ("finding_id", "person_id", "body", "superseded_ms", "replaced_ms"),
    ("text", "text", "bytea", "bigint", "bigint"),
)
# The second term lets the partial index serve.
_REPLACED = "SELECT superseded_by, id FROM monitoring_finding WHERE superseded_by IN (*) AND superseded_by <> ''"
_SET_ASIDE = BulkInsert(
    "monitoring_setaside",
    ("log_seq", "person_id", "reason", "sentence", "body", "received_ms", "set_aside_ms"),
    ("bigint", "text", "text", "text", "bytea", "bigint", "bigint"),
)
_POSITIONS = BulkInsert("monitoring_readposition", ("consumer", "seq"), ("text", "bigint"), "(consumer) DO NOTHING")


def store(batch: Batch, parts: Sequence[Batch] = (), *, now_ms: int) -> int:
    """Store facts, states, snapshots, findings, alerts and read positions in one transaction.

    `parts` are of one person each: one that cannot be stored is set aside alone, and the others are stored with the
    batch; how many were set aside. Raises LostOwnershipError when a read position is not where this worker left it, or
    ErasedError when somebody's key was destroyed; then, as after any other exception, nothing is stored.
    """
    failed = 0
    boxes, *boxes_of_parts = boxes_of([batch, *parts])
    with transaction.atomic(), connection.cursor() as cursor:
        _move(cursor, batch.moves)
        _write(cursor, batch, boxes, now_ms)
        for part, sealed in zip(parts, boxes_of_parts, strict=True):
            try:
                with transaction.atomic():
                    _write(cursor, part, sealed, now_ms)
            except (OperationalError, InterfaceError):  # the database is away: nobody's fault
                raise
            except Exception as error:  # the boundary around one person: the others' findings must not wait
                logger.exception("what came for one person could not be stored and is set aside")
                _set_part_aside(cursor, part, sealed, error, now_ms)
                failed += 1
    return failed


def _write(cursor: CursorWrapper, batch: Batch, boxes: Boxes, now_ms: int) -> None:
    _FACTS.run(cursor, boxes.facts)
    if batch.outdated:
        cursor.executemany("DELETE FROM monitoring_snapshot WHERE person_id = %s AND at_ms > %s", batch.outdated)
    _SNAPSHOTS.run(cursor, boxes.snapshots)
    _thin_snapshots(cursor, batch.to_thin, now_ms)
    _STATES.run(cursor, boxes.states)
    # Before the alerts, which end with the audit log's head: a check-in's row is locked by others too.
    unasked = [_unasked(one, now_ms) for one in check_ins.take(batch.sent, now_ms=now_ms)]
    _SET_ASIDE.run(cursor, [*boxes.set_aside, *unasked])
    if boxes.findings or batch.superseded:
        _supersede(cursor, batch.superseded, now_ms)
        back = _add_findings(cursor, boxes.findings, now_ms)
        _name_replaced(cursor, back | {by for _, by in batch.superseded if by})
    if batch.findings or batch.superseded:
        alerts.apply_findings(batch.findings, batch.superseded, now_ms=now_ms)
        notices.apply_findings(batch.findings, batch.superseded, now_ms=now_ms)


def _unasked(sent: Sent, now_ms: int) -> SetAsideRow:
    """The rules took the fact; that no check-in can show it must be seen by somebody."""
    sentence = f"Photographs came for the check-in {sent.fact.check_in_id}, which was not asked of this person."
    body, received_ms = seal(sent.person_id, encode(sent.fact), FACT), sent.fact.received_ms
    return SetAsideRow(None, sent.person_id, SetAsideReason.NOT_ASKED, sentence, body, received_ms, now_ms)


def _set_part_aside(cursor: CursorWrapper, part: Batch, boxes: Boxes, error: Exception, now_ms: int) -> None:
    """Keep a person's facts beside, with the reason, and let their wake-up rest for a while."""
    sentence = f"It could not be stored: {type(error).__name__}: {error}"
    people = [row.person_id for row in part.states]
    rows = [
        SetAsideRow(None, row.person_id, SetAsideReason.NOT_STORED, sentence, box[-1], row.received_ms, now_ms)
        for row, box in zip(part.facts, boxes.facts, strict=True)
    ]
    wake_ups = [SetAsideRow(None, who, SetAsideReason.NOT_STORED, sentence, b"", now_ms, now_ms) for who in people]
    _SET_ASIDE.run(cursor, [*boxes.set_aside, *(rows or wake_ups)])
    cursor.executemany(
        "UPDATE monitoring_personstate SET wake_at_ms = %s WHERE person_id = %s AND wake_at_ms <= %s",
        [(now_ms + RETRY_WAKE_UP_MS, who, now_ms) for who in people],
    )


def _move(cursor: CursorWrapper, moves: Sequence[Move]) -> None:
    by_step: dict[tuple[int, int], list[str]] = {}
    for move in moves:
        by_step.setdefault((move.from_seq, move.to_seq), []).append(move.consumer)
    for (from_seq, to_seq), consumers in by_step.items():
        cursor.execute(
            expand(
                "UPDATE monitoring_readposition SET seq = %s WHERE seq = %s AND consumer IN (*)", "%s", len(consumers)
            ),
            [to_seq, from_seq, *consumers],
        )
        if cursor.rowcount != len(consumers):
            raise LostOwnershipError(f"a read position of {', '.join(sorted(consumers)[:3])} ... is not at {from_seq}")


def _thin_snapshots(cursor: CursorWrapper, people: Sequence[str], now_ms: int) -> None:
    times: dict[str, list[int]] = {}
    for person_id, at_ms in fetch_in("SELECT person_id, at_ms FROM monitoring_snapshot WHERE person_id IN (*)", people):
        times.setdefault(person_id, []).append(at_ms)
    gone = [(person_id, at_ms) for person_id, known in times.items() for at_ms in snapshots.thin(known, now_ms)]
    if gone:
        cursor.executemany("DELETE FROM monitoring_snapshot WHERE person_id = %s AND at_ms = %s", gone)


def _supersede(cursor: CursorWrapper, superseded: Sequence[tuple[str, str]], now_ms: int) -> None:
    if not superseded:
        return
    cursor.executemany(
        "UPDATE monitoring_finding SET superseded_ms = %s, superseded_by = %s WHERE id = %s",
        [(now_ms, by, finding_id) for finding_id, by in superseded],
    )


def _add_findings(cursor: CursorWrapper, findings: Sequence[tuple[Finding, bytes]], now_ms: int) -> set[str]:
    """Insert findings. One that was there before, with other evidence or fallen away, leaves a FormerFinding.

    Gives the ids of findings that had taken the place of one which now stands again.
    """
    there = fetch_in(
        "SELECT id, person_id, body, superseded_ms, superseded_by FROM monitoring_finding WHERE id IN (*)",
        [one.id for one, _ in findings],
    )
    _FORMER.run(cursor, [(*row[:-1], now_ms) for row in there])
    _FINDINGS.run(cursor, [_row(finding, box, now_ms) for finding, box in findings])
    return {by for *_, by in there if by}


def _name_replaced(cursor: CursorWrapper, findings: Collection[str]) -> None:
    """Write on each of these findings whose place it took."""
    if not findings:
        return
    taken: dict[str, list[str]] = {finding_id: [] for finding_id in sorted(findings)}
    for by, finding_id in fetch_in(_REPLACED, list(taken)):
        taken[by].append(finding_id)
    cursor.executemany(
        "UPDATE monitoring_finding SET replaces = %s WHERE id = %s",
        [(" ".join(sorted(ids)), by) for by, ids in taken.items()],
    )


def _row(finding: Finding, box: bytes, now_ms: int) -> tuple[object, ...]:
    return (
        finding.id,
        finding.person_id,
        finding.kind.value,
        finding.condition_id,
        finding.condition_version,
        finding.episode_id,
        finding.at_ms,
        finding.known_ms,
        now_ms,
        finding.certainty.value,
        finding.cause.value,
        box,
        None,
        "",
    )


def open_positions(consumers: Iterable[str]) -> None:
    """Give each consumer a read position at the log's beginning, unless it has one."""
    with transaction.atomic(), connection.cursor() as cursor:
        _POSITIONS.run(cursor, [(consumer, 0) for consumer in consumers])


def use_rules(version: str, now_ms: int) -> None:
    """Write down which rules are in use from now on, unless the last that were used are the same."""
    last = RulesInForce.objects.order_by("-pk").first()
    if last is None or last.rules_version != version:
        since_ms = now_ms if last is not None or PersonState.objects.exists() else 0
        RulesInForce.objects.create(rules_version=version, since_ms=since_ms)


def beat(health: WorkerHealth) -> None:
    """Write a worker's sign of life, and forget workers whose place it has taken."""
    others = WorkerHealth.objects.exclude(name=health.name)
    (others if health.name == ALL_WORKER else others.filter(name=ALL_WORKER)).delete()
    WorkerHealth.objects.update_or_create(
        name=health.name,
        defaults={
            field: getattr(health, field)
            for field in ("process_id", "at_ms", "position", "lag_records", "lag_ms", "last_error")
        },
    )
