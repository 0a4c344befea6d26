"""The records app."""

from django.apps import AppConfig
from django.core import checks


class RecordsConfig(AppConfig):
    """Django's handle on this room."""

    name = "surety.server.records"
    label = "records"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have Django's commands stop where the retention schedule is not complete."""
        from surety.server.records import checking  # noqa: PLC0415 - the models must be loaded

        checks.register(checking.check)
