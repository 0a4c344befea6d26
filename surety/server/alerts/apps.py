"""The alerts app."""

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """Django's handle on this room."""

    name = "surety.server.alerts"
    label = "alerts"
    default_auto_field = "django.db.models.BigAutoField"
