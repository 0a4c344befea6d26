"""How the checkpoints stand, for `surety doctor` and the page of the log."""

from typing import NamedTuple

from django.conf import settings

from surety.ledger.notes import BadNoteError, Checkpoint
from surety.server.audit import checkpoints
from surety.server.audit.models import Entry, Head


class Standing(NamedTuple):
    """The newest checkpoint, how many entries there are, and what is wrong; an empty `fault`: nothing is."""

    newest: Checkpoint | None
    entries: int
    fault: str
    away: bool  # whether a folder beside the data is set, out of the administrator's reach


def standing() -> Standing:
    """How the checkpoints stand, by the newest of each folder; `queries.verify` looks at all."""
    entries = Head.objects.filter(id=1).values_list("seq", flat=True).first() or 0
    away = any(not one.resolve().is_relative_to(settings.SURETY.data_dir.resolve()) for one in checkpoints.folders())
    try:
        newest = checkpoints.newest()
        missing = [str(one) for one in checkpoints.folders()[1:] if not one.is_dir()]
    except (OSError, BadNoteError) as error:
        return Standing(None, entries, str(error), away)
    fault = f"The folder {missing[0]} of checkpoint_dirs is not there: is it mounted?" if missing else ""
    return Standing(newest.checkpoint if newest.text else None, entries, fault, away)


def overdue(one: Standing, now_ms: int) -> bool:
    """Whether an entry waits for a signature for longer than three times the time between two."""
    covered = one.newest.size if one.newest else 0
    oldest_ms = Entry.objects.filter(seq=covered + 1).values_list("at_ms", flat=True).first()
    return oldest_ms is not None and now_ms - oldest_ms > 3 * settings.SURETY.checkpoint_minutes * 60_000
