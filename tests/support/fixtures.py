"""Real components for tests: a PostgreSQL of their own, the shared traces, a headless Chromium.

A component that cannot be had is a skip with its reason; in CI (`CI=true`) it is a failure, since nothing may be
skipped there.
"""

import os
import shutil
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psycopg
import pytest

from tests.support.postgres import Cluster, find_binaries

CHECKOUT = Path(__file__).resolve().parents[2]


def unavailable(what: str) -> None:
    """Skip with the reason; fail in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} (CI may skip nothing)")
    pytest.skip(what)


@pytest.fixture(scope="session", autouse=True)
def _data_of_this_run_alone() -> None:
    """pytest-django may have read the settings before conftest.py named the data directory of this run."""
    from django.conf import settings  # noqa: PLC0415 - Django must be set up

    settings.SURETY = msgspec.structs.replace(settings.SURETY, data_dir=Path(os.environ["SURETY_DATA_DIR"]))


@pytest.fixture(autouse=True)
def _keys_are_of_this_test_alone() -> None:
    """What a process remembers of keys: another test's time may be years ahead of this one's."""
    if vault := sys.modules.get("surety.server.records.vault"):
        vault._looked.newest_ms, vault._looked.at_s = 0, 0.0


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """The run's own PostgreSQL server."""
    binaries = find_binaries()
    if binaries is None:
        unavailable("PostgreSQL is not installed: run `make test` as root, or install the package postgresql")
    assert binaries is not None
    cluster = Cluster(binaries)
    yield cluster
    cluster.stop()


@pytest.fixture
def postgres_url(postgres_cluster: Cluster) -> str:
    """The address of a new, empty database."""
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(postgres_cluster.url("postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return postgres_cluster.url(name)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The Chromium that the browser tests drive."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    unavailable("Chromium is not installed: run `make test` as root, or install the package chromium")
    raise AssertionError


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Where the real traces lie, beside the checkout or at SURETY_SHARED. They are no part of the project."""
    path = Path(os.environ.get("SURETY_SHARED", CHECKOUT.parent / "shared"))
    if not (path / "gps" / "score.py").exists():
        pytest.skip(f"the real traces are not at {path}; they are not part of a checkout (set SURETY_SHARED)")
    return path
