"""`surety faces models`, `pull`, `serve`: which models are here, fetching more, comparing for others."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

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
    from surety.faces import dlib  # noqa: PLC0415 - loads OpenCV
    from surety.faces.choose import open_engine  # noqa: PLC0415 - loads onnxruntime

    settings = settings_or_exit(settings_file)
    store = models.Store(models.models_dir(settings.models_folder))
    typer.echo(f"Models in {store.folder}:")
    try:
        for line in told(store):
            typer.echo(f"  {line}")
        typer.echo(f"The extra dlib is {'' if dlib.installed() else 'not '}installed.")
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
        return [found.refusal]
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


@app.command()
def pull(
    settings_file: SettingsFile = None,
    mirror: Annotated[str, typer.Option("--from", help="Fetch from below this address instead of the makers'.")] = "",
) -> None:
    """Fetch the models that their makers offer: YuNet 2023mar (MIT) and SFace 2021dec (Apache-2.0), 39 MB together.

    A file is kept only if it is the one that Surety's manifest pins, wherever it
    comes from; a fetch that was broken off goes on. SFace has no threshold table
    yet: run `surety faces calibrate` before it compares anybody.
    """
    from surety.faces import pull as pulling  # noqa: PLC0415 - loads the HTTP client

    folder = models.models_dir(settings_or_exit(settings_file).models_folder)
    for manifest in [m for m in models.shipped() if m.url]:
        try:
            address = pulling.address_of(manifest, mirror)
            with typer.progressbar(length=manifest.size, label=f"{manifest.name} from {address}") as bar:
                path = pulling.fetch(manifest, address, folder, _moving(bar))
        except models.ModelError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from None
        typer.echo(f"{path} is here ({manifest.licence}).")


def _moving(bar: Any) -> Callable[[int], None]:
    return lambda here: bar.update(here - bar.pos)


@app.command()
def serve(
    settings_file: SettingsFile = None,
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65_535)] = 5077,
    token_file: Annotated[Path, typer.Option(help="File with the token; made if there is none.")],
    certificate: Annotated[Path | None, typer.Option(help="PEM file, for https.")] = None,
    key: Annotated[Path | None, typer.Option(help="PEM file of the certificate's key.")] = None,
) -> None:
    """Compare faces for other machines, whose setting faces_remote_url names this one.

    It keeps nothing. Without a certificate it listens on this machine alone.
    """
    from surety.faces import serving  # noqa: PLC0415 - loads the web server

    try:
        serving.run(
            settings_or_exit(settings_file), serving.Where(host, port, token_file, certificate, key), typer.echo
        )
    except (FacesUnavailableError, serving.ServeError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


@app.command("openapi")
def show_openapi() -> None:
    """Print the document for those who write a matcher of their own (OpenAPI 3.1)."""
    import msgspec  # noqa: PLC0415 - only this command needs it

    from surety.faces import remote_wire  # noqa: PLC0415 - loads OpenCV

    typer.echo(msgspec.json.format(msgspec.json.encode(remote_wire.openapi())).decode())
