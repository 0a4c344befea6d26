"""Models are fetched from anywhere and believed by their SHA-256 alone."""

import hashlib
from pathlib import Path

import msgspec
import pytest
from starlette.requests import Request
from starlette.responses import Response

from surety.faces import models, pull
from surety.faces.models import Manifest, ModelError
from tests.faces.servers import Scripted, running

WEIGHTS = bytes(range(256)) * 1000


@pytest.fixture
def manifest() -> Manifest:
    first = models.shipped()[0]
    sha256 = hashlib.sha256(WEIGHTS).hexdigest()
    return msgspec.structs.replace(first, file="mine.onnx", size=len(WEIGHTS), sha256=sha256, url="")


def ranges(request: Request) -> Response:
    start = int(request.headers.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
    return Response(WEIGHTS[start:], 206 if "range" in request.headers else 200)


def test_a_model_is_fetched_from_below_the_address_and_its_progress_told(manifest: Manifest, tmp_path: Path) -> None:
    seen: list[int] = []
    with running((server := Scripted(ranges)).app) as url:
        path = pull.fetch(manifest, pull.address_of(manifest, url + "/mirror/"), tmp_path / "new", seen.append)
    assert path.read_bytes() == WEIGHTS
    assert server.asked[0].url.path == "/mirror/mine.onnx"
    assert seen == sorted(seen)
    assert seen[-1] == len(WEIGHTS)


def test_what_is_there_is_not_fetched_again(manifest: Manifest, tmp_path: Path) -> None:
    (tmp_path / "mine.onnx").write_bytes(WEIGHTS)
    assert pull.fetch(manifest, "http://127.0.0.1:9/mine.onnx", tmp_path).read_bytes() == WEIGHTS


def test_a_fetch_that_was_broken_off_goes_on_where_it_stopped(manifest: Manifest, tmp_path: Path) -> None:
    (tmp_path / "mine.onnx.part").write_bytes(WEIGHTS[:100_000])
    with running((server := Scripted(ranges)).app) as url:
        assert pull.fetch(manifest, f"{url}/mine.onnx", tmp_path).read_bytes() == WEIGHTS
    assert server.asked[0].headers["range"] == "bytes=100000-"
    assert not (tmp_path / "mine.onnx.part").exists()


def test_a_server_that_cannot_go_on_starts_anew(manifest: Manifest, tmp_path: Path) -> None:
    (tmp_path / "mine.onnx.part").write_bytes(b"x" * 100)
    with running(Scripted(Response(WEIGHTS)).app) as url:
        assert pull.fetch(manifest, f"{url}/mine.onnx", tmp_path).read_bytes() == WEIGHTS


@pytest.mark.parametrize("given", [b"a page that asks to log in", WEIGHTS[:-1] + b"x"])
def test_another_file_is_deleted_and_told(manifest: Manifest, tmp_path: Path, given: bytes) -> None:
    with running(Scripted(Response(given)).app) as url, pytest.raises(ModelError, match="gave another file") as error:
        pull.fetch(manifest, f"{url}/mine.onnx", tmp_path)
    assert manifest.sha256 in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_an_endless_file_is_stopped(manifest: Manifest, tmp_path: Path) -> None:
    with running(Scripted(Response(WEIGHTS * 3)).app) as url, pytest.raises(ModelError, match="was stopped"):
        pull.fetch(manifest, f"{url}/mine.onnx", tmp_path)
    assert not (tmp_path / "mine.onnx").exists()


def test_a_refusal_and_silence_are_told_with_what_to_do(manifest: Manifest, tmp_path: Path) -> None:
    with running(Scripted(Response(b"", 404)).app) as url, pytest.raises(ModelError, match="answers 404") as error:
        pull.fetch(manifest, f"{url}/mine.onnx", tmp_path)
    assert "Name another address with --from, or put mine.onnx" in str(error.value)
    with pytest.raises(ModelError, match="cannot be reached"):
        pull.fetch(manifest, "http://127.0.0.1:9/mine.onnx", tmp_path)


@pytest.mark.parametrize("mirror", ["ftp://x", "mirror", "file:///etc"])
def test_only_web_addresses_are_fetched_from(manifest: Manifest, mirror: str) -> None:
    with pytest.raises(ModelError, match="is no address to fetch from"):
        pull.address_of(manifest, mirror)


def test_what_is_pulled_has_a_pinned_size_and_its_makers_address() -> None:
    offered = {m.name: m for m in models.shipped() if m.url}
    assert set(offered) == {"YuNet 2023mar", "SFace 2021dec"}
    assert all(m.url.startswith("https://") for m in offered.values())
