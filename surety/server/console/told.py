"""What was said to a person by their device, and whether it reached it, as rows for a page."""

from surety.server.cases import queries as cases
from surety.server.cases.models import Person
from surety.server.console.case_access import clock_text
from surety.server.notices import queries as notices
from surety.server.notices.models import Notice, NoticeState

SHOWN_MS = 7 * 86_400_000


def told_rows(person: Person, now: int) -> list[dict[str, object]]:
    """The notices of the last seven days, the latest first, each with what became of it in words."""
    found = notices.notices_of(person.pk, now - SHOWN_MS, now + 1)
    if not found:
        return []
    device = cases.device_at(person.pk, now)
    carried = device is not None and device.protocol in notices.CARRIED_BY
    return [
        {
            "when": clock_text(one.at_ms, person.time_zone),
            "words": one.words,
            "became": _became(one, now, person.time_zone, carried=carried),
            "reached": one.state == NoticeState.SENT,
        }
        for one in found
    ]


def _became(one: Notice, now: int, time_zone: str, *, carried: bool) -> str:
    if one.state == NoticeState.SENT and one.settled_ms is not None:
        return f"Handed to the device at {clock_text(one.settled_ms, time_zone)}"
    if one.state == NoticeState.WITHDRAWN:
        why = "it was over before the device's next message" if carried else "the device's protocol carries no messages"
        return f"Not delivered: {why}"
    cannot = "" if carried else ": the device's protocol carries no messages"
    if one.state == NoticeState.EXPIRED or one.expires_ms <= now:
        return f"Could not be delivered{cannot or ' in time: the device sent nothing meanwhile'}"
    return f"Not delivered yet{cannot or ': waits for the next message of the device'}"
