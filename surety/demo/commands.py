"""`surety demo`, `surety demo-code`, `surety demo-watch`, `surety demo-portal` and `surety sim score`."""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn
from zoneinfo import ZoneInfo

import msgspec
import typer

DATA_DIR = Path(".demo")
_DataDir = Annotated[Path, typer.Option(help="Where the demonstration lies")]


def demo(
    people: Annotated[int | None, typer.Option(min=1, max=20_000, help="How many are supervised (40)")] = None,
    speed: Annotated[float | None, typer.Option(min=0.1, max=120, help="How fast time runs (10)")] = None,
    data_dir: _DataDir = DATA_DIR,
    port: Annotated[int, typer.Option(help="Of the pages; the next free one if taken. 0: any")] = 8000,
    door_port: Annotated[int, typer.Option(help="Of the devices' door; the next free one if taken. 0: any")] = 5055,
    fresh: Annotated[bool, typer.Option("--fresh", help="Delete the earlier demonstration first")] = False,  # noqa: FBT002 - a flag
    seed: Annotated[int, typer.Option(help="Another number, another town")] = 1,
    start: Annotated[str, typer.Option(help="Local time to begin at, e.g. 2026-10-06T18:52")] = "",
) -> None:
    """Run the whole system with a live town. Ctrl-C stops it; the same command goes on where it was."""
    from surety.demo import run  # noqa: PLC0415 - lazy, so that other commands start fast

    wanted = run.Wanted(
        data_dir=data_dir, people=people, speed=speed, seed=seed, start_ms=_instant(start), port=port,
        door_port=door_port, fresh=fresh,
    )  # fmt: skip
    try:
        run.run(wanted)
    except run.CannotDemoError as error:
        _fail(str(error))


def demo_code(
    role: Annotated[str, typer.Argument(help="officer, operator, supervisor, ...")], data_dir: _DataDir = DATA_DIR
) -> None:
    """Print a fresh one-time code for a role's log-in."""
    from surety.demo import codes, state  # noqa: PLC0415 - lazy, as above

    found = state.read(data_dir)
    if found is None:
        _fail(f"There is no demonstration in {data_dir}; `surety demo` makes one.")
    secrets = {log_in.username.replace("-", "_"): log_in.totp_secret for log_in in found.log_ins}
    role = role.replace("-", "_")  # a user's name is good too
    if role not in secrets:
        _fail(f'There is no role "{role}"; choose one of {", ".join(secrets)}.')
    code, left_s = codes.code_now(secrets[role])
    typer.echo(f"{code}  (good for {left_s} s)")


def demo_watch(data_dir: _DataDir = DATA_DIR) -> None:
    """Give your own telephone or browser a watch in the running demonstration: its address and a one-time code."""
    from surety.demo import state, watch  # noqa: PLC0415 - lazy, as above

    found = state.read(data_dir)
    if found is None or not found.prepared or not (data_dir / "hour.json").exists():
        _fail(f"There is no demonstration in {data_dir} that was started; `surety demo` starts one.")
    try:
        given = watch.give(data_dir, found.people)
    except watch.NobodyAskedError:
        _fail("Nobody in this town is asked for photographs; start one with --people 2 or more.")
    typer.echo(f"Open {given.address}#{given.code} (the code is good for 72 hours of the town's time, once).")
    typer.echo(f"It is then a watch of {given.reference}. A browser elsewhere needs the door behind https.")


def demo_portal(
    name: Annotated[str, typer.Argument(help="A reference or a name; empty: the first of the town")] = "",
    data_dir: _DataDir = DATA_DIR,
) -> None:
    """Open the own page of one of the town's people: its address and a one-time code."""
    from surety.demo import portal, state  # noqa: PLC0415 - lazy, as above

    found = state.read(data_dir)
    if found is None or not found.prepared or not (data_dir / "hour.json").exists():
        _fail(f"There is no demonstration in {data_dir} that was started; `surety demo` starts one.")
    try:
        given = portal.give(data_dir, name)
    except portal.NobodyFoundError:
        _fail(f'Nobody in this town is called "{name}"; leave it out for the first person.')
    typer.echo(f'Open {given.address} and write the code {given.code} under "With a code on paper" (once).')
    typer.echo(f"It is then the page of {given.reference}.")


def sim_score(
    data_dir: _DataDir = DATA_DIR,
    json: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Compare the alerts of the running demonstration with what truly happened in the town."""
    from surety.demo import scoring  # noqa: PLC0415 - lazy, as above

    if not (data_dir / "town.json").exists():
        _fail(f"There is no prepared demonstration in {data_dir}; `surety demo` makes one.")
    os.environ["SURETY_DATA_DIR"] = str(data_dir)
    found, answers = scoring.score_of(data_dir), scoring.answers_of(data_dir)
    if json:
        typer.echo(msgspec.json.encode(msgspec.to_builtins(found) | {"check_ins": answers}).decode())
    else:
        scoring.show(found)
        scoring.show_answers(answers)


def _instant(local: str) -> int | None:
    from surety.sim.geo import TIME_ZONE  # noqa: PLC0415 - lazy, as above

    if not local:
        return None
    try:
        return int(datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(TIME_ZONE)).timestamp() * 1000)
    except ValueError:
        _fail(f'--start is "{local}"; write local time as 2026-10-06T18:52.')


def _fail(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(2)
