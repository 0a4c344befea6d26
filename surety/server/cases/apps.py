"""The cases app."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """Django's handle on this room."""

    name = "surety.server.cases"
    label = "cases"
    default_auto_field = "django.db.models.BigAutoField"
