"""Zones of a whole programme: two people put one in force, and it binds nobody who was not told of it."""

import msgspec
import pytest

from surety.rules.conditions import Circle, Timetable, Zone, ZoneKind
from surety.server.accounts.models import Role
from surety.server.alerts.tests import cast
from surety.server.alerts.tests.cast import DAY_MS, NOW_MS
from surety.server.audit.models import Entry
from surety.server.cases import actions, programme_queries, programmes, queries
from surety.server.cases.checks import Told
from surety.server.cases.models import ChangeNotice, OrderStatus, Person, ProgrammeZoneVersion
from surety.server.cases.programmes import Terms
from surety.server.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError

pytestmark = pytest.mark.django_db
HOUR_MS = 3_600_000
STADIUM = Zone(ZoneKind.EXCLUSION, "Stadium", Circle(51.55, -0.1, 400), Timetable("Europe/London"), warn_m=200)


def terms(**changes: object) -> Terms:
    given: dict[str, object] = {
        "legal_basis": "Football Spectators Act 1989, s. 14",
        "zone": STADIUM,
        "order_types": ("community",),
        "starts_ms": NOW_MS - DAY_MS,
    }
    return Terms(**(given | changes))


def told(at_ms: int = NOW_MS) -> Told:
    return Told(at_ms=at_ms, how="letter", language="en")


@pytest.fixture
def ida():
    return cast.user("ida", Role.SUPERVISOR)


@pytest.fixture
def jo():
    return cast.user("jo", Role.SUPERVISOR)


def person(**order: object) -> Person:
    """Somebody under an order for community service since before now, told of it."""
    somebody = cast.person()
    cast.order(somebody, **({"order_type": "community"} | order))
    return somebody


def confirmed(ida, jo, now_ms: int = NOW_MS, **changes: object) -> ProgrammeZoneVersion:
    version = programmes.propose_zone("Match days", terms(**changes), acting_user=ida, now_ms=now_ms)
    return programmes.confirm_version(version.pk, acting_user=jo, now_ms=now_ms)


def wide(who: Person) -> list[tuple[int, int, int | None]]:
    """Version, from and to of what programme zones ask of somebody."""
    found = [one for one in queries.condition_set(who.pk).conditions if isinstance(one.body, Zone)]
    return [(one.version, one.effective_from_ms, one.effective_to_ms) for one in found]


def test_a_zone_that_one_person_proposed_asks_nothing_of_anybody(ida):
    ana = person()
    version = programmes.propose_zone("Match days", terms(), acting_user=ida, now_ms=NOW_MS)
    with pytest.raises(NotFoundError):
        programmes.record_told(version.pk, [ana.pk], told(), acting_user=ida, now_ms=NOW_MS)
    assert wide(ana) == []


def test_nobody_confirms_what_they_proposed_and_an_administrator_confirms_nothing(ida):
    version = programmes.propose_zone("Match days", terms(), acting_user=ida, now_ms=NOW_MS)
    with pytest.raises(NotAllowedError):
        programmes.confirm_version(version.pk, acting_user=ida, now_ms=NOW_MS)
    with pytest.raises(NotAllowedError):
        programmes.confirm_version(version.pk, acting_user=cast.user("adi", Role.ADMINISTRATOR), now_ms=NOW_MS)
    assert ProgrammeZoneVersion.objects.get().state == "proposed"


def test_a_confirmed_zone_binds_from_when_the_person_was_told(ida, jo):
    ana, ben = person(), person()
    version = confirmed(ida, jo)
    assert (wide(ana), wide(ben)) == ([], [])
    programmes.record_told(version.pk, [ana.pk], told(NOW_MS + HOUR_MS), acting_user=jo, now_ms=NOW_MS + HOUR_MS)
    ((number, from_ms, to_ms),) = wide(ana)
    assert (number, from_ms) == (1, NOW_MS + HOUR_MS)
    assert to_ms == queries.order_at(ana.pk, NOW_MS).ends_ms
    assert wide(ben) == []
    assert ChangeNotice.objects.filter(person_id=ana.pk).latest("pk").at_ms == NOW_MS + HOUR_MS


def test_nothing_reaches_back_before_the_confirmation(ida, jo):
    ana = person()
    version = confirmed(ida, jo, starts_ms=NOW_MS - 5 * DAY_MS)
    programmes.record_told(version.pk, [ana.pk], told(NOW_MS - 3 * DAY_MS), acting_user=jo, now_ms=NOW_MS)
    assert wide(ana)[0][1] == NOW_MS


def test_only_people_under_orders_of_its_types_and_in_its_region_are_bound(ida, jo):
    ana, bail = person(), person(order_type="bail")
    version = confirmed(ida, jo)
    programmes.record_told(version.pk, [ana.pk, bail.pk], told(), acting_user=jo, now_ms=NOW_MS)
    assert (len(wide(ana)), wide(bail)) == (1, [])
    south = confirmed(ida, jo, region="south")
    programmes.record_told(south.pk, [ana.pk], told(), acting_user=jo, now_ms=NOW_MS)
    assert len(wide(ana)) == 1


def test_it_binds_only_while_the_persons_own_order_is_in_force(ida, jo):
    ana = person()
    version = confirmed(ida, jo)
    programmes.record_told(version.pk, [ana.pk], told(), acting_user=jo, now_ms=NOW_MS)
    order = queries.latest_order(ana.pk).order_id
    for status, at_ms in ((OrderStatus.SUSPENDED, DAY_MS), (OrderStatus.IN_FORCE, 2 * DAY_MS)):
        actions.set_order_status(
            order, status, effective_from_ms=NOW_MS + at_ms, acting_user=None, now_ms=NOW_MS, reason="ill"
        )
    spans = [(from_ms - NOW_MS, to_ms) for _, from_ms, to_ms in wide(ana)]
    assert [from_ms for from_ms, _ in spans] == [0, 2 * DAY_MS]
    assert spans[0][1] == NOW_MS + DAY_MS


def test_a_changed_zone_binds_only_who_was_told_of_the_change(ida, jo):
    ana, ben = person(), person()
    first = confirmed(ida, jo)
    programmes.record_told(first.pk, [ana.pk, ben.pk], told(), acting_user=jo, now_ms=NOW_MS)
    larger = msgspec.structs.replace(STADIUM, area=Circle(51.55, -0.1, 900))
    later = NOW_MS + DAY_MS
    changed = terms(zone=larger, starts_ms=later)
    second = programmes.propose_version(first.zone_id, changed, acting_user=jo, now_ms=NOW_MS)
    programmes.confirm_version(second.pk, acting_user=ida, now_ms=NOW_MS)
    programmes.record_told(second.pk, [ana.pk], told(NOW_MS), acting_user=jo, now_ms=NOW_MS)
    assert [(version, from_ms) for version, from_ms, _ in wide(ana)] == [(1, NOW_MS), (2, later)]
    assert wide(ben) == [(1, NOW_MS, later)]


def test_one_person_may_withdraw_a_zone_and_everybody_told_is_looked_at_anew(ida, jo):
    ana = person()
    version = confirmed(ida, jo)
    programmes.record_told(version.pk, [ana.pk], told(), acting_user=jo, now_ms=NOW_MS)
    notices = ChangeNotice.objects.filter(person_id=ana.pk).count()
    programmes.withdraw_zone(version.zone_id, acting_user=ida, now_ms=NOW_MS + DAY_MS, reason="the season is over")
    assert wide(ana) == [(1, NOW_MS, NOW_MS + DAY_MS)]
    assert ChangeNotice.objects.filter(person_id=ana.pk).count() == notices + 1
    with pytest.raises(ConflictError):
        programmes.withdraw_zone(version.zone_id, acting_user=ida, now_ms=NOW_MS + DAY_MS, reason="again")


def test_a_zone_ends_at_its_own_end(ida, jo):
    ana = person()
    version = confirmed(ida, jo, ends_ms=NOW_MS + 3 * DAY_MS)
    programmes.record_told(version.pk, [ana.pk], told(), acting_user=jo, now_ms=NOW_MS)
    assert wide(ana) == [(1, NOW_MS, NOW_MS + 3 * DAY_MS)]


def test_what_was_known_earlier_can_be_asked_for(ida, jo):
    ana = person()
    version = confirmed(ida, jo)
    programmes.record_told(version.pk, [ana.pk], told(NOW_MS), acting_user=jo, now_ms=NOW_MS + DAY_MS)
    then = queries.condition_set(ana.pk, known_ms=NOW_MS + HOUR_MS)
    assert [one for one in then.conditions if isinstance(one.body, Zone)] == []


def test_each_step_is_an_audit_entry_and_being_told_is_one_of_the_person(ida, jo):
    ana = person()
    version = confirmed(ida, jo)
    programmes.record_told(version.pk, [ana.pk], told(), acting_user=jo, now_ms=NOW_MS)
    steps = [entry.action for entry in Entry.objects.filter(subject_type="programme_zone").order_by("seq")]
    assert steps == ["programme_zone.proposed", "programme_zone.confirmed", "programme_zone.told"]
    assert Entry.objects.get(action="programme_zone.told").person_id == ana.pk


def test_recording_twice_changes_nothing_and_others_people_are_out_of_reach(ida, jo):
    ana = person()
    version = confirmed(ida, jo)
    assert programmes.record_told(version.pk, [ana.pk], told(), acting_user=jo, now_ms=NOW_MS) == 1
    assert programmes.record_told(version.pk, [ana.pk], told(), acting_user=jo, now_ms=NOW_MS) == 0
    with pytest.raises(NotAllowedError):
        programmes.record_told(version.pk, [ana.pk], told(), acting_user=cast.user("olu", Role.OFFICER), now_ms=NOW_MS)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"legal_basis": " "}, "legal_basis"),
        ({"order_types": ()}, "order_types"),
        ({"order_types": ("every",)}, "order_types"),
        ({"ends_ms": NOW_MS - 2 * DAY_MS}, "ends_ms"),
        ({"zone": {"kind": "trail"}}, "body"),
    ],
)
def test_what_cannot_stand_is_refused(ida, changes, field):
    with pytest.raises(InvalidError) as refused:
        programmes.propose_zone("Match days", terms(**changes), acting_user=ida, now_ms=NOW_MS)
    assert refused.value.field == field


def test_whoever_works_for_one_region_sets_no_zone_for_another(ida):
    nora = cast.user("nora", Role.SUPERVISOR, region="north")
    with pytest.raises(NotAllowedError):
        programmes.propose_zone("Match days", terms(), acting_user=nora, now_ms=NOW_MS)
    version = programmes.propose_zone("Match days", terms(region="south"), acting_user=ida, now_ms=NOW_MS)
    with pytest.raises(NotAllowedError):
        programmes.confirm_version(version.pk, acting_user=nora, now_ms=NOW_MS)


def test_a_declined_proposal_leaves_what_holds(ida, jo):
    first = confirmed(ida, jo)
    second = programmes.propose_version(first.zone_id, terms(), acting_user=ida, now_ms=NOW_MS)
    with pytest.raises(ConflictError):
        programmes.propose_version(first.zone_id, terms(), acting_user=ida, now_ms=NOW_MS)
    programmes.decline_version(second.pk, "too wide", acting_user=jo, now_ms=NOW_MS)
    (zone,) = programme_queries.zones()
    assert programme_queries.in_force(zone, NOW_MS).pk == first.pk
    assert programme_queries.proposal(zone) is None


def test_two_thousand_people_are_told_in_few_queries_and_read_in_six(ida, jo, django_assert_max_num_queries):
    one = person()
    others = [
        Person(reference=f"N{n}", given_names="N", family_name="N", region="north", recorded_ms=NOW_MS,
               recorded_by_name="test") for n in range(2_000)
    ]  # fmt: skip
    Person.objects.bulk_create(others)
    version = confirmed(ida, jo)
    everybody = [one.pk, *(other.pk for other in others)]
    with django_assert_max_num_queries(120):
        assert programmes.record_told(version.pk, everybody, told(), acting_user=jo, now_ms=NOW_MS) == 2_001
    with django_assert_max_num_queries(6):
        sets = queries.condition_sets(everybody[:500])
    assert len(sets[one.pk].conditions) > len(sets[others[0].pk].conditions)
