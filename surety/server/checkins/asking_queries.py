"""The reader of how asking stands: for `surety doctor`, and for a person's page."""

import msgspec

from surety.clock import Clock
from surety.rules.conditions import CheckInDuty, Condition
from surety.server.cases import queries as cases
from surety.server.checkins import outbox, routes
from surety.server.checkins.asker import NAME, people_with_duties
from surety.server.checkins.models import Beat, Channel, CheckIn, Prompt, PromptState, Stands

DAY_MS = 86_400_000
_CHANNELS = {Channel.WATCH: "the watch's own poll", Channel.PUSH: "push", Channel.MESSAGE: "message"}
SIGN_OF_LIFE_S = 30.0  # of the machine's time; the process leaves one every five seconds


class Asking(msgspec.Struct, frozen=True):
    """How asking stands. `cannot_answer`: people with a duty in force who cannot be asked now."""

    people: int
    live: bool
    cannot_answer: int
    not_asked: int
    failed: int
    facts_waiting_s: float


def asking(clock: Clock) -> Asking:
    """How asking stands now."""
    now_ms = clock.now_ms()
    people = [
        one for one, known in cases.condition_sets(people_with_duties()).items() if asks(known.conditions, now_ms)
    ]
    beat = Beat.objects.filter(name=NAME).values_list("at_ms", flat=True).first()
    _, oldest = outbox.waiting()
    return Asking(
        people=len(people),
        live=beat is not None and (now_ms - beat) / 1000 / clock.speed < SIGN_OF_LIFE_S,
        cannot_answer=sum(bool(routes.why_not(one, now_ms)) for one in people),
        not_asked=CheckIn.objects.filter(stands=Stands.NOT_ASKED, asked_ms__gt=now_ms - DAY_MS).count(),
        failed=Prompt.objects.filter(state=PromptState.FAILED, settled_ms__gt=now_ms - DAY_MS).count(),
        facts_waiting_s=0.0 if oldest is None else max(now_ms - oldest, 0) / 1000 / clock.speed,
    )


def asks(conditions: tuple[Condition, ...], at_ms: int) -> bool:
    """Whether a duty in force asks for photographs at all."""
    return any(
        isinstance(one.body, CheckInDuty)
        and one.body.per_day > 0
        and one.effective_from_ms <= at_ms
        and (one.effective_to_ms is None or at_ms < one.effective_to_ms)
        for one in conditions
    )


def why_not_asked(person_id: str, at_ms: int) -> str:
    """Why a person with a duty in force cannot be asked now; nothing where they can, or have none."""
    if not asks(cases.condition_set(person_id).conditions, at_ms):
        return ""
    return routes.why_not(person_id, at_ms)


def prompt_words(row: CheckIn) -> list[str]:
    """How a question travelled, in a few words each, for the person's page."""
    said = ["It got through: the watch showed it."] if row.seen_ms is not None else []
    if row.undelivered_ms is not None and row.seen_ms is None:
        said.append("It did not get through in time.")
    for prompt in row.prompts.all():
        what = "A reminder" if prompt.kind == "reminder" else "A prompt"
        became = {
            PromptState.QUEUED: "waits",
            PromptState.SENT: "was sent",
            PromptState.FAILED: f"could not be sent: {prompt.error}" if prompt.error else "could not be sent in time",
            PromptState.WITHDRAWN: "was no longer needed",
        }[PromptState(prompt.state)]
        said.append(f"{what} by {_CHANNELS[Channel(prompt.channel)]} {became.rstrip('.')}.")
    return said
