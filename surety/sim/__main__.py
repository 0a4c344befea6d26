"""`python -m surety.sim run FOLDER --door URL --clock CLOCK`."""

import typer

from surety.sim.commands import run, town_map

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
app.command("run")(run)
app.command("map")(town_map)

if __name__ == "__main__":
    app()
