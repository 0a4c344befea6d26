"""`surety sim score`: the truth that the town kept, against the alerts that the server has."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from surety.demo.run import set_up_django
from surety.demo.state import Hour
from surety.sim.geo import TIME_ZONE
from surety.sim.plan import read_plan, read_progress
from surety.sim.score import AlertSeen, Line, Score, score
from surety.sim.truth import TruthFile

_MOST_SHOWN = 12


def score_of(data_dir: Path) -> Score:
    """The score of a demonstration, running or stopped, up to what was sent."""
    plan, progress = read_plan(data_dir), read_progress(data_dir)
    to_ms = progress.sent_to_ms if progress else plan.start_ms
    hour = data_dir / "hour.json"
    if hour.exists():
        to_ms = min(to_ms, msgspec.json.decode(hour.read_bytes(), type=Hour).domain_ms)
    return score(TruthFile(data_dir / "truth.jsonl").read(), alerts_of_server(), plan.start_ms, to_ms)


def alerts_of_server() -> list[AlertSeen]:
    """Everything that an alert of the database that the environment names is about."""
    set_up_django()
    from surety.server.alerts.models import Part  # noqa: PLC0415 - Django's models exist only now

    rows = Part.objects.select_related("alert__person").order_by("at_ms", "pk")
    return [
        AlertSeen(part.alert.person.reference, part.kind, part.at_ms, part.opened_ms, part.fell_away_ms is not None)
        for part in rows
    ]


def show(found: Score) -> None:
    """Print the comparison as a table, and the false alerts and missed events one by one."""
    console = Console(highlight=False)
    wide = Console(highlight=False, width=max(console.width, 132))
    title = (
        f"{found.people} people, {_local(found.from_ms)} to {_local(found.to_ms)}: {found.person_days:.1f} person-days"
    )
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    names = (
        "event",
        "true",
        "caught",
        "missed",
        "hidden",
        "delay p50 / p95",
        "alerts",
        "false",
        "false / 100 days (95 %)",
    )
    for name in names:
        table.add_column(name, justify="left" if name == "event" else "right", no_wrap=True)
    for line in found.lines:
        table.add_row(*_cells(line))
    wide.print(table)
    for kind, count in sorted(found.other_alerts.items()):
        console.print(f"{count} other: {kind}")
    for alert in found.false_alerts[:_MOST_SHOWN]:
        gone = " (later facts took it away)" if alert.fell_away else ""
        console.print(f"false: {alert.reference} {alert.kind} {_local(alert.at_ms)}{gone}")
    for kind, reference, start, end in found.missed[:_MOST_SHOWN]:
        console.print(f"missed: {reference} {kind} {_local(start)} for {(end - start) / 60_000:.0f} min")


def _cells(line: Line) -> tuple[str, ...]:
    delay = "" if line.delay_median_s is None else f"{line.delay_median_s:.0f} / {line.delay_p95_s or 0:.0f} s"
    low, high = line.false_interval
    false = f"{line.false_per_100_days:.2f} ({low:.2f}-{high:.2f})"
    gone = f" ({line.false_fell_away} gone)" if line.false_fell_away else ""
    counts = (line.true_events, line.caught, line.missed, line.hidden)
    return (line.name, *map(str, counts), delay, str(line.alerts), f"{line.false}{gone}", false)


def _local(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(TIME_ZONE)).strftime("%a %d %b %H:%M")
