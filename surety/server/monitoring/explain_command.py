"""`surety explain`: one finding, derived again, with its arithmetic and its map."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console

from surety.server.commands import load_or_exit, set_up_django

if TYPE_CHECKING:
    from surety.server.monitoring.explain import Rederived

NARROWEST = 150  # columns that the arithmetic needs where no terminal says how wide it is


def explain(
    finding: Annotated[str, typer.Argument(help="The finding's id, or a unique beginning of it (8 digits or more).")],
    *,
    purpose: Annotated[str, typer.Option(help="What it is needed for; goes into the audit log.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    map_file: Annotated[
        Path | None, typer.Option("--map", help="Also draw a map into this file (.svg or .png).")
    ] = None,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Derive from the person's first fact, not from the nearest snapshot.")
    ] = False,
) -> None:
    """Derive one finding again from what is stored, and show how it was worked out.

    Exit code 0: it is the stored finding, byte for byte. 1: it differs, and each difference is named.

    It shows where somebody was, so it asks for a purpose, which the person can read.
    """
    if map_file is not None and map_file.suffix.lower() not in (".svg", ".png"):
        raise typer.BadParameter(f"{map_file} ends in neither .svg nor .png", param_hint="--map")
    load_or_exit()
    set_up_django()
    from surety.server.errors import RefusedError  # noqa: PLC0415 - needs django.setup
    from surety.server.monitoring import explain as rederiving  # noqa: PLC0415 - as above
    from surety.server.monitoring import explain_report, reading  # noqa: PLC0415 - as above
    from surety.server.timekeeping import now_ms  # noqa: PLC0415 - as above

    try:
        why = reading.check_purpose(purpose)
        known = rederiving.rederive(finding.strip(), from_start=from_start)
    except RefusedError as refused:
        typer.echo(refused.sentence, err=True)
        raise typer.Exit(2) from None
    reading.note_reading(known.person.pk, known.window, why, command=f"explain {known.finding.id}", now_ms=now_ms())
    told = explain_report.report(known)
    if map_file is not None:
        _draw(known, map_file)
    if as_json:
        typer.echo(msgspec.json.encode(told).decode())
    else:
        explain_report.show(told, Console(width=None if sys.stdout.isatty() else NARROWEST))
    if not told.same:
        raise typer.Exit(1)


def _draw(known: "Rederived", file: Path) -> None:
    from surety.maps import png  # noqa: PLC0415 - needed by few
    from surety.server.monitoring.sketching import sketch  # noqa: PLC0415 - needs django.setup

    svg = sketch(known)
    if not svg:
        typer.echo("There is no area and no position to draw, so no map was made.", err=True)
        return
    try:
        file.write_bytes(png.png(svg) if file.suffix.lower() == ".png" else svg.encode())
    except (png.CannotDrawError, OSError) as error:
        typer.echo(f"The map could not be written to {file}: {error}", err=True)
        raise typer.Exit(2) from None
    typer.echo(f"Map: {file}", err=True)
