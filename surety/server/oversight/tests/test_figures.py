"""The statistics count what their definitions say, tell nothing of a few, and are the same on the page and as CSV."""

import csv

import pytest
from django.test import Client

from surety.faces.contract import Outcome as Matched
from surety.rules.findings import Kind
from surety.server.accounts.models import Role
from surety.server.alerts import actions as alerts
from surety.server.alerts.models import Alert, Outcome
from surety.server.alerts.tests import cast
from surety.server.alerts.tests.cast import DAY_MS, MINUTE_MS, NOW_MS
from surety.server.cases import actions as cases
from surety.server.cases.models import OrderStatus, Person
from surety.server.checkins.models import CheckIn
from surety.server.checkins.oversight import Share
from surety.server.checkins.tests.review_cast import compared, submission
from surety.server.console.tests.case_cast import user
from surety.server.console.views_statistics import plain
from surety.server.oversight import figures
from surety.server.oversight.definitions import DEFINITIONS

pytestmark = pytest.mark.django_db
WINDOW = (NOW_MS - DAY_MS, NOW_MS + DAY_MS)


def section(key: str, window: tuple[int, int] = WINDOW) -> dict[str, Share]:
    found = {one.key: one for one in figures.statistics(*window).sections}
    return {share.name: share for share in found[key].shares}


def counted(share: Share) -> tuple[int, int]:
    return share.hits, share.trials


def resolved(outcomes: list[Outcome], minutes: int = 10) -> None:
    olu = cast.user("olu", Role.SUPERVISOR)
    for outcome in outcomes:
        person = cast.person()
        alerts.apply_findings([cast.finding(person, Kind.ZONE_ENTERED)], [], now_ms=NOW_MS)
        alert = Alert.objects.get(person=person)
        at_ms = NOW_MS + minutes * MINUTE_MS
        alerts.acknowledge(alert.pk, acting_user=olu, now_ms=at_ms)
        alerts.resolve(alert.pk, outcome, "looked into", acting_user=olu, now_ms=at_ms)


def test_outcomes_false_alerts_and_time_to_clear_are_counted() -> None:
    resolved([Outcome.FALSE_ALERT] * 3 + [Outcome.EQUIPMENT] * 2 + [Outcome.CHECKED] * 7)
    alerts.apply_findings([cast.finding(cast.person())], [], now_ms=NOW_MS)
    assert counted(section("outcomes")["False alert"]) == (3, 12)
    assert counted(section("false")["Zone entered"]) == (5, 12)
    assert counted(section("handling")["Nobody has looked yet"]) == (1, 13)
    waits = {one.name: one for part in figures.statistics(*WINDOW).sections for one in part.waits}
    assert waits["Critical, half within"].minutes == 10
    assert counted(section("handling")["Not resolved before it was due"]) == (1, 13)
    assert counted(section("handling", (NOW_MS, NOW_MS + 1))["Not resolved before it was due"]) == (0, 13)
    assert counted(section("outcomes", (NOW_MS + 1, NOW_MS + 2))["False alert"]) == (0, 0)


def test_a_review_is_on_time_when_a_later_date_was_set_before_it_was_due_and_not_after() -> None:
    due_ms = NOW_MS + 80 * DAY_MS
    kept, late, ended, open_ = (cast.order(cast.person()) for _ in range(4))
    for order, at_ms in ((kept, due_ms - 1), (late, due_ms + 1)):
        version = order.versions.latest("version")
        terms = cases.terms_of(version)
        new = type(terms)(
            **{name: getattr(terms, name) for name in terms.__struct_fields__} | {"review_due_ms": due_ms + DAY_MS}
        )
        cases.change_order(order.pk, new, effective_from_ms=at_ms, acting_user=None, now_ms=at_ms, reason="reviewed")
    over = {"effective_from_ms": NOW_MS + DAY_MS, "acting_user": None, "now_ms": NOW_MS + DAY_MS, "reason": "quashed"}
    cases.set_order_status(ended.pk, OrderStatus.ENDED, **over)
    assert open_.versions.count() == 1
    assert counted(figures.reviews_on_time(due_ms, due_ms + 1)) == (1, 3)
    assert counted(figures.reviews_on_time(due_ms + 1, due_ms + 2)) == (0, 0)


def asked(people: list[Person], matched: int) -> None:
    for number, person in enumerate(people):
        sent = submission(person)
        compared(sent, Matched.MATCH if number < matched else Matched.NO_MATCH)
    CheckIn.objects.update(stands="decided", decided_by_names=[])


def test_groups_are_told_from_ten_people_on_and_smaller_ones_together_or_not_at_all() -> None:
    sexes = ["female"] * 12 + ["male"] * 8 + [""] * 3
    people = [cast.person() for _ in sexes]
    for person, sex in zip(people, sexes, strict=True):
        person.sex = sex
        person.save()
    asked(people, 9)
    told = section("sex")
    assert counted(told["female: not matched"]) == (3, 12)
    assert counted(told[f"{figures.SMALL}: not matched"]) == (11, 11)
    assert not any("male:" in name and "female" not in name for name in told)
    Person.objects.filter(pk__in=[person.pk for person in people[15:]]).delete()
    assert not any(figures.SMALL in name for name in section("sex"))


def test_hours_are_the_persons_own() -> None:
    asked([cast.person() for _ in range(2)], 2)
    assert sum(share.hits for share in section("hours").values()) == 2


@pytest.mark.parametrize(
    ("born", "group"),
    [("2000-01-01", "25 to 34"), ("1950-06-01", "65 and over"), ("", figures.UNTOLD), ("soon", figures.UNTOLD)],
)
def test_ages_are_groups_and_no_birthdays(born: str, group: str) -> None:
    assert figures.age_group(born, NOW_MS) == group


def test_page_and_csv_tell_the_same_to_who_oversees_and_untold_stays_untold() -> None:
    resolved([Outcome.CHECKED] * 3)
    Alert.objects.update(opened_ms=figures_now() - MINUTE_MS)
    client = Client()
    client.force_login(user("ada auditor", Role.AUDITOR))
    page = client.get("/oversight/statistics?days=7").content.decode()
    assert "too few to tell" in page
    for key in DEFINITIONS:
        assert f'id="def-{key}"' in page
    answer = client.get("/oversight/statistics.csv?days=7")
    rows = list(csv.DictReader(answer.content.decode().splitlines()))
    checked = next(row for row in rows if row["figure"].startswith("Checked"))
    assert (checked["value"], checked["hits"], checked["of"]) == ("", "", "fewer than 10")


def figures_now() -> int:
    from surety.server.timekeeping import now_ms  # noqa: PLC0415 - the only test that looks at the clock

    return now_ms()


def test_what_somebody_typed_is_no_formula() -> None:
    assert plain("=1+1") == "'=1+1"
    assert plain("Tag 3") == "Tag 3"
