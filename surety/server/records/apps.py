"""The records app."""

from django.apps import AppConfig


class RecordsConfig(AppConfig):
    """Django's handle on this room."""

    name = "surety.server.records"
    label = "records"
    default_auto_field = "django.db.models.BigAutoField"
