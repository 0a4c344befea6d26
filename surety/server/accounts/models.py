"""Who may log in, and as what."""

from django.contrib.auth.models import AbstractUser
from django.db import models


class Role(models.TextChoices):
    """What somebody does here. One role a user: two-person rules count people, never roles."""

    OFFICER = "officer", "Supervising officer"
    OPERATOR = "operator", "Monitoring operator"
    FACE_REVIEWER = "face_reviewer", "Face reviewer"
    SUPERVISOR = "supervisor", "Supervisor"
    VICTIM_LIAISON = "victim_liaison", "Victim liaison"
    DISCLOSURE_OFFICER = "disclosure_officer", "Disclosure officer"
    AUDITOR = "auditor", "Auditor"
    ADMINISTRATOR = "administrator", "Administrator"


class User(AbstractUser):
    """Somebody who works with the system. Never deleted, only deactivated: the audit log names them."""

    role = models.CharField(max_length=24, choices=Role.choices)
    region = models.CharField(max_length=64, blank=True, help_text="Empty: all regions")
    must_change_password = models.BooleanField(default=False, help_text="The password was made up by somebody else")

    def __str__(self) -> str:
        return self.get_full_name() or self.username
