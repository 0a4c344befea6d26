"""`surety simulate-change`: what a proposed condition would have raised, before it is ordered."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from surety.server.commands import load_or_exit, set_up_django

if TYPE_CHECKING:
    from surety.server.monitoring.simulate import Outcome, Proposal


def simulate_change(
    *,
    person: Annotated[str, typer.Option(help="The person, by reference.")],
    condition: Annotated[Path, typer.Option(help="The proposed condition: YAML or JSON as in docs/replay.md.")],
    days: Annotated[int, typer.Option(help="How many of the last days to look at.")] = 30,
    replace: Annotated[str, typer.Option(help="The id of the condition whose place it would take.")] = "",
    places: Annotated[Path | None, typer.Option(help="Public places around, as GeoJSON points with a kind.")] = None,
    near_km: Annotated[float, typer.Option(min=0.1, max=100, help="How far around home public places count.")] = 5.0,
    purpose: Annotated[str, typer.Option(help="What it is needed for; goes into the audit log.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell what a proposed condition would have raised over the last days, and what of everyday life it would cut off.

    Nothing is stored and nothing changes. It reads where the person was, so it asks for a purpose, which they can read.
    """
    load_or_exit()
    set_up_django()
    from surety.replay.errors import InputError  # noqa: PLC0415 - slow to load
    from surety.server.errors import RefusedError  # noqa: PLC0415 - needs django.setup
    from surety.server.monitoring import reading, simulate  # noqa: PLC0415 - as above
    from surety.server.timekeeping import now_ms  # noqa: PLC0415 - as above

    now = now_ms()
    try:
        why = reading.check_purpose(purpose)
        proposal = _proposal(person, condition, days, replace, places, near_km)
        outcome = simulate.simulate(proposal, now_ms=now)
    except (InputError, RefusedError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    window = (outcome.from_ms, outcome.to_ms)
    reading.note_reading(proposal.person.pk, window, why, command="simulate-change", now_ms=now)
    if as_json:
        typer.echo(msgspec.json.encode(outcome).decode())
    else:
        _show(outcome, proposal.person.time_zone, Console())


def _proposal(
    reference: str, condition: Path, days: int, replace: str, places: Path | None, near_km: float
) -> "Proposal":
    from surety.replay.orders import read_condition  # noqa: PLC0415 - slow to load
    from surety.server.cases import queries as cases  # noqa: PLC0415 - needs django.setup
    from surety.server.errors import NotFoundError  # noqa: PLC0415 - as above
    from surety.server.monitoring import amenities  # noqa: PLC0415 - as above
    from surety.server.monitoring.simulate import Proposal  # noqa: PLC0415 - as above

    person_id = cases.person_of_reference(reference)
    if person_id is None:
        raise NotFoundError(f"No person has the reference {reference}.")
    person = cases.access_person(person_id, None)
    around = amenities.read(places) if places is not None else ()
    body = read_condition(condition, person.time_zone)
    return Proposal(person, body, days, replace, around, near_km * 1000)


def _show(outcome: "Outcome", time_zone: str, console: Console) -> None:
    from surety.server.monitoring import simulate_words as told  # noqa: PLC0415 - needs django.setup

    typer.echo(f"Proposed: {outcome.said}")
    for line in told.raised_lines(outcome, time_zone):
        typer.echo(line)
    if outcome.proposed.raised:
        console.print(_table(("Finding", "Certainty", "Count"), told.finding_rows(outcome.proposed)))
    if outcome.everyday:
        typer.echo("\nOf everyday life, as recorded:")
        heading = ("Place", "Kind", "Recorded", "Cut off", "Of its area")
        console.print(_table(heading, told.everyday_rows(outcome)))
    for line in (*told.everyday_lines(outcome), *outcome.notes):
        typer.echo(line)


def _table(heading: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Table:
    table = Table(*heading, box=None)
    for row in rows:
        table.add_row(*row)
    return table
