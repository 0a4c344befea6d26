"""People, their orders and conditions, their devices. Versions are added, never edited; `actions.py` alone writes.

Instants are milliseconds since the epoch (`_ms`), as the rules count them.
"""

from django.conf import settings
from django.db import models

from surety.server.ids import new_id
from surety.server.records.sealed import SealedJSON, SealedText


class Recorded(models.Model):
    """Who wrote a row down, and when. The name is frozen beside the link."""

    recorded_ms = models.BigIntegerField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    recorded_by_name = models.CharField(max_length=200)
    reason = models.TextField(blank=True)

    class Meta:
        abstract = True


class Person(Recorded):
    """Somebody under supervision. Their record fields are read by no rule; who they are lies under their own key."""

    reason = SealedText("case.reason", blank=True)
    id = models.CharField(primary_key=True, max_length=32, default=new_id)
    reference = models.CharField(max_length=32, unique=True)
    given_names = SealedText("person.given_names")
    family_name = SealedText("person.family_name")
    language = models.CharField(max_length=16, default="en")
    interpreter_required = models.BooleanField(default=False)
    phone = SealedText("person.phone", hides_empty=True)
    # Record fields (traits.py): whether there is anything in them is itself nobody's business.
    date_of_birth = SealedText("person.date_of_birth", hides_empty=True, blank=True, help_text="YYYY-MM-DD")
    nationality = SealedText("person.nationality", hides_empty=True, blank=True)
    sex = SealedText("person.sex", hides_empty=True, blank=True)
    ethnicity = SealedText("person.ethnicity", hides_empty=True, blank=True, help_text="As they describe it")
    disabilities = SealedText("person.disabilities", hides_empty=True, blank=True)
    address = SealedText("person.address", hides_empty=True, blank=True)
    no_fixed_abode = SealedJSON("person.no_fixed_abode", null=True)
    responsible_adult = SealedText("person.responsible_adult", hides_empty=True, blank=True, help_text="Of a minor")
    time_zone = models.CharField(max_length=64, default="Europe/London")
    region = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"{self.given_names} {self.family_name} ({self.reference})"

    @property
    def short_name(self) -> str:
        """Given name and the family name's first letter, as lists show it."""
        return f"{self.given_names.split(' ')[0]} {self.family_name[:1]}."


class Caseload(models.Model):
    """That an officer is responsible for a person, from one instant to another."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="caseloads")
    officer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="caseloads")
    from_ms = models.BigIntegerField()
    to_ms = models.BigIntegerField(null=True)


class Order(Recorded):
    """A court's or an authority's decision to supervise a person. What it says stands in its versions."""

    reason = SealedText("case.reason", of="person_id", blank=True)
    id = models.CharField(primary_key=True, max_length=32, default=new_id)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="orders")


class OrderStatus(models.TextChoices):
    """Whether an order may be acted on."""

    IN_FORCE = "in_force", "In force"
    SUSPENDED = "suspended", "Suspended"
    ENDED = "ended", "Ended"


class ReviewOutcome(models.TextChoices):
    """What came of a review of an order's proportionality."""

    CONTINUES = "continues", "It goes on as it is"
    VARIED = "varied", "It goes on and is to be varied"
    ENDS = "ends", "It is no longer proportionate and ends now"


class OrderVersion(Recorded):
    """What an order says from `effective_from_ms` on, until a later version's time."""

    reason = SealedText("case.reason", of="order.person_id", blank=True)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    effective_from_ms = models.BigIntegerField()
    status = models.CharField(max_length=16, choices=OrderStatus.choices, default=OrderStatus.IN_FORCE)
    order_type = models.CharField(max_length=32)
    legal_basis = models.CharField(max_length=200)
    issuing_authority = models.CharField(max_length=200)
    decision_sha256 = models.CharField(max_length=64)
    data_kinds = models.JSONField(default=list, help_text='What may be collected: "position", "device", "photo"')
    starts_ms = models.BigIntegerField()
    ends_ms = models.BigIntegerField()
    review_due_ms = models.BigIntegerField()
    told_ms = models.BigIntegerField(null=True, help_text="When the person was told, in a language they read")
    told_how = SealedText("case.told_how", of="order.person_id", blank=True)
    told_language = models.CharField(max_length=16, blank=True)
    review_outcome = models.CharField(
        max_length=16, choices=ReviewOutcome.choices, blank=True, help_text="Of the review that made this version"
    )
    review_statement = SealedText("case.review_statement", of="order.person_id", blank=True)

    class Meta:
        unique_together = [("order", "version")]
        ordering = ["order_id", "version"]


class Condition(models.Model):
    """One duty under an order; what it says stands in its versions."""

    id = models.CharField(primary_key=True, max_length=32, default=new_id)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="conditions")
    label = SealedText("condition.label", of="order.person_id")


class ConditionVersion(Recorded):
    """What a condition says from `effective_from_ms` on. A null body: withdrawn from then on.

    The version in force at an instant is the one with the greatest number among those that took effect by then.
    """

    reason = SealedText("case.reason", of="condition.order.person_id", blank=True)
    condition = models.ForeignKey(Condition, on_delete=models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    effective_from_ms = models.BigIntegerField()
    kind = models.CharField(max_length=16, blank=True, help_text="The body's kind; empty without one")
    body = SealedJSON(
        "condition.body", of="condition.order.person_id", null=True, help_text="A rules.conditions.Body as JSON"
    )

    class Meta:
        unique_together = [("condition", "version")]
        ordering = ["condition_id", "version"]


class Device(Recorded):
    """A tag, watch or phone. `identifier` is what it calls itself on the wire: unguessable."""

    id = models.CharField(primary_key=True, max_length=32, default=new_id)
    identifier = models.CharField(max_length=64, unique=True)
    protocol = models.CharField(max_length=16)
    model = models.CharField(max_length=64, blank=True)
    network = models.CharField(max_length=64, blank=True, help_text="The mobile network's operator")
    secret_sha256 = models.CharField(max_length=64, blank=True, help_text="Of a random secret, for log-in at the door")
    payload_key = models.CharField(max_length=64, blank=True, help_text="Passphrase of encrypted payloads")


class DeviceAssignment(Recorded):
    """That a person wears a device, from one instant to another."""

    reason = SealedText("case.reason", of="person_id", blank=True)
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="assignments")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="assignments")
    from_ms = models.BigIntegerField()
    to_ms = models.BigIntegerField(null=True)


class ProtectedPerson(Recorded):
    """Somebody whom an order protects from a supervised person. Only those with `protected.view` may see this row.

    Nothing of it, and no position of theirs, is shown with the supervised person's case.
    """

    reason = SealedText("case.reason", blank=True)
    id = models.CharField(primary_key=True, max_length=32, default=new_id)
    reference = models.CharField(max_length=32, unique=True)
    name = SealedText("person.name")
    contact = SealedText("person.contact", help_text="How they want to be reached")
    language = models.CharField(max_length=16, default="en")
    time_zone = models.CharField(max_length=64, default="Europe/London")
    region = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.reference})"


class ProtectedLink(Recorded):
    """That a supervised person keeps a distance from a protected one, wherever they are (docs/adr/0017).

    In force from the latest of: its start, the protected person's consent, a second person's approval, and that the
    supervised person was told; while their order is; and until it is ended or the consent is withdrawn. What it asks
    never changes: other distances are another link.
    """

    reason = SealedText("case.reason", of="protected_id", blank=True)
    id = models.CharField(primary_key=True, max_length=32, default=new_id)
    protected = models.ForeignKey(ProtectedPerson, on_delete=models.PROTECT, related_name="links")
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="links")
    legal_basis = models.CharField(max_length=200)
    alert_m = models.PositiveIntegerField()
    warn_m = models.PositiveIntegerField(default=0)
    from_ms = models.BigIntegerField()
    consent_ms = models.BigIntegerField()
    consent_how = SealedText("case.consent_how", of="protected_id")
    consent_by_name = models.CharField(max_length=200, help_text="Who heard the consent and wrote it down")
    approved_ms = models.BigIntegerField(null=True)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    approved_by_name = models.CharField(max_length=200, blank=True)
    told_ms = models.BigIntegerField(null=True, help_text="When the supervised person was told")
    told_how = SealedText("case.told_how", of="protected_id", blank=True)
    told_language = models.CharField(max_length=16, blank=True)
    ended_ms = models.BigIntegerField(null=True)
    withdrawn_ms = models.BigIntegerField(null=True, help_text="When the protected person withdrew their consent")
    erased_to_ms = models.BigIntegerField(default=-1, help_text="Up to when positions under it are deleted")


class ProtectedAssignment(Recorded):
    """That a protected person carries a device, from one instant to another."""

    reason = SealedText("case.reason", of="protected_id", blank=True)
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="protected_assignments")
    protected = models.ForeignKey(ProtectedPerson, on_delete=models.CASCADE, related_name="assignments")
    from_ms = models.BigIntegerField()
    to_ms = models.BigIntegerField(null=True)


class WatchKey(models.Model):
    """The key with which a watch signs, and the one-time code by which it came to be known.

    The server writes the code's hash; the door claims it for a key by plain SQL, once (gateway/watch_register.py), and
    the server then enters the claim in the audit log (`recorded_ms`). Another code for the device takes the key away.
    """

    device = models.OneToOneField(Device, primary_key=True, on_delete=models.CASCADE, related_name="watch_key")
    code_sha256 = models.CharField(max_length=64, unique=True)
    code_made_ms = models.BigIntegerField()
    code_expires_ms = models.BigIntegerField()
    algorithm = models.CharField(max_length=16, blank=True, help_text="Ed25519 or P-256")
    public_key = models.CharField(max_length=128, blank=True, help_text="base64url, raw")
    claimed_ms = models.BigIntegerField(null=True)
    recorded_ms = models.BigIntegerField(null=True, help_text="When the claim was entered in the audit log")
    push = models.TextField(blank=True, help_text="The browser's push subscription as JSON")
    push_ms = models.BigIntegerField(null=True)


class DoorGrant(models.Model):
    """What the door may accept: derived from orders and assignments in the transaction that changes them.

    The door reads this table and `DoorRevision` by plain SQL (surety/gateway/register.py).
    """

    identifier = models.CharField(max_length=64, db_index=True)
    protocol = models.CharField(max_length=16)
    device_id = models.CharField(max_length=32, db_index=True)
    person_id = models.CharField(max_length=32, db_index=True)
    secret_sha256 = models.CharField(max_length=64, blank=True)
    payload_key = models.CharField(max_length=64, blank=True)
    link_id = models.CharField(max_length=32, blank=True, help_text="Of a protected person's device: for which link")
    photo_key = models.CharField(max_length=64, blank=True, help_text="base64url: photographs are sealed to it")
    data_kinds = models.JSONField(default=list)
    from_ms = models.BigIntegerField()
    to_ms = models.BigIntegerField()


class DoorRevision(models.Model):
    """One row (id 1) whose number grows with every change of the grants, and by which settings they were derived."""

    revision = models.BigIntegerField(default=0)
    review_grace_days = models.PositiveIntegerField(null=True)
    review_verdict_only_days = models.PositiveIntegerField(null=True)


class ChangeNotice(models.Model):
    """Outbox to the worker: a person's order or conditions changed, with effect from `at_ms`.

    Its greatest id is also the revision of the person's condition set, so rows are kept.
    """

    person_id = models.CharField(max_length=32, db_index=True)
    at_ms = models.BigIntegerField()
    recorded_ms = models.BigIntegerField()


class EverydayKind(models.TextChoices):
    """What a place is for, in the everyday life of a person."""

    HOME = "home", "Home"
    WORK = "work", "Work"
    SCHOOL = "school", "School or training"
    WORSHIP = "worship", "Worship"
    CARE = "care", "Care and health"
    FAMILY = "family", "Family"
    OTHER = "other", "Something else"


class EverydayPlace(Recorded):
    """A place of a person's everyday life, as they told it: so that what an order cuts off is seen before it is made.

    Nothing is inferred from where they went, no rule reads it, and it decides nothing. Removed rows stay on record.
    """

    reason = SealedText("case.reason", of="person_id", blank=True)
    id = models.CharField(primary_key=True, max_length=32, default=new_id)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="everyday_places")
    kind = models.CharField(max_length=16, choices=EverydayKind.choices)
    label = SealedText("place.label", of="person_id")
    area = SealedJSON("place.area", of="person_id", help_text="A rules.conditions.Area as JSON")
    removed_ms = models.BigIntegerField(null=True)
    removed_by_name = models.CharField(max_length=200, blank=True)
    removed_reason = SealedText("place.removed_reason", of="person_id", blank=True)


class ProgrammeZone(models.Model):
    """A zone that holds for everybody in a programme, beside what was ordered for each. Versions say what it is."""

    id = models.CharField(primary_key=True, max_length=32, default=new_id)
    label = models.CharField(max_length=120)


class ProposalState(models.TextChoices):
    """What became of a version of a programme's zone."""

    PROPOSED = "proposed", "Waits for a second person"
    CONFIRMED = "confirmed", "Confirmed"
    DECLINED = "declined", "Declined"


class ProgrammeZoneVersion(Recorded):
    """What a programme's zone asks, of whom, and when: proposed by one person, in force once another confirmed it.

    Whom it concerns is told by order types and region, and by nothing else. A null body: withdrawn from
    `effective_from_ms` on, which takes one person alone, as it asks less.
    """

    zone = models.ForeignKey(ProgrammeZone, on_delete=models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    legal_basis = models.TextField()
    body = models.JSONField(null=True, help_text="A rules.conditions.Zone as JSON")
    order_types = models.JSONField(default=list)
    region = models.CharField(max_length=64, blank=True, help_text="Empty: every region")
    starts_ms = models.BigIntegerField()
    ends_ms = models.BigIntegerField(null=True)
    state = models.CharField(max_length=12, choices=ProposalState.choices, default=ProposalState.PROPOSED)
    effective_from_ms = models.BigIntegerField(null=True, help_text="Set when confirmed; never before that")
    decided_ms = models.BigIntegerField(null=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    decided_by_name = models.CharField(max_length=200, blank=True)
    decided_reason = models.TextField(blank=True)

    class Meta:
        unique_together = [("zone", "version")]
        ordering = ["zone_id", "version"]


class ProgrammeTold(Recorded):
    """That a person was told of one version of a programme's zone, in a language they read. It binds nobody before."""

    reason = SealedText("case.reason", of="person_id", blank=True)
    version = models.ForeignKey(ProgrammeZoneVersion, on_delete=models.CASCADE, related_name="told")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    told_ms = models.BigIntegerField()
    how = SealedText("case.told_how", of="person_id")
    language = models.CharField(max_length=16)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "person"], name="programme_told_once")]
