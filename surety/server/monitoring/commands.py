"""The worker on the command line; `surety.cli` gives these functions their names."""

import logging
from pathlib import Path
from typing import Annotated

import typer

SettingsFile = Annotated[Path | None, typer.Option("--settings", help="Settings file (TOML)")]
Partitions = Annotated[
    str, typer.Option("--partitions", help='Which of the 64 partitions of people to take, e.g. "0-31" or "5,7,9-12"')
]
GRACE_MS = 2_000  # most fixes are here within two seconds of their time; waiting for them saves replays


def run_worker(settings: SettingsFile = None, partitions: Partitions = "") -> None:
    """Take what the door acknowledged through the rules until stopped: facts become findings and alerts."""
    import os  # noqa: PLC0415 - the other commands start faster without all of these

    from surety import settings as surety_settings  # noqa: PLC0415 - the command line starts without the rest

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        chosen = surety_settings.load(settings)
    except surety_settings.SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    if settings is not None:
        os.environ["SURETY_SETTINGS"] = str(settings)
    from surety.server.commands import set_up_django  # noqa: PLC0415 - as above

    set_up_django()
    from surety.server.monitoring.process import run  # noqa: PLC0415 - needs Django set up

    try:
        run(chosen, parse_partitions(partitions))
    except ValueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


def parse_partitions(text: str) -> frozenset[int]:
    """The partitions that a text names; all of them for "". Raises ValueError with one sentence."""
    from surety.stream.contract import PARTITIONS  # noqa: PLC0415 - this command alone needs it

    if not text.strip():
        return frozenset(range(PARTITIONS))
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ValueError(f'partitions are "{text}"; write e.g. 0-31 or 5,7,9-12 (of {PARTITIONS})')
        found.update(range(int(first), int(last or first) + 1))
    if not found or max(found) >= PARTITIONS:
        raise ValueError(f'partitions are "{text}"; there are the partitions 0 to {PARTITIONS - 1}')
    return frozenset(found)
