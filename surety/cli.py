"""The `surety` command. Each subcommand is a thin door into the room that does the work; imports are lazy so that
`surety replay` needs no database and starts fast.
"""

import typer

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)


@app.callback()
def surety() -> None:
    """Electronic monitoring that is answerable for itself."""


def main() -> None:
    """Entry point of the console script."""
    app()
