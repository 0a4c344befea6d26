"""The fields of the forms about protected persons. Names follow cases.protected, so that a refusal finds its field."""

from django import forms

from surety.server.console.case_words import LANGUAGES
from surety.server.console.editor_forms import PROTOCOLS, LocalForm, NowField, PlainForm, text_field


class ProtectedForm(PlainForm):
    """Who a protected person is."""

    reference = text_field("Reference", "Not the supervised person's", longest=32)
    name = text_field("Name")
    contact = text_field("How they want to be reached", "A telephone number, and when it is safe to call")
    language = forms.ChoiceField(label="Language they read", choices=LANGUAGES)
    time_zone = text_field("Time zone", "An IANA name, such as Europe/London", longest=64)
    region = text_field("Region", "Who works there sees this person", required=False, longest=64)

    def __init__(self, *args: object, region: str = "", **options: object) -> None:
        super().__init__(*args, **options)
        self.fields["time_zone"].initial = "Europe/London"
        self.fields["region"].initial = region


class LinkForm(LocalForm):
    """A link to a supervised person's order."""

    supervised = text_field("Reference of the supervised person", "Their order must be in force now", longest=32)
    legal_basis = text_field("Legal basis", "The act and section, or the order, that protects this person")
    alert_m = forms.IntegerField(label="Distance to keep, metres", help_text="50 to 20,000")
    warn_m = forms.IntegerField(
        label="The desk is told from, metres",
        required=False,
        help_text="Greater than the distance to keep; empty: never",
    )
    consent_ms = NowField(label="When the protected person consented")
    consent_how = text_field("How they consented", "For example: signed form, in person, with an interpreter")
    reason = text_field("Note", "Stands with the protected person alone", required=False, longest=2000, long=True)


class ReasonForm(PlainForm):
    """A reason, for those who come after."""

    reason = text_field("Reason", "Stands with the protected person alone", longest=2000, long=True)


class NoReasonForm(PlainForm):
    """Nothing is asked: whoever withdraws their consent owes no reason."""


class CarryForm(LocalForm):
    """A device for a protected person."""

    protocol = forms.ChoiceField(label="How the device speaks", choices=PROTOCOLS)
    model = text_field("Model", required=False, longest=64)
    with_secret = forms.BooleanField(
        label="The device sends a secret (OwnTracks and others that can log in)", required=False, initial=True
    )


class ReturnForm(LocalForm):
    """That a device was given back."""

    to_ms = NowField(label="Carried until")
    reason = text_field("Reason", "Needed when it reaches back", required=False, longest=2000, long=True)
