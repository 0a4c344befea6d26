"""What the worker keeps: facts by person, the rules' state, findings, and how far it has read."""

from django.db import models


class StoredFact(models.Model):
    """A fact as the rules took it. Positions stay inside `body`: there is no column to search places by."""

    fact_id = models.CharField(max_length=32)
    person_id = models.CharField(max_length=32)
    at_ms = models.BigIntegerField()
    received_ms = models.BigIntegerField()
    processed_ms = models.BigIntegerField()
    body = models.BinaryField(help_text="rules.facts.encode, sealed (sealed.py) like every body here")

    class Meta:
        # One index serves the trail of a person and the recognition of a fact that comes twice.
        constraints = [models.UniqueConstraint(fields=["person_id", "at_ms", "fact_id"], name="fact_once")]


class PersonState(models.Model):
    """The rules' memory of one person, and when they want to look again.

    `at_ms` is how far it was advanced (by a fact or a tick); `head_*` is the newest fact in it, in the order
    (at_ms, fact_id) in which facts are taken; `snapshot_ms` is the newest snapshot that still holds.
    """

    person_id = models.CharField(primary_key=True, max_length=32)
    at_ms = models.BigIntegerField()
    # Not indexed: a worker keeps its people's wake-ups in memory, and an index would be rewritten with every fact.
    wake_at_ms = models.BigIntegerField(null=True)
    conditions_revision = models.BigIntegerField(default=0)
    head_ms = models.BigIntegerField(default=-1)
    head_fact_id = models.CharField(max_length=32, blank=True)
    snapshot_ms = models.BigIntegerField(default=-1)
    facts_since_snapshot = models.IntegerField(default=0)
    facts = models.BigIntegerField(default=0, help_text="How many facts were stored")
    facts_tally = models.CharField(max_length=32, default="0", help_text="monitoring.tally over their bytes")
    body = models.BinaryField()


class Snapshot(models.Model):
    """An earlier state, from which a late fact or a backdated change is worked in.

    It has taken every fact with a time up to `at_ms` and run every wake-up up to then, and nothing later.
    """

    person_id = models.CharField(max_length=32)
    at_ms = models.BigIntegerField()
    body = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person_id", "at_ms"], name="snapshot_once")]


class Finding(models.Model):
    """A conclusion of the rules. Never edited; `superseded_*` tells that later facts took its place.

    The row shows what the rules derive now. When the same finding comes out with other evidence, what it said before
    is kept as a `FormerFinding`.
    """

    id = models.CharField(primary_key=True, max_length=32)
    person_id = models.CharField(max_length=32)
    kind = models.CharField(max_length=40)
    condition_id = models.CharField(max_length=64, blank=True)
    condition_version = models.IntegerField(default=0)
    episode_id = models.CharField(max_length=64, db_index=True)
    at_ms = models.BigIntegerField()
    known_ms = models.BigIntegerField()
    processed_ms = models.BigIntegerField()
    certainty = models.CharField(max_length=16)
    cause = models.CharField(max_length=16)
    body = models.BinaryField(help_text="rules.findings.to_json")
    superseded_ms = models.BigIntegerField(null=True)
    superseded_by = models.CharField(max_length=32, blank=True, help_text="The finding that took its place, if any")
    replaces = models.TextField(
        blank=True, db_default="", help_text="Ids of the findings whose place it took, with spaces between"
    )

    class Meta:
        indexes = [
            models.Index(fields=["person_id", "at_ms"]),
            # What a replay from a snapshot may have to take back.
            models.Index(fields=["person_id", "known_ms"]),
            # Whose place a finding took; most take nobody's, so the index stays small.
            models.Index(fields=["superseded_by"], condition=~models.Q(superseded_by=""), name="finding_replacement"),
        ]


class FormerFinding(models.Model):
    """What a finding said before it was derived again with other evidence, or before it came back."""

    finding_id = models.CharField(max_length=32, db_index=True)
    person_id = models.CharField(max_length=32)
    body = models.BinaryField(help_text="rules.findings.to_json")
    superseded_ms = models.BigIntegerField(null=True, help_text="Set when it had fallen away in between")
    replaced_ms = models.BigIntegerField()


class RulesInForce(models.Model):
    """Which version of the rules the workers have used, and since when: what was made before is not theirs.

    One row a change. `since_ms` is domain time; 0 where nobody had any state yet.
    """

    rules_version = models.CharField(max_length=32)
    since_ms = models.BigIntegerField()


class ReadPosition(models.Model):
    """How far one partition has been read ("log:07", "changes:07"); committed with what was made of it.

    One row a partition, so that partitions can move between workers, and so that two workers which were given the
    same partition by mistake cannot both commit.
    """

    consumer = models.CharField(primary_key=True, max_length=64)
    seq = models.BigIntegerField(default=0)


class SetAsideReason(models.TextChoices):
    """Why something of the log was not taken."""

    NOT_READABLE = "not_readable", "Cannot be decoded"
    UNKNOWN_PERSON = "unknown_person", "No such person"
    RULES_FAILED = "rules_failed", "The rules failed on it"
    NOT_STORED = "not_stored", "What follows from it could not be stored"
    NOT_ASKED = "not_asked", "Photographs for a question that nobody asked of this person"
    ERASED = "erased", "Came for somebody whose records were erased"
    BEHIND_HORIZON = "behind_horizon", "From before the time up to which this person's positions were deleted"


class SetAside(models.Model):
    """Something that could not be taken: kept whole, with the reason, so that it can be looked at and given again.

    `body` is sealed as the fact that it is; empty for a wake-up, for what came after an erasure, and once it was older
    than positions may be.
    """

    log_seq = models.BigIntegerField(null=True, help_text="Its place in the log; null for a wake-up")
    person_id = models.CharField(max_length=32, db_index=True)
    reason = models.CharField(max_length=24, choices=SetAsideReason.choices)
    sentence = models.TextField()
    body = models.BinaryField()
    received_ms = models.BigIntegerField()
    set_aside_ms = models.BigIntegerField()


ALL_WORKER = "worker:all"


class WorkerHealth(models.Model):
    """The last sign of life of a worker, for `surety doctor` and the desk's "live link"."""

    name = models.CharField(primary_key=True, max_length=64)
    process_id = models.IntegerField()
    at_ms = models.BigIntegerField(help_text="Domain time of the last loop")
    position = models.BigIntegerField()
    lag_records = models.BigIntegerField(help_text="At most this many records wait to be read")
    lag_ms = models.BigIntegerField(help_text="Age of the last record read while more wait; 0: nothing waits")
    last_error = models.TextField(blank=True)
