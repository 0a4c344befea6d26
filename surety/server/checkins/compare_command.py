"""`surety compare` on the command line."""

import logging
import os
from pathlib import Path
from typing import Annotated

import typer

SettingsFile = Annotated[Path | None, typer.Option("--settings", help="Settings file (TOML)")]


def compare(settings_file: SettingsFile = None) -> None:
    """Compare the photographs of check-ins with the enrolled images of the one person who was asked, until stopped."""
    from surety.server import commands as server  # noqa: PLC0415 - the other commands start faster without

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    chosen = server.load_or_exit(settings_file)
    if settings_file is not None:  # Django reads the settings again, from the environment
        os.environ["SURETY_SETTINGS"] = str(settings_file.resolve())
    server.set_up_django()
    from surety.server.checkins.compare_process import run  # noqa: PLC0415 - needs Django set up

    run(chosen)
