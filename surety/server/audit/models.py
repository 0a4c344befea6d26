"""The audit log's rows. The database itself refuses to change or remove one (see the migration)."""

from django.db import models


class Entry(models.Model):
    """Who did what to whom, and when; linked to the entry before it by SHA-256.

    No foreign keys: an entry outlives whatever it names.
    """

    seq = models.BigAutoField(primary_key=True)
    at_ms = models.BigIntegerField()
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=200)
    actor_role = models.CharField(max_length=24, blank=True)
    action = models.CharField(max_length=64)
    subject_type = models.CharField(max_length=32)
    subject_id = models.CharField(max_length=64)
    person_id = models.CharField(max_length=32, blank=True, db_index=True)
    detail = models.TextField(help_text="Canonical JSON")
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)


class Head(models.Model):
    """One row (id 1), locked by every writer: the chain's last entry and its hash."""

    seq = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64)
