"""The key of each person, to which their photographs and templates are sealed (surety/blobs/sealing.py)."""

from django.db import models


class PersonKey(models.Model):
    """A person's pair of keys. Without `wrapped` it was destroyed, and what was sealed to it is gone for good."""

    person = models.OneToOneField("cases.Person", primary_key=True, on_delete=models.CASCADE, related_name="key")
    public = models.BinaryField(help_text="X25519, 32 bytes")
    wrapped = models.BinaryField(null=True, help_text="The private key under the deployment's master key")
    made_ms = models.BigIntegerField()
    destroyed_ms = models.BigIntegerField(null=True)
