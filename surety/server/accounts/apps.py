"""The accounts app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Django's handle on this room."""

    name = "surety.server.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to log-ins."""
        from surety.server.accounts import signals  # noqa: F401, PLC0415 - models must be loaded first
