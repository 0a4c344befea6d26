"""`surety checkins controls` on the command line: load pairs whose truth is known, list them, retire a source."""

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from surety.faces.contract import Engine, FacesUnavailableError

app = typer.Typer(no_args_is_help=True, help="Control cases: reviews of which the truth is known (docs/reviewing.md).")
Source = Annotated[str, typer.Option("--source", help="Where the pairs come from; a name of up to 120 letters.")]


@app.command()
def load(folder: Path, source: Source) -> None:
    """Take in the pairs of FOLDER/pairs.csv; columns: name, same (yes or no), group, turn, references, frames."""
    from surety.faces.decode import Decoder, DecoderUnavailableError  # noqa: PLC0415 - needs nothing before
    from surety.server.checkins import control  # noqa: PLC0415 - needs django.setup
    from surety.server.checkins.control_machine import PairMachine  # noqa: PLC0415 - the same
    from surety.server.timekeeping import now_ms  # noqa: PLC0415 - the same

    if not 1 <= len(source.strip()) <= 120:
        _stop("--source is a name of 1 to 120 letters.")
    with Decoder() as decoder:
        engine, missing = _engine()
        machine = PairMachine(decoder, engine, missing)
        try:
            rows = control.read(folder, machine.fault)
            done = control.load(rows, source.strip(), machine.compare, acting_user=None, now_ms=now_ms())
        except (control.ControlsError, DecoderUnavailableError) as error:
            _stop(str(error))
        finally:
            if engine is not None:
                engine.close()
    typer.echo(f"{done.taken} pair(s) taken in, {done.known} known before.")
    if done.clear:
        typer.echo(f"{done.clear} left out: the machine matches them clearly, and reviewers are never asked of such.")
    if missing:
        typer.echo(f"Nothing was compared ({missing}): load them again under another name when there is a model.")


@app.command("list")
def list_sources() -> None:
    """The sources, with how many pairs each has and how often they were answered."""
    from surety.server.checkins import control  # noqa: PLC0415 - needs django.setup

    rows = control.sources()
    for row in rows:
        typer.echo(f"{row.source}: {row.pairs} pair(s), {row.retired} retired, {row.answers} answer(s)")
    if not rows:
        typer.echo("There is none. `surety checkins controls load FOLDER --source NAME` takes some in.")


@app.command()
def retire(source: Source) -> None:
    """Show the pairs of a source to nobody any more. What was answered stays."""
    from surety.server.checkins import control  # noqa: PLC0415 - needs django.setup
    from surety.server.timekeeping import now_ms  # noqa: PLC0415 - the same

    count = control.retire(source, acting_user=None, now_ms=now_ms())
    typer.echo(f"{count} pair(s) retired.")


def _engine() -> tuple[Engine | None, str]:
    """The engine of this installation; without one, why there is none."""
    from django.conf import settings  # noqa: PLC0415 - needs django.setup

    from surety.faces.choose import open_engine  # noqa: PLC0415 - loads the models' libraries

    try:
        return open_engine(settings.SURETY), ""
    except FacesUnavailableError as error:
        return None, str(error).rstrip(".")


def _stop(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(2)
