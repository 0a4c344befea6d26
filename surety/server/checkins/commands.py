"""Check-ins on the command line; `surety.cli` gives these functions their names."""

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from surety.server.checkins import control_command
from surety.server.commands import load_or_exit, set_up_django

if TYPE_CHECKING:
    from surety.server.checkins.recomputing import Recomputed

WIDEST = 160  # columns that the table needs where no terminal says how wide it is
SettingsFile = Annotated[Path | None, typer.Option("--settings", help="Settings file (TOML)")]

app = typer.Typer(
    invoke_without_command=True, help="Ask for photo check-ins until stopped; or one of the commands below."
)
app.add_typer(control_command.app, name="controls")


@app.callback()
def checkins(context: typer.Context, settings: SettingsFile = None) -> None:
    """Ask for photo check-ins, remind, and tell the rules what became of them, until stopped."""
    if settings is not None:
        os.environ["SURETY_SETTINGS"] = str(settings.resolve())
    chosen = load_or_exit(settings)
    set_up_django()
    if context.invoked_subcommand is not None:
        return
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    from surety.server.checkins import process  # noqa: PLC0415 - needs django.setup

    process.run(chosen)


@app.command()
def recompute(
    reference: Annotated[str, typer.Argument(help="The person's reference.")],
    date: Annotated[str, typer.Argument(help="A date that is over, such as 2026-11-23.")],
    *,
    purpose: Annotated[str, typer.Option(help="What it is needed for; goes into the audit log.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Work the times of a date out again from the key, beside what was asked.

    Exit code 0: what was asked is what the sequence says. 1: it differs, and each difference is named.
    The person can read that it was done, and what for.
    """
    from surety.keyfile import KeyFileError  # noqa: PLC0415 - the other commands do not need it
    from surety.server.checkins import process, recomputing  # noqa: PLC0415 - needs django.setup
    from surety.server.errors import RefusedError  # noqa: PLC0415 - as above
    from surety.server.monitoring import reading  # noqa: PLC0415 - as above
    from surety.server.timekeeping import now_ms  # noqa: PLC0415 - as above

    now = now_ms()
    try:
        why = reading.check_purpose(purpose)
        key = process.asking_key(load_or_exit())
        person, found = recomputing.recompute(reference, date.strip(), key, now)
    except (RefusedError, KeyFileError, OSError) as refused:
        typer.echo(str(refused), err=True)
        raise typer.Exit(2) from None
    recomputing.note(person, date.strip(), why, now_ms=now)
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
    else:
        _show(found, person.time_zone)
    if any(one.differs for one in found):
        raise typer.Exit(1)


def _show(found: "list[Recomputed]", time_zone: str) -> None:
    from surety.rules.phrases import local_time  # noqa: PLC0415 - this command alone needs it

    def shown(at_ms: int | None) -> str:
        return "-" if at_ms is None else f"{local_time(at_ms, time_zone)} ({at_ms})"

    table = Table("No.", "Version", "Worked out", "Asked", "Turn", "Stands", "", box=None, pad_edge=False)
    for one in found:
        said = f"DIFFERS. {one.said}" if one.differs else one.said
        table.add_row(
            str(one.number), str(one.version), shown(one.computed_ms), shown(one.asked_ms), one.turn, one.stands, said
        )
    Console(width=None if sys.stdout.isatty() else WIDEST).print(table)
    if not found:
        typer.echo("Nothing was to be asked on that date.")
