"""The written procedure: what to do next, by kind of alert. The words stand in procedure.json."""

from functools import cache
from pathlib import Path

import msgspec

from surety.server.alerts.models import Alert, Status


class Written(msgspec.Struct, frozen=True):
    """The procedure of one kind."""

    title: str
    steps: tuple[str, ...]


class Procedures(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole procedure, and which edition it is."""

    version: str
    kinds: dict[str, Written]
    other: Written


@cache
def procedures() -> Procedures:
    """The procedure as it is written. Raises msgspec.ValidationError when the file is not one."""
    return msgspec.json.decode(Path(__file__).with_name("procedure.json").read_bytes(), type=Procedures)


def written_for(kind: str) -> Written:
    """The procedure of a kind of finding; a general one for a kind that has none yet."""
    return procedures().kinds.get(kind, procedures().other)


_BY_STATUS = {
    Status.RESOLVED: "Nothing: it is resolved. It can be opened again with a reason.",
    Status.AWAITING_SECOND: "Somebody other than the one who proposed it reads the evidence, and confirms or declines.",
    Status.OPEN: "Acknowledge it, so that others see that you are looking.",
}


def next_step(alert: Alert, actions_done: set[str]) -> str:
    """The one thing to do now, from what has been done: asked in the order that good procedures follow."""
    if alert.fell_away_ms is not None and alert.status in {Status.OPEN, Status.ACKNOWLEDGED}:
        return "Later facts took this finding away. Read the history, then resolve it as a false alert."
    if alert.status in _BY_STATUS:
        return _BY_STATUS[Status(alert.status)]
    if alert.cleared_ms is not None:
        return "It has cleared by itself. Resolve it with what you know, or call to hear what happened."
    if "contact" not in actions_done:
        return "Read the notes below; when none explains it, call the person and record the attempt."
    return "Decide, with a reason; or call once more."
