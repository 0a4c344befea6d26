"""Review or lapse: an order whose review does not come is stepped down and then suspended, to the millisecond."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surety.rules.conditions import CheckInDuty, Circle, Row, Timetable, Weekday, Zone, ZoneKind
from surety.server.accounts.models import Role
from surety.server.alerts.tests import cast
from surety.server.alerts.tests.cast import DAY_MS, NOW_MS
from surety.server.audit.models import Entry
from surety.server.audit.words import detail_of
from surety.server.cases import actions, door, lapse, queries
from surety.server.cases.checks import DeviceDetails
from surety.server.cases.intervals import Span
from surety.server.cases.models import ChangeNotice, DoorGrant, Order, OrderStatus, OrderVersion, Person
from surety.server.errors import ConflictError, InvalidError, NotAllowedError

pytestmark = pytest.mark.django_db
AGAIN = {"acting_user": None, "now_ms": NOW_MS}
DUE_MS = NOW_MS + 60 * DAY_MS
FULL_MS = DUE_MS + 7 * DAY_MS  # photographs end here
GONE_MS = FULL_MS + 14 * DAY_MS  # and everything here
END_MS = NOW_MS + 200 * DAY_MS
STATEMENT = "The risk stands as before, and nothing less would do."
KINDS = ("position", "device", "photo")
DAYTIME = Timetable("Europe/London", tuple(Row(day, "09:00", "20:00") for day in Weekday))
STADIUM = Zone(ZoneKind.EXCLUSION, "Stadium", Circle(51.55, -0.1, 400), Timetable("Europe/London"))
PHOTOGRAPHS = CheckInDuty(1, timetable=DAYTIME)


@pytest.fixture
def ana() -> Person:
    return cast.person()


@pytest.fixture
def order(ana: Person) -> Order:
    device, _ = actions.register_device(DeviceDetails(protocol="native"), **AGAIN)
    actions.assign_device(device.pk, ana.pk, from_ms=NOW_MS, **AGAIN)
    order = cast.order(ana, data_kinds=KINDS, ends_ms=END_MS, review_due_ms=DUE_MS)
    for label, body in (("Stadium", STADIUM), ("Photographs", PHOTOGRAPHS)):
        actions.add_condition(order.pk, body, label=label, effective_from_ms=NOW_MS, **AGAIN)
    return order


def reviewed(order: Order, now_ms: int, *, days: int = 60) -> OrderVersion:
    return actions.record_review(
        order.pk, "continues", STATEMENT, now_ms + days * DAY_MS, acting_user=None, now_ms=now_ms
    )


def granted(person: Person, kind: str) -> list[tuple[int, int]]:
    rows = DoorGrant.objects.filter(person_id=person.pk).order_by("from_ms")
    return [(row.from_ms, row.to_ms) for row in rows if kind in row.data_kinds]


def asked(person: Person, kind: type) -> list[tuple[int, int | None]]:
    found = [one for one in queries.condition_set(person.pk).conditions if isinstance(one.body, kind)]
    return sorted((one.effective_from_ms, one.effective_to_ms) for one in found)


def test_without_a_review_photographs_end_first_and_then_everything(ana, order):
    assert granted(ana, "photo") == [(NOW_MS, FULL_MS)]
    assert granted(ana, "position") == granted(ana, "device") == [(NOW_MS, GONE_MS)]
    assert asked(ana, Zone) == [(NOW_MS, GONE_MS)]


def test_nobody_is_asked_for_photographs_that_may_not_be_taken_any_more(ana, order):
    assert asked(ana, CheckInDuty) == [(NOW_MS, FULL_MS)]


@pytest.mark.parametrize(("at_ms", "stands"), [(GONE_MS - 1, True), (GONE_MS, False)])
def test_the_order_stands_to_the_last_millisecond_and_no_longer(ana, order, at_ms, stands):
    assert (queries.order_at(ana.pk, at_ms) is not None) is stands


@pytest.mark.parametrize(("at_ms", "closed"), [(FULL_MS - 1, False), (FULL_MS, True), (GONE_MS, True), (END_MS, False)])
def test_a_kept_trail_is_closed_from_the_end_of_grace_until_the_orders_own_end(ana, order, at_ms, closed):
    assert queries.trail_closed(ana.pk, at_ms) is closed


def test_another_order_in_full_force_keeps_the_trail_open(ana, order):
    cast.order(ana, ends_ms=END_MS, review_due_ms=NOW_MS + 100 * DAY_MS)
    assert not queries.trail_closed(ana.pk, FULL_MS)


def test_the_programmes_zones_and_full_spans_are_cut_by_the_same_place(order):
    versions = list(order.versions.all())
    assert queries.full_spans(versions) == [Span(NOW_MS, FULL_MS)]
    assert queries.in_force(versions) == [Span(NOW_MS, GONE_MS)]


@pytest.mark.parametrize("at_ms", [NOW_MS + DAY_MS, DUE_MS, FULL_MS - 1, FULL_MS])
def test_a_review_before_the_grace_is_over_leaves_no_gap(ana, order, at_ms):
    reviewed(order, at_ms)
    next_full_ms = at_ms + 67 * DAY_MS
    assert granted(ana, "photo") == [(NOW_MS, next_full_ms)]
    assert granted(ana, "position") == [(NOW_MS, min(next_full_ms + 14 * DAY_MS, END_MS))]


def test_a_review_among_verdicts_alone_leaves_a_gap_for_photographs_only(ana, order):
    at_ms = FULL_MS + 1
    reviewed(order, at_ms)
    assert granted(ana, "photo") == [(NOW_MS, FULL_MS), (at_ms, at_ms + 67 * DAY_MS)]
    assert granted(ana, "position") == [(NOW_MS, at_ms + 81 * DAY_MS)]


def test_a_late_review_restores_from_its_own_time_on_and_the_gap_stays_a_gap(ana, order):
    at_ms = GONE_MS + 3 * DAY_MS
    reviewed(order, at_ms)
    both = [(NOW_MS, GONE_MS), (at_ms, at_ms + 81 * DAY_MS)]
    assert granted(ana, "position") == both
    assert asked(ana, Zone) == both
    assert ChangeNotice.objects.latest("pk").at_ms == at_ms


def test_a_change_that_reaches_back_gives_no_lapsed_time_back(ana, order):
    at_ms = GONE_MS + DAY_MS
    terms = msgspec.structs.replace(cast.terms(data_kinds=KINDS, ends_ms=END_MS), review_due_ms=at_ms + 30 * DAY_MS)
    actions.change_order(
        order.pk, terms, effective_from_ms=DUE_MS, acting_user=None, now_ms=at_ms, reason="as the court said then"
    )
    assert granted(ana, "position") == [(NOW_MS, GONE_MS), (at_ms, at_ms + 51 * DAY_MS)]
    assert granted(ana, "photo") == [(NOW_MS, FULL_MS), (at_ms, at_ms + 37 * DAY_MS)]


def test_what_was_known_before_the_late_review_is_cut_as_it_was_then(ana, order):
    reviewed(order, GONE_MS + DAY_MS)
    then = queries.condition_set(ana.pk, known_ms=GONE_MS)
    assert [one.effective_to_ms for one in then.conditions if isinstance(one.body, Zone)] == [GONE_MS]


def test_putting_a_suspended_order_in_force_again_is_no_review(ana, order):
    for status, day in ((OrderStatus.SUSPENDED, 1), (OrderStatus.IN_FORCE, 100)):
        at_ms = NOW_MS + day * DAY_MS
        actions.set_order_status(
            order.pk, status, effective_from_ms=at_ms, acting_user=None, now_ms=at_ms, reason="hospital"
        )
    assert granted(ana, "position") == [(NOW_MS, NOW_MS + DAY_MS)]


def test_a_change_recorded_for_later_keeps_its_time_and_gets_the_new_date(ana, order):
    later = NOW_MS + 50 * DAY_MS
    narrower = cast.terms(data_kinds=("position",), ends_ms=END_MS, review_due_ms=DUE_MS)
    actions.change_order(order.pk, narrower, effective_from_ms=later, **AGAIN)
    reviewed(order, NOW_MS + 10 * DAY_MS, days=100)
    assert granted(ana, "photo") == [(NOW_MS, later)]
    assert granted(ana, "position") == [(NOW_MS, NOW_MS + 131 * DAY_MS)]


def test_a_review_is_a_version_and_an_audit_entry_and_its_words_lie_under_the_persons_key(ana, order):
    officer = cast.user("olu", Role.OFFICER)
    actions.assign_officer(ana.pk, officer, **AGAIN)
    version = actions.record_review(
        order.pk,
        "varied",
        f"  {STATEMENT} ",
        DUE_MS + DAY_MS,
        acting_user=officer,
        now_ms=DUE_MS,
        reason="panel of May",
    )
    assert (version.version, version.review_outcome, version.review_statement) == (2, "varied", STATEMENT)
    entry = Entry.objects.get(action="order.reviewed")
    told = detail_of(entry)
    assert (told["review"], told["next_due_ms"], told["reason"]) == ("varied", DUE_MS + DAY_MS, "panel of May")
    assert STATEMENT not in entry.detail


def test_a_review_may_find_that_the_order_ends(ana, order):
    actions.record_review(order.pk, "ends", STATEMENT, 0, acting_user=None, now_ms=DUE_MS)
    assert granted(ana, "position") == [(NOW_MS, DUE_MS)]
    with pytest.raises(ConflictError, match="over"):
        reviewed(order, DUE_MS + 1)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"outcome": "fine"}, "outcome"),
        ({"statement": "x" * 19 + "  "}, "statement"),
        ({"next_due_ms": DUE_MS}, "next_due_ms"),
        ({"next_due_ms": DUE_MS + 123 * DAY_MS + 1}, "next_due_ms"),
        ({"next_due_ms": 5}, "next_due_ms"),
    ],
)
def test_what_is_no_review_is_refused_and_nothing_is_stored(order, changes, field):
    given_ = {"outcome": "continues", "statement": STATEMENT, "next_due_ms": DUE_MS + DAY_MS} | changes
    before = Entry.objects.count()
    with pytest.raises(InvalidError) as refused:
        actions.record_review(order.pk, **given_, acting_user=None, now_ms=DUE_MS)
    assert refused.value.field == field
    assert (Entry.objects.count(), order.versions.count()) == (before, 1)


def test_four_months_on_is_the_longest(order):
    assert reviewed(order, DUE_MS, days=123).review_due_ms == DUE_MS + 123 * DAY_MS


def test_an_order_whose_time_is_over_is_not_reviewed(order):
    with pytest.raises(ConflictError, match="over"):
        reviewed(order, END_MS)


def test_who_may_not_change_the_case_records_no_review(order):
    with pytest.raises(NotAllowedError):
        actions.record_review(
            order.pk, "continues", STATEMENT, DUE_MS, acting_user=cast.user("oz", Role.OFFICER), now_ms=NOW_MS
        )


def test_grants_follow_when_the_days_are_set_anew_or_the_grants_are_from_before(ana, order, settings):
    door.follow_settings(NOW_MS)
    settings.SURETY = msgspec.structs.replace(settings.SURETY, review_grace_days=0, review_verdict_only_days=1)
    notices = ChangeNotice.objects.count()
    door.follow_settings(NOW_MS)
    assert granted(ana, "photo") == [(NOW_MS, DUE_MS)]
    assert granted(ana, "position") == [(NOW_MS, DUE_MS + DAY_MS)]
    assert ChangeNotice.objects.count() == notices + 1
    door.follow_settings(NOW_MS)
    assert ChangeNotice.objects.count() == notices + 1


class Written(msgspec.Struct, frozen=True):
    """A version of an order as far as its reviews go."""

    version: int
    effective_from_ms: int
    recorded_ms: int
    review_due_ms: int


@st.composite
def histories(draw: st.DrawFn) -> list[Written]:
    """Versions in the order of their recording, each with effect from before, at or after it."""
    recorded = sorted(draw(st.lists(st.integers(0, 200), min_size=1, max_size=6)))
    day = st.integers(0, 200)
    return [
        Written(number, draw(day) * DAY_MS, at * DAY_MS, draw(day) * DAY_MS) for number, at in enumerate(recorded, 1)
    ]


@given(histories())
def test_nothing_that_is_written_down_later_gives_time_back_that_had_lapsed(history):
    """What was open at an instant with all that is known now was open with what was known at that instant."""
    if len(history) < 2:
        return
    before, last = history[:-1], history[-1]

    def stands(versions: list[Written], at_ms: int) -> bool:
        return any(one.span.from_ms <= at_ms < one.span.to_ms for one in lapse.phases(versions))

    first_ms = history[0].effective_from_ms
    for at_ms in range(first_ms, last.recorded_ms, DAY_MS // 2):
        assert stands(history, at_ms) == stands(before, at_ms)
