"""Django's `flush` would empty the audit log. It does so for a test's own database and for no other."""

from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands.flush import Command as DjangoFlush
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from surety.server.audit import guards


class Command(DjangoFlush):
    """Empty a test's database; refuse any other, since the audit log is append-only."""

    def handle(self, **options: Any) -> None:
        """Lift the guards of a test's database, empty it, and put them back."""
        connection = connections[options["database"]]
        if not _is_for_tests(connection):
            raise CommandError("This database holds an audit log, which is never emptied; use a new data directory.")
        guards.remove(connection)
        try:
            super().handle(**options)
        finally:
            guards.install(connection)


def _is_for_tests(connection: BaseDatabaseWrapper) -> bool:
    name = str(connection.settings_dict["NAME"])
    return name.startswith("test_") or "mode=memory" in name or name == ":memory:"
