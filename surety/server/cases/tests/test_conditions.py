"""What was in force when: versions, backdated ones too, under orders that start, are suspended and end."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surety.rules.conditions import (
    Absence,
    AbsenceKind,
    Attendance,
    CheckInDuty,
    Circle,
    Curfew,
    OrderTerm,
    Pause,
    Place,
    Row,
    Timetable,
    Trail,
    Weekday,
    Zone,
    ZoneKind,
)
from surety.server.alerts.tests import cast
from surety.server.alerts.tests.cast import DAY_MS, NOW_MS
from surety.server.audit.models import Entry
from surety.server.audit.queries import verify
from surety.server.cases import actions, queries
from surety.server.cases.intervals import FOREVER_MS, version_spans
from surety.server.cases.models import ChangeNotice, Condition, ConditionVersion, Order, OrderStatus
from surety.server.errors import ConflictError, InvalidError, NotFoundError, RefusedError

pytestmark = pytest.mark.django_db
HOME = Circle(lat_deg=54.5, lon_deg=-1.5, radius_m=60)
AGAIN = {"acting_user": None, "now_ms": NOW_MS}
END_MS = NOW_MS + 90 * DAY_MS


def trail(silent_after_s: int = 1_800) -> Trail:
    return Trail(silent_after_s=silent_after_s)


def add(order: Order, body=None, at_ms: int = NOW_MS, **more) -> Condition:
    return actions.add_condition(
        order.pk, trail() if body is None else body, label="trail", effective_from_ms=at_ms, **{**AGAIN, **more}
    )


def change(condition: Condition, silent_after_s: int, at_ms: int, reason: str = "as ordered") -> None:
    actions.change_condition(condition.pk, trail(silent_after_s), effective_from_ms=at_ms, reason=reason, **AGAIN)


def in_force(person) -> list[tuple[int, int, int | None]]:
    found = [one for one in queries.condition_set(person.pk).conditions if not isinstance(one.body, OrderTerm)]
    return [(one.version, one.effective_from_ms, one.effective_to_ms) for one in found]


@given(st.lists(st.tuples(st.integers(1, 20), st.integers(0, 50)), unique_by=lambda pair: pair[0], max_size=12))
def test_the_greatest_version_that_took_effect_holds_at_every_instant(versions):
    held = version_spans(versions)
    for at in range(-1, 52):
        expected = max((number for number, from_ms in versions if from_ms <= at), default=None)
        found = [one.version for one in held if one.span.from_ms <= at < one.span.to_ms]
        assert found == ([expected] if expected is not None else [])
    assert not held or held[-1].span.to_ms == FOREVER_MS


def test_a_condition_holds_while_its_order_is_in_force():
    ana = cast.person()
    add(cast.order(ana))
    assert in_force(ana) == [(1, NOW_MS, END_MS)]


def test_a_change_holds_from_its_own_time():
    ana = cast.person()
    condition = add(cast.order(ana))
    change(condition, 600, NOW_MS + DAY_MS)
    assert in_force(ana) == [(1, NOW_MS, NOW_MS + DAY_MS), (2, NOW_MS + DAY_MS, END_MS)]


def test_a_backdated_change_takes_the_place_of_later_ones_recorded_before_it():
    ana = cast.person()
    condition = add(cast.order(ana))
    change(condition, 600, NOW_MS + 3 * DAY_MS)
    change(condition, 900, NOW_MS + DAY_MS)
    assert in_force(ana) == [(1, NOW_MS, NOW_MS + DAY_MS), (3, NOW_MS + DAY_MS, END_MS)]


def test_a_change_into_the_past_needs_a_reason():
    ana = cast.person()
    condition = add(cast.order(ana))
    with pytest.raises(InvalidError, match="reason"):
        change(condition, 600, NOW_MS - DAY_MS, reason=" ")
    assert ConditionVersion.objects.count() == 1
    change(condition, 600, NOW_MS - DAY_MS)
    assert ConditionVersion.objects.count() == 2


def test_a_withdrawn_condition_holds_no_more_and_may_be_brought_back():
    ana = cast.person()
    condition = add(cast.order(ana))
    actions.withdraw_condition(condition.pk, effective_from_ms=NOW_MS + DAY_MS, **AGAIN)
    assert in_force(ana) == [(1, NOW_MS, NOW_MS + DAY_MS)]
    with pytest.raises(ConflictError):
        actions.withdraw_condition(condition.pk, effective_from_ms=NOW_MS + 2 * DAY_MS, **AGAIN)
    change(condition, 600, NOW_MS + 5 * DAY_MS)
    assert in_force(ana)[-1] == (3, NOW_MS + 5 * DAY_MS, END_MS)


def test_a_suspension_splits_a_version_into_two_intervals():
    ana = cast.person()
    order = cast.order(ana)
    add(order)
    for days, status in ((1, OrderStatus.SUSPENDED), (3, OrderStatus.IN_FORCE)):
        actions.set_order_status(order.pk, status, effective_from_ms=NOW_MS + days * DAY_MS, reason="hospital", **AGAIN)
    assert in_force(ana) == [(1, NOW_MS, NOW_MS + DAY_MS), (1, NOW_MS + 3 * DAY_MS, END_MS)]


def test_nothing_holds_before_the_person_was_told():
    ana = cast.person()
    order = actions.record_order(ana.pk, cast.terms(), **AGAIN)
    add(order)
    assert in_force(ana) == []
    later = NOW_MS + DAY_MS
    actions.record_told(order.pk, cast.told(later), acting_user=None, now_ms=later)
    assert in_force(ana) == [(1, later, END_MS)]


def test_the_revision_changes_with_every_change_and_with_nothing_else():
    ana, other = cast.person(), cast.person()
    revisions = [queries.condition_set(ana.pk).revision]

    def step() -> None:
        revisions.append(queries.condition_set(ana.pk).revision)

    order = cast.order(ana)
    step()
    condition = add(order)
    step()
    change(condition, 600, NOW_MS)
    step()
    actions.withdraw_condition(condition.pk, effective_from_ms=NOW_MS, **AGAIN)
    step()
    assert len(set(revisions)) == len(revisions)
    cast.order(other)
    assert queries.condition_set(ana.pk).revision == revisions[-1]


def test_the_sets_of_many_people_take_few_queries(django_assert_max_num_queries):
    people = [cast.person() for _ in range(12)]
    for one in people:
        add(cast.order(one))
    with django_assert_max_num_queries(5):
        sets = queries.condition_sets([one.pk for one in people])
    assert all(len(sets[one.pk].conditions) == 2 for one in people)  # the trail, and the order's own dates
    assert sets == {one.pk: queries.condition_set(one.pk) for one in people}


def test_somebody_unknown_has_an_empty_set():
    assert queries.condition_set("nobody").conditions == ()


GOOD_CURFEW = msgspec.to_builtins(Curfew(places=(Place("home", HOME),), timetable=Timetable(zone="Europe/London")))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "kind"),
        ({"kind": "leash"}, "leash"),
        ({"kind": "trail", "silent_after_s": 5}, "silent_after_s"),
        ({"kind": "trail", "silent_after_s": "soon"}, "silent_after_s"),
        ({**GOOD_CURFEW, "places": []}, "places"),
        ({**GOOD_CURFEW, "timetable": {"zone": "Mars/Olympus"}}, "Mars/Olympus"),
        ({**GOOD_CURFEW, "places": GOOD_CURFEW["places"] * 2}, "same name"),
        (
            {
                **GOOD_CURFEW,
                "timetable": {
                    "zone": "UTC",
                    "rows": [{"day": "mon", "start": "19:00", "end": "07:00", "place": "aunt"}],
                },
            },
            "aunt",
        ),
        (
            {**GOOD_CURFEW, "timetable": {"zone": "UTC", "rows": [{"day": "mon", "start": "25:00", "end": "07:00"}]}},
            "rows",
        ),
        (
            {
                "kind": "zone",
                "zone_kind": "exclusion",
                "name": "school",
                "area": {"shape": "circle", "lat_deg": 95, "lon_deg": 0, "radius_m": 50},
                "timetable": {"zone": "UTC"},
            },
            "lat_deg",
        ),
    ],
)
def test_a_wrong_condition_is_refused_in_one_sentence_and_nothing_is_stored(body, said):
    order = cast.order(cast.person())
    entries = Entry.objects.count()
    with pytest.raises(InvalidError) as refused:
        add(order, body)
    assert said in refused.value.sentence
    assert refused.value.sentence.endswith(".")
    assert not Condition.objects.exists()
    assert Entry.objects.count() == entries


def test_a_condition_is_read_back_as_it_was_written():
    ana = cast.person()
    order = cast.order(ana)
    zone = Zone(zone_kind=ZoneKind.EXCLUSION, name="school", area=HOME, timetable=Timetable(zone="Europe/London"))
    add(order, zone)
    assert queries.condition_set(ana.pk).conditions[0].body == zone


def test_a_condition_does_not_become_one_of_another_kind():
    condition = add(cast.order(cast.person()))
    with pytest.raises(InvalidError, match="kind"):
        actions.change_condition(condition.pk, GOOD_CURFEW, effective_from_ms=NOW_MS, **AGAIN)


def test_every_change_is_audited_and_told_to_the_worker_in_the_same_transaction():
    ana = cast.person()
    condition = add(cast.order(ana))
    change(condition, 600, NOW_MS + DAY_MS)
    assert list(Entry.objects.filter(person_id=ana.pk).order_by("seq").values_list("action", flat=True)) == [
        "person.registered",
        "order.recorded",
        "condition.added",
        "condition.changed",
    ]
    assert list(ChangeNotice.objects.order_by("pk").values_list("at_ms", flat=True)) == [
        NOW_MS,
        NOW_MS,
        NOW_MS + DAY_MS,
    ]
    assert verify().is_sound


@pytest.mark.parametrize(
    "attempt",
    [
        lambda: actions.add_condition("x", trail(), label="a", effective_from_ms=NOW_MS, **AGAIN),
        lambda: actions.change_condition("x", trail(), effective_from_ms=NOW_MS, **AGAIN),
        lambda: actions.record_order("x", cast.terms(), **AGAIN),
        lambda: actions.assign_device("x", "y", from_ms=NOW_MS, **AGAIN),
        lambda: actions.end_assignment(7, to_ms=NOW_MS, **AGAIN),
    ],
)
def test_what_is_not_there_is_not_found(attempt):
    with pytest.raises(NotFoundError):
        attempt()
    assert issubclass(NotFoundError, RefusedError)


def test_the_orders_own_dates_hold_also_while_it_may_not_be_acted_on_and_are_no_condition():
    ana = cast.person()
    order = cast.order(ana)
    later = NOW_MS + DAY_MS
    again = {"acting_user": None, "now_ms": NOW_MS}
    actions.set_order_status(order.pk, OrderStatus.SUSPENDED, effective_from_ms=later, reason="in hospital", **again)
    found = [(one.version, one.effective_from_ms, one.body) for one in queries.condition_set(ana.pk).conditions]
    assert [(version, at, body.status.value) for version, at, body in found] == [
        (1, NOW_MS, "in_force"),
        (2, later, "suspended"),
    ]
    with pytest.raises(InvalidError, match="changed with the order"):
        add(order, found[0][2])


def test_a_person_has_one_check_in_duty_as_what_is_said_of_a_check_in_names_none():
    ana = cast.person()
    order = cast.order(ana)
    first = add(order, CheckInDuty(per_day=2))
    with pytest.raises(ConflictError, match="check-ins ordered already"):
        add(cast.order(ana), CheckInDuty(per_day=1))
    actions.withdraw_condition(first.pk, effective_from_ms=NOW_MS, **AGAIN)
    add(order, CheckInDuty(per_day=1))


def test_more_check_ins_than_five_a_day_are_refused_in_one_sentence():
    with pytest.raises(InvalidError, match="per_day"):
        add(cast.order(cast.person()), {"kind": "check_in", "per_day": 6})


# --- absences and attendance

WEDDING = Pause("2026-07-04T18:00", "2026-07-05T12:00")
LEAVE = Absence(AbsenceKind.AUTHORISED, Timetable("Europe/London"), (WEDDING,), reason="a wedding")
CLINIC = Attendance(
    "counselling", Place("Elm Clinic", HOME), Timetable("Europe/London", (Row(Weekday.MON, "14:00", "15:00"),)), 2_400
)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"reason": " "}, "reason"),
        ({"spans": (Pause("2026-07-05T12:00", "2026-07-04T18:00"),)}, "does not end after it begins"),
        ({"spans": (Pause("2026-02-30", "2026-03-01"),)}, "not a date"),
        ({"timetable": Timetable("Europe/Leeds")}, "Europe/Leeds"),
        ({"applies_to": ("nothing",)}, "does not have"),
    ],
)
def test_an_absence_that_cannot_be_meant_is_refused_with_one_sentence(changes, said):
    order = cast.order(cast.person())
    with pytest.raises(InvalidError, match=said):
        add(order, msgspec.structs.replace(LEAVE, **changes))
    assert not Condition.objects.exists()


def test_an_absence_covers_by_name_only_what_has_times_and_belongs_to_the_person():
    ana, ben = cast.person(), cast.person()
    order = cast.order(ana)
    clinic, watched = add(order, CLINIC), add(order)
    others = add(cast.order(ben), CLINIC)
    add(order, msgspec.structs.replace(LEAVE, applies_to=(clinic.pk,)))
    for refused in (watched.pk, others.pk):
        with pytest.raises(InvalidError):
            add(order, msgspec.structs.replace(LEAVE, applies_to=(refused,)))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"timetable": Timetable("Europe/London")}, "at least one time"),
        ({"min_stay_s": 3_000, "tolerance_s": 660}, "leaves no room"),
        ({"min_stay_s": 30}, ">= 60"),
    ],
)
def test_attendance_that_nobody_could_keep_is_refused(changes, said):
    order = cast.order(cast.person())
    with pytest.raises(InvalidError, match=said):
        add(order, msgspec.structs.replace(CLINIC, **changes))
    add(order, CLINIC)
