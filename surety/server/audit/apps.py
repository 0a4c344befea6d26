"""The audit app."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Django's handle on this room."""

    name = "surety.server.audit"
    label = "audit"
    default_auto_field = "django.db.models.BigAutoField"
