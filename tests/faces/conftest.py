"""Engines and pictures for the tests of the face room. The people in the pictures do not exist."""

import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from surety.faces.burst import LocalEngine
from surety.faces.choose import open_local
from surety.faces.contract import Engine, Photo
from surety.faces.models import Store
from surety.faces.remote import RemoteEngine
from surety.faces.serving import matcher_of
from surety.sim.faces import View, face
from tests.faces.servers import running

CHECKOUT = Path(__file__).resolve().parents[2]
ANN, BEA = 19, 17  # invented people whom both recognisers tell apart
ENGINES = [pytest.param("onnx", marks=pytest.mark.shared), "dlib", "remote"]
TOKEN = "a-token-that-is-only-for-tests"


@pytest.fixture(scope="session")
def shared_faces() -> Path:
    """The folder with weights that are no part of a checkout."""
    path = Path(os.environ.get("SURETY_SHARED", CHECKOUT.parent / "shared")) / "faces"
    if not (path / "models").is_dir():
        pytest.skip(f"the face models are not at {path}; they are not part of a checkout (set SURETY_SHARED)")
    return path


@pytest.fixture(scope="session")
def draw() -> Callable[..., Photo]:
    """A picture of somebody who does not exist: draw(ANN, yaw_deg=...); see surety.sim.faces.View."""

    @cache
    def picture(identity: int, **how: Any) -> Photo:
        return face(identity, View(**how))

    return picture


@pytest.fixture(scope="session", params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Each engine in turn."""
    if request.param == "remote":
        yield request.getfixturevalue("remote_engine")
    elif request.param == "dlib":
        yield request.getfixturevalue("dlib_engine")
    else:
        opened = open_local("onnx", Store(request.getfixturevalue("shared_faces") / "models"))
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def dlib_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEngine]:
    """The engine that needs nothing but the Python index."""
    opened = open_local("dlib", Store(tmp_path_factory.mktemp("no-models")))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def remote_engine(dlib_engine: LocalEngine) -> Iterator[RemoteEngine]:
    """The remote engine, asking the reference server around dlib over the network of this machine."""
    matcher = matcher_of(dlib_engine, TOKEN)
    with running(matcher.app()) as url:
        opened = RemoteEngine(url, TOKEN)
        yield opened
        opened.close()
    matcher.close()
