"""The columns of 0008 to 0011."""

from surety.server.records.sealed import SealedText

COLUMNS = {
    "Person": {
        "given_names": SealedText("person.given_names"),
        "family_name": SealedText("person.family_name"),
        "phone": SealedText("person.phone", hides_empty=True),
    }
}
