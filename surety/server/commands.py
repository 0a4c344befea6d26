"""`surety init`, `surety doctor`, `surety create-user`: what an operator does on the command line."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from surety import settings as operator_settings
from surety.settings import Settings, SettingsError

if TYPE_CHECKING:
    from surety.server.doctor import Check

_MARKS = {"ok": "[green]ok[/]", "warn": "[yellow]look[/]", "bad": "[red]mend[/]"}


def init(
    settings_file: Annotated[
        Path | None, typer.Option("--settings", help="The settings file to write (./surety.toml when absent).")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where everything is kept (./surety-data when absent).")] = None,
    admin: Annotated[str, typer.Option(help="The first administrator's user name.")] = "admin",
    password: Annotated[
        str, typer.Option(help="Their password; asked for when absent, and made up when there is no terminal.")
    ] = "",
) -> None:
    """Make the data directory, the secret key, the settings file, the tables and the first administrator.

    Whatever is there already is left as it is, so it may be run again.
    """
    file = settings_file or Path(os.environ.get("SURETY_SETTINGS") or operator_settings.DEFAULT_FILE)
    _write_settings(file, data_dir)
    os.environ["SURETY_SETTINGS"] = str(file.resolve())
    settings = load_or_exit(file)
    _make_data_dir(settings)
    set_up_django()
    _migrate()
    _make_administrator(admin, password)
    typer.echo("Ready. Next: surety doctor, then surety serve")


def load_or_exit(file: Path | None = None) -> Settings:
    """The settings, or the sentence that says how to mend them and exit code 2."""
    try:
        return operator_settings.load(file)
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


def set_up_django() -> None:
    """Make the server's rooms importable in this process. Exits where the retention schedule is not complete."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "surety.server.project.settings")
    import django  # noqa: PLC0415 - the command line starts without Django

    django.setup()
    from surety.server.records.checking import stop_unless_complete  # noqa: PLC0415 - needs django.setup

    stop_unless_complete()


def _write_settings(file: Path, data_dir: Path | None) -> None:
    if file.exists():
        typer.echo(f"Settings: {file} is there already")
        return
    folder = data_dir or Path(os.environ.get("SURETY_DATA_DIR", "surety-data"))
    shown = folder.resolve() if data_dir is None or folder.is_absolute() else Path(os.path.relpath(folder, file.parent))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(operator_settings.commented_file({"data_dir": f"'{shown}'"}), encoding="utf-8")
    file.chmod(0o600)  # a database's address in it holds a password
    typer.echo(f"Settings: {file} written")


def _make_data_dir(settings: Settings) -> None:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    settings.data_dir.chmod(0o700)
    typer.echo(f"Data: {settings.data_dir}")
    try:
        handle = os.open(settings.secret_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    from django.core.management.utils import get_random_secret_key  # noqa: PLC0415 - as above

    with os.fdopen(handle, "w") as secret:
        secret.write(get_random_secret_key() + get_random_secret_key())


def _migrate() -> None:
    from django.core.management import call_command  # noqa: PLC0415 - needs django.setup
    from django.db import connection  # noqa: PLC0415 - as above

    from surety.server.audit import guards  # noqa: PLC0415 - as above
    from surety.server.records import masters  # noqa: PLC0415 - as above

    call_command("migrate", interactive=False, verbosity=0)
    typer.echo("Tables: up to date")
    masters.ring()
    typer.echo(f"Master keys: {masters.where()}; keep a copy apart from the data's backups (docs/keys.md)")
    if missing := guards.missing(connection):
        guards.install(connection)
        typer.echo(f"Audit guards: {', '.join(missing)} had been removed and are back; find out who did that")


def _make_administrator(name: str, password: str) -> None:
    from surety.server.accounts.models import Role, User  # noqa: PLC0415 - needs django.setup

    if existing := User.objects.filter(role=Role.ADMINISTRATOR, is_active=True).order_by("pk").first():
        typer.echo(f"Administrator: {existing.username} is there already")
        return
    if not password and sys.stdin.isatty():
        ask = f"Password for {name} (empty: one is made up)"
        password = typer.prompt(ask, default="", hide_input=True, show_default=False, confirmation_prompt=True)
    _create(name, Role.ADMINISTRATOR, password, "", "")


def create_user(
    name: Annotated[str, typer.Argument(help="The user name.")],
    role: Annotated[str, typer.Argument(help="officer, operator, supervisor, auditor, administrator, ...")],
    full_name: Annotated[str, typer.Option(help="As it stands in the audit log.")] = "",
    region: Annotated[str, typer.Option(help="Empty: all regions.")] = "",
) -> None:
    """Create a user with a one-time password, which is printed once and must be changed at log-in."""
    load_or_exit()
    set_up_django()
    _create(name, role, "", full_name, region)


def _create(name: str, role: str, password: str, full_name: str, region: str) -> None:
    from surety.server.accounts import actions  # noqa: PLC0415 - needs django.setup
    from surety.server.errors import RefusedError  # noqa: PLC0415 - as above
    from surety.server.timekeeping import now_ms  # noqa: PLC0415 - as above

    try:
        user, plain = actions.create_user(
            name,
            role,
            acting_user=None,
            now_ms=now_ms(),
            password=password,
            full_name=full_name,
            region=region,
        )
    except RefusedError as refused:
        typer.echo(refused.sentence, err=True)
        raise typer.Exit(1) from None
    typer.echo(f"User: {user.username}, {user.get_role_display().lower()}")
    if not password:
        typer.echo(f"One-time password, shown only now: {plain}")


def doctor() -> None:
    """Check this installation; say what to do about whatever is wrong; exit code 1 when something is."""
    console = Console()
    try:
        settings = operator_settings.load()
    except SettingsError as error:
        console.print(f"{_MARKS['bad']} settings: {error}", soft_wrap=True, highlight=False)
        raise typer.Exit(1) from None
    if not settings.data_dir.is_dir():
        console.print(f"{_MARKS['bad']} {settings.data_dir} is not there: run surety init", soft_wrap=True)
        raise typer.Exit(1)
    set_up_django()
    from surety.server import doctor as examination  # noqa: PLC0415 - needs django.setup

    checks = examination.examine(settings)
    console.print(_table(checks))
    if any(check.state == "bad" for check in checks):
        raise typer.Exit(1)


def _table(checks: "list[Check]") -> Table:
    table = Table("", "What", "Found", "What to do", box=None, pad_edge=False)
    for check in checks:
        table.add_row(_MARKS[check.state], check.name, check.found, check.remedy)
    return table
