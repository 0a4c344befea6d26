"""Order files: what is read, and how a mistake is told."""

import contextlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surety.replay.errors import InputError
from surety.replay.orders import read_order
from surety.rules.conditions import (
    DAYTIME,
    Absence,
    AbsenceKind,
    Attendance,
    CheckInDuty,
    Circle,
    Curfew,
    OneOff,
    Pause,
    Polygon,
    Row,
    Timetable,
    Trail,
    Weekday,
    Zone,
    ZoneKind,
)
from tests.rules.scenes import ms

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "order.yaml"


def test_the_worked_example_is_read_whole() -> None:
    order = read_order(EXAMPLE)
    curfew, school, tag = order.conditions.conditions
    assert order.time_zone == "Europe/London"
    assert order.conditions.person_id == "A-1042"
    assert curfew.effective_from_ms == ms("2026-10-23T12:00Z")  # 13:00 in British summer time
    assert school.effective_to_ms == ms("2026-10-27T00:00Z")
    assert isinstance(curfew.body, Curfew)
    assert curfew.body.places[0].area == Circle(53.8, -1.55, 100)
    assert curfew.body.timetable.rows == tuple(Row(day, "19:00", "07:00") for day in Weekday)
    assert curfew.body.timetable.one_offs == (OneOff("2026-10-23", "21:30", "07:00"),)
    assert isinstance(school.body, Zone)
    assert school.body.zone_kind is ZoneKind.EXCLUSION
    assert isinstance(school.body.area, Polygon)
    assert [row.day for row in school.body.timetable.rows] == list(Weekday)[:5]
    assert tag.body == Trail(3_600, zone="Europe/London")


def test_versions_of_a_condition_are_counted_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = """
time_zone: Asia/Tokyo
conditions:
  - {kind: trail, id: tag, to: 2026-11-05, silent_after_s: 600}
  - {kind: trail, id: tag, from: "2026-11-05T00:00:00+00:00"}
"""
    first, second = read_order(written(tmp_path, text)).conditions.conditions
    assert (first.version, second.version) == (1, 2)
    assert first.effective_to_ms == ms("2026-11-04T15:00Z")
    assert second.effective_from_ms == ms("2026-11-05T00:00Z")


def test_a_restriction_tells_how_long_a_stay_may_last(tmp_path: Path) -> None:
    text = """
time_zone: Europe/London
conditions:
  - {kind: restriction, name: Market, circle: {lat: 53.8, lon: -1.55, radius_m: 120}, max_stay_s: 900}
"""
    (market,) = read_order(written(tmp_path, text)).conditions.conditions
    assert isinstance(market.body, Zone)
    assert (market.body.zone_kind, market.body.max_stay_s) == (ZoneKind.RESTRICTION, 900)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("mon", ["mon"]),
        ("sat-mon", ["sat", "sun", "mon"]),
        ("[mon, wed]", ["mon", "wed"]),
        ('"mon, thursday-fri"', ["mon", "thu", "fri"]),
        ("every day", ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]),
    ],
)
def test_days_are_read_as_people_write_them(tmp_path: Path, days: str, expected: list[str]) -> None:
    text = EXAMPLE.read_text().replace("days: mon-fri", f"days: {days}")
    school = read_order(written(tmp_path, text)).conditions.conditions[1].body
    assert isinstance(school, Zone)
    assert [row.day.value for row in school.timetable.rows] == expected


@pytest.mark.parametrize(
    ("good", "bad", "line", "told"),
    [
        ("lat: 53.8000", "lat: 153", 12, "number <= 90"),
        ("lat: 53.8000", "lat: north", 12, "`lat`: expected a number"),
        ("lat: 53.8000", "latitude: 53.8", 12, "`latitude` is not known here; expected lat, lon, radius_m"),
        ("radius_m: 100", "radius_m: .nan", 12, "expected a number"),
        ("lon: -1.5500, ", "", 12, "`lon` is missing"),
        ("kind: trail", "kind: trial", 30, '"trial"; expected curfew, exclusion, inclusion, restriction, trail'),
        ("silent_after_s", "silent_after", 32, "`silent_after` is not known here; expected kind, id"),
        ("days: every day", "days: funday", 14, '"funday" is no day'),
        ("start: 19:00", "start: 7pm", 14, '`start` is "7pm"; expected a time such as 19:00'),
        ("start: 19:00", "start: 24:30", 14, "expected a time such as 19:00"),
        ("Europe/London", "Europe/Leeds", 3, '"Europe/Leeds" is not a time zone'),
        ("Europe/London", "../etc/passwd", 3, "is not a time zone"),
        ("date: 2026-10-23", "date: 2026-02-30", 16, '"2026-02-30" is not a date'),
        ("to: 2026-10-27", "to: 2026-10-20", 5, "`to` must lie after `from`"),
        ("to: 2026-10-27", "to: soon", 5, '"soon" is no date'),
        ("days: mon-fri", "place: home, days: mon-fri", 28, '"home" is not known'),
        ("person: A-1042", "person: A-1042\nperson: B", 3, "`person` stands twice"),
        ("person: A-1042", "person: *other", 2, "aliases"),
        ("[-1.5440, 53.8030]", "[-1.5440]", 23, "a list of length 2"),
        ("conditions:", "conditions: {", 8, "this is not YAML"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_was_expected(
    tmp_path: Path, good: str, bad: str, line: int, told: str
) -> None:
    text = EXAMPLE.read_text()
    assert good in text
    file = written(tmp_path, text.replace(good, bad, 1))
    with pytest.raises(InputError) as error:
        read_order(file)
    message = str(error.value)
    assert told in message
    assert message.startswith(f"{file}:")
    assert int(message.removeprefix(f"{file}:").split(":")[0]) == line
    assert "\n" not in message


def test_a_place_without_an_area_and_one_with_two_are_told(tmp_path: Path) -> None:
    for area in ("", "    circle: {lat: 1, lon: 1, radius_m: 50}\n    polygon: [[0, 0], [0, 1], [1, 1]]\n"):
        text = f"time_zone: UTC\nconditions:\n  - kind: exclusion\n    name: Park\n{area}"
        with pytest.raises(InputError, match="`Park` needs either `circle` or `polygon`"):
            read_order(written(tmp_path, text))


@pytest.mark.parametrize("text", ["", "# nothing\n", "[1, 2]", "[" * 5_000, "\x00", "a: !!python/object:os.system x"])
def test_what_is_no_order_at_all_is_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError):
        read_order(written(tmp_path, text))


def test_a_file_that_is_not_there_or_not_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_order(tmp_path / "absent.yaml")
    with pytest.raises(InputError, match="folder"):
        read_order(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"time_zone: UTC\nperson: Ren\xe9\n")
    with pytest.raises(InputError, match=r"latin\.yaml:2: this is not UTF-8"):
        read_order(tmp_path / "latin.yaml")


def test_a_check_in_duty_says_when_it_asks_as_the_rules_know_it(tmp_path: Path) -> None:
    text = """
time_zone: Europe/London
conditions:
  - kind: check_in
    per_day: 2
    apart_s: 7200
    fixed: [08:00, 20:30]
    exempt:
      - {name: work, times: [{days: mon-fri, start: 09:00, end: 17:00}]}
    exceptions: [{date: 2026-12-25, name: Christmas Day}]
"""
    (condition,) = read_order(written(tmp_path, text)).conditions.conditions
    body = condition.body
    assert isinstance(body, CheckInDuty)
    assert (body.per_day, body.apart_s, body.fixed) == (2, 7_200, ("08:00", "20:30"))
    assert (body.timetable.zone, body.timetable.rows) == ("Europe/London", DAYTIME)
    assert body.timetable.exceptions[0].name == "Christmas Day"
    assert [(one.name, len(one.timetable.rows)) for one in body.exempt] == [("work", 5)]
    with pytest.raises(InputError, match=r"order\.yaml:9: .*days"):
        read_order(written(tmp_path, text.replace("days: mon-fri", "when: mon")))


@settings(max_examples=200, deadline=None)
@given(cut=st.integers(0, 960), put=st.text(max_size=4))
def test_any_damage_is_an_error_of_one_sentence_or_still_an_order(
    tmp_path_factory: pytest.TempPathFactory, cut: int, put: str
) -> None:
    text = EXAMPLE.read_text()
    file = tmp_path_factory.getbasetemp() / "damaged.yaml"
    file.write_text(text[:cut] + put + text[cut + 1 :], encoding="utf-8")
    with contextlib.suppress(InputError):
        read_order(file)


def written(folder: Path, text: str) -> Path:
    file = folder / "order.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_documentation_names_every_key_and_its_example_is_an_order(tmp_path: Path) -> None:
    text = (EXAMPLE.parents[1] / "replay.md").read_text()
    for key in expected_keys():
        assert f"`{key}`" in text or f"{key}:" in text, key
    example = text.split("```yaml\n")[1].split("```")[0]
    assert len(read_order(written(tmp_path, example)).conditions.conditions) == 1


def expected_keys() -> set[str]:
    """Every name that an order file may hold, as the errors themselves tell them."""
    bodies = [
        "{kind: trail}]\nwrong: 1",
        "{kind: trail, wrong: 1}]",
        "{kind: check_in, per_day: 1, wrong: 1}]",
        "{kind: exclusion, wrong: 1, name: a}]",
        "{kind: curfew, places: [{name: a}], wrong: 1}]",
        "{kind: curfew, places: [{name: a, wrong: 1}]}]",
        "{kind: inclusion, name: a, circle: {lat: 1, lon: 1, radius_m: 50, wrong: 1}}]",
        "{kind: exclusion, name: a, times: [{wrong: 1}]}]",
        "{kind: exclusion, name: a, dates: [{wrong: 1}]}]",
    ]
    found: set[str] = set()
    for body in bodies:
        with tempfile.TemporaryDirectory() as folder, pytest.raises(InputError) as error:
            read_order(written(Path(folder), f"time_zone: UTC\nconditions: [{body}"))
        found.update(str(error.value).rpartition("expected ")[2].split(", "))
    return found


CALENDAR = """BEGIN:VCALENDAR
BEGIN:VEVENT
SUMMARY:Early shift
DTSTART:20261103T040000
DTEND:20261103T060000
RRULE:FREQ=WEEKLY;COUNT=2
END:VEVENT
END:VCALENDAR
"""
NIGHTS_WITH = """
time_zone: Europe/London
from: 2026-11-01
to: 2026-12-01
conditions:
  - kind: curfew
    places: [{name: home, circle: {lat: 53.8, lon: -1.55, radius_m: 100}}]
    times: [{days: every day, start: 19:00, end: 07:00}]
"""


def timetable(tmp_path: Path, more: str) -> Timetable:
    (tmp_path / "shifts.ics").write_text(CALENDAR)
    (condition,) = read_order(written(tmp_path, NIGHTS_WITH + more)).conditions.conditions
    assert isinstance(condition.body, Curfew)
    return condition.body.timetable


def test_first_and_last_dates_and_exceptions_are_read(tmp_path: Path) -> None:
    more = """
    from_date: 2026-11-02
    until_date: 2026-11-30
    exceptions:
      - {date: 2026-11-05, name: Bonfire night}
      - {from: 2026-11-10, to: 2026-11-12T12:00}
"""
    table = timetable(tmp_path, more)
    assert (table.from_date, table.until_date) == ("2026-11-02", "2026-11-30")
    assert table.exceptions == (
        Pause("2026-11-05", "2026-11-05", "Bonfire night"),
        Pause("2026-11-10", "2026-11-12T12:00"),
    )


@pytest.mark.parametrize("how", ["exceptions: {ics: shifts.ics}", "exceptions:\n      - {ics: shifts.ics}"])
def test_a_calendar_file_beside_the_order_stands_for_its_events(tmp_path: Path, how: str) -> None:
    assert timetable(tmp_path, f"    {how}\n").exceptions == (
        Pause("2026-11-03T04:00", "2026-11-03T06:00", "Early shift"),
        Pause("2026-11-10T04:00", "2026-11-10T06:00", "Early shift"),
    )


def test_a_calendar_file_may_stand_for_dates_at_a_place(tmp_path: Path) -> None:
    table = timetable(tmp_path, "    dates: [{ics: shifts.ics, place: home}]\n")
    assert table.one_offs == tuple(OneOff(f"2026-11-{day}", "04:00", "06:00", "home") for day in ("03", "10"))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("    exceptions: [{date: 2026-11-31}]\n", r"order.yaml:9: .*2026-11-31"),
        (
            "    exceptions: [{from: 2026-11-05}]\n",
            r"order.yaml:9: .*needs either `date`, or `from` and `to`, or `ics`",
        ),
        ("    exceptions: [{date: 2026-11-05, ics: shifts.ics}]\n", r"order.yaml:9: .*needs either"),
        ("    exceptions: [{name: nothing}]\n", r"order.yaml:9: .*needs either"),
        ("    exceptions: [{from: 2026-11-05T24:00, to: 2026-11-06}]\n", r"order.yaml:9: `from` is .*a date or a time"),
        ("    exceptions: [{from: 2026-11-05, to: 2026-11-04}]\n", r"order.yaml:9: .*does not end after it begins"),
        (
            "    exceptions: [{day: 2026-11-05}]\n",
            r"order.yaml:9: `day` is not known here; expected date, from, to, ics",
        ),
        ("    exceptions: {ics: gone.ics}\n", r"order.yaml:9: .*gone.ics: cannot be read"),
        ("    exceptions: {ics: order.yaml}\n", r"order.yaml: the line .* is out of place"),
        ("    dates: [{date: 2026-11-05}]\n", r"order.yaml:9: one of `dates` needs"),
        ("    dates: [{date: 2026-11-05, ics: shifts.ics}]\n", r"order.yaml:9: one of `dates` needs"),
        ("    dates: [{ics: shifts.ics, place: nowhere}]\n", r'order.yaml:9: "nowhere" is not known'),
        ("    until_date: 2026-02-30\n", r"order.yaml:9: .*2026-02-30"),
        ("    from_date: 2026-11-05\n    until_date: 2026-11-04\n", r"order.yaml:10: the last date"),
    ],
)
def test_a_mistake_in_dates_and_exceptions_is_told_with_its_line(tmp_path: Path, more: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        timetable(tmp_path, more)


def test_what_repeats_is_not_read_where_the_order_says_no_start(tmp_path: Path) -> None:
    (tmp_path / "shifts.ics").write_text(CALENDAR)
    text = NIGHTS_WITH.replace("from: 2026-11-01\n", "") + "    exceptions: {ics: shifts.ics}\n"
    with pytest.raises(InputError, match=r"shifts.ics: .*repeats, and nothing says from when on"):
        read_order(written(tmp_path, text))


LEAVE = """
time_zone: Europe/London
from: 2026-11-01
conditions:
  - kind: curfew
    id: night
    places: [{name: home, circle: {lat: 53.8, lon: -1.55, radius_m: 100}}]
    times: [{days: every day, start: 19:00, end: 07:00}]
    allowance_day_min: 30
    allowance_week_min: 90
  - kind: attendance
    purpose: counselling
    place: {name: Elm Clinic, circle: {lat: 53.81, lon: -1.55, radius_m: 60}}
    times: [{days: wed, start: 10:00, end: 12:00}]
    min_stay_s: 3600
  - kind: absence
    reason: a wedding
    applies_to: [night]
    spans: [{from: 2026-11-07T18:00, to: 2026-11-08T02:00}]
  - kind: suspension
    times: [{days: fri, start: 12:00, end: 14:00}]
"""


def test_allowances_attendance_and_absences_are_read(tmp_path: Path) -> None:
    night, course, leave, suspended = (c.body for c in read_order(written(tmp_path, LEAVE)).conditions.conditions)
    assert isinstance(night, Curfew)
    assert (night.allowance_day_min, night.allowance_week_min) == (30, 90)
    assert isinstance(course, Attendance)
    assert (course.purpose, course.min_stay_s, course.tolerance_s) == ("counselling", 3_600, 600)
    assert isinstance(leave, Absence)
    assert leave.spans == (Pause("2026-11-07T18:00", "2026-11-08T02:00"),)
    assert (leave.applies_to, leave.reason) == (("night",), "a wedding")
    assert isinstance(suspended, Absence)
    assert suspended.absence_kind is AbsenceKind.SUSPENSION
    assert suspended.timetable.rows == (Row(Weekday.FRI, "12:00", "14:00"),)


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("applies_to: [nights]", "applies_to: [night]", '"nights" is no condition here'),
        (
            "spans: [{from: 2026-11-07T18:00}]",
            "spans: [{from: 2026-11-07T18:00, to: 2026-11-08T02:00}]",
            "one of `spans`",
        ),
        ("because: a wedding", "reason: a wedding", "`because` is not known here"),
    ],
)
def test_a_mistake_in_an_absence_is_told_with_its_line(tmp_path: Path, wrong: str, right: str, said: str) -> None:
    text = LEAVE.replace(right, wrong)
    with pytest.raises(InputError, match=r"order\.yaml:\d+: ") as told:
        read_order(written(tmp_path, text))
    assert said in str(told.value)
