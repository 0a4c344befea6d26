"""The portal as a Django app."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """See docs/portal.md."""

    name = "surety.server.portal"
    default_auto_field = "django.db.models.BigAutoField"
