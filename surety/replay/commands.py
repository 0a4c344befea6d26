"""`surety replay`: recorded traces against an order, without a server.

The rules take a moment to load, so they are imported where they are used: `surety --help` need not wait for them.
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from surety.replay.errors import InputError

Arg, Opt = typer.Argument, typer.Option
_TOLD = 10  # bad lines named one by one; a file of another kind would fill the screen


def replay(  # noqa: PLR0913 - one parameter an option of the command
    order: Annotated[Path | None, Arg(metavar="ORDER.yaml", help="What was ordered; see docs/replay.md.")] = None,
    traces: Annotated[list[Path] | None, Arg(metavar="TRACE...", help="Trace files, or folders of them.")] = None,
    *,
    as_json: Annotated[bool, Opt("--json", help="Print findings as JSON lines.")] = False,
    as_visits: Annotated[bool, Opt("--visits", help="With --json: print visits and absences instead.")] = False,
    html: Annotated[Path | None, Opt(help="Also write a page with a map to this file.")] = None,
    until: Annotated[str, Opt(help="Evaluate up to this time (2026-11-23T19:00) instead of the last fix.")] = "",
    strict: Annotated[bool, Opt("--strict", help="Stop at the first line of a trace that cannot be read.")] = False,
    cases: Annotated[Path | None, Opt(help="Score: a file of cases with known truth.")] = None,
    fixes: Annotated[Path | None, Opt(help="Score: the fixes of these cases.")] = None,
    thin: Annotated[float, Opt(help="Score: keep the last fix of so many seconds.")] = 0.0,
    alerts: Annotated[Path | None, Opt(help="Score: write what an observer would be alerted to here.")] = None,
) -> None:
    """Evaluate recorded traces of one person against an order, and print the findings.

    Traces: GPX, GeoLife .plt, OwnTracks .rec and JSON, Traccar positions
    (JSON or CSV), and CSV with columns such as time, lat, lon, accuracy;
    each may be gzipped. All traces given belong to the person of the order.
    A line that cannot be read is passed over and counted.

    The order file, in YAML (every key is told in docs/replay.md):

    \b
    time_zone: Europe/London       IANA name; local times are in it
    from, to: 2026-10-23T13:00     optional, of the order or of a condition
    person: A-1042                 optional
    conditions:
      - kind: curfew
        places: [{name: home, circle: {lat: 53.8, lon: -1.55, radius_m: 100}}]
        times: [{days: every day, start: 19:00, end: 07:00, place: home}]
        dates: [{date: 2026-10-23, start: 21:30, end: 07:00}]
        exceptions: [{date: 2026-12-25}, {ics: holidays.ics}]
        unknown_after_s: 900
      - kind: exclusion            or inclusion, or restriction (max_stay_s)
        name: School
        polygon: [[-1.544, 53.803], [-1.539, 53.803], [-1.539, 53.805]]
        times: [{days: mon-fri, start: 08:00, end: 16:30}]
      - kind: trail
        silent_after_s: 1800

    Try it: surety replay docs/examples/order.yaml docs/examples/week.csv

    With --cases, --fixes and --alerts it runs the rules over cases with known truth instead, for scoring.
    """
    try:
        if cases is not None or fixes is not None or alerts is not None:
            _score(cases, fixes, alerts, thin)
        else:
            _replay(order, traces or [], until, html, strict=strict, as_json=as_json, as_visits=as_visits)
    except InputError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


def _replay(
    order: Path | None,
    paths: list[Path],
    until: str,
    html: Path | None,
    *,
    strict: bool,
    as_json: bool,
    as_visits: bool,
) -> None:
    from surety.replay import evaluate, orders, output, page, traces  # noqa: PLC0415 - slow to load, see above

    if order is None or not paths:
        raise typer.BadParameter("an order and at least one trace are needed: surety replay ORDER.yaml TRACE...")
    read = orders.read_order(order)
    found = traces.read_traces(paths, strict=strict)
    _tell_bad(found.sentences())
    result = evaluate.evaluate(read, found.facts, _until(until, read.time_zone))
    if html is not None:
        _write(html, page.render(result))
    if as_json:
        typer.echo(output.visit_lines(result) if as_visits else output.json_lines(result), nl=False)
    else:
        output.table(result, Console())


def _until(written: str, time_zone: str) -> int | None:
    from surety.replay import orders  # noqa: PLC0415 - slow to load, see above

    try:
        return orders.instant(written, time_zone) if written else None
    except ValueError:
        raise typer.BadParameter(f'--until is "{written}"; write a date and time such as 2026-11-23T19:00') from None


def _score(cases: Path | None, fixes: Path | None, alerts: Path | None, thin_s: float) -> None:
    from surety.replay import cases as scoring  # noqa: PLC0415 - slow to load, see above

    if cases is None or fixes is None or alerts is None:
        raise typer.BadParameter("--cases, --fixes and --alerts belong together")
    totals = scoring.score(cases, fixes, alerts, thin_s)
    typer.echo(f"{totals.cases:,} cases, {totals.fixes:,} fixes, {totals.alerts:,} alerts written to {alerts}")


def _tell_bad(sentences: list[str]) -> None:
    for sentence in sentences[:_TOLD]:
        typer.echo(sentence, err=True)
    if sentences:
        lines = "1 line" if len(sentences) == 1 else f"{len(sentences):,} lines"
        typer.echo(f"{lines} could not be read and passed over.", err=True)


def _write(file: Path, content: str) -> None:
    try:
        file.write_text(content, encoding="utf-8")
    except OSError as error:
        raise InputError(file, None, f"cannot be written ({(error.strerror or str(error)).lower()})") from None
