"""Prompts: by which way they leave, what is tried again, what is given up, and when they are withdrawn."""

import base64
import itertools
import json
import secrets
import threading
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pytest_django.fixtures import Settings

from surety.server.cases.models import Person, WatchKey
from surety.server.checkins import prompts, sending
from surety.server.checkins.asker import Asker
from surety.server.checkins.models import CheckIn, Prompt, PromptState, Stands
from surety.server.checkins.tests.asking_cast import HOUR_MS, KEY, MINUTE_MS, MONDAY_MS, duty, run, somebody
from surety.server.checkins.tests.test_asking import planned
from surety.stream.contract import Stream

# The library of messages looks for a module of old Pythons when it is loaded.
pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")]


class Service:
    """A push service and a service of messages on this machine, which answers as it is told to."""

    def __init__(self) -> None:
        self.status, self.heard = 201, list[tuple[str, Message, bytes]]()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                service.heard.append((self.path, self.headers, body))
                self.send_response(service.status)
                self.send_header("Content-Length", "0")
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


def _set(**fields: str) -> None:
    for person in Person.objects.all():
        for name, value in fields.items():
            setattr(person, name, value)
        person.save()


@pytest.fixture
def service() -> Iterator[Service]:
    found = Service()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def by_push(settings: Settings, service: Service) -> None:
    settings.SURETY = msgspec.structs.replace(
        settings.SURETY, push_contact="mailto:it@agency.example", push_services=f"http://{service.host}"
    )


@pytest.fixture
def by_message(settings: Settings, service: Service) -> None:
    settings.SURETY = msgspec.structs.replace(
        settings.SURETY, message_url=f"json://{service.host}/sms/{{phone}}?cto=2&rto=2"
    )


def subscribe(person: Person, address: str) -> None:
    """The person's watch says how its browser is to be woken."""
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    point_text = base64.urlsafe_b64encode(point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)).decode()
    keys = {"p256dh": point_text, "auth": base64.urlsafe_b64encode(secrets.token_bytes(16)).decode()}
    key = WatchKey.objects.filter(device__assignments__person=person)
    key.update(push=json.dumps({"endpoint": address, "keys": keys}), push_ms=MONDAY_MS)


def asked(stream: Stream, person: Person, after_ms: int = 0) -> tuple[Asker, CheckIn]:
    """The first question of the day is asked."""
    asker, at_ms = Asker(stream, KEY), planned(person)[0]
    run(asker, at_ms - HOUR_MS, at_ms + after_ms, MINUTE_MS)
    return asker, CheckIn.objects.get(person=person)


def test_without_a_service_nothing_is_sent_and_the_watch_still_asks(stream: Stream) -> None:
    asked(stream, somebody(duty(1)))
    assert not Prompt.objects.exists()


@pytest.mark.usefixtures("by_push")
def test_a_watch_that_can_be_woken_is_woken_with_nothing_in_it(stream: Stream, service: Service) -> None:
    ada = somebody(duty(1))
    subscribe(ada, f"http://{service.host}/wake/ada")
    _, row = asked(stream, ada)
    assert prompts.deliver(row.asked_ms + 1000) == 1
    ((path, headers, body),) = service.heard
    assert (path, body) == ("/wake/ada", b"")
    assert 1700 < int(headers["TTL"]) <= 1800
    token = headers["Authorization"].split("t=")[1].split(",")[0].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(token + "=="))
    assert (claims["sub"], claims["aud"]) == ("mailto:it@agency.example", f"http://{service.host}")
    assert Prompt.objects.get().state == PromptState.SENT
    assert prompts.deliver(row.asked_ms + 2000) == 0


@pytest.mark.usefixtures("by_push")
def test_a_push_that_only_the_service_took_reached_nobody(stream: Stream, service: Service) -> None:
    ada = somebody(duty(1))
    subscribe(ada, f"http://{service.host}/wake/ada")
    asker, row = asked(stream, ada)
    prompts.deliver(row.asked_ms + 1000)
    run(asker, row.asked_ms, row.due_ms, MINUTE_MS)
    row.refresh_from_db()
    assert row.undelivered_ms is not None


@pytest.mark.usefixtures("by_message")
def test_a_message_leaves_after_a_minute_in_the_persons_language(stream: Stream, service: Service) -> None:
    ada = somebody(duty(1))
    _set(phone="+447700900123", language="es")
    asker, row = asked(stream, ada)
    assert prompts.deliver(row.asked_ms + 30_000) == 0
    assert prompts.deliver(row.asked_ms + 125_000) == 1
    (path, _, body), said = service.heard[0], Prompt.objects.get()
    assert path in {"/sms/%2B447700900123", "/sms/+447700900123"}
    assert said.sentence.startswith("Por favor, envíe una foto antes de las ")
    assert json.loads(body)["message"] == said.sentence
    run(asker, row.asked_ms, row.due_ms, MINUTE_MS)
    row.refresh_from_db()
    assert row.undelivered_ms is None  # nobody knows whether it arrived


@pytest.mark.usefixtures("by_message")
def test_a_message_is_not_sent_where_the_watch_shows_the_question(stream: Stream, service: Service) -> None:
    ada = somebody(duty(1))
    _set(phone="+447700900123")
    _, row = asked(stream, ada)
    CheckIn.objects.update(seen_ms=row.asked_ms + 10_000)
    assert prompts.deliver(row.asked_ms + 125_000) == 0
    assert (Prompt.objects.get().state, service.heard) == (PromptState.WITHDRAWN, [])


@pytest.mark.usefixtures("by_push", "by_message")
def test_what_is_gone_is_forgotten_and_a_message_goes_in_its_place(stream: Stream, service: Service) -> None:
    ada = somebody(duty(1))
    _set(phone="+447700900123")
    subscribe(ada, f"http://{service.host}/wake/ada")
    _, row = asked(stream, ada)
    service.status = 410
    prompts.deliver(row.asked_ms + 60_000)
    assert WatchKey.objects.get().push == ""
    service.status = 200
    prompts.deliver(row.asked_ms + 61_000)
    told = {one.channel: one for one in Prompt.objects.all()}
    assert (told["push"].state, told["message"].state) == (PromptState.FAILED, PromptState.SENT)
    assert told["push"].error == "The watch is not to be reached by push any more."


@pytest.mark.usefixtures("by_message")
def test_what_fails_is_tried_again_later_each_time_and_given_up_when_the_time_is_over(
    stream: Stream, service: Service
) -> None:
    ada = somebody(duty(1))
    _set(phone="+447700900123")
    _, row = asked(stream, ada)
    service.status = 503
    tries = [now for now in range(row.asked_ms, row.due_ms + MINUTE_MS, 15_000) if prompts.deliver(now)]
    gaps = [later - one for one, later in itertools.pairwise(tries)]
    assert gaps == sorted(gaps)
    assert 5 <= len(tries) <= 12
    said = Prompt.objects.get(kind="asked")
    assert said.state == PromptState.FAILED
    assert "+447700900123" not in said.error
    assert said.attempts == len(tries)


@pytest.mark.usefixtures("by_push")
@pytest.mark.parametrize(
    "address",
    ["http://169.254.169.254/latest", "https://internal.example/wake", "file:///etc/passwd", "http://127.0.0.1:1/wake"],
)
def test_a_watch_cannot_make_the_server_write_to_any_address(stream: Stream, service: Service, address: str) -> None:
    ada = somebody(duty(1))
    subscribe(ada, address)
    _, row = asked(stream, ada)
    prompts.deliver(row.asked_ms + 60_000)
    assert Prompt.objects.get().state == PromptState.FAILED
    assert "is not among those of the setting push_services" in Prompt.objects.get().error


@pytest.mark.usefixtures("by_push")
def test_a_push_service_that_leads_elsewhere_is_not_followed(stream: Stream, service: Service) -> None:
    ada = somebody(duty(1))
    subscribe(ada, f"http://{service.host}/wake/ada")
    _, row = asked(stream, ada)
    service.status = 307
    prompts.deliver(row.asked_ms + 60_000)
    assert [path for path, _, _ in service.heard] == ["/wake/ada"]
    assert Prompt.objects.get().state == PromptState.QUEUED


@pytest.mark.usefixtures("by_push")
@pytest.mark.parametrize("said", ["{}", "null", "[1]", '{"endpoint": 7, "keys": {}}', "x" * 4000])
def test_nonsense_of_a_watch_is_no_push_and_no_error(stream: Stream, service: Service, said: str) -> None:
    ada = somebody(duty(1))
    WatchKey.objects.update(push=said, push_ms=MONDAY_MS)
    _, row = asked(stream, ada)
    prompts.deliver(row.asked_ms + 60_000)
    assert Prompt.objects.get().state == PromptState.FAILED


@pytest.mark.usefixtures("by_push")
def test_keys_that_are_none_are_no_push_and_no_error(stream: Stream, service: Service) -> None:
    ada = somebody(duty(1))
    WatchKey.objects.update(
        push=json.dumps({"endpoint": f"http://{service.host}/x", "keys": {"p256dh": "%%%", "auth": "\u00e9"}}),
        push_ms=MONDAY_MS,
    )
    _, row = asked(stream, ada)
    prompts.deliver(row.asked_ms + 60_000)
    assert Prompt.objects.get().state in (PromptState.FAILED, PromptState.SENT)


@pytest.mark.usefixtures("by_message")
def test_half_way_it_is_called_to_mind_once_and_not_when_it_was_answered(stream: Stream) -> None:
    # The first and the last of a few to be asked: the one question is over before the other is asked.
    ada, *_, ben = sorted((somebody(duty(1)) for _ in range(6)), key=lambda one: planned(one)[0])
    _set(phone="+447700900123")
    asker, row = asked(stream, ada)
    other = planned(ben)[0]
    run(asker, row.asked_ms, row.due_ms, MINUTE_MS)
    reminder = Prompt.objects.get(kind="reminder", check_in=row)
    assert 0 <= reminder.queued_ms - (row.asked_ms + row.due_ms) // 2 <= MINUTE_MS
    run(asker, max(row.due_ms, other), other + MINUTE_MS, MINUTE_MS) if other > row.due_ms else None
    CheckIn.objects.filter(person=ben).update(stands=Stands.SUBMITTED)
    run(asker, other + MINUTE_MS, other + HOUR_MS, MINUTE_MS)
    assert not Prompt.objects.filter(kind="reminder", check_in__person=ben).exists()


@pytest.mark.usefixtures("by_message")
def test_an_answer_withdraws_what_was_not_sent_yet(stream: Stream, service: Service) -> None:
    ada = somebody(duty(1))
    _set(phone="+447700900123")
    _, row = asked(stream, ada)
    CheckIn.objects.update(stands=Stands.SUBMITTED)
    assert prompts.deliver(row.asked_ms + 125_000) == 0
    assert (Prompt.objects.get().state, service.heard) == (PromptState.WITHDRAWN, [])


@pytest.mark.usefixtures("by_message")
def test_two_processes_make_a_try_once_and_one_that_died_with_it_leaves_it_to_the_other(stream: Stream) -> None:
    ada = somebody(duty(1))
    _set(phone="+447700900123")
    _, row = asked(stream, ada)
    now_ms = row.asked_ms + 125_000
    said = Prompt.objects.select_related("check_in__person").get()
    assert prompts._claimed(said, now_ms)
    assert not prompts._claimed(said, now_ms)
    assert prompts.deliver(now_ms) == 0
    assert prompts.deliver(now_ms + prompts.CLAIM_MS) == 1


def test_the_public_key_stays_the_same_and_is_a_point(settings: Settings) -> None:
    with_push = msgspec.structs.replace(settings.SURETY, push_contact="mailto:it@agency.example")
    first, again = sending.push_key(with_push), sending.push_key(with_push)
    point = base64.urlsafe_b64decode(first + "=")
    assert (first, len(point), point[0]) == (again, 65, 4)
    assert sending.push_key(settings.SURETY) == ""
