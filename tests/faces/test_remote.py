"""The engine `remote` and its reference server: what is sent, what is believed, and what becomes of failures."""

import json
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
import urllib3
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.responses import RedirectResponse, Response

from surety.faces import remote
from surety.faces import remote_wire as wire
from surety.faces.burst import LocalEngine
from surety.faces.choose import open_engine
from surety.faces.contract import FacesUnavailableError, Outcome, Photo, Quality, Reference
from surety.faces.models import ModelError
from surety.faces.remote import RemoteEngine, contradiction
from surety.faces.serving import matcher_of
from surety.settings import Settings
from tests.faces.conftest import ANN, CHECKOUT, TOKEN
from tests.faces.servers import Scripted, running

pytestmark = pytest.mark.slow

TABLE = wire.Table(0.5, 0.4, "a test")
ABOUT = wire.About("Acme", "v7", TABLE)
PHOTO = np.zeros((40, 40, 3), np.uint8)
MODEL = remote.model_id(ABOUT)
KEYS = ["images", "frames", "templates", "turn"]
REFERENCE = Reference("01HZZZPRIVATEID", b"opaque", MODEL)


def answer(struct: msgspec.Struct, status: int = 200) -> Response:
    return Response(msgspec.json.encode(struct), status, media_type="application/json")


def verdict(**changes: object) -> wire.VerifyAnswer:
    good = wire.VerifyAnswer("v7", TABLE, Outcome.MATCH, "They match.", [Quality(1)], 0.8, 0, 0)
    return msgspec.structs.replace(good, **changes)


def asked(*answers: Response, pause_s: float = 0.0) -> Iterator[tuple[RemoteEngine, Scripted]]:
    scripted = Scripted(answer(ABOUT), *answers)
    with running(scripted.app) as url:
        engine = RemoteEngine(url, TOKEN, pause_s=pause_s, read_s=2.0)
        yield engine, scripted
        engine.close()


def test_what_is_sent_is_the_frames_and_opaque_templates_and_no_id_of_anybody() -> None:
    for engine, scripted in asked(answer(verdict())):
        found = engine.verify([PHOTO], [REFERENCE])
        assert (found.outcome, found.reference_id, found.model_sha256) == (Outcome.MATCH, REFERENCE.id, MODEL)
        body = json.loads(scripted.bodies[1])
        assert set(body) == {"frames", "templates", "turn"}
        assert REFERENCE.id not in scripted.bodies[1].decode()
        assert scripted.asked[1].headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_matcher_that_is_busy_for_a_moment_is_asked_again(status: int) -> None:
    busy = answer(wire.Problem("busy"), status)
    for engine, scripted in asked(busy, busy, answer(verdict())):
        assert engine.verify([PHOTO], [REFERENCE]).outcome is Outcome.MATCH
        assert len(scripted.asked) == 4


def test_a_matcher_that_stays_busy_is_unavailable_and_worth_another_try_later() -> None:
    for engine, scripted in asked(answer(wire.Problem("busy"), 503)):
        with pytest.raises(FacesUnavailableError, match="refuses with 503: busy") as error:
            engine.verify([PHOTO], [REFERENCE])
        assert error.value.retry
        assert len(scripted.asked) == 4


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500])
def test_what_would_be_refused_again_is_asked_once(status: int) -> None:
    for engine, scripted in asked(answer(wire.Problem("no"), status)):
        with pytest.raises(FacesUnavailableError, match=f"refuses with {status}: no") as error:
            engine.verify([PHOTO], [REFERENCE])
        assert not error.value.retry
        assert len(scripted.asked) == 2


def test_photographs_do_not_follow_a_redirect() -> None:
    for engine, scripted in asked(RedirectResponse("http://127.0.0.1:9/elsewhere", 307)):
        with pytest.raises(FacesUnavailableError, match="a redirect is not followed"):
            engine.verify([PHOTO], [REFERENCE])
        assert len(scripted.asked) == 2


@pytest.mark.parametrize(
    "text", [b"", b"<html>", b"{}", b'{"outcome":"yes"}', b"[" * 10_000, b"x" * (wire.MOST_ANSWER_BYTES + 10)]
)
def test_an_answer_of_another_kind_is_told_and_raises_nothing_else(text: bytes) -> None:
    for engine, _ in asked(Response(text)):
        with pytest.raises(FacesUnavailableError, match="answers otherwise than agreed"):
            engine.verify([PHOTO], [REFERENCE])


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"similarity": 0.1}, "against its own thresholds"),
        ({"similarity": None}, "does not say what with how alike"),
        ({"outcome": Outcome.NO_MATCH}, "against its own thresholds"),
        ({"frame": 1}, "that it was not given"),
        ({"template": 7}, "that it was not given"),
        ({"qualities": []}, "tells of 0 frames of 1"),
        ({"thresholds": wire.Table(0.1, 0.4, "x")}, "make no sense"),
    ],
)
def test_an_answer_that_contradicts_itself_is_an_error_and_no_match(changes: dict[str, object], why: str) -> None:
    assert why in contradiction(verdict(**changes), 1, 1)
    for engine, _ in asked(answer(verdict(**changes))):
        found = engine.verify([PHOTO], [REFERENCE])
        assert found.outcome is Outcome.ERROR
        assert why in found.sentence


def test_a_matcher_that_changed_its_model_gets_no_old_templates() -> None:
    newer = msgspec.structs.replace(ABOUT, model="v8")
    for engine, _ in asked(answer(verdict(model="v8")), answer(newer)):
        with pytest.raises(FacesUnavailableError, match="changed its model") as error:
            engine.verify([PHOTO], [REFERENCE])
        assert error.value.retry
        assert engine.model_sha256 == remote.model_id(newer)
        assert engine.verify([PHOTO], [REFERENCE]).outcome is Outcome.ERROR


def test_a_matcher_that_is_not_there_is_unavailable_and_worth_another_try() -> None:
    with pytest.raises(FacesUnavailableError, match="does not answer") as error:
        RemoteEngine("http://127.0.0.1:9", TOKEN, pause_s=0.0)
    assert error.value.retry


def test_a_matcher_that_takes_the_question_and_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(FacesUnavailableError, match=r"does not answer: .*timed out") as error:
            RemoteEngine(url, TOKEN, pause_s=0.0, read_s=0.1)
    assert error.value.retry


def test_a_wrong_token_is_told(dlib_engine: LocalEngine) -> None:
    matcher = matcher_of(dlib_engine, TOKEN)
    with (
        running(matcher.app()) as url,
        pytest.raises(FacesUnavailableError, match="401: the token is missing or wrong"),
    ):
        RemoteEngine(url, "another-token-of-some-length")
    matcher.close()


@pytest.mark.parametrize("text", ["", "short", "two words that are long enough", "ü" * 20])
def test_a_file_that_holds_no_token_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "token"
    file.write_text(text)
    with pytest.raises(ModelError, match=str(file)):
        remote.read_token(str(file))


def test_the_settings_lead_to_the_remote_engine(
    dlib_engine: LocalEngine, tmp_path: Path, draw: Callable[..., Photo]
) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    matcher = matcher_of(dlib_engine, TOKEN)
    with running(matcher.app()) as url:
        engine = open_engine(Settings(data_dir=tmp_path, faces_remote_url=url, faces_remote_token_file=str(file)))
        assert engine.name == "remote"
        assert engine.enrol([draw(ANN)])[0].template
        engine.close()
    matcher.close()


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, "not as the document has it"),
        (b'{"frames":["AAAA"],"templates":["AAAA"]}', 400, "a picture cannot be read"),
        (b'{"frames":[],"templates":[]}', 400, "not as the document has it"),
    ],
)
def test_the_server_tells_what_is_wrong_with_a_request(
    dlib_engine: LocalEngine, body: bytes, status: int, said: str
) -> None:
    matcher = matcher_of(dlib_engine, TOKEN)
    with running(matcher.app()) as url:
        found = urllib3.request("POST", f"{url}/v1/verify", body=body, headers={"Authorization": f"Bearer {TOKEN}"})
        assert found.status == status
        assert said in found.json()["sentence"]
    matcher.close()


def test_the_document_is_what_the_code_says() -> None:
    written = json.loads((CHECKOUT / "docs" / "faces-remote.openapi.json").read_text())
    named = re.findall(r"#/components/schemas/(\w+)", json.dumps(written))
    assert set(named) <= set(written["components"]["schemas"])
    assert written == json.loads(msgspec.json.encode(wire.openapi())), "write it anew: surety faces openapi"


@pytest.fixture(scope="module")
def served(dlib_engine: LocalEngine) -> Iterator[str]:
    matcher = matcher_of(dlib_engine, TOKEN)
    with running(matcher.app()) as url:
        yield url
    matcher.close()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("iVBORw0KGgo="),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=60) | values.map(lambda value: json.dumps(value).encode()))
def test_whatever_is_sent_the_server_answers_with_a_refusal_and_goes_on(served: str, body: bytes) -> None:
    for path in ("verify", "enrol"):
        found = urllib3.request(
            "POST", f"{served}/v1/{path}", body=body, headers={"Authorization": f"Bearer {TOKEN}"}, retries=False
        )
        assert found.status in {200, 400}, found.data
        assert found.status == 200 or found.json()["sentence"]


@pytest.mark.parametrize("token", ["", "Bearer ", "Bearer x", "Basic " + TOKEN, TOKEN, "Bearer ü"])
def test_nothing_is_answered_without_the_token(served: str, token: str) -> None:
    for path in ("matcher", "enrol", "verify"):
        method = "GET" if path == "matcher" else "POST"
        found = urllib3.request(method, f"{served}/v1/{path}", headers={"Authorization": token.encode()})
        assert found.status == 401
