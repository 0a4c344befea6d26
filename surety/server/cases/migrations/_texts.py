"""The columns of 0013 to 0016: what is written of people's cases, where they must be and live, protected persons."""

from typing import Any

from surety.server.records.sealed import Sealed, SealedJSON, SealedText


def _reason(of: str = "pk") -> Sealed[str, str]:
    return SealedText("case.reason", of=of, blank=True)


COLUMNS: dict[str, dict[str, Sealed[Any, Any]]] = {
    "Person": {"reason": _reason()},
    "Order": {"reason": _reason("person_id")},
    "OrderVersion": {
        "reason": _reason("order.person_id"),
        "told_how": SealedText("case.told_how", of="order.person_id", blank=True),
    },
    "Condition": {"label": SealedText("condition.label", of="order.person_id")},
    "ConditionVersion": {
        "reason": _reason("condition.order.person_id"),
        "body": SealedJSON(
            "condition.body", of="condition.order.person_id", null=True, help_text="A rules.conditions.Body as JSON"
        ),
    },
    "DeviceAssignment": {"reason": _reason("person_id")},
    "ProtectedPerson": {
        "reason": _reason(),
        "name": SealedText("person.name"),
        "contact": SealedText("person.contact", help_text="How they want to be reached"),
    },
    "ProtectedLink": {
        "reason": _reason("protected_id"),
        "consent_how": SealedText("case.consent_how", of="protected_id"),
        "told_how": SealedText("case.told_how", of="protected_id", blank=True),
    },
    "ProtectedAssignment": {"reason": _reason("protected_id")},
    "EverydayPlace": {
        "reason": _reason("person_id"),
        "label": SealedText("place.label", of="person_id"),
        "area": SealedJSON("place.area", of="person_id", help_text="A rules.conditions.Area as JSON"),
        "removed_reason": SealedText("place.removed_reason", of="person_id", blank=True),
    },
    "ProgrammeTold": {"reason": _reason("person_id"), "how": SealedText("case.told_how", of="person_id")},
}
