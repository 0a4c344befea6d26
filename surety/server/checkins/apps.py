"""The checkins app."""

from django.apps import AppConfig


class CheckinsConfig(AppConfig):
    """Django's handle on this room."""

    name = "surety.server.checkins"
    label = "checkins"
    default_auto_field = "django.db.models.BigAutoField"
