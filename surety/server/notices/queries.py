"""The reader of notices for pages."""

from surety.server.notices.models import Notice

CARRIED_BY = {"owntracks": "the reply to the app's next message"}
"""Protocols whose devices can be told something, and how."""


def notices_of(person_id: str, from_ms: int, to_ms: int) -> list[Notice]:
    """What was to be said to a person in a window, the latest first."""
    rows = Notice.objects.filter(person_id=person_id, at_ms__gte=from_ms, at_ms__lt=to_ms)
    return list(rows.order_by("-at_ms", "-pk"))
