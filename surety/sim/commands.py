"""`surety sim run`: the town's devices speak to a door. (`surety sim score` asks the server: see surety/demo.)"""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from surety.clock import parse_clock
from surety.serve import follow_parent
from surety.sim.plan import read_plan
from surety.sim.run import Run
from surety.sim.town import build_town
from surety.sim.townmap import write_map


def run(
    folder: Annotated[Path, typer.Argument(help="Folder with town.json, as `surety demo` makes it")],
    door: Annotated[str, typer.Option(help="Address of the door")] = "http://127.0.0.1:5055",
    clock: Annotated[str, typer.Option(help='"system" or "scaled:ANCHOR_MS:START_MS:SPEED"')] = "system",
) -> None:
    """Send what the town's devices send, until Ctrl-C. A second start goes on where the first stopped."""
    follow_parent()
    try:
        plan, domain_clock = read_plan(folder), parse_clock(clock)
    except FileNotFoundError:
        typer.echo(f"There is no town.json in {folder}; `surety demo` makes one.", err=True)
        raise typer.Exit(2) from None
    except ValueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    _use_fast_loop(Run(plan, folder, door, domain_clock))


def _use_fast_loop(town: Run) -> None:
    import uvloop  # noqa: PLC0415 - other commands need not load it

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(town.run())


def town_map(
    out: Annotated[Path, typer.Argument(help="GeoJSON file to write")],
    people: Annotated[int, typer.Option(min=1, max=20_000)] = 40,
    seed: int = 1,
) -> None:
    """Write the invented town's map as GeoJSON."""
    write_map(build_town(seed, people), out)
    typer.echo(f"Wrote {out}")


def controls(
    folder: Annotated[Path, typer.Argument(help="Folder to write pairs.csv and the pictures into")],
    pairs: Annotated[int, typer.Option(min=1, max=500)] = 20,
    seed: int = 1,
) -> None:
    """Write control pairs of invented people, which `surety checkins controls load` takes."""
    from surety.sim.controls import write  # noqa: PLC0415 - loads NumPy and Pillow

    write(folder, pairs, seed)
    typer.echo(f"Wrote {pairs} pairs to {folder}")
