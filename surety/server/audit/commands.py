"""`surety audit ...`: what an operator or an inspector asks of the log on the command line."""

import os

import typer


def verify() -> None:
    """Recompute the audit log's chain; exit code 1 when an entry was changed or is missing."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "surety.server.project.settings")
    import django  # noqa: PLC0415 - the command line starts without Django

    django.setup()
    from surety.server.audit import queries  # noqa: PLC0415 - needs django.setup

    verdict = queries.verify()
    typer.echo(verdict.sentence)
    if not verdict.is_sound:
        raise typer.Exit(1)
