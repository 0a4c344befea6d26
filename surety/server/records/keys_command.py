"""`surety keys ...`: which master keys there are, another in their place, and the removal of an old one."""

from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from surety.server.commands import load_or_exit, set_up_django

app = typer.Typer(no_args_is_help=True, help="The master keys, under which people's keys are kept (docs/keys.md).")


def _or_exit(do: Callable[[], None]) -> None:
    load_or_exit()
    set_up_django()
    from surety.blobs.sealing import SealError  # noqa: PLC0415 - the command line starts without the rest
    from surety.masterkey.ring import RingError  # noqa: PLC0415 - as above
    from surety.server.errors import RefusedError  # noqa: PLC0415 - as above

    try:
        do()
    except RefusedError as refused:
        typer.echo(refused.sentence, err=True)
        raise typer.Exit(1) from None
    except (SealError, RingError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


@app.command()
def status() -> None:
    """Each master key: since when, who keeps it, and how many people's keys it wraps."""
    _or_exit(_status)


def _status() -> None:
    from surety.server.records import masters, rotation  # noqa: PLC0415 - needs django.setup

    told = Table("Master key", "Made", "Kept by", "People's keys", "", box=None, pad_edge=False)
    for one in rotation.standing():
        stands = "current" if one.is_current else "still in use" if one.people else "nothing uses it: may be removed"
        told.add_row(one.key.id, _day(one.key.made_ms), one.key.keeper, f"{one.people:,}", stands)
    typer.echo(f"File: {masters.where()}")
    Console(soft_wrap=True).print(told)


def _day(instant_ms: int) -> str:
    import datetime as dt  # noqa: PLC0415 - as above

    return f"{dt.datetime.fromtimestamp(instant_ms / 1000, dt.UTC):%Y-%m-%d}" if instant_ms else "unknown"


@app.command()
def rotate() -> None:
    """Make a new master key and wrap every person's key by it; one that was cut short is finished first."""
    _or_exit(_rotate)


def _rotate() -> None:
    from surety.server.records import rotation  # noqa: PLC0415 - needs django.setup
    from surety.server.timekeeping import now_ms  # noqa: PLC0415 - as above

    if rotation.unfinished():
        typer.echo("A rotation was cut short; it is finished now, and no other key is made.")
    else:
        made = rotation.begin(now_ms=now_ms())
        typer.echo(f"Master key {made.id} is the current one. Keep a copy of the file apart from the data, now.")
    done = 0
    while count := rotation.go_on():
        done += count
    typer.echo(f"{done:,} people's keys are wrapped by it. The older key is still needed for backups made before.")


@app.command()
def remove(key: Annotated[str, typer.Argument(help="The id, as `surety keys status` tells it.")]) -> None:
    """Take an older master key out of the file, once nothing is wrapped by it. Backups from before need it still."""

    def do() -> None:
        from surety.server.records import rotation  # noqa: PLC0415 - needs django.setup
        from surety.server.timekeeping import now_ms  # noqa: PLC0415 - as above

        rotation.remove(key, now_ms=now_ms())
        typer.echo(f"Master key {key} is removed. Backups of the data from before the rotation cannot be read now.")

    _or_exit(do)
