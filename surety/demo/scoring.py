"""`surety sim score`: the truth that the town kept, against the alerts that the server has."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from surety.demo.run import set_up_django
from surety.demo.state import Hour
from surety.sim.answers import AnswerFile
from surety.sim.geo import TIME_ZONE
from surety.sim.plan import read_plan, read_progress
from surety.sim.score import AlertSeen, Line, Score, score
from surety.sim.score_answers import AnswerScore, Came, CheckInSeen, score_answers
from surety.sim.truth import TruthFile

if TYPE_CHECKING:
    from surety.server.checkins.models import CheckIn

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


def answers_of(data_dir: Path) -> AnswerScore:
    """What people did with their check-ins, against what the server made of them."""
    set_up_django()
    from surety.server.checkins.models import CompareHealth  # noqa: PLC0415 - Django's models exist only now

    health = CompareHealth.objects.order_by("-at_ms").first()
    truths = AnswerFile(data_dir / "answers.jsonl").read()
    return score_answers(_check_ins(), truths, health.engine if health else "")


def _check_ins() -> list[CheckInSeen]:
    from surety.server.checkins.models import CheckIn  # noqa: PLC0415 - the same

    rows = CheckIn.objects.exclude(stands="cancelled").prefetch_related("submissions")
    return [CheckInSeen(row.pk, _came(row), any(s.at_ms > row.due_ms for s in row.submissions.all())) for row in rows]


def _came(row: "CheckIn") -> Came:
    if row.stands == "decided":
        return Came.PEOPLE if row.decided_by_names else Came.MATCH
    if row.stands == "lapsed":
        return Came.MISSED if row.undelivered_ms is None else Came.UNDELIVERED
    return Came.PEOPLE if row.stands == "review" else Came.WAITS


def show_answers(found: AnswerScore) -> None:
    """Print what came of the check-ins."""
    console = Console(highlight=False)
    if not found.lines:
        return
    table = Table(title=f"Check-ins, compared by {found.engine or 'nobody'}", title_justify="left", box=box.SIMPLE_HEAD)
    for name in ("what they did", "questions", "as expected", "for people", "wrong", "waits", "what came of them"):
        table.add_column(name, justify="left" if name.startswith("what") else "right", no_wrap=True)
    for line in found.lines:
        counts = (line.questions, line.as_expected, line.for_people, line.wrong, line.waits)
        came = ", ".join(f"{count} {what}" for what, count in sorted(line.came.items()))
        table.add_row(line.part, *map(str, counts), came)
    Console(highlight=False, width=max(console.width, 110)).print(table)
    if found.late_true:
        console.print(f"{found.late_marked} of {found.late_true} late answers are marked as late")
    if not found.engine:
        console.print("No model is here: whatever came is looked at by people.")
    for identity, part, came in found.wrong[:_MOST_SHOWN]:
        console.print(f"wrong: check-in {identity[:8]}, {part}: {came}")


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
