"""The notices app."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """Django's handle on this room."""

    name = "surety.server.notices"
    label = "notices"
    default_auto_field = "django.db.models.BigAutoField"
