"""Outbox of words to a person: what is to be said, until when it is of use, and what became of it."""

from django.db import models

from surety.server.records.sealed import SealedText


class NoticeState(models.TextChoices):
    """What became of a notice. Only QUEUED may change, and only once."""

    QUEUED = "queued", "Waiting for the device's next message"
    SENT = "sent", "Handed to the device"
    EXPIRED = "expired", "Could not be delivered in time"
    WITHDRAWN = "withdrawn", "No longer needed"


class Notice(models.Model):
    """One sentence for one person, because of one finding.

    The door reads the queued ones and marks what it handed over, by plain SQL (surety/gateway/notices.py). `channel`
    names what carried it; another way of delivery (a short message, mail) is another writer of the same columns.
    """

    person_id = models.CharField(max_length=32)
    finding_id = models.CharField(max_length=32, unique=True)
    kind = models.CharField(max_length=40)
    at_ms = models.BigIntegerField(help_text="When what it is about happened")
    sentence = models.TextField(blank=True, help_text="In plain text while the door may need it; then empty")
    said = SealedText("notice.said", of="person_id", blank=True, help_text="The sentence, from then on")
    queued_ms = models.BigIntegerField()
    expires_ms = models.BigIntegerField(help_text="From then on it would only confuse")
    state = models.CharField(max_length=12, choices=NoticeState.choices, default=NoticeState.QUEUED)
    attempts = models.IntegerField(default=0)
    settled_ms = models.BigIntegerField(null=True)
    channel = models.CharField(max_length=24, blank=True)
    device_id = models.CharField(max_length=32, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["person_id", "at_ms"]),
            models.Index(fields=["id"], condition=models.Q(state="queued"), name="notice_queued"),
            models.Index(fields=["id"], condition=~models.Q(sentence=""), name="notice_in_plain"),
        ]

    @property
    def words(self) -> str:
        """What was to be said, wherever it stands now."""
        return self.sentence or self.said
