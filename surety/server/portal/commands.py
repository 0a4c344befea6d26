"""`surety languages`: in which languages the person's own page speaks, and how each translation stands."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table


def show_languages(
    update: Annotated[bool, typer.Option("--update", help="Write the catalogues anew, for whoever translates")] = False,  # noqa: FBT002 - a flag
) -> None:
    """List the languages of the person's own page: what is translated, and whether a person confirmed it.

    Exit code 1 where a text is missing or a placeholder wrong.
    """
    from surety.server.commands import load_or_exit, set_up_django  # noqa: PLC0415 - lazy, so that others start fast

    load_or_exit()
    set_up_django()
    from surety.server.portal import catalogues, languages  # noqa: PLC0415 - as above

    look = catalogues.update if update else catalogues.state
    states = [look(one) for one in languages.ALL if not update or one.tag != languages.ENGLISH]
    table = Table("Language", "", "Texts", "Missing", "Wrong", "State", box=None, pad_edge=False)
    for one in states:
        said = f"confirmed by {one.confirmed_by}" if one.confirmed_by else "drafted by a machine, not confirmed"
        counts = (str(one.translated), str(len(one.missing)), str(len(one.wrong)))
        name = one.language.english_name
        table.add_row(one.language.tag, name, *counts, "English, as the code says it" if name == "English" else said)
    Console().print(table)
    for one in states:
        for text in (*one.missing, *one.wrong):
            typer.echo(f'{one.language.tag}: "{text}" is missing or has other placeholders')
    if any(one.missing or one.wrong for one in states):
        raise typer.Exit(1)
