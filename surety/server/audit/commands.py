"""`surety audit ...`: what an operator, an inspector or somebody with a copy asks of the log on the command line."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from surety import keyfile
from surety.ledger import __main__ as alone
from surety.ledger import notes, proofs
from surety.server.commands import set_up_django

app = typer.Typer(no_args_is_help=True, help="The audit log: check it, copy it, prove what is in it.")

Found = TypeVar("Found")
Key = Annotated[str, typer.Option("--key", help="The public key, or a file of it; for a copy of the log.")]
Folders = Annotated[list[Path] | None, typer.Option("--checkpoints", help="A folder of checkpoints; can be repeated.")]


@app.command()
def verify(
    log: Annotated[
        Path | None, typer.Argument(help="A copy that `surety audit export` wrote; without it: live.")
    ] = None,
    *,
    key: Key = "",
    folders: Folders = None,
) -> None:
    """Check every entry and every checkpoint. Exit code 1: something was changed, and it says what and where."""
    if log is None:
        set_up_django()
        from surety.server.audit import queries  # noqa: PLC0415 - needs django.setup

        found = _answered(queries.verify)
    else:
        if not key or not folders:
            raise _refused("Give the public key with --key and a folder of checkpoints with --checkpoints.")
        found = _read(lambda: alone.check_files(log, key, list(folders or ())))
    typer.echo(found.sentence)
    if not found.is_sound:
        raise typer.Exit(1)


@app.command()
def export(file: Annotated[Path, typer.Argument(help="Where to; an export that was cut short goes on.")]) -> None:
    """Write the whole log as JSON lines, for somebody who checks it elsewhere. Sealed words stay sealed."""
    set_up_django()
    from surety.server.audit import proving  # noqa: PLC0415 - needs django.setup

    count = _answered(lambda: proving.export(file, lambda done: typer.echo(f"{done} entries", err=True)))
    typer.echo(
        f"{count} entries are in {file}. Check them with the checkpoints and: surety audit verify {file} --key ..."
    )


@app.command("key")
def public_key() -> None:
    """Print the public key with which checkpoints are verified."""
    set_up_django()
    from surety.server.audit import checkpoints  # noqa: PLC0415 - needs django.setup

    typer.echo(_answered(checkpoints.public_key).text())


@app.command()
def checkpoint() -> None:
    """Sign what is new in the log now, beside what the keeper does."""
    set_up_django()
    from surety.server.audit import checkpoints  # noqa: PLC0415 - needs django.setup
    from surety.server.timekeeping import now_ms  # noqa: PLC0415 - as above

    try:
        _answered(lambda: checkpoints.step(now_ms()))
    except checkpoints.RewrittenError as error:
        typer.echo(f"Nothing was signed. {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"The newest checkpoint covers {_answered(checkpoints.newest).checkpoint.size} entries.")


@app.command()
def prove(seq: Annotated[int, typer.Argument(help="The number of an entry.")]) -> None:
    """Print the proof that an entry is in the log, as JSON."""
    set_up_django()
    from surety.server.audit import proving  # noqa: PLC0415 - needs django.setup

    typer.echo(_answered(lambda: proving.prove(seq)))


@app.command("prove-consistency")
def prove_consistency(
    old: Annotated[int, typer.Argument(help="How many entries the earlier checkpoint covers.")],
    new: Annotated[int, typer.Argument(help="How many the later one covers.")],
) -> None:
    """Print the proof that the log at one checkpoint begins with the log at an earlier one, as JSON."""
    set_up_django()
    from surety.server.audit import proving  # noqa: PLC0415 - needs django.setup

    typer.echo(_answered(lambda: proving.prove_consistency(old, new)))


@app.command("check-proof")
def check_proof(
    file: Annotated[Path, typer.Argument(help="A proof that `surety audit prove` printed.")], *, key: Key
) -> None:
    """Check a proof with the public key alone. Exit code 1: it does not hold."""
    answer = _read(lambda: proofs.check(file.read_text(encoding="utf-8").strip(), _public(key)))
    typer.echo(answer.sentence)
    if not answer.holds:
        raise typer.Exit(1)


def _public(key: str) -> notes.Key:
    return notes.read_key(Path(key).read_text() if Path(key).is_file() else key)


def _read(what: Callable[[], Found]) -> Found:
    try:
        return what()
    except (OSError, UnicodeDecodeError, notes.BadNoteError) as error:
        raise _refused(f"Cannot be read: {error}") from None


def _answered(what: Callable[[], Found]) -> Found:
    """What Django's side gives; what it refuses as one sentence and exit code 2."""
    from surety.server.errors import RefusedError  # noqa: PLC0415 - the pure commands do not need it

    try:
        return what()
    except RefusedError as refused:
        raise _refused(refused.sentence) from None
    except (OSError, keyfile.KeyFileError, notes.BadNoteError) as error:
        raise _refused(str(error)) from None


def _refused(sentence: str) -> typer.Exit:
    typer.echo(sentence, err=True)
    return typer.Exit(2)
