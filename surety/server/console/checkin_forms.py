"""The forms about check-ins. Names follow checkins.enrolment and in_person, so that a refusal finds its field."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from surety.rules.facts import Verdict
from surety.server.checkins.enrolment import MOST_IMAGES
from surety.server.console.editor_forms import InstantField, LocalForm, NowField, PlainForm, text_field

KINDS = "image/jpeg,image/png,image/webp"


class FilesInput(forms.FileInput):
    """A file field that takes several."""

    allow_multiple_selected = True

    def __init__(self) -> None:
        super().__init__(attrs={"multiple": True, "accept": KINDS})


class FilesField(forms.FileField):
    """Several files; its clean value is a list of them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=FilesInput(), **options)

    def clean(self, value: Any, initial: Any = None) -> Any:
        """The files, each checked by itself."""
        given: Sequence[UploadedFile] = value if isinstance(value, list | tuple) else [value] if value else []
        if not given:
            raise forms.ValidationError("Choose at least one image.")
        return [super(FilesField, self).clean(one, initial) for one in given]


class MaybeInstant(InstantField):
    """An instant that may be left out."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, **options)

    def clean(self, value: Any) -> Any:
        """Milliseconds, or None."""
        return super().clean(value) if (value or "").strip() else None


class EnrolForm(LocalForm):
    """Images that a person is compared with, and where they come from."""

    images = FilesField(
        label="Images",
        help_text=f"JPEG, PNG or WebP. Two or more from different days help; at most {MOST_IMAGES} are kept. "
        "One face in each, seen from the front, in good light.",
        error_messages={"empty": "One of the files is empty."},
    )
    source = text_field("Where they were taken or found", "For example: taken at the office", longest=120)
    basis = text_field("Basis", "The person's consent and how they gave it, or the authority that allows it")
    captured_ms = MaybeInstant(
        label="When they were taken", help_text="If you know; else the camera's own word is taken, if it has one"
    )
    for_people = forms.BooleanField(
        label="Keep images that the machine cannot use: reviewers compare with them all the same", required=False
    )
    reason = text_field("Note", required=False, longest=2000, long=True)


class RemoveForm(PlainForm):
    """Why an image is removed."""

    reason = text_field("Reason", longest=2000, long=True)


class FromCheckInForm(PlainForm):
    """On which basis a photograph of a check-in is enrolled."""

    basis = text_field("Basis", "The person's consent and how they gave it, or the authority that allows it")
    reason = text_field("Note", required=False, longest=2000, long=True)


class InPersonForm(LocalForm):
    """A check-in that an officer records themselves."""

    verdict = forms.ChoiceField(
        label="Was it the person?",
        choices=((Verdict.SAME, "Yes, the same person"), (Verdict.CANNOT_TELL, "I cannot tell")),
        widget=forms.RadioSelect,
        error_messages={"required": "Say whether it was the person."},
    )
    seen_ms: InstantField = NowField(label="When you saw them")
    reason = text_field("Why without a photograph", "For example: the camera is broken", longest=2000, long=True)
