"""Alerts and everything that was done about them. `actions.py` alone writes."""

from django.conf import settings
from django.db import models

from surety.server.cases.models import Person
from surety.server.ids import new_id
from surety.server.records.sealed import SealedJSON, SealedText


class Severity(models.IntegerChoices):
    """How soon somebody must look. 1 is the most urgent."""

    CRITICAL = 1, "Critical"
    SERIOUS = 2, "Serious"
    ROUTINE = 3, "Routine"
    NOTICE = 4, "Notice"


class Status(models.TextChoices):
    """Where the handling stands."""

    OPEN = "open", "Open"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    AWAITING_SECOND = "awaiting_second", "Awaiting a second person"
    RESOLVED = "resolved", "Resolved"


class Outcome(models.TextChoices):
    """What a person concluded. VIOLATION is adverse: it takes effect only when a second person confirms it."""

    VIOLATION = "violation", "Violation"
    REASONABLE_EXCUSE = "reasonable_excuse", "Reasonable excuse"
    AUTHORISED_ABSENCE = "authorised_absence", "Authorised absence"
    EQUIPMENT = "equipment", "Equipment or network"
    FALSE_ALERT = "false_alert", "False alert"
    CHECKED = "checked", "Checked, nothing to decide"


class Alert(models.Model):
    """Something that somebody must handle: one episode, or several of one person that have one cause (`Part`).

    What it says (finding to sentence) is that of its most urgent part; it is cleared when every part is.
    """

    id = models.CharField(primary_key=True, max_length=32, default=new_id)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="alerts")
    finding_id = models.CharField(max_length=32, db_index=True)
    kind = models.CharField(max_length=40)
    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    certainty = models.CharField(max_length=16)
    cause = models.CharField(max_length=16)
    sentence = SealedText("alert.sentence", of="person_id", help_text="What happened, in words")
    at_ms = models.BigIntegerField()
    opened_ms = models.BigIntegerField()
    due_ms = models.BigIntegerField()
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.OPEN)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    cleared_ms = models.BigIntegerField(null=True, help_text="When the situation ended by itself")
    cleared_by = models.CharField(max_length=32, blank=True, help_text="The finding that says so")
    fell_away_ms = models.BigIntegerField(null=True, help_text="When later facts took the finding away")
    outcome = models.CharField(max_length=24, choices=Outcome.choices, blank=True)
    outcome_reason = SealedText("alert.outcome_reason", of="person_id", blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    resolved_ms = models.BigIntegerField(null=True)
    incident = models.ForeignKey("Incident", null=True, on_delete=models.SET_NULL, related_name="alerts")
    folded = models.BooleanField(default=False, help_text="Stands under its incident and not by itself")

    class Meta:
        indexes = [
            models.Index(fields=["status", "severity", "at_ms"]),
            models.Index(fields=["status", "severity", "due_ms"], name="alerts_desk_order"),
        ]


class Part(models.Model):
    """One episode that an alert is about: later findings of it are added as events."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="parts")
    episode_id = models.CharField(max_length=64, unique=True)
    finding_id = models.CharField(max_length=32, db_index=True)
    kind = models.CharField(max_length=40)
    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    certainty = models.CharField(max_length=16)
    cause = models.CharField(max_length=16)
    sentence = SealedText("alert.part", of="alert.person_id")
    at_ms = models.BigIntegerField()
    opened_ms = models.BigIntegerField(help_text="When it became a part of the alert")
    since_ms = models.BigIntegerField(help_text="Since when nothing came, for what begins with a silence; else at_ms")
    cleared_ms = models.BigIntegerField(null=True)
    cleared_by = models.CharField(max_length=32, blank=True, help_text="The finding that says so")
    fell_away_ms = models.BigIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["kind", "since_ms"], name="alerts_part_kind_since")]


class Incident(models.Model):
    """A fault of many devices at once (rules.fleet): one thing to handle, with the people whom it touches.

    `open_key` is there while it goes on, and no two that go on have the same: whoever decides, it is opened once.
    """

    id = models.CharField(primary_key=True, max_length=32, default=new_id)
    open_key = models.CharField(max_length=160, null=True, unique=True)  # noqa: DJ001 - null is not equal to null
    symptom = models.CharField(max_length=16)
    group_kind = models.CharField(max_length=16)
    group_name = models.CharField(max_length=64, blank=True)
    cause = models.CharField(max_length=16)
    sentence = models.TextField()
    explanation = models.TextField()
    numbers = models.JSONField(default=dict)
    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    from_ms = models.BigIntegerField(help_text="When the first of the devices fell silent")
    to_ms = models.BigIntegerField(help_text="And the last")
    opened_ms = models.BigIntegerField()
    due_ms = models.BigIntegerField()
    ended_ms = models.BigIntegerField(null=True)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.OPEN)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.TextField(blank=True)
    resolved_ms = models.BigIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["status", "due_ms"], name="alerts_incident_desk")]


class IncidentPerson(models.Model):
    """That an incident touches a person: since when their device failed with the others."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="people")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="incidents")
    since_ms = models.BigIntegerField()
    joined_ms = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "person"], name="incident_touches_once")]


class AlertEvent(models.Model):
    """One thing that happened to an alert or to an incident. Its id is also the desk's live feed position.

    What is said of an incident is about nobody: it is a fault of many devices, and not encrypted.
    """

    alert = models.ForeignKey(Alert, null=True, on_delete=models.CASCADE, related_name="events")
    incident = models.ForeignKey(Incident, null=True, on_delete=models.CASCADE, related_name="events")
    at_ms = models.BigIntegerField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    actor_name = models.CharField(max_length=200)
    action = models.CharField(max_length=32)
    text = SealedText("alert.event", of="alert.person_id", blank=True)
    finding_id = models.CharField(max_length=32, blank=True, db_index=True, help_text="The finding that caused it")
    detail = SealedJSON("alert.detail", of="alert.person_id", default=dict)
