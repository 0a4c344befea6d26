"""The key of each person, the documents of a case, legal holds, and what was erased when."""

from django.conf import settings
from django.db import models

from surety.server.ids import new_id


class PersonKey(models.Model):
    """The pair of keys of a supervised or a protected person (surety/blobs/sealing.py, vault.py).

    Without `wrapped` it was destroyed, and what was kept under it is gone for good, in every backup too. The row stays
    when the person's is gone: it is what a certificate of erasure points to. Hence no foreign key.
    """

    person_id = models.CharField(primary_key=True, max_length=32)
    public = models.BinaryField(help_text="X25519, 32 bytes")
    wrapped = models.BinaryField(null=True, help_text="The private key under a master key")
    master = models.CharField(max_length=16, blank=True, db_index=True, help_text="By which master key (masters.py)")
    made_ms = models.BigIntegerField()
    destroyed_ms = models.BigIntegerField(null=True)


class DocumentKind(models.TextChoices):
    """What a document is. Its retention goes by this (schedule.py)."""

    DECISION = "decision", "Decision of a court or an authority"
    PROOF = "proof", "Proof that the person gave"
    AGREEMENT = "agreement", "Agreement or legal basis of a disclosure"
    OTHER = "other", "Another document of the case"


class Document(models.Model):
    """A file that belongs to a person's case. The file lies sealed in the store; its name is sealed too."""

    id = models.CharField(primary_key=True, max_length=32, default=new_id)
    person_id = models.CharField(max_length=32, db_index=True)
    kind = models.CharField(max_length=12, choices=DocumentKind.choices)
    name = models.BinaryField(help_text="As it was called when it was given; vault.py")
    media_type = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64, help_text="Of the file as it was given")
    kept_ms = models.BigIntegerField()
    kept_by_name = models.CharField(max_length=200)

    class Meta:
        indexes = [models.Index(fields=["person_id", "kept_ms"])]


class HoldState(models.TextChoices):
    """What became of a proposed hold."""

    PROPOSED = "proposed", "Waits for a second person"
    APPROVED = "approved", "Approved"
    DECLINED = "declined", "Declined"


class LegalHold(models.Model):
    """That what is kept of a person, or some kinds of it, must not be erased: two people, a reason, an end (holds.py).

    The words are sealed to the person's key: a reason may tell of them.
    """

    id = models.CharField(primary_key=True, max_length=32, default=new_id)
    person_id = models.CharField(max_length=32, db_index=True)
    kinds = models.JSONField(default=list, help_text="Rules of schedule.py; empty: the whole case")
    reason = models.BinaryField(help_text="vault.py")
    state = models.CharField(max_length=12, choices=HoldState.choices, default=HoldState.PROPOSED)
    ends_ms = models.BigIntegerField()
    proposed_ms = models.BigIntegerField()
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    proposed_by_name = models.CharField(max_length=200)
    decided_ms = models.BigIntegerField(null=True)
    decided_by_name = models.CharField(max_length=200, blank=True)
    lifted_ms = models.BigIntegerField(null=True)
    lifted_by_name = models.CharField(max_length=200, blank=True)


class ErasureState(models.TextChoices):
    """How far the erasure of everything about a person has come. From STARTED on there is no way back."""

    PROPOSED = "proposed", "Proposed; waits for a second person"
    DECLINED = "declined", "Declined"
    DUE = "due", "Due"
    STARTED = "started", "The key is destroyed; files and rows are being deleted"
    DONE = "done", "Done"


class Erasure(models.Model):
    """The erasure of everything that is kept of one person (erasing.py). Ids and figures alone: it stays."""

    person_id = models.CharField(primary_key=True, max_length=32)
    is_protected = models.BooleanField(default=False, help_text="Of a protected person, not of a supervised one")
    state = models.CharField(max_length=12, choices=ErasureState.choices)
    basis = models.CharField(max_length=200, help_text="The schedule's rule, or the authority that ordered it")
    schedule = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the periods that held; periods.py")
    due_ms = models.BigIntegerField()
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    proposed_by_name = models.CharField(max_length=200, blank=True)
    confirmed_by_name = models.CharField(max_length=200, blank=True)
    started_ms = models.BigIntegerField(null=True)
    done_ms = models.BigIntegerField(null=True)
    key_sha256 = models.CharField(max_length=64, blank=True, help_text="Of the public half of the key destroyed")
    counts = models.JSONField(default=dict, help_text="How many rows of each table and files went")

    class Meta:
        indexes = [models.Index(fields=["state", "due_ms"])]


class Erased(models.Model):
    """That something of a person went before the rest of the case: which kind, when it was due, and when it was done.

    Oversight counts erasures on time from it, and from `Erasure`. Kept six years.
    """

    person_id = models.CharField(max_length=32)
    kind = models.CharField(max_length=32)
    due_ms = models.BigIntegerField(help_text="Or when the last hold on it ended")
    done_ms = models.BigIntegerField()
    number = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index(fields=["done_ms"]), models.Index(fields=["person_id", "kind"])]


class Sweep(models.Model):
    """How far today's erasure has come (daily.py): one row, so that a process that was killed goes on where it was."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    begun_ms = models.BigIntegerField(default=-1)
    phase = models.PositiveSmallIntegerField(default=0)
    cursor = models.CharField(max_length=64, blank=True)
    done_ms = models.BigIntegerField(null=True)
