"""Check-ins and enrolled images in words, for a person's page."""

from surety.rules.facts import Verdict
from surety.server.cases.models import Person
from surety.server.checkins.asking_queries import prompt_words
from surety.server.checkins.models import CheckIn, EnrolledImage, Stands, Submission
from surety.server.console.case_access import full_text

OPEN = (Stands.ASKED, Stands.SUBMITTED, Stands.REVIEW, Stands.LAPSED)
VERDICTS = {
    Verdict.SAME: "The same person",
    Verdict.NOT_SAME: "Not the same person",
    Verdict.CANNOT_TELL: "Nobody can tell",
}
_STANDS = {
    Stands.ASKED: ("Asked; no answer yet", "wait"),
    Stands.SUBMITTED: ("Photographs came; they are compared", "wait"),
    Stands.REVIEW: ("A person looks at the photographs", "wait"),
    Stands.LAPSED: ("No answer came", "unknown"),
    Stands.CANCELLED: ("Taken back", "unknown"),
    Stands.NOT_ASKED: ("Not asked", "unknown"),
}


def check_in_row(check_in: CheckIn, person: Person, *, may_open: bool) -> dict[str, object]:
    """One check-in: what was asked, what came, and how it stands."""
    sent = sorted(check_in.submissions.all(), key=lambda one: (one.at_ms, one.pk))
    photographs = sum(len(one.photos) for one in sent)
    words, tone, by = _how_it_stands(check_in)
    zone = person.time_zone
    return {
        "row": check_in,
        "asked": full_text(check_in.asked_ms, zone),
        "due": full_text(check_in.due_ms, zone),
        "stands": words,
        "travelled": prompt_words(check_in),
        "tone": tone,
        "by": by,
        "answers": [_answer(one, check_in, zone) for one in sent],
        "photographs": photographs,
        "may_open": may_open and photographs > 0,
        "may_record": may_open and check_in.stands in OPEN,
        "may_enrol": [
            {"submission": one.pk, "number": number}
            for one in sent
            for number in range(1, len(one.photos) + 1)
            if may_open and _people_said_same(check_in)
        ],
    }


def _how_it_stands(check_in: CheckIn) -> tuple[str, str, str]:
    """In a few words, their tone, and whose word it is."""
    if check_in.stands != Stands.DECIDED:
        return (*_STANDS[Stands(check_in.stands)], check_in.note)
    said = VERDICTS.get(Verdict(check_in.verdict), check_in.verdict) if check_in.verdict else "Decided"
    names = " and ".join(check_in.decided_by_names)
    tone = {"same": "good", "not_same": "bad"}.get(check_in.verdict, "unknown")
    if check_in.in_person_reason:
        return said, tone, f"Seen by {names}: {check_in.in_person_reason}"
    return said, tone, f"Decided by {names}." if names else "A clear match, without anybody's look."


def _people_said_same(check_in: CheckIn) -> bool:
    return check_in.stands == Stands.DECIDED and check_in.verdict == Verdict.SAME and bool(check_in.decided_by_names)


def _answer(sent: Submission, check_in: CheckIn, zone: str) -> dict[str, str]:
    """What came once. The machine's words wait for the decision: they must not lead those who look."""
    late = ", late" if sent.at_ms >= check_in.due_ms else ""
    if sent.at_ms >= check_in.late_until_ms:
        late = ", too late to be compared"
    what = _what_came(sent, zone)
    found = max(sent.comparisons.all(), key=lambda one: (one.at_ms, one.pk), default=None)
    said = found.body.get("sentence", "") if found is not None and check_in.stands == Stands.DECIDED else ""
    forced = ", sent after tries that failed" if sent.forced else ""
    return {"what": f"{what}{late}{forced}", "when": full_text(sent.at_ms, zone), "machine": said}


def _what_came(sent: Submission, zone: str) -> str:
    if count := len(sent.photos):
        return f"{count} photograph{'' if count == 1 else 's'}"
    if sent.device_id and sent.photos_erased_ms is not None:
        return f"Photographs, which were erased at the end of their time ({full_text(sent.photos_erased_ms, zone)})"
    return "Seen by an officer"


def image_row(image: EnrolledImage, person: Person) -> dict[str, object]:
    """One enrolled image: where it comes from, and how good it is. The picture itself is opened, not listed."""
    zone = person.time_zone
    recorded = f"{full_text(image.recorded_ms, zone)} by {image.recorded_by_name}"
    return {
        "row": image,
        "quality": _quality(image),
        "captured": full_text(image.captured_ms, zone) if image.captured_ms is not None else "not known",
        "recorded": recorded,
        "removed": f"{full_text(image.removed_ms, zone)} by {image.removed_by_name}: {image.removed_reason}"
        if image.removed_ms is not None
        else "",
    }


def _quality(image: EnrolledImage) -> str:
    if image.usable:
        eyes = image.quality.get("eye_distance_px")
        return "Good" + (f": {eyes:.0f} pixels between the eyes" if isinstance(eyes, int | float) else "")
    return "For people only: the machine cannot use it" if image.quality else "Not measured yet"
