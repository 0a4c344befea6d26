"""What was asked of whom, what came, what the machine measured, and what people concluded.

Writers by table: asking.py (CheckIn, Prompt, Sheet), taking.py (Submission, as it comes), comparing.py (Comparison,
and what waits for it; CompareHealth), enrolment.py (EnrolledImage), templates.py (Template), reviewing.py and
deciding.py (Review, Answer; what people decide of a CheckIn), control.py (ControlPair, ControlPicture), outbox.py
(OutFact). Where a CheckIn stands is moved on by each of them. The door reads open check-ins (and marks what it handed
over) and sheets by plain SQL (surety/gateway/watch_register.py). Instants are in milliseconds (`_ms`).
"""

from django.conf import settings
from django.db import models

from surety.server.cases.models import Person, Recorded
from surety.server.ids import new_id
from surety.server.records.sealed import SealedText


class Stands(models.TextChoices):
    """How far a check-in has come. Whether it was missed or late is for the rules to find (rules/checkins.py)."""

    ASKED = "asked", "Asked"
    SUBMITTED = "submitted", "Photographs came; they wait for the comparison"
    REVIEW = "review", "A person looks"
    DECIDED = "decided", "Decided"
    LAPSED = "lapsed", "Nothing came"
    CANCELLED = "cancelled", "Taken back before it was due"
    NOT_ASKED = "not_asked", "Not asked, as no answer was possible"


class CheckIn(models.Model):
    """One question to one person. `id` is the check_in_id of the facts.

    It follows from the condition, its version, the local date and the number, so that nothing is asked twice.
    """

    id = models.CharField(primary_key=True, max_length=32, default=new_id)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="check_ins")
    condition_id = models.CharField(max_length=32)
    condition_version = models.PositiveIntegerField()
    day = models.CharField(max_length=10, blank=True, help_text="The local date whose sequence it is of: 2026-11-23")
    number = models.PositiveSmallIntegerField(default=0, help_text="Its place in that sequence, from 1")
    asked_ms = models.BigIntegerField()
    due_ms = models.BigIntegerField()
    late_until_ms = models.BigIntegerField(help_text="From then on photographs are not taken any more")
    turn = models.CharField(max_length=8, blank=True, help_text="faces.contract.Turn: which way to turn the head")
    stands = models.CharField(max_length=12, choices=Stands.choices, default=Stands.ASKED)
    handed_ms = models.BigIntegerField(null=True, help_text="When the door handed it to the watch")
    seen_ms = models.BigIntegerField(null=True, help_text="When the watch said that it shows it")
    delivered_ms = models.BigIntegerField(null=True, help_text="When the rules were told that it got through")
    undelivered_ms = models.BigIntegerField(null=True, help_text="When the rules were told that it did not")
    reminded_ms = models.BigIntegerField(null=True)
    note = models.CharField(max_length=200, blank=True, help_text="Why it was taken back, or not asked")
    again = models.CharField(max_length=120, blank=True, help_text="faces.contract.Advice for one more try, by spaces")
    again_until_ms = models.BigIntegerField(null=True, help_text="Until when one more try is waited for")
    verdict = models.CharField(max_length=12, blank=True, help_text="rules.facts.Verdict, once decided")
    decided_ms = models.BigIntegerField(null=True)
    decided_by_names = models.JSONField(default=list, help_text="Empty: a clear match, by the machine")
    in_person_reason = SealedText(
        "checkin.in_person_reason", of="person_id", blank=True, help_text="Why an officer recorded it without a camera"
    )

    class Meta:
        indexes = [
            models.Index(fields=["person", "asked_ms"]),
            models.Index(fields=["due_ms"], condition=models.Q(stands="asked"), name="checkin_open"),
        ]


class Channel(models.TextChoices):
    """How a prompt travels."""

    WATCH = "watch", "The watch's own poll"
    PUSH = "push", "Web Push"
    MESSAGE = "message", "SMS, mail or another service"


class PromptState(models.TextChoices):
    """What became of a prompt."""

    QUEUED = "queued", "Waiting"
    SENT = "sent", "Sent"
    FAILED = "failed", "Could not be sent"
    WITHDRAWN = "withdrawn", "No longer needed"


class Prompt(models.Model):
    """The notification outbox: one message about one check-in, by one channel. At least once, tried again, visible."""

    check_in = models.ForeignKey(CheckIn, on_delete=models.CASCADE, related_name="prompts")
    channel = models.CharField(max_length=12, choices=Channel.choices)
    kind = models.CharField(max_length=12, help_text="asked or reminder")
    sentence = models.TextField()
    state = models.CharField(max_length=12, choices=PromptState.choices, default=PromptState.QUEUED)
    queued_ms = models.BigIntegerField()
    next_try_ms = models.BigIntegerField()
    attempts = models.IntegerField(default=0)
    settled_ms = models.BigIntegerField(null=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(fields=["next_try_ms"], condition=models.Q(state="queued"), name="prompt_queued")]


class Sheet(models.Model):
    """What a person's watch shows of today, in their language: written here, read by the door (docs/watch.md)."""

    person = models.OneToOneField(Person, primary_key=True, on_delete=models.CASCADE, related_name="sheet")
    body = models.TextField(help_text="JSON")
    made_ms = models.BigIntegerField()
    renew_ms = models.BigIntegerField(help_text="When it has to be written anew")


class Submission(models.Model):
    """Photographs that came for a check-in, by a watch or, where a person has no working camera, by an officer."""

    id = models.CharField(primary_key=True, max_length=32, help_text="Of the fact CheckInSubmitted")
    check_in = models.ForeignKey(CheckIn, on_delete=models.CASCADE, related_name="submissions")
    device_id = models.CharField(max_length=32, blank=True)
    at_ms = models.BigIntegerField()
    received_ms = models.BigIntegerField()
    photos = models.JSONField(default=list, help_text="SHA-256 of each frame, in the order in which they were taken")
    photos_erased_ms = models.BigIntegerField(null=True, help_text="When they were erased, by the retention schedule")
    turn = models.CharField(max_length=8, blank=True)
    tries = models.PositiveIntegerField(default=1)
    forced = models.BooleanField(default=False, help_text='"Submit anyway"')
    taken_ms = models.BigIntegerField(null=True, help_text="When the worker took it")
    next_ms = models.BigIntegerField(null=True, help_text="When it is compared or handed to people; null: no more")
    attempts = models.PositiveIntegerField(default=0, help_text="How often it was taken off the queue")

    class Meta:
        indexes = [
            models.Index(fields=["check_in", "at_ms"]),
            models.Index(fields=["next_ms"], condition=~models.Q(next_ms=None), name="submission_waiting"),
            # What the daily erasure looks at: those whose photographs are still kept.
            models.Index(fields=["id"], condition=models.Q(photos_erased_ms=None), name="submission_photos_kept"),
        ]


class Comparison(models.Model):
    """What the machine measured of one submission. Never changed; were there several, the newest counts, all stay."""

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="comparisons")
    at_ms = models.BigIntegerField()
    outcome = models.CharField(max_length=16, help_text="faces.contract.Outcome")
    similarity = models.FloatField(null=True)
    engine = models.CharField(max_length=32, blank=True)
    model_sha256 = models.CharField(max_length=64, blank=True)
    body = models.JSONField(help_text="faces.contract.Comparison as JSON")


class CompareHealth(models.Model):
    """The last sign of life of a process that compares (comparing.py), and the engine that it has."""

    name = models.CharField(primary_key=True, max_length=64)
    process_id = models.IntegerField()
    at_ms = models.BigIntegerField()
    engine = models.CharField(max_length=32, blank=True, help_text="Empty: none; people look at everything")
    model_sha256 = models.CharField(max_length=64, blank=True)
    sentence = models.TextField(blank=True, help_text="Why there is no engine, or what failed last")


class EnrolledImage(Recorded):
    """An image that a person is compared with, and where it comes from. Replaced ones stay on record."""

    reason = SealedText("case.reason", of="person_id", blank=True)
    id = models.CharField(primary_key=True, max_length=32, default=new_id)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="enrolled_images")
    sha256 = models.CharField(max_length=64)
    source = SealedText("image.source", of="person_id", help_text="Where it was taken or found")
    basis = SealedText("image.basis", of="person_id", help_text="Consent, or the authority that allows it")
    captured_ms = models.BigIntegerField(null=True)
    quality = models.JSONField(default=dict, help_text="faces.contract.Quality as JSON")
    usable = models.BooleanField(default=False, help_text="Whether a template could be made")
    removed_ms = models.BigIntegerField(null=True)
    removed_by_name = models.CharField(max_length=200, blank=True)
    removed_reason = SealedText("image.removed_reason", of="person_id", blank=True)


class Template(models.Model):
    """An enrolled image as one recogniser keeps it, sealed to the person's key. Made anew when the model changes."""

    image = models.ForeignKey(EnrolledImage, on_delete=models.CASCADE, related_name="templates")
    model_sha256 = models.CharField(max_length=64)
    box = models.BinaryField(help_text="faces.contract.Reference.template, sealed; empty: the model can make none")
    made_ms = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["image", "model_sha256"], name="template_once")]


class Stage(models.TextChoices):
    """Who looks now."""

    FIRST = "first", "A first reviewer"
    SECOND = "second", "A second reviewer, who does not see the first answer"
    ARBITER = "arbiter", "A supervisor, as two disagree"
    DONE = "done", "Decided"
    WITHDRAWN = "withdrawn", "No longer needed"


class Review(models.Model):
    """That people are to look at a submission, or at a control pair whose truth is known.

    What the machine said (`comparison`) is frozen with it, and shown to nobody before their own first answer.
    """

    id = models.CharField(primary_key=True, max_length=32, default=new_id)
    submission = models.ForeignKey(Submission, null=True, on_delete=models.CASCADE, related_name="reviews")
    comparison = models.ForeignKey(Comparison, null=True, on_delete=models.SET_NULL, related_name="+")
    control = models.ForeignKey("ControlPair", null=True, on_delete=models.CASCADE, related_name="reviews")
    region = models.CharField(max_length=64, blank=True)
    stage = models.CharField(max_length=12, choices=Stage.choices, default=Stage.FIRST)
    severity = models.PositiveSmallIntegerField(help_text="1 most urgent; orders the queue with due_ms")
    opened_ms = models.BigIntegerField()
    due_ms = models.BigIntegerField()
    escalated_ms = models.BigIntegerField(null=True)
    held_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    held_ms = models.BigIntegerField(null=True, help_text="When the holder last did something")
    verdict = models.CharField(max_length=12, blank=True)
    decided_ms = models.BigIntegerField(null=True)
    reopened_by_name = models.CharField(max_length=200, blank=True, help_text="Who asked for another look")
    reopened_reason = SealedText("review.reopened_reason", of="submission.check_in.person_id", blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["severity", "due_ms"], condition=~models.Q(stage__in=("done", "withdrawn")), name="review_open"
            ),
            models.Index(fields=["opened_ms"]),
        ]


class Answer(models.Model):
    """One person's answer to one review, with what they were shown when, and how long they looked.

    Without `answer` it is not given yet, and counts for nothing.
    """

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="answers")
    stage = models.CharField(max_length=12, choices=Stage.choices)
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    reviewer_name = models.CharField(max_length=200)
    opened_ms = models.BigIntegerField(help_text="When the photographs were first uncovered")
    open = models.BooleanField(default=False, help_text="Whether they are uncovered now")
    shown = models.JSONField(default=list, help_text="The pictures that were served, each once")
    first_answer = models.CharField(max_length=12, blank=True, help_text="Before the machine's words were shown")
    first_ms = models.BigIntegerField(null=True)
    answer = models.CharField(max_length=12, blank=True, help_text="rules.facts.Verdict; final")
    reason = SealedText("review.reason", of="review.submission.check_in.person_id", blank=True)
    answered_ms = models.BigIntegerField(null=True)
    spent_ms = models.BigIntegerField(default=0, help_text="With the photographs open")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["review", "reviewer"], name="answer_once")]


class ControlPair(models.Model):
    """A reference and a burst of which it is known whether they show the same person, mixed in to learn how often
    people err. About nobody under supervision; `name` is what its source calls it.
    """

    id = models.CharField(primary_key=True, max_length=32, default=new_id)
    name = models.CharField(max_length=120)
    source = models.CharField(max_length=120)
    same = models.BooleanField()
    group = models.CharField(
        max_length=64, blank=True, help_text="As the pair's source names it; for error rates alone"
    )
    turn = models.CharField(max_length=8, blank=True, help_text="faces.contract.Turn, as of a submission")
    body = models.JSONField(default=dict, help_text="faces.contract.Comparison as JSON, as of a submission")
    loaded_ms = models.BigIntegerField()
    retired_ms = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "name"], name="control_pair_once")]


class ControlPicture(models.Model):
    """One picture of a control pair: of the references, or a frame of the burst."""

    id = models.CharField(primary_key=True, max_length=32, default=new_id)
    pair = models.ForeignKey(ControlPair, on_delete=models.CASCADE, related_name="pictures")
    is_reference = models.BooleanField()
    nth = models.PositiveSmallIntegerField(help_text="Its order among its like, from 0")
    data = models.BinaryField(help_text="The picture as it was loaded")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pair", "is_reference", "nth"], name="control_picture_once")]


class OutFact(models.Model):
    """Outbox to the log: a fact that commits with the rows it is about, and is then appended, at least once."""

    person_id = models.CharField(max_length=32)
    body = models.BinaryField(help_text="rules.facts.encode")
    made_ms = models.BigIntegerField()
    sent_ms = models.BigIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["id"], condition=models.Q(sent_ms=None), name="outfact_waiting")]


class Beat(models.Model):
    """A sign of life of a process of this room, and how far it had come: "checkins", "compare"."""

    name = models.CharField(primary_key=True, max_length=32)
    at_ms = models.BigIntegerField()
    error = models.CharField(max_length=300, blank=True)
