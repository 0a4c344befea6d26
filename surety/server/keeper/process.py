"""The keeper as a process, and its command `surety keeper`."""

import logging
import os
from pathlib import Path
from typing import Annotated

import typer

from surety.clock import parse_clock
from surety.server.commands import load_or_exit, set_up_django
from surety.settings import Settings

logger = logging.getLogger(__name__)

POLL_S = 1.0
LONGEST_PAUSE_S = 10.0  # between attempts while the database is away


def keeper(
    settings_file: Annotated[Path | None, typer.Option("--settings", help="Settings file (TOML)")] = None,
) -> None:
    """Do what comes round by itself (erasure, checkpoints, what has run out) until stopped."""
    if settings_file is not None:
        os.environ["SURETY_SETTINGS"] = str(settings_file.resolve())
    chosen = load_or_exit(settings_file)
    set_up_django()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    run(chosen)


def run(settings: Settings) -> None:
    """Do jobs until told to stop; the step under way is finished."""
    from surety.server.keeper.jobs import Keeper  # noqa: PLC0415 - needs django.setup
    from surety.server.records import masters  # noqa: PLC0415 - as above
    from surety.server.steps import step_until, told_to_stop, until_s  # noqa: PLC0415 - as above

    masters.ready()
    stop, clock, known = told_to_stop(), parse_clock(settings.clock), Keeper()
    logger.info("the keeper has begun")

    def step() -> float:
        return until_s(known.run_once(clock.now_ms()), clock, POLL_S)

    step_until(stop, step, name="keeper", first_pause_s=POLL_S, longest_pause_s=LONGEST_PAUSE_S)
    logger.info("the keeper has stopped")
