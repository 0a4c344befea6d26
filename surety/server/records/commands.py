"""`surety retention ...`: what would go and when, the schedule, the daily erasure at once, certificates."""

import datetime as dt
import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from surety.server.commands import load_or_exit, set_up_django

if TYPE_CHECKING:
    from surety.server.records import plan as plans

app = typer.Typer(no_args_is_help=True, help="What is kept, for how long, and its erasure.")
Json = Annotated[bool, typer.Option("--json", help="As JSON, for other programs.")]


def _begin() -> int:
    load_or_exit()
    set_up_django()
    from surety.server.timekeeping import now_ms  # noqa: PLC0415 - needs django.setup

    return now_ms()


def _day(at_ms: int | None) -> str:
    return "" if at_ms is None else dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC).strftime("%Y-%m-%d %H:%M")


def _fail(sentence: str) -> typer.Exit:
    typer.echo(sentence, err=True)
    return typer.Exit(1)


@app.command()
def schedule(
    *,
    stores: Annotated[bool, typer.Option("--stores", help="Also whose each store is.")] = False,
    as_json: Json = False,
) -> None:
    """Print how long each kind of data is kept, from when it is counted, and why."""
    _begin()
    from surety.server.records import periods  # noqa: PLC0415 - needs django.setup

    rules = periods.rules().values()
    if as_json:
        typer.echo(json.dumps([{**rule._asdict(), "start": rule.start.value} for rule in rules], indent=1))
        return
    table = Table("Kind", "What", "Days", "Counted from", "Basis")
    for rule in rules:
        table.add_row(rule.name, rule.words, str(rule.days), rule.start.value, rule.basis)
    Console().print(table)
    if stores:
        Console().print(_stores())
    typer.echo(f"Version of the schedule: {periods.fingerprint()}")


def _stores() -> Table:
    from surety.server.records.schedule import STORES  # noqa: PLC0415 - this option alone needs it

    table = Table("Store", "Whose", "Kind", "Note")
    for store in STORES:
        table.add_row(store.name, store.whose.value, store.kind, store.note)
    return table


@app.command()
def plan(
    until: Annotated[str, typer.Option(help="What goes by this date (2027-01-31); 28 days from now when absent.")] = "",
    person: Annotated[str, typer.Option(help="Of the person with this reference alone, whenever it goes.")] = "",
    *,
    as_json: Json = False,
) -> None:
    """Show what would go and when, with the holds that stand. Nothing is erased."""
    now_ms = _begin()
    from surety.server.records import plan as plans  # noqa: PLC0415 - needs django.setup

    if person:
        rows = list(plans.of_people([_person(person)], now_ms))
    else:
        rows = list(plans.of_everybody(now_ms, _instant(until) if until else now_ms + 28 * 86_400_000))
    if as_json:
        typer.echo(json.dumps([{"reference": row.reference, **row.going._asdict()} for row in rows], indent=1))
        return
    table = Table("Reference", "Kind", "Number", "Due (UTC)", "Held until", "By which rule")
    for row in rows:
        going = row.going
        due = _day(going.due_ms) or f"each part after {plans.period_words(going.days)}"
        table.add_row(row.reference, going.kind, str(going.number or ""), due, _day(going.held_until_ms), going.basis)
    Console().print(table)
    _totals(rows)


def _totals(rows: "list[plans.Planned]") -> None:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.going.kind] = counts.get(row.going.kind, 0) + (row.going.number or 1)
    held = sum(1 for row in rows if row.going.held_until_ms is not None)
    typer.echo(", ".join(f"{kind}: {number}" for kind, number in sorted(counts.items())) or "Nothing goes by then.")
    typer.echo(f"Held: {held} of {len(rows)}")


def _instant(text: str) -> int:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise _fail(f'"{text}" is no date; write it as 2027-01-31') from None
    return int(dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), dt.UTC).timestamp() * 1000) - 1


def _person(reference: str) -> str:
    from surety.server.cases import queries as cases  # noqa: PLC0415 - needs django.setup

    found = cases.person_of_reference(reference)
    if found is None:
        raise _fail(f'There is no person with the reference "{reference}".')
    return found


@app.command()
def run() -> None:
    """Do today's erasure now. It may be stopped anywhere (Ctrl-C too) and goes on where it was."""
    now_ms = _begin()
    from surety.server.records import daily  # noqa: PLC0415 - needs django.setup

    try:
        steps, ended = daily.run(now_ms, say=typer.echo)
    except KeyboardInterrupt:
        typer.echo("Stopped between two commits; run it again and it goes on.", err=True)
        raise typer.Exit(130) from None
    typer.echo(f"Done in {steps} steps; everything of {ended} people was erased, with a certificate each.")


@app.command()
def erase(
    reference: Annotated[str, typer.Argument(help="The person's reference.")],
    reason: Annotated[str, typer.Option(help="Who ordered it and under which number; no name.")],
    by: Annotated[str, typer.Option("--by", help="The user name of whoever proposes it.")],
) -> None:
    """Propose that everything of a person is erased, as an authority ordered. Somebody else confirms it on a page."""
    now_ms = _begin()
    from surety.server.accounts.models import User  # noqa: PLC0415 - needs django.setup
    from surety.server.errors import RefusedError  # noqa: PLC0415 - as above
    from surety.server.records import requests  # noqa: PLC0415 - as above

    user = User.objects.filter(username=by, is_active=True).first()
    if user is None:
        raise _fail(f'There is no active user "{by}".')
    try:
        requests.propose(_person(reference), reason, acting_user=user, now_ms=now_ms)
    except RefusedError as refused:
        raise _fail(refused.sentence) from None
    typer.echo('Proposed. Somebody else confirms it on the page "Keeping and erasing"; then it goes with the next run.')


@app.command()
def certificate(
    subject: Annotated[str, typer.Argument(help="The person's id, or their reference while they are on record.")],
) -> None:
    """Print the certificate of an erasure, as it stands in the audit log."""
    _begin()
    from surety.server.audit.models import Entry  # noqa: PLC0415 - needs django.setup
    from surety.server.cases import queries as cases  # noqa: PLC0415 - as above
    from surety.server.records.erasing import CERTIFICATE  # noqa: PLC0415 - as above

    person_id = cases.person_of_reference(subject) or _registered_as(subject) or subject
    entry = Entry.objects.filter(person_id=person_id, action=CERTIFICATE).first()
    if entry is None:
        raise _fail(f'There is no certificate of an erasure of "{subject}".')
    shown = {"person": person_id, "entry": entry.seq, "at": _day(entry.at_ms), "hash": entry.hash}
    typer.echo(json.dumps({**shown, **json.loads(entry.detail)}, indent=1))


def _registered_as(reference: str) -> str | None:
    """The id of somebody who is erased: the audit log tells which reference was registered."""
    from surety.server.audit.models import Entry  # noqa: PLC0415 - needs django.setup

    rows = Entry.objects.filter(action="person.registered", detail__contains=f'"{reference}"').order_by("-seq")
    for entry in rows:
        if json.loads(entry.detail).get("reference") == reference:
            return entry.person_id
    return None
