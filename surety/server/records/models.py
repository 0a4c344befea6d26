"""The key of each person, under which everything personal is kept, and the documents that belong to a case."""

from django.db import models

from surety.server.ids import new_id


class PersonKey(models.Model):
    """The pair of keys of a supervised or a protected person (surety/blobs/sealing.py, vault.py).

    Without `wrapped` it was destroyed, and what was kept under it is gone for good, in every backup too. The row stays
    when the person's is gone: it is what a certificate of erasure points to. Hence no foreign key.
    """

    person_id = models.CharField(primary_key=True, max_length=32)
    public = models.BinaryField(help_text="X25519, 32 bytes")
    wrapped = models.BinaryField(null=True, help_text="The private key under the deployment's master key")
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
