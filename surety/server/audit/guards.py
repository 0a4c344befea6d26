"""The database's own refusal to change or remove an entry: triggers, for SQLite and PostgreSQL.

What could go wrong: a later migration that rebuilds the table on SQLite loses its triggers. `surety doctor` asks
`missing()`; such a migration must call `install` again.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

_REFUSAL = "the audit log is append-only"

_SQLITE = {
    "audit_entry_no_update": f"BEFORE UPDATE ON audit_entry BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
    "audit_entry_no_delete": f"BEFORE DELETE ON audit_entry BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END",
    # REPLACE INTO removes a row without asking the delete trigger, so an entry may only be added at the end.
    "audit_entry_no_replace": (
        "BEFORE INSERT ON audit_entry WHEN NEW.seq <= (SELECT max(seq) FROM audit_entry) "  # noqa: S608 - constants
        f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    ),
}
_POSTGRES_FUNCTION = (
    "CREATE OR REPLACE FUNCTION audit_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$"
)
_POSTGRES = {
    "audit_entry_no_change": (
        "BEFORE UPDATE OR DELETE ON audit_entry FOR EACH ROW EXECUTE FUNCTION audit_entry_refuse()"
    ),
    "audit_entry_no_truncate": "BEFORE TRUNCATE ON audit_entry EXECUTE FUNCTION audit_entry_refuse()",
}


def install(connection: BaseDatabaseWrapper) -> None:
    """Put the triggers on the table, in place of any of the same names."""
    remove(connection)
    postgres = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        if postgres:
            cursor.execute(_POSTGRES_FUNCTION)
        for name, rest in (_POSTGRES if postgres else _SQLITE).items():
            cursor.execute(f"CREATE TRIGGER {name} {rest}")


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take the triggers away: for undoing the migration, and for emptying a test's database."""
    postgres = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        for name in _POSTGRES if postgres else _SQLITE:
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}" + (" ON audit_entry" if postgres else ""))


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """The names of the triggers that should stand on the table and do not."""
    if connection.vendor == "postgresql":
        wanted, query = _POSTGRES, "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
    else:
        wanted, query = _SQLITE, "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    with connection.cursor() as cursor:
        cursor.execute(query)
        present = {row[0] for row in cursor.fetchall()}
    return [name for name in wanted if name not in present]
