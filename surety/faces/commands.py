"""`surety faces models`: which models are here, under which licence, and whether each can be used."""

from pathlib import Path
from typing import Annotated

import typer

from surety.faces import models, tables
from surety.faces.contract import FacesUnavailableError
from surety.settings import Settings, SettingsError, load

SettingsFile = Annotated[Path | None, typer.Option("--settings", help="Settings file (TOML)")]

app = typer.Typer(no_args_is_help=True, help="Comparing faces, one person at a time.")


def settings_or_exit(file: Path | None) -> Settings:
    """The settings, or one sentence and exit code 2."""
    try:
        return load(file)
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


@app.command("models")
def show_models(settings_file: SettingsFile = None) -> None:
    """Show the face models that are found, their licences, and whether each can be used.

    Exit code 1 when no engine can work: then people look at every check-in.
    """
    from surety.faces.choose import open_engine  # noqa: PLC0415 - loads onnxruntime

    settings = settings_or_exit(settings_file)
    store = models.Store(models.models_dir(settings.models_folder))
    typer.echo(f"Models in {store.folder}:")
    try:
        for line in told(store):
            typer.echo(f"  {line}")
        engine = open_engine(settings)
    except FacesUnavailableError as error:
        typer.echo(f"Faces are not compared: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"Faces are compared by the engine {engine.name}, model {engine.model_sha256}.")
    engine.close()


def told(store: models.Store) -> list[str]:
    """A line for each file, and for each one's caveat. Raises ModelError for a manifest that cannot be read."""
    lines = [line for found in store.files() for line in _lines(found, store)]
    return lines or ["none"]


def _lines(found: models.Found, store: models.Store) -> list[str]:
    manifest = found.manifest
    if manifest is None:
        return [f"REFUSED {found.refusal}"]
    lines = [f"{found.path.name}: {manifest.name}, {manifest.role}, {manifest.licence}, from {manifest.source}"]
    if manifest.role is models.Role.RECOGNISER:
        lines.append(f"  {_table(found.sha256, store)}")
    return [*lines, f"  Note: {manifest.caveat}"] if manifest.caveat else lines


def _table(sha256: str, store: models.Store) -> str:
    try:
        table = tables.find_table(sha256, store.folder)
    except models.ModelError as error:
        return f"NOT USABLE yet: {error}"
    return f"match from {table.match:.3f}, inconclusive from {table.inconclusive:.3f} ({table.source})"
