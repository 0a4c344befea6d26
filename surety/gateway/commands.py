"""The door on the command line; `surety.cli` gives these functions their names."""

import logging
from pathlib import Path
from typing import Annotated

import typer

SettingsFile = Annotated[Path | None, typer.Option("--settings", help="Settings file (TOML)")]


def run_door(settings: SettingsFile = None) -> None:
    """Take messages of devices over HTTP (OsmAnd, OwnTracks) until stopped."""
    from surety import settings as surety_settings  # noqa: PLC0415 - the other commands need neither
    from surety.gateway.serve import run  # noqa: PLC0415 - the same
    from surety.serve import follow_parent  # noqa: PLC0415 - the same

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        chosen = surety_settings.load(settings)
    except surety_settings.SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    follow_parent()
    run(chosen)
