"""Check-ins on the command line; `surety.cli` gives these functions their names."""

import logging
import os
from pathlib import Path
from typing import Annotated

import typer

from surety.server.checkins import control_command
from surety.server.commands import load_or_exit, set_up_django

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
