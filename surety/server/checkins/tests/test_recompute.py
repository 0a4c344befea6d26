"""An inspector works the times of a date out again; the doctor and the pages say how asking stands."""

import json

import msgspec
import pytest
from django.conf import settings
from typer.testing import CliRunner

from surety.cli import app
from surety.server import timekeeping
from surety.server.accounts.models import Role
from surety.server.audit.models import Entry
from surety.server.audit.words import detail_of
from surety.server.cases import actions as cases
from surety.server.cases.models import Condition, Person
from surety.server.checkins import asking_queries, process
from surety.server.checkins.asker import Asker
from surety.server.checkins.models import CheckIn, Prompt
from surety.server.checkins.tests.asking_cast import DAY_MS, HOUR_MS, MINUTE_MS, MONDAY_MS, duty, run, somebody
from surety.server.checkins.tests.test_asking import planned
from surety.server.console.tests.case_cast import user
from surety.server.doctor import _asking
from surety.stream.contract import Stream

pytestmark = pytest.mark.django_db
LATER_MS = MONDAY_MS + 4 * DAY_MS
PURPOSE = "--purpose=Inspection of March"


@pytest.fixture(autouse=True)
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the commands stands on Friday."""
    monkeypatch.setattr(timekeeping, "now_ms", lambda: LATER_MS)


class Still:
    """A clock that stands."""

    speed = 1.0

    def now_ms(self) -> int:
        return MONDAY_MS


def asked(stream: Stream) -> Person:
    """Somebody was asked on Monday, by the key of this installation."""
    ada, key = somebody(duty(3)), process.asking_key(settings.SURETY)
    asker = Asker(stream, key)
    for now_ms in [MONDAY_MS, *planned(ada, key=key), MONDAY_MS + DAY_MS]:
        asker.run_once(now_ms)
    return ada


def recompute(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["checkins", "recompute", *arguments])
    return done.exit_code, done.output


def test_what_was_asked_is_what_the_key_says_and_the_look_is_on_record(stream: Stream) -> None:
    ada = asked(stream)
    code, out = recompute(ada.reference, "2026-03-02", PURPOSE, "--json")
    rows = json.loads(out)
    assert code == 0
    assert [row["computed_ms"] for row in rows] == [row["asked_ms"] for row in rows]
    assert len(rows) == 3
    entry = Entry.objects.get(action="checkins.recomputed")
    detail = detail_of(entry)
    assert (entry.person_id, detail["purpose"], detail["day"]) == (ada.pk, "Inspection of March", "2026-03-02")
    code, out = recompute(ada.reference, "2026-03-02", PURPOSE)
    assert "Mon 2 Mar 2026" in out


def test_a_question_that_is_missing_moved_or_made_up_is_told(stream: Stream) -> None:
    ada = asked(stream)
    first, second, third = CheckIn.objects.order_by("asked_ms")
    first.delete()
    CheckIn.objects.filter(pk=second.pk).update(asked_ms=second.asked_ms + 1000)
    third.pk, third.number = "f" * 32, 9
    third.save(force_insert=True)
    code, out = recompute(ada.reference, "2026-03-02", PURPOSE, "--json")
    rows = json.loads(out)
    assert code == 1
    assert sorted(row["said"] for row in rows if row["differs"]) == [
        "",
        "It was asked, but is not of the sequence.",
        "Nothing is on record of it.",
    ]


def test_a_day_on_which_the_duty_changed_is_told_by_both_versions(stream: Stream) -> None:
    ada = somebody(duty(5))
    asker, noon_ms = Asker(stream, process.asking_key(settings.SURETY)), MONDAY_MS + 12 * HOUR_MS
    run(asker, MONDAY_MS, noon_ms)
    cases.change_condition(
        Condition.objects.get().pk, duty(2), effective_from_ms=noon_ms, acting_user=None, now_ms=noon_ms, reason="Less"
    )
    run(asker, noon_ms, MONDAY_MS + DAY_MS)
    code, out = recompute(ada.reference, "2026-03-02", PURPOSE, "--json")
    assert code == 0
    on_record = [row["asked_ms"] for row in json.loads(out) if row["asked_ms"]]
    assert on_record == list(CheckIn.objects.order_by("asked_ms").values_list("asked_ms", flat=True))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nobody", "2026-03-02", PURPOSE), "No person has the reference nobody."),
        (("{ref}", "2026-03-05", PURPOSE), "is not over everywhere yet, and times to come are told to nobody."),
        (("{ref}", "2031-01-01", PURPOSE), "times to come are told to nobody"),
        (("{ref}", "monday", PURPOSE), "is not a date of the calendar"),
        (("{ref}", "2026-03-02"), 'Say with --purpose "..." what you need it for'),
    ],
)
def test_who_asks_for_what_cannot_be_told_hears_why(arguments: tuple[str, ...], sentence: str) -> None:
    ada = somebody(duty(1))
    code, out = recompute(*(one.format(ref=ada.reference) for one in arguments))
    assert (code, sentence in out) == (2, True)
    assert not Entry.objects.filter(action="checkins.recomputed").exists()


def test_the_doctor_counts_who_cannot_be_asked_and_what_did_not_leave(stream: Stream) -> None:
    clock, now_ms = Still(), MONDAY_MS
    assert asking_queries.asking(clock).people == 0
    ada, _ = somebody(duty(1)), somebody(duty(1), watch=False)
    asker = Asker(stream, b"k" * 32)
    asker.run_once(now_ms)
    asker.beat(now_ms)
    found = asking_queries.asking(clock)
    assert (found.people, found.cannot_answer, found.live, found.failed) == (2, 1, True, 0)
    row = CheckIn.objects.create(
        person=ada, condition_id="c", condition_version=1, asked_ms=now_ms, due_ms=now_ms, late_until_ms=now_ms
    )
    Prompt.objects.create(
        check_in=row, channel="push", kind="asked", sentence="", state="failed", queued_ms=now_ms,
        next_try_ms=now_ms, settled_ms=now_ms,
    )  # fmt: skip
    assert asking_queries.asking(clock).failed == 1
    told = msgspec.structs.replace(settings.SURETY, door_port=0)
    assert _asking(told).state in ("warn", "ok")


def test_the_persons_page_says_how_a_question_travelled_and_why_none_can_be_asked(stream: Stream, client) -> None:
    ada = somebody(duty(1), watch=False)
    at_ms = planned(ada)[0]
    run(Asker(stream, b"k" * 32), at_ms - HOUR_MS, at_ms, MINUTE_MS)
    officer = user("olu officer", Role.OFFICER)
    cases.assign_officer(ada.pk, officer, acting_user=None, now_ms=MONDAY_MS)
    client.force_login(officer)
    page = client.get(f"/people/{ada.pk}/check-ins").content.decode()
    assert ">Not asked<" in page.replace("\n", "")
    assert "No device that can take photographs is given to the person" in page
    CheckIn.objects.update(stands="asked", note="", undelivered_ms=at_ms)
    row = CheckIn.objects.get()
    Prompt.objects.create(
        check_in=row, channel="message", kind="reminder", sentence="", state="failed", queued_ms=at_ms,
        next_try_ms=at_ms, settled_ms=at_ms, error="The service did not take it.",
    )  # fmt: skip
    page = client.get(f"/people/{ada.pk}/check-ins").content.decode()
    assert (
        "It did not get through in time. A reminder by message could not be sent: The service did not take it." in page
    )
