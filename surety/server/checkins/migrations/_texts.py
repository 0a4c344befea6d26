"""The columns of 0003 to 0006."""

from surety.server.records.sealed import SealedText

COLUMNS = {
    "CheckIn": {
        "in_person_reason": SealedText(
            "checkin.in_person_reason",
            of="person_id",
            blank=True,
            help_text="Why an officer recorded it without a camera",
        )
    },
    "EnrolledImage": {
        "reason": SealedText("case.reason", of="person_id", blank=True),
        "source": SealedText("image.source", of="person_id", help_text="Where it was taken or found"),
        "basis": SealedText("image.basis", of="person_id", help_text="Consent, or the authority that allows it"),
        "removed_reason": SealedText("image.removed_reason", of="person_id", blank=True),
    },
    "Review": {"reopened_reason": SealedText("review.reopened_reason", of="submission.check_in.person_id", blank=True)},
    "Answer": {"reason": SealedText("review.reason", of="review.submission.check_in.person_id", blank=True)},
}
