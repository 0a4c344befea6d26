"""The periods that hold here: those of schedule.py, with what the file `retention_file` of the settings says instead.

[days]
photo_matched = 14
trail = 180
"""

import difflib
import hashlib
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from django.conf import settings

from surety.server.records.schedule import BY_KIND, CEILING_DAYS, RULES, Rule

DAY_MS = 86_400_000


class ScheduleError(Exception):
    """The schedule cannot be used as it stands; the message says where and how to mend it."""


def rules() -> Mapping[str, Rule]:
    """The rule of each kind, with the days that hold here. Raises ScheduleError."""
    return _read(settings.SURETY.retention_file)


def days_of(kind: str) -> int:
    """How many days a kind is kept. Raises ScheduleError; KeyError for a kind that does not exist."""
    return rules()[kind].days


def period_ms(kind: str) -> int:
    """The same in milliseconds."""
    return days_of(kind) * DAY_MS


def fingerprint() -> str:
    """SHA-256 of the periods that hold: a certificate of erasure names them by it."""
    said = "\n".join(f"{rule.name} {rule.start.name} {rule.days}" for rule in rules().values())
    return hashlib.sha256(said.encode()).hexdigest()


@cache
def _read(file: str) -> Mapping[str, Rule]:
    return with_changes(_days_in(Path(file)) if file else {}, file)


def _days_in(file: Path) -> Mapping[str, object]:
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ScheduleError(f"{file}: the retention file cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ScheduleError(f"{file}: this is not TOML: {error}") from None
    days = found.get("days", {})
    if set(found) - {"days"} or not isinstance(days, dict):
        raise ScheduleError(f'{file}: write one table, "[days]", with a line such as "photo_matched = 14" for a kind')
    return days


def with_changes(changes: Mapping[str, object], where: str) -> Mapping[str, Rule]:
    """The rules with other days. Raises ScheduleError for an unknown kind, or days that are none or too many."""
    changed = dict(BY_KIND)
    for kind, days in changes.items():
        if kind not in BY_KIND:
            near = difflib.get_close_matches(kind, BY_KIND, n=1)
            hint = f'write "{near[0]}"' if near else f"kinds are {', '.join(rule.name for rule in RULES)}"
            raise ScheduleError(f'{where}: there is no kind of data "{kind}"; {hint}')
        if isinstance(days, bool) or not isinstance(days, int) or not 0 <= days <= CEILING_DAYS:
            raise ScheduleError(
                f"{where}: {kind} cannot be {days!r}; write a whole number of days from 0 to {CEILING_DAYS} (six years)"
            )
        changed[kind] = changed[kind]._replace(days=days, basis="set by this deployment")
    return changed
