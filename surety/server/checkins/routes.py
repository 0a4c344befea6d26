"""The reader of ways to reach a person: whether they can be asked now, and what carried a question."""

from django.db.models import OuterRef, QuerySet

from surety.server.cases.models import DoorGrant, WatchKey
from surety.server.checkins.models import Channel, Prompt, PromptState

PROTOCOL = "native"  # of the devices that can answer (docs/watch.md)
NO_DEVICE = "No device that can take photographs is given to the person, or no order lets it."
NOT_ENROLLED = "The person's device was not set up with its code yet."


def why_not(person_id: str, at_ms: int) -> str:
    """Why a person cannot be asked for a photograph at an instant; nothing where they can."""
    grants = DoorGrant.objects.filter(person_id=person_id, protocol=PROTOCOL, from_ms__lte=at_ms, to_ms__gt=at_ms)
    devices = list(grants.exclude(photo_key="").values_list("device_id", flat=True))
    if not devices:
        return NO_DEVICE
    enrolled = WatchKey.objects.filter(device_id__in=devices, claimed_ms__isnull=False).exclude(public_key="")
    return "" if enrolled.exists() else NOT_ENROLLED


def accepted_of(check_in_id: OuterRef) -> QuerySet[Prompt]:
    """The messages about a check-in that a service took: they may have arrived, nobody knows.

    A push that arrives makes the watch ask the door at once, which shows; one that was only taken reached nobody.
    """
    return Prompt.objects.filter(check_in_id=check_in_id, state=PromptState.SENT, channel=Channel.MESSAGE)
