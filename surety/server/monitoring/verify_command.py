"""`surety verify`: everything that the rules concluded, derived again from what is stored, and compared."""

import datetime as dt
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from surety.server.commands import load_or_exit, set_up_django

if TYPE_CHECKING:
    from surety.server.monitoring.verify_run import Place, Position

TOLD = 40  # differences named on the screen; --json has them all
_UNITS_S = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
AGREES, DIFFERS, WRONG, INCOMPLETE = 0, 1, 2, 3


def verify(
    *,
    since: Annotated[
        str,
        typer.Option(help="Only from then on: a date (2026-11-01), a time, or a duration back (7d, 12h)."),
    ] = "",
    person: Annotated[str, typer.Option(help="Only this person, by reference.")] = "",
    jobs: Annotated[int, typer.Option(min=1, max=256, help="How many processes share the work.")] = 1,
    step: Annotated[bool, typer.Option("--step", help="Give fact by fact, as the live system does; slower.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where Ctrl-C stopped it.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the report to this file.")] = None,
) -> None:
    """Derive every finding again from the stored facts, and report any that is not the stored one byte for byte.

    Kept states (snapshots, and the state that the live system goes on from) are compared too. It reads only, and may
    run beside a live system; Ctrl-C stops it, and --resume goes on.

    Exit code 0: everything agrees. 1: something differs, and is named. 2: it was called wrongly. 3: everything that
    could be looked at agrees, but it did not come to the end or something waits for the worker.
    """
    settings = load_or_exit()
    set_up_django()
    from surety.rules import presence  # noqa: PLC0415 - slow to load
    from surety.server.cases import queries as cases  # noqa: PLC0415 - needs django.setup
    from surety.server.monitoring import verify_run, verifying  # noqa: PLC0415 - as above

    place = verify_run.Place(settings.data_dir)
    people = _one(cases.person_of_reference(person)) if person else verifying.people()
    position = _begin(place, since, step=step, resume=resume)
    presence.warm_up()  # once, before several processes would each compile
    console = Console(stderr=True)
    with _progress(console) as bar:
        task = bar.add_task("people", total=len(people), completed=position.people)
        finished = verify_run.run(people, position, place, jobs=jobs, done=lambda: bar.advance(task))
    _record(position, person=person, finished=finished)
    if json_file is not None:
        _write(json_file, position, finished=finished)
    _tell(position, finished=finished)
    raise typer.Exit(_code(position, finished=finished))


def _one(person_id: str | None) -> list[str]:
    if person_id is None:
        typer.echo("No person has that reference.", err=True)
        raise typer.Exit(WRONG)
    return [person_id]


def _begin(place: "Place", since: str, *, step: bool, resume: bool) -> "Position":
    from surety.server.monitoring.verify_run import Position  # noqa: PLC0415 - needs django.setup
    from surety.server.monitoring.verifying import Options  # noqa: PLC0415 - as above

    if not resume:
        return Position(Options(_instant(since), step))
    kept = place.load()
    if kept is None:
        typer.echo("There is nothing to go on with; call it without --resume.", err=True)
        raise typer.Exit(WRONG)
    return kept


def _instant(since: str) -> int | None:
    """The instant that `--since` names, in milliseconds. A date is local to UTC."""
    from surety.server.timekeeping import now_ms  # noqa: PLC0415 - needs django.setup

    if not since:
        return None
    if duration := re.fullmatch(r"(\d+)\s*([mhdw])", since.strip()):
        return now_ms() - int(duration[1]) * _UNITS_S[duration[2]] * 1000
    try:
        moment = dt.datetime.fromisoformat(since.strip())
    except ValueError:
        typer.echo(f'--since is "{since}"; write a date (2026-11-01), a time, or a duration back (7d, 12h).', err=True)
        raise typer.Exit(WRONG) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp() * 1000)


def _progress(console: Console) -> Progress:
    parts = (TextColumn("Verifying"), BarColumn(), MofNCompleteColumn(), TextColumn("people"), TimeRemainingColumn())
    return Progress(*parts, console=console, transient=True, disable=not sys.stderr.isatty())


def _record(position: "Position", *, person: str, finished: bool) -> None:
    """That everything was derived again is on record; nobody's positions were shown."""
    from surety.server.audit import actions as audit  # noqa: PLC0415 - needs django.setup
    from surety.server.monitoring.reading import operator_name  # noqa: PLC0415 - as above
    from surety.server.timekeeping import now_ms  # noqa: PLC0415 - as above

    detail = {
        "people": position.people,
        "findings": position.findings,
        "differences": position.differing,
        "since_ms": position.options.since_ms,
        "person": person,
        "finished": finished,
    }
    audit.record(
        action="findings.verified",
        actor=None,
        actor_name=operator_name(),
        subject_type="system",
        subject_id="findings",
        at_ms=now_ms(),
        detail=detail,
    )


def _write(file: Path, position: "Position", *, finished: bool) -> None:
    report = {"finished": finished, **msgspec.to_builtins(position)}
    try:
        file.write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    except OSError as error:
        typer.echo(f"The report could not be written to {file}: {error}", err=True)
        raise typer.Exit(WRONG) from None


def _tell(position: "Position", *, finished: bool) -> None:
    from surety.server.cases import queries as cases  # noqa: PLC0415 - needs django.setup

    shown = position.differences[:TOLD]
    names = cases.references({one.person_id for one in shown})
    for one in shown:
        about = f" {one.name}" if one.name else ""
        typer.echo(f"{names.get(one.person_id, one.person_id)}: {one.what}{about} {one.how}: {one.text}")
    if position.differing > len(shown):
        typer.echo(f"... and {position.differing - len(shown):,} more; --json FILE has them.")
    if position.older:
        typer.echo(
            f"{position.older:,} were made by other rules than {position.rules_version}: not comparable;"
            f" {position.older_agree:,} agree anyway."
        )
    if position.erased:
        gone = _count(position.erased, "person", "people")
        typer.echo(f"Not looked at: {gone} whose records were erased.")
    if position.waits:
        waiting = _count(len(position.waits), "person", "people")
        typer.echo(f"Not looked at: {waiting} with a change of conditions that is yet to be worked in.")
    typer.echo(
        f"{_count(position.people, 'person', 'people')}, {_count(position.facts, 'fact')}:"
        f" {_count(position.findings, 'finding')} and {_count(position.states, 'kept state')} derived again;"
        f" {_count(position.differing, 'difference')}."
    )
    if not finished:
        typer.echo("Stopped before the end; surety verify --resume goes on.")


def _count(number: int, noun: str, many: str = "") -> str:
    return f"{number:,} {noun if number == 1 else many or noun + 's'}"


def _code(position: "Position", *, finished: bool) -> int:
    if position.differing:
        return DIFFERS
    return INCOMPLETE if position.waits or not finished else AGREES
