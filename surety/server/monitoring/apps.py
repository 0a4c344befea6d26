"""The monitoring app."""

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    """Django's handle on this room."""

    name = "surety.server.monitoring"
    label = "monitoring"
    default_auto_field = "django.db.models.BigAutoField"
