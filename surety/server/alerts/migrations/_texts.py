"""The columns of 0005 to 0008."""

from surety.server.records.sealed import SealedJSON, SealedText

COLUMNS = {
    "Alert": {
        "sentence": SealedText("alert.sentence", of="person_id", help_text="What happened, in words"),
        "outcome_reason": SealedText("alert.outcome_reason", of="person_id", blank=True),
    },
    "Part": {"sentence": SealedText("alert.part", of="alert.person_id")},
    "AlertEvent": {
        "text": SealedText("alert.event", of="alert.person_id", blank=True),
        "detail": SealedJSON("alert.detail", of="alert.person_id", default=dict),
    },
}
