"""How people come to their own page: codes by message or on paper, links from the watch, and tries that are counted.

Codes and links are kept as keyed hashes and live for minutes (a code on paper: for days). Their times are the
machine's, not the domain's: a demonstration that runs ten times as fast does not give ten times less time to type.
"""

from django.conf import settings
from django.db import models

from surety.server.cases.models import Person


class Way(models.TextChoices):
    """How a code reaches a person."""

    MESSAGE = "message", "A message to their phone"
    PAPER = "paper", "On paper, handed over by their officer"


class LogInCode(models.Model):
    """One code for one log-in of one person. Making another of the same way takes the earlier one's place."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    way = models.CharField(max_length=8, choices=Way.choices)
    code_hmac = models.CharField(max_length=64, unique=True)
    made_ms = models.BigIntegerField()
    expires_ms = models.BigIntegerField()
    tries = models.PositiveSmallIntegerField(default=0, help_text="Wrong ones")
    used_ms = models.BigIntegerField(null=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    made_by_name = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "way"], name="one_code_a_way")]


class WatchLink(models.Model):
    """A link that the door made for a watch whose key signed for it; written by plain SQL (gateway/watch_register.py).

    `asked_sha256` is of the signature: what was asked once with it is not given again to who copies the message.
    """

    token_sha256 = models.CharField(primary_key=True, max_length=64)
    asked_sha256 = models.CharField(max_length=64, unique=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    device_id = models.CharField(max_length=32)
    made_ms = models.BigIntegerField()
    expires_ms = models.BigIntegerField()
    used_ms = models.BigIntegerField(null=True)


class Attempt(models.Model):
    """That a code was asked for, or a wrong one given: by a keyed hash of the reference or the address, for a day."""

    kind = models.CharField(max_length=16)
    subject_hmac = models.CharField(max_length=64)
    at_ms = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["kind", "subject_hmac", "at_ms"])]
