"""What the worker keeps: facts by person, the rules' state, findings, and how far it has read."""

from django.db import models


class StoredFact(models.Model):
    """A fact as the rules took it. Positions stay inside `body`: there is no column to search places by."""

    fact_id = models.CharField(max_length=32)
    person_id = models.CharField(max_length=32)
    at_ms = models.BigIntegerField()
    received_ms = models.BigIntegerField()
    processed_ms = models.BigIntegerField()
    body = models.BinaryField(help_text="rules.facts.encode")

    class Meta:
        # One index serves the trail of a person and the recognition of a fact that comes twice.
        constraints = [models.UniqueConstraint(fields=["person_id", "at_ms", "fact_id"], name="fact_once")]


class PersonState(models.Model):
    """The rules' memory of one person, and when they want to look again."""

    person_id = models.CharField(primary_key=True, max_length=32)
    at_ms = models.BigIntegerField()
    wake_at_ms = models.BigIntegerField(null=True, db_index=True)
    conditions_revision = models.BigIntegerField(default=0)
    body = models.BinaryField()


class Snapshot(models.Model):
    """An earlier state, from which a late fact or a backdated change is worked in."""

    person_id = models.CharField(max_length=32)
    at_ms = models.BigIntegerField()
    body = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person_id", "at_ms"], name="snapshot_once")]


class Finding(models.Model):
    """A conclusion of the rules. Never edited; `superseded_*` tells that later facts took its place."""

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

    class Meta:
        indexes = [models.Index(fields=["person_id", "at_ms"])]


class ReadPosition(models.Model):
    """How far a consumer has read ("log:<partitions>" or "changes"); committed with what it made of it."""

    consumer = models.CharField(primary_key=True, max_length=64)
    seq = models.BigIntegerField(default=0)
