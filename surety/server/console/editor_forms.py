"""The fields of the plain forms. Names follow cases.checks, so that a refusal finds its field."""

from typing import Any

from django import forms

from surety.server.cases.models import OrderStatus, ReviewOutcome
from surety.server.console.case_access import input_ms
from surety.server.console.case_words import DATA_WORDS, LANGUAGES, ORDER_TYPES

PROTOCOLS = (
    ("osmand", "OsmAnd / Traccar Client (HTTP)"),
    ("owntracks", "OwnTracks (HTTP)"),
    ("native", "Surety's watch client (a browser; photo check-ins)"),
)


class InstantField(forms.CharField):
    """A day and time on the person's clocks; its clean value is milliseconds since the epoch."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", forms.DateTimeInput(attrs={"type": "datetime-local"}))
        super().__init__(**options)
        self.time_zone = "UTC"

    def clean(self, value: Any) -> int:
        """Milliseconds. Raises ValidationError for what is no day and time."""
        text = super().clean(value)
        try:
            return input_ms(text, self.time_zone)
        except (ValueError, OverflowError):
            raise forms.ValidationError("Give a day and a time.") from None


class NowField(InstantField):
    """An instant that is "now" when it is left empty: the moment of saving, however long the form was open."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, **options)

    def clean(self, value: Any) -> int:
        """Milliseconds, or 0 for "now"."""
        return super().clean(value) if (value or "").strip() else 0


class PlainForm(forms.Form):
    """A form that says which field is missing, also in the list of what is to be mended above it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            if field.error_messages.get("required") == forms.Field.default_error_messages["required"]:
                field.error_messages["required"] = f"{field.label} is missing."


class LocalForm(PlainForm):
    """A form whose instants are on one person's clocks."""

    def __init__(self, *args: Any, time_zone: str = "UTC", **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            if isinstance(field, InstantField):
                field.time_zone = time_zone
                now = "Leave it empty for now. " if isinstance(field, NowField) else ""
                field.help_text = field.help_text or f"{now}Time zone {time_zone}"


def text_field(
    label: str, hint: str = "", *, required: bool = True, longest: int = 200, long: bool = False
) -> forms.CharField:
    """A line of text, or a few (`long`)."""
    widget = forms.Textarea(attrs={"rows": 3}) if long else forms.TextInput()
    return forms.CharField(label=label, help_text=hint, required=required, max_length=longest, widget=widget)


PRIVATE = "No rule reads it. Their officer and supervisors see it; operators and reviewers do not."


class PersonForm(PlainForm):
    """Who somebody is."""

    reference = text_field("Reference", "As the order or the court names them", longest=32)
    given_names = text_field("Given names", longest=120)
    family_name = text_field("Family name", longest=120)
    language = forms.ChoiceField(label="Language they read", choices=LANGUAGES)
    interpreter_required = forms.BooleanField(label="An interpreter is required", required=False)
    phone = text_field("Telephone", required=False, longest=32)
    time_zone = text_field("Time zone", "An IANA name, such as Europe/London", longest=64)
    region = text_field("Region", "Who works there sees this person", required=False, longest=64)
    date_of_birth = forms.CharField(
        label="Date of birth", help_text=PRIVATE, required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    nationality = text_field("Nationality", PRIVATE, required=False, longest=64)
    sex = text_field("Sex", PRIVATE, required=False, longest=32)
    ethnicity = text_field("Ethnicity, as they describe it", PRIVATE, required=False, longest=64)
    disabilities = text_field("Disabilities", PRIVATE, required=False, longest=500, long=True)
    address = text_field("Address", required=False, longest=500, long=True)
    no_fixed_abode = forms.BooleanField(label="No fixed abode", required=False)
    responsible_adult = text_field(
        "Responsible adult", "For a minor: who, and how they are reached", required=False, longest=300, long=True
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["time_zone"].initial = "Europe/London"


class PersonChangeForm(PersonForm):
    """What was recorded of somebody wrongly, or has changed."""

    reason = text_field("Reason for the change", longest=2000, long=True)


class OrderForm(LocalForm):
    """An order: every field of its authority is needed."""

    order_type = forms.ChoiceField(label="Type of order", choices=tuple(ORDER_TYPES.items()))
    legal_basis = text_field("Legal basis", "The act and section, as the decision names it")
    issuing_authority = text_field("Issued by", "The court or authority that decided")
    decision_file = forms.FileField(
        label="Signed decision",
        required=False,
        help_text="A PDF, a picture or plain text, up to 20 MB. It is kept under the person's own key.",
    )
    decision_sha256 = text_field(
        "Or the SHA-256 of the signed decision", "64 digits 0-9 and a-f", required=False, longest=64
    )
    data_kinds = forms.MultipleChoiceField(
        label="What may be collected",
        choices=tuple((kind, text.capitalize()) for kind, text in DATA_WORDS.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Say what may be collected."},
    )
    starts_ms: InstantField = NowField(label="Starts")
    ends_ms = InstantField(label="Ends")
    review_due_ms = InstantField(label="Next review of proportionality due", help_text="At most four months on")
    reason = text_field("Reason", "Needed when it started in the past", required=False, longest=2000, long=True)

    def clean(self) -> dict[str, Any]:
        """One of the file and its hash is needed."""
        data = super().clean() or {}
        if not data.get("decision_file") and not data.get("decision_sha256"):
            self.add_error("decision_sha256", "Choose the signed decision's file, or give its SHA-256.")
        return data


class VariationForm(OrderForm):
    """A new version of an order."""

    starts_ms = InstantField(label="Starts")
    effective_from_ms = NowField(label="The variation holds from")
    told_ms = NowField(label="When they were told of it")
    told_how = text_field(
        "How they were told", "Needed where something new may be collected: they are told first",
        required=False, longest=120,
    )  # fmt: skip
    told_language = forms.ChoiceField(label="In which language", choices=LANGUAGES, required=False)
    reason = text_field("Reason for the variation", longest=2000, long=True)


class ToldForm(LocalForm):
    """That the person was told."""

    told_ms = NowField(label="When they were told")
    told_how = text_field("How", "For example: in person, with an interpreter, leaflet handed over", longest=120)
    told_language = forms.ChoiceField(label="In which language", choices=LANGUAGES)


class ReviewForm(LocalForm):
    """That an order was reviewed."""

    outcome = forms.ChoiceField(label="What came of it", choices=ReviewOutcome.choices, widget=forms.RadioSelect)
    statement = text_field("Why", "At least 20 characters; the person may read it", longest=4000, long=True)
    next_due_ms: InstantField = NowField(label="Next review due")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["next_due_ms"].help_text = "At most four months on; left empty only where the order ends"


class StatusForm(LocalForm):
    """What becomes of an order."""

    status = forms.ChoiceField(label="The order is then", widget=forms.RadioSelect)
    effective_from_ms = NowField(label="From")
    reason = text_field("Reason", longest=2000, long=True)

    def __init__(self, *args: Any, status: str, **options: Any) -> None:
        super().__init__(*args, **options)
        others = [(value, label) for value, label in OrderStatus.choices if value != status]
        field = self.fields["status"]
        if isinstance(field, forms.ChoiceField):
            field.choices = others


class AssignForm(LocalForm):
    """A device for a person."""

    protocol = forms.ChoiceField(label="How the device speaks", choices=PROTOCOLS)
    model = text_field("Model", required=False, longest=64)
    network = text_field("Mobile network (operator)", required=False, longest=64)
    identifier = text_field(
        "Identifier",
        "What the device calls itself. Leave empty for a new, unguessable one; a recorded device is given on.",
        required=False,
        longest=64,
    )
    with_secret = forms.BooleanField(
        label="The device sends a secret (OwnTracks and others that can log in)", required=False, initial=True
    )
    from_ms = NowField(label="Worn from")
    reason = text_field("Reason", "Needed when it reaches back", required=False, longest=2000, long=True)


class EndForm(LocalForm):
    """That a device is no longer worn."""

    to_ms = NowField(label="Worn until")
    reason = text_field("Reason", longest=2000, long=True)
