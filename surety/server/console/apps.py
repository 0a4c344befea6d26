"""The console app."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """Django's handle on this room."""

    name = "surety.server.console"
    label = "console"
    default_auto_field = "django.db.models.BigAutoField"
