"""What a proposed condition would have raised, and what of everyday life it would cut off, before it is ordered."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from surety.cli import app
from surety.clock import ScaledClock
from surety.rules.conditions import Body, Circle, Curfew, Place, Row, Timetable, Trail, Weekday, ZoneKind
from surety.rules.facts import Fix
from surety.server import timekeeping
from surety.server.audit.models import Entry as AuditEntry
from surety.server.audit.words import detail_of
from surety.server.cases import actions as cases
from surety.server.cases.models import Condition, Person
from surety.server.errors import InvalidError
from surety.server.monitoring import amenities
from surety.server.monitoring.cut import Ground, Share, Told, shares
from surety.server.monitoring.models import Finding
from surety.server.monitoring.simulate import Amenity, Outcome, Proposal, simulate
from surety.server.monitoring.tests.cast import (
    AWAY,
    DAY_MS,
    HOME,
    HOUR_MS,
    MINUTE_MS,
    NIGHT_CURFEW,
    SCHOOL,
    SCHOOL_ZONE,
    START_MS,
    TRAIL,
    fix,
    person,
    replaced,
    send,
    stay,
)
from surety.server.monitoring.worker import Worker
from surety.stream.contract import Stream

pytestmark = pytest.mark.django_db
MORNING = START_MS + 9 * HOUR_MS
CURFEW_MS = START_MS + 19 * HOUR_MS
END_MS = START_MS + DAY_MS
WORK = (51.54, -0.08)


def way(start: tuple[float, float], end: tuple[float, float], from_ms: int, minutes: int) -> list[Fix]:
    """A fix each minute on the straight way."""
    shares_of_way = [n / minutes for n in range(1, minutes)]
    return [
        fix(from_ms + n * MINUTE_MS, (start[0] + s * (end[0] - start[0]), start[1] + s * (end[1] - start[1])))
        for n, s in enumerate(shares_of_way, 1)
    ]


# Home until 9:00, the way to work past the school until 9:30, work until 17:30, out late, home from 20:00.
DAY = [
    *stay(HOME, START_MS, MORNING),
    *way(HOME, SCHOOL, MORNING, 15),
    *way(SCHOOL, WORK, MORNING + 15 * MINUTE_MS, 15),
    *stay(WORK, MORNING + 30 * MINUTE_MS, MORNING + 510 * MINUTE_MS),
    *stay(AWAY, MORNING + 530 * MINUTE_MS, MORNING + 650 * MINUTE_MS),
    *stay(HOME, MORNING + 660 * MINUTE_MS, END_MS),
]


@pytest.fixture
def ada(stream: Stream) -> Person:
    who = person(TRAIL)
    send(stream, who, DAY, one_message=True)
    worker = Worker(stream)
    while not worker.run_once(END_MS).idle:
        pass
    for kind, label, place in (("home", "At home", HOME), ("work", "The bakery", WORK), ("worship", "St Jude", SCHOOL)):
        area = Circle(lat_deg=place[0], lon_deg=place[1], radius_m=80)
        cases.add_everyday_place(who.pk, kind, label, area, acting_user=None, now_ms=END_MS)
    return who


def outcome_of(who: Person, body: Body, *, days: int = 1, **more: object) -> Outcome:
    return simulate(Proposal(who, body, days, **more), now_ms=END_MS)


def share_of(outcome: Outcome, kind: str) -> Share:
    return next(one for one in outcome.everyday if one.kind == kind)


def test_a_zone_around_the_work_place_tells_the_alerts_and_the_work_it_would_have_cut_off(ada: Person) -> None:
    zone = replaced(SCHOOL_ZONE, name="Bakery", area=Circle(lat_deg=WORK[0], lon_deg=WORK[1], radius_m=200))
    outcome = outcome_of(ada, zone)
    assert [(one.kind, one.count) for one in outcome.proposed.raised if one.kind == "zone_entered"] == [
        ("zone_entered", 1)
    ]
    assert outcome.proposed.alerts - outcome.proposed.quiet == 1
    work = share_of(outcome, "work")
    assert work.recorded_s == pytest.approx(8 * 3600, rel=0.02)
    assert work.cut == pytest.approx(1.0)
    assert work.covered == 1.0
    assert share_of(outcome, "home").cut_s == 0
    assert share_of(outcome, "home").covered == 0
    transit = share_of(outcome, "transit")
    assert transit.recorded_s == pytest.approx(30 * 60, rel=0.3)
    assert 0 < transit.cut < 0.2


def test_nothing_of_it_is_stored(ada: Person) -> None:
    before = Finding.objects.count()
    outcome_of(ada, SCHOOL_ZONE)
    assert Finding.objects.count() == before
    assert Condition.objects.filter(order__person=ada).count() == 1


def test_a_zone_by_hours_cuts_off_only_what_lies_in_them(ada: Person) -> None:
    noon = Timetable(zone="UTC", rows=tuple(Row(day, "12:00", "14:00") for day in Weekday))
    area = Circle(lat_deg=WORK[0], lon_deg=WORK[1], radius_m=200)
    outcome = outcome_of(ada, replaced(SCHOOL_ZONE, area=area, timetable=noon))
    assert share_of(outcome, "work").cut_s == pytest.approx(2 * 3600, rel=0.02)
    assert outcome.proposed.times == 1


def test_a_curfew_tells_nights_with_an_alert_and_the_time_outside_at_its_hours(ada: Person) -> None:
    outcome = outcome_of(ada, NIGHT_CURFEW)
    late = [one for one in outcome.proposed.raised if one.kind == "curfew_absent_at_start"]
    assert [(one.certainty, one.count) for one in late] == [("established", 1)]
    assert (outcome.proposed.times, outcome.proposed.times_with_alert) == (2, 1)
    elsewhere = share_of(outcome, "elsewhere")
    assert elsewhere.cut_s == pytest.approx(50 * 60, rel=0.05)  # 19:00 to 19:50
    assert share_of(outcome, "home").cut_s == 0


def test_an_inclusion_zone_cuts_off_what_lies_outside(ada: Person) -> None:
    area = Circle(lat_deg=HOME[0], lon_deg=HOME[1], radius_m=1000)
    outcome = outcome_of(ada, replaced(SCHOOL_ZONE, zone_kind=ZoneKind.INCLUSION, area=area))
    assert (share_of(outcome, "home").covered, share_of(outcome, "work").covered) == (0, 1)
    assert share_of(outcome, "work").cut == pytest.approx(1.0)


def test_a_restriction_zone_cuts_off_staying_and_not_passing_through(ada: Person) -> None:
    area = Circle(lat_deg=SCHOOL[0], lon_deg=SCHOOL[1], radius_m=500)
    passing = outcome_of(ada, replaced(SCHOOL_ZONE, zone_kind=ZoneKind.RESTRICTION, area=area))
    entering = outcome_of(ada, replaced(SCHOOL_ZONE, area=area))
    assert share_of(passing, "transit").cut_s == 0
    assert share_of(entering, "transit").cut_s > 60


def test_hours_of_not_knowing_are_counted_and_alone_are_no_breach(ada: Person) -> None:
    home = replaced(NIGHT_CURFEW, timetable=Timetable(zone="UTC"))
    quiet = person(TRAIL)
    outcome = simulate(Proposal(quiet, home, 1), now_ms=END_MS)
    assert outcome.proposed.unverified_s == pytest.approx(DAY_MS / 1000 - 900, rel=0.01)
    assert {one.kind for one in outcome.proposed.raised} == {"cannot_verify"}
    assert outcome.proposed.alerts == outcome.proposed.quiet
    assert any("No position was recorded" in note for note in outcome.notes)


def test_what_it_replaces_is_told_beside_it(ada: Person) -> None:
    order = ada.orders.get()
    stamp = {"effective_from_ms": START_MS, "acting_user": None, "now_ms": END_MS, "reason": "r"}
    held = cases.add_condition(order.pk, NIGHT_CURFEW, label="Curfew", **stamp)
    later = tuple(Row(day, "20:30", "07:00") for day in Weekday)
    milder = replaced(NIGHT_CURFEW, timetable=Timetable(zone="UTC", rows=later))
    outcome = outcome_of(ada, milder, replace=held.pk)
    assert outcome.instead_of is not None
    assert outcome.instead_of.alerts == 1
    assert outcome.proposed.alerts == 0
    with pytest.raises(InvalidError, match="no such condition"):
        outcome_of(ada, milder, replace="nothing")


def test_without_a_told_home_the_curfew_address_stands_for_it(ada: Person) -> None:
    who = person(NIGHT_CURFEW)
    outcome = simulate(Proposal(who, SCHOOL_ZONE, 1), now_ms=END_MS)
    assert [(one.label, one.kind) for one in outcome.everyday[:1]] == [("Home", "home")]
    assert any("Not told, so not looked at: work" in note for note in outcome.notes)


def test_a_condition_without_a_place_cuts_nothing_off(ada: Person) -> None:
    outcome = outcome_of(ada, Trail(silent_after_s=600))
    assert outcome.everyday == ()
    assert "It asks for no place, so it cuts nothing off." in outcome.notes


def test_public_places_near_home_are_counted_by_kind(ada: Person) -> None:
    lon = HOME[1]
    around = (
        *(Amenity("worship", (lon, HOME[0] + n * 0.002)) for n in range(5)),  # 222 m from each other
        Amenity("worship", (lon, HOME[0] + 1)),  # too far to count
        Amenity("health", (lon, HOME[0] - 0.03)),
    )
    zone = replaced(SCHOOL_ZONE, area=Circle(lat_deg=HOME[0], lon_deg=lon, radius_m=500))
    outcome = outcome_of(ada, zone, amenities=around)
    assert [(one.kind, one.count, one.cut) for one in outcome.near_home] == [("health", 1, 0), ("worship", 5, 3)]
    assert outcome_of(ada, zone, amenities=around, near_home_m=300.0).near_home[0].count == 2


def test_too_many_records_shorten_the_days_and_it_says_so(ada: Person) -> None:
    outcome = outcome_of(ada, SCHOOL_ZONE, most_facts=100)
    assert outcome.facts <= 100
    assert outcome.days < 0.2
    assert "There are too many records" in outcome.notes[0]


def test_days_before_the_first_record_are_not_days_of_silence(ada: Person) -> None:
    outcome = outcome_of(ada, SCHOOL_ZONE, days=30)
    assert outcome.from_ms == START_MS
    assert outcome.days == 1
    assert "The device's records begin only then." in outcome.notes
    assert outcome.proposed.quiet == 0


@pytest.mark.parametrize("days", [0, 367])
def test_days_out_of_reach_are_refused(ada: Person, days: int) -> None:
    with pytest.raises(InvalidError, match="Choose 1 to 366 days"):
        outcome_of(ada, SCHOOL_ZONE, days=days)


def test_time_in_a_gap_belongs_to_no_place() -> None:
    ground = Ground(SCHOOL_ZONE, START_MS, END_MS)
    told = [Told("Home", "home", Circle(HOME[0], HOME[1], 80))]
    fixes = [fix(START_MS, HOME), fix(START_MS + HOUR_MS, HOME), fix(START_MS + HOUR_MS + MINUTE_MS, HOME)]
    assert shares(fixes, told, ground)[0].recorded_s == 60


def test_a_place_half_covered_says_so() -> None:
    ground = Ground(replaced(SCHOOL_ZONE, area=Circle(51.5, 0.0, 1000)), START_MS, END_MS)
    at_the_edge = Told("Shop", "other", Circle(51.5, 1000 / 111_320 / 0.6225, 100))
    assert shares([], [at_the_edge], ground)[0].covered == pytest.approx(0.5, abs=0.1)


def test_a_curfew_with_two_addresses_asks_for_the_one_of_the_hour() -> None:
    places = (Place("Home", Circle(*HOME, 80)), Place("Mother", Circle(*AWAY, 80)))
    rows = (Row(Weekday.SUN, "08:00", "10:00", "Mother"), Row(Weekday.SUN, "10:00", "12:00", "Home"))
    ground = Ground(Curfew(places, Timetable("UTC", rows)), START_MS, END_MS)
    at_home = (HOME[1], HOME[0])
    assert ground.forbids(START_MS + 9 * HOUR_MS, at_home, staying=True)
    assert not ground.forbids(START_MS + 11 * HOUR_MS, at_home, staying=True)
    assert not ground.forbids(START_MS + 13 * HOUR_MS, at_home, staying=True)


# --- the command and its files ---------------------------------------------------------------------------------------


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["simulate-change", *arguments])
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def zone_file(tmp_path: Path) -> Path:
    file = tmp_path / "zone.yaml"
    file.write_text(f"kind: exclusion\nname: Bakery\ncircle: {{lat: {WORK[0]}, lon: {WORK[1]}, radius_m: 200}}\n")
    return file


@pytest.fixture
def at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command asks the operator's clock, which stands at the end of the day."""

    monkeypatch.setattr(timekeeping, "clock", lambda: ScaledClock(0, END_MS, 1e-12))


@pytest.mark.usefixtures("at_the_end")
def test_the_command_tells_it_in_words_and_the_reading_is_on_record(
    ada: Person, zone_file: Path, tmp_path: Path
) -> None:
    places = tmp_path / "places.geojson"
    point = {"type": "Point", "coordinates": [WORK[1], WORK[0]]}
    places.write_text(json.dumps({"features": [{"geometry": point, "properties": {"amenity": "clinic"}}]}))
    asked = ("--person", ada.reference, "--condition", str(zone_file), "--purpose", "hearing on a variation")
    code, out, error = run(*asked, "--days", "1", "--places", str(places), "--near-km", "8")
    assert code == 0, error
    assert 'Proposed: Stay out of the zone "Bakery" at all times.' in out
    assert "It would have raised 1 alert." in out
    assert "The bakery" in out
    assert "100 % (8.0 h)" in out
    assert "Look again: it would cut off The bakery (work)" in out
    assert 'Of 1 public place of the kind "clinic" near home, it would cut off 1.' in out
    detail = detail_of(AuditEntry.objects.get(action="trail.read"))
    assert (detail["purpose"], detail["command"]) == ("hearing on a variation", "simulate-change")
    code, out, _ = run(*asked, "--days", "1", "--json")
    assert json.loads(out)["proposed"]["alerts"] == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("kind: exclusion\nname: X\n", "c.yaml:1: `X` needs either `circle` or `polygon`"),
        ("kind: exclusion\nname: X\ncircle: {lat: 1, lon: 2, radius_m: big}\n", "c.yaml:3: `radius_m`:"),
        ("kind: palace\nname: X\n", 'c.yaml:1: `kind` is "palace"; expected curfew'),
        (
            "time_zone: UTC\nconditions:\n- {kind: trail}\n- {kind: trail}\n",
            "there are 2 conditions here; one was expected",
        ),
    ],
)
def test_a_file_that_is_no_condition_is_refused_with_its_line(
    ada: Person, tmp_path: Path, content: str, sentence: str
) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(content)
    code, _, error = run("--person", ada.reference, "--condition", str(file), "--purpose", "a proper purpose")
    assert code == 2
    assert sentence in error
    assert len(error.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{}", "is no GeoJSON with a list of features"),
        ('{"features": []}', "has no point that says its kind"),
        (
            '{"features": [{"geometry": {"type": "Point", "coordinates": [500, 1]}, "properties": {"kind": "x"}}]}',
            "no place on Earth",
        ),
        (
            '{"features": [{"geometry": {"type": "Point", "coordinates": "x"}, "properties": {"kind": "x"}}]}',
            "without two numbers",
        ),
    ],
)
def test_a_file_that_holds_no_public_places_is_refused(tmp_path: Path, content: str, sentence: str) -> None:
    file = tmp_path / "p.geojson"
    file.write_text(content)
    with pytest.raises(InvalidError, match=sentence):
        amenities.read(file)


def test_an_unknown_person_and_a_missing_purpose_are_refused(ada: Person, zone_file: Path) -> None:
    assert (
        "No person has the reference"
        in run("--person", "X", "--condition", str(zone_file), "--purpose", "a proper one")[2]
    )
    assert "--purpose" in run("--person", ada.reference, "--condition", str(zone_file))[2]
    assert not AuditEntry.objects.filter(action="trail.read").exists()
