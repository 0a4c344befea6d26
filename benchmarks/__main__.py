"""`python -m benchmarks [NAME...]`: run the benchmarks, print a table, write benchmarks/out/<time>.json."""

import datetime as dt
import importlib
import json
import os
import platform
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

NAMES = (
    "rules",
    "engine",
    "door",
    "pipeline",
    "visible",
    "detectors",
    "calibration",
    "crossings",
    "faces",
    "checkins",
    "names",
)
LONG = ("select", "fuzz_photos")  # take minutes and answer a question that is not asked at each change; only when named
OUT = Path(__file__).parent / "out"


def _number(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value) if value is not None else ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.3g}"


def _table(rows: list[dict[str, object]]) -> Table:
    table = Table(title="What was measured", title_justify="left")
    for column, side in (
        ("benchmark", "left"),
        ("figure", "right"),
        ("unit", "left"),
        ("target", "right"),
        ("ratio to baseline", "right"),
        ("baseline", "left"),
    ):
        table.add_column(column, justify=side)  # type: ignore[arg-type]  # rich's own literal type
    for row in rows:
        table.add_row(
            str(row["name"]),
            _number(row["value"]),
            str(row.get("unit", "")),
            _number(row.get("target")),
            _number(row.get("ratio")),
            str(row.get("baseline", "")),
        )
    return table


def main() -> None:
    """Run what was named, or everything."""
    console = Console() if sys.stdout.isatty() else Console(width=150)  # a log file has no width of its own
    names = sys.argv[1:] or list(NAMES)
    unknown = [name for name in names if name not in (*NAMES, *LONG)]
    if unknown:
        raise SystemExit(f"no benchmark {', '.join(unknown)}; there are {', '.join((*NAMES, *LONG))}")
    rows: list[dict[str, object]] = []
    plain: list[dict[str, object]] = []
    tables: list[Table] = []  # of benchmarks whose rows say more than one figure each
    for name in names:
        console.print(f"measuring {name} ...")
        benchmark = importlib.import_module(f"benchmarks.{name}")
        measured = benchmark.measure()
        own = list(benchmark.tables(measured)) if hasattr(benchmark, "tables") else []
        rows += measured
        tables += own
        plain += [] if own else measured
    for table in [_table(plain), *tables] if plain else tables:
        console.print(table)
    OUT.mkdir(exist_ok=True)
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    machine = {
        "machine": platform.machine(),
        "python": platform.python_version(),
        "cores": len(os.sched_getaffinity(0)),
    }
    file = OUT / f"{stamp}.json"
    file.write_text(json.dumps({"at": stamp, **machine, "rows": rows}, indent=1, default=str))
    console.print(f"written to {file}")


if __name__ == "__main__":
    main()
