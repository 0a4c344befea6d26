"""The `surety` command. Each subcommand stands in the room that does the work; those files load the heavy parts
(Django, numba) only when the command runs, so that `surety --help` and `surety replay` start fast.
"""

import os
from pathlib import Path
from typing import Annotated

import typer

from surety import __version__
from surety.demo import commands as demo
from surety.faces import commands as faces
from surety.faces.evaluation import commands as evaluation
from surety.gateway import commands as gateway
from surety.replay import calendars as calendar
from surety.replay import commands as replay
from surety.server import commands as server
from surety.server.audit import commands as audit
from surety.server.checkins import commands as checkins
from surety.server.checkins import compare_command
from surety.server.keeper.process import keeper
from surety.server.monitoring import commands as monitoring
from surety.server.monitoring import explain_command, simulate_command, verify_command
from surety.server.portal import commands as portal
from surety.server.records import commands as retention
from surety.server.records import keys_command
from surety.sim import commands as sim

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
sim_app = typer.Typer(no_args_is_help=True, help="The simulated town.")
calendar_app = typer.Typer(no_args_is_help=True, help="Calendar files (iCalendar) of orders.")


SettingsFile = Annotated[Path | None, typer.Option("--settings", help="Settings file (TOML)")]


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer's callback has this form
    if wanted:
        typer.echo(f"surety {__version__}")
        raise typer.Exit


@app.callback()
def surety(
    *,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """Electronic monitoring that is answerable for itself."""


def serve(
    settings_file: SettingsFile = None,
) -> None:
    """Run door, worker, comparison and pages until Ctrl-C; what ends is started again."""
    from surety import serve as tree  # noqa: PLC0415 - only this command needs it

    chosen = server.load_or_exit(settings_file)
    if not chosen.secret_file.exists():
        typer.echo(f"{chosen.data_dir} holds no system yet; `surety init` makes one.", err=True)
        raise typer.Exit(2)
    if settings_file is not None:  # as in `web`
        os.environ["SURETY_SETTINGS"] = str(settings_file.resolve())
    server.set_up_django()  # stops here, and not in each child, where the retention schedule is not complete
    typer.echo(f"Pages at {chosen.web_origin or f'http://{chosen.host}:{chosen.web_port}'}")
    typer.echo(f"The devices' door at http://{chosen.host}:{chosen.door_port}. Ctrl-C stops everything.")
    tree.serve(chosen)


def web(settings_file: SettingsFile = None) -> None:
    """Serve the pages until stopped."""
    from surety.serve import follow_parent  # noqa: PLC0415 - only this command needs it
    from surety.server import web as pages  # noqa: PLC0415 - the same

    chosen = server.load_or_exit(settings_file)
    if settings_file is not None:  # Django reads the settings again, from the environment
        os.environ["SURETY_SETTINGS"] = str(settings_file.resolve())
    follow_parent()
    pages.run(chosen)


app.command()(replay.replay)
app.command()(demo.demo)
app.command("demo-code")(demo.demo_code)
app.command("demo-watch")(demo.demo_watch)
app.command("demo-portal")(demo.demo_portal)
app.command()(server.init)
app.command()(serve)
app.command()(server.doctor)
app.command("create-user")(server.create_user)
app.command("door")(gateway.run_door)
app.command("worker")(monitoring.run_worker)
app.command()(compare_command.compare)
app.command()(keeper)
app.command()(web)
app.command("languages")(portal.show_languages)
app.command()(explain_command.explain)
app.command()(verify_command.verify)
app.command("simulate-change")(simulate_command.simulate_change)
sim_app.command("run")(sim.run)
sim_app.command("map")(sim.town_map)
sim_app.command("controls")(sim.controls)
sim_app.command("score")(demo.sim_score)
calendar_app.command("export")(calendar.export)
calendar_app.command("import")(calendar.read)
app.add_typer(sim_app, name="sim")
app.add_typer(calendar_app, name="calendar")
app.add_typer(audit.app, name="audit")
faces.app.command()(evaluation.evaluate)
faces.app.command()(evaluation.calibrate)
app.add_typer(faces.app, name="faces")
app.add_typer(checkins.app, name="checkins")
app.add_typer(retention.app, name="retention")
app.add_typer(keys_command.app, name="keys")


def main() -> None:
    """Entry point of the console script."""
    app()
