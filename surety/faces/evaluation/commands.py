"""`surety faces evaluate` and `surety faces calibrate`. What is slow to load is loaded where it is used."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from surety.faces.commands import SettingsFile, settings_or_exit
from surety.faces.contract import FacesUnavailableError
from surety.faces.evaluation.pairs import InputError

Opt = typer.Option


def evaluate(
    *,
    pairs: Annotated[Path, Opt(metavar="FILE", help="LFW's pairs.txt, or lines of file, file, 1 or 0 (CSV, TSV).")],
    images: Annotated[Path, Opt(metavar="DIR", help="The folder that the files of the list lie in.")],
    groups: Annotated[Path | None, Opt(metavar="CSV", help="file or subject, then a column a grouping.")] = None,
    impostors: Annotated[Literal["list", "all"], Opt(help="Pairs of two people: the list's, or everybody's.")] = "list",
    processes: Annotated[int, Opt(min=1, max=64, help="How many work at once.")] = 1,
    out: Annotated[Path, Opt(metavar="DIR", help="Where the report is written.")] = Path("faces-evaluation"),
    settings_file: SettingsFile = None,
) -> None:
    """Measure the recogniser that is in use on a test set of your own, and write a report (HTML and JSON).

    It is a measurement, not a search: who is on the pictures must be known
    beforehand, and the system's own photographs cannot be read by it. A
    run that was interrupted goes on where it stopped, with the same words.

    docs/faces-evaluate.md tells what the figures mean.
    """
    from surety.faces.evaluation import page, report, run, words  # noqa: PLC0415 - loads onnxruntime

    settings = settings_or_exit(settings_file)
    wanted = run.Wanted(pairs, images, groups, impostors == "all", processes, out)
    try:
        test_set = run.read_test_set(wanted, settings)
        with _progress(len(test_set.names)) as step:
            found = run.run(wanted, settings, test_set, dt.datetime.now(dt.UTC), step)
        report.write(found, out)
        (out / "report.html").write_text(page.render(found), encoding="utf-8")
    except (InputError, FacesUnavailableError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    except OSError as error:
        typer.echo(_about_file(error), err=True)
        raise typer.Exit(2) from None
    except KeyboardInterrupt:
        typer.echo("Interrupted. The same command goes on where it stopped.", err=True)
        raise typer.Exit(130) from None
    for line in words.told(found):
        typer.echo(line)
    typer.echo(f"Written to {out / 'report.html'} and {out / report.FILE}.")


def calibrate(
    run_folder: Annotated[Path, typer.Argument(metavar="RUN", help="The folder that `evaluate --out` wrote.")],
    settings_file: SettingsFile = None,
) -> None:
    """Make the threshold table of a model from a run of `evaluate`, and put it into the model directory.

    A match from the similarity that one in 100,000 pairs of two people
    reaches, inconclusive from one in 10,000; where the run had fewer
    pairs, from the smallest shares that they can tell, and with too few
    pairs not at all (docs/faces-evaluate.md).
    """
    from surety.faces import models, tables  # noqa: PLC0415 - the models' room is not needed for --help
    from surety.faces.evaluation import calibration, report  # noqa: PLC0415 - the same

    folder = models.models_dir(settings_or_exit(settings_file).models_folder)
    try:
        table = calibration.table_of(run_folder)
        path = tables.write_table(folder, table)
        calibration.keep_report(run_folder, folder)
    except (report.ReportError, calibration.CalibrationError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    except OSError as error:
        typer.echo(_about_file(error), err=True)
        raise typer.Exit(2) from None
    typer.echo(f"Match from {table.match:.4f}, inconclusive from {table.inconclusive:.4f}: {table.source}.")
    typer.echo(f"Written to {path}. It counts from the next start of the comparing process on.")


def _about_file(error: OSError) -> str:
    return f"{error.filename or 'a file'} cannot be read or written: {(error.strerror or str(error)).lower()}"


@contextmanager
def _progress(count: int) -> Iterator[Callable[[], None]]:
    """A bar on a terminal, and nothing in a log file."""
    columns = (TextColumn("pictures"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("pictures", total=count)
        yield lambda: bar.advance(task)
