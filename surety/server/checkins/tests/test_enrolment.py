"""Images that somebody is compared with: measured first, kept with their provenance, replaced with history."""

import io
from collections.abc import Iterator

import pytest
from PIL import Image

from surety.faces.contract import Photo
from surety.faces.decode import Decoder
from surety.server.accounts.models import Role
from surety.server.audit.models import Entry
from surety.server.cases import actions as cases
from surety.server.cases.checks import Told
from surety.server.cases.models import Order, Person
from surety.server.checkins import enrolment, queries, templates
from surety.server.checkins.enrolment import Measured, Offered, Provenance
from surety.server.checkins.models import EnrolledImage, Stands, Submission, Template
from surety.server.checkins.tests.compare_cast import ADA_FACE, NO_FACE, NOON, OTHER_FACE, asked, keep
from surety.server.checkins.tests.plain_engine import FIRST_MODEL, PlainEngine
from surety.server.console.tests.case_cast import terms, user
from surety.server.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError
from surety.server.monitoring.tests.cast import DAY_MS, START_MS, person
from surety.server.records import queries as records

pytestmark = pytest.mark.django_db
CONSENT = Provenance(source="Taken at the Leith office", basis="Consent, form 4")


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder() as found:
        yield found


@pytest.fixture
def ada() -> Person:
    """Under an order that covers photographs."""
    return with_photographs()


def with_photographs(days: int = 80) -> Person:
    """Somebody under an order of so many days that covers photographs, of which they were told."""
    found = person()
    order = Order.objects.get(person=found)
    photo = terms(START_MS, starts_ms=START_MS, ends_ms=START_MS + days * DAY_MS, data_kinds=("device", "photo"))
    told = Told(at_ms=START_MS, how="in person", language="en")
    cases.change_order(
        order.pk, photo, effective_from_ms=START_MS, acting_user=None, now_ms=START_MS, reason="Photos", told=told
    )
    return found


def file(picture: Photo, name: str = "one.png", kind: str = "PNG", **options: object) -> Offered:
    kept = io.BytesIO()
    Image.fromarray(picture).save(kept, kind, **options)
    return Offered(name, kept.getvalue())


def measured(decoder: Decoder, *pictures: Photo, engine: PlainEngine | None = None) -> list[Measured]:
    files = [file(one, f"{number}.png") for number, one in enumerate(pictures, 1)]
    return enrolment.measure(files, decoder, engine or PlainEngine())


def enrol(who: Person, ready: list[Measured], **changes: object) -> list[EnrolledImage]:
    return enrolment.enrol(who.pk, ready, CONSENT, **({"acting_user": None, "now_ms": NOON} | changes))


def test_images_are_kept_with_who_when_where_from_and_why_and_their_templates(decoder: Decoder, ada: Person) -> None:
    sue = user("sue", Role.SUPERVISOR)
    rows = enrol(ada, measured(decoder, ADA_FACE, OTHER_FACE), acting_user=sue, reason="New watch")
    assert [row.usable for row in rows] == [True, True]
    found = EnrolledImage.objects.get(pk=rows[0].pk)
    assert (found.source, found.basis, found.recorded_by_name) == (CONSENT.source, CONSENT.basis, "Sue")
    assert found.quality["faces"] == 1
    assert len(templates.references_of(ada.pk, FIRST_MODEL)) == 2
    entry = Entry.objects.get(action="image.enrolled")
    assert (entry.person_id, entry.actor_name) == (ada.pk, "Sue")
    assert CONSENT.basis in entry.detail


def test_what_is_kept_is_encoded_anew_without_metadata_and_the_cameras_time_goes_on_record(
    decoder: Decoder, ada: Person
) -> None:
    exif = Image.Exif()
    tags = exif.get_ifd(0x8769)
    tags[0x9003], tags[0x9011] = "2026:02:03 04:05:06", "+00:00"
    exif[0x8769] = tags
    exif[0x010E] = "a secret description"
    offered = file(ADA_FACE, "a.jpg", "JPEG", exif=exif.tobytes())
    assert b"a secret description" in offered.data
    [row] = enrol(ada, enrolment.measure([offered], decoder, PlainEngine()))
    kept = records.photograph(ada.pk, row.sha256)
    assert kept.startswith(b"\xff\xd8")
    assert b"secret" not in kept
    assert row.captured_ms == 1_770_091_506_000


@pytest.mark.parametrize(
    "data",
    [b"", b"%PDF-1.4", b"GIF89a" + bytes(40), b"\xff\xd8\xff" + bytes(40)],
    ids=["empty", "a document", "another kind", "cut off"],
)
def test_a_file_that_is_no_picture_is_refused_by_its_name_and_nothing_is_kept(
    decoder: Decoder, ada: Person, data: bytes
) -> None:
    before = list(records.blobs().names(ada.pk))
    with pytest.raises(InvalidError, match=r"holiday\.jpg"):
        enrolment.measure([file(ADA_FACE), Offered("holiday.jpg", data)], decoder, PlainEngine())
    assert (list(records.blobs().names(ada.pk)), EnrolledImage.objects.count()) == (before, 0)


def test_an_image_without_a_face_is_told_at_once_and_kept_only_for_people(decoder: Decoder, ada: Person) -> None:
    ready = measured(decoder, ADA_FACE, NO_FACE)
    with pytest.raises(InvalidError, match=r"2\.png: There is no face"):
        enrolment.check_usable(ready, for_people=False)
    enrolment.check_usable(ready, for_people=True)
    assert [row.usable for row in enrol(ada, ready)] == [True, False]
    assert len(templates.references_of(ada.pk, FIRST_MODEL)) == 1


def test_without_a_model_images_are_kept_and_measured_when_there_is_one(decoder: Decoder, ada: Person) -> None:
    ready = enrolment.measure([file(ADA_FACE)], decoder, None)
    assert "No face model" in ready[0].sentence
    [row] = enrol(ada, ready)
    assert (row.usable, row.quality, Template.objects.count()) == (False, {}, 0)
    templates.derive([row], PlainEngine(), lambda _: ADA_FACE, NOON)
    row.refresh_from_db()
    assert row.usable
    assert row.quality["faces"] == 1


def test_nothing_is_kept_unless_an_order_in_force_covers_photographs(decoder: Decoder) -> None:
    never, over = person(), with_photographs(days=1)
    assert queries.may_keep_photographs(over.pk, NOON)
    for who in (never, over):
        at_ms = NOON + DAY_MS
        assert not queries.may_keep_photographs(who.pk, at_ms)
        with pytest.raises(ConflictError, match="No order in force"):
            enrol(who, measured(decoder, ADA_FACE), now_ms=at_ms)
        assert list(records.blobs().names(who.pk)) == []


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.FACE_REVIEWER, Role.AUDITOR, Role.ADMINISTRATOR, Role.OFFICER])
def test_only_who_answers_for_the_person_enrols(decoder: Decoder, ada: Person, role: Role) -> None:
    somebody = user("some body", role)  # an officer without this person in their caseload, too
    with pytest.raises(NotAllowedError):
        enrol(ada, measured(decoder, ADA_FACE), acting_user=somebody)
    [row] = enrol(ada, measured(decoder, ADA_FACE))
    with pytest.raises(NotAllowedError):
        enrolment.remove(row.pk, acting_user=somebody, now_ms=NOON, reason="No")


@pytest.mark.parametrize("missing", ["source", "basis"])
def test_an_image_needs_to_say_where_it_comes_from_and_on_which_basis(
    decoder: Decoder, ada: Person, missing: str
) -> None:
    words = {"source": "office", "basis": "consent"} | {missing: " "}
    with pytest.raises(InvalidError) as refused:
        enrolment.enrol(ada.pk, measured(decoder, ADA_FACE), Provenance(**words), acting_user=None, now_ms=NOON)
    assert refused.value.field == missing


def test_a_replaced_image_stays_on_record_and_is_compared_with_no_more(decoder: Decoder, ada: Person) -> None:
    [old] = enrol(ada, measured(decoder, ADA_FACE))
    [new] = enrol(ada, measured(decoder, OTHER_FACE), replaces=old.pk, reason="Beard")
    old.refresh_from_db()
    assert (old.removed_ms, old.removed_reason) == (NOON, "Replaced. Beard")
    assert [one.pk for one in queries.images_of(ada.pk)] == [new.pk]
    assert [one.pk for one in queries.former_images_of(ada.pk)] == [old.pk]
    assert [one.id for one in templates.references_of(ada.pk, FIRST_MODEL)] == [new.pk]


def test_removing_takes_a_reason_and_deletes_the_templates(decoder: Decoder, ada: Person) -> None:
    [row] = enrol(ada, measured(decoder, ADA_FACE))
    with pytest.raises(InvalidError):
        enrolment.remove(row.pk, acting_user=None, now_ms=NOON, reason=" ")
    enrolment.remove(row.pk, acting_user=None, now_ms=NOON, reason="It shows their brother")
    assert Template.objects.count() == 0
    assert Entry.objects.filter(action="image.removed").count() == 1
    with pytest.raises(ConflictError):
        enrolment.remove(row.pk, acting_user=None, now_ms=NOON, reason="Again")


def test_what_was_refused_leaves_no_file_behind(decoder: Decoder, ada: Person) -> None:
    enrol(ada, measured(decoder, ADA_FACE))
    kept = list(records.blobs().names(ada.pk))
    with pytest.raises(ConflictError, match="enrolled already"):
        enrol(ada, measured(decoder, OTHER_FACE, ADA_FACE))
    assert list(records.blobs().names(ada.pk)) == kept


def decided(who: Person, verdict: str, names: list[str]) -> Submission:
    check_in = asked(who, stands=Stands.DECIDED, verdict=verdict, decided_by_names=names)
    photos = [keep(who, file(ADA_FACE).data)]
    return Submission.objects.create(id=check_in.pk, check_in=check_in, at_ms=NOON, received_ms=NOON, photos=photos)


def test_a_photograph_that_people_decided_to_show_them_can_be_enrolled(decoder: Decoder, ada: Person) -> None:
    sent = decided(ada, "same", ["Ruth", "Tom"])
    how = {"decoder": decoder, "engine": PlainEngine(), "acting_user": None, "now_ms": NOON}
    row = enrolment.enrol_from_check_in(sent.pk, 0, "Order of 1 March", **how)
    assert "Ruth and Tom" in row.source
    assert (row.captured_ms, row.usable) == (NOON, True)
    with pytest.raises(NotFoundError):
        enrolment.enrol_from_check_in(sent.pk, 1, "Order", **how)


@pytest.mark.parametrize(("verdict", "names"), [("same", []), ("not_same", ["Ruth", "Tom"]), ("cannot_tell", ["Ruth"])])
def test_a_machines_match_alone_or_another_verdict_enrols_nothing(
    decoder: Decoder, ada: Person, verdict: str, names: list[str]
) -> None:
    sent = decided(ada, verdict, names)
    with pytest.raises(ConflictError, match="people decided"):
        enrolment.enrol_from_check_in(
            sent.pk, 0, "Order", decoder=decoder, engine=PlainEngine(), acting_user=None, now_ms=NOON
        )
