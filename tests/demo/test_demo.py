"""The whole demonstration, as a newcomer starts it: alerts appear, Ctrl-C ends it, a second start goes on."""

import contextlib
import http.cookiejar
import os
import re
import select
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from surety.clock import parse_clock
from surety.demo import codes, state
from surety.demo.state import Hour, LogIn
from surety.settings import load

pytestmark = pytest.mark.slow
START = "2026-10-06T18:52"
SOON_S = 120.0


class Running:
    """`surety demo` as a child process, with what it printed."""

    def __init__(self, data_dir: Path, *more: str) -> None:
        env = {k: v for k, v in os.environ.items() if not k.startswith("SURETY_")}
        self.data_dir, self.text = data_dir, ""
        options = ["--data-dir", str(data_dir), "--port", "0", "--door-port", "0", *more]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "surety", "demo", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=env,
            start_new_session=True,
        )

    def read(self, timeout_s: float) -> str:
        """What it has printed so far; waits at most so long for more."""
        assert self.process.stdout
        if select.select([self.process.stdout], [], [], timeout_s)[0]:
            self.text += os.read(self.process.stdout.fileno(), 65536).decode(errors="replace")
        return self.text

    def until(self, what: Callable[[], bool], name: str) -> None:
        deadline = time.monotonic() + SOON_S
        while not what():
            self.read(0.2)
            assert self.process.poll() is None, f"it ended before {name}:\n{self.text}"
            assert time.monotonic() < deadline, f"{name} did not come within {SOON_S:g} s:\n{self.text}"

    def interrupt(self) -> float:
        """Ctrl-C; how long it took to end, in seconds."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        rest, _ = self.process.communicate(timeout=20)
        self.text += rest.decode(errors="replace")
        return time.monotonic() - began


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    running: list[Running] = []

    def begin(*more: str) -> Running:
        running.append(Running(tmp_path / "demo", *more))
        return running[-1]

    yield begin
    for one in running:
        if one.process.poll() is None:
            os.killpg(one.process.pid, signal.SIGKILL)
        if one.process.stdout and not one.process.stdout.closed:
            one.process.communicate()


def _rows(data_dir: Path, sql: str) -> list[tuple[object, ...]]:
    path = data_dir / "surety.sqlite3"
    if not path.exists():
        return []
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as database:
        try:
            return database.execute(sql).fetchall()
        except sqlite3.OperationalError:  # no such table yet, or busy: look again
            return []


def _alerts(data_dir: Path) -> set[object]:
    return {row[0] for row in _rows(data_dir, "SELECT id FROM alerts_alert")}


def _hour(data_dir: Path) -> Hour:
    return msgspec.json.decode((data_dir / "hour.json").read_bytes(), type=Hour)


def _log_in(address: str, one: LogIn) -> str:
    """The page that somebody sees after a password and a one-time code."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def send(url: str, page: str, **fields: str) -> tuple[str, str]:
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token, page
        body = urllib.parse.urlencode({"csrfmiddlewaretoken": token[1], **fields}).encode()
        request = urllib.request.Request(url, body, {"Referer": url})  # noqa: S310 - the address that the demo printed
        with browser.open(request) as answer:
            return answer.geturl(), answer.read().decode()

    with browser.open(address) as answer:
        url, page = answer.geturl(), answer.read().decode()
    url, page = send(url, page, login=one.username, password=one.password)
    return send(url, page, code=codes.code_now(one.totp_secret)[0])[1]


def _reference(data_dir: Path) -> str:
    """Somebody with an alert; not whose case is over, as that is erased while the test looks."""
    alerted = "SELECT reference FROM cases_person p JOIN alerts_alert a ON a.person_id = p.id"
    sql = f"{alerted} WHERE reference NOT LIKE 'SU-OLD%'"
    return str(_rows(data_dir, sql)[0][0])


def test_alerts_appear_ctrl_c_ends_it_and_a_second_start_goes_on(start: Callable[..., Running]) -> None:
    first = start("--people", "8", "--speed", "60", "--start", START)
    first.until(lambda: len(_alerts(first.data_dir)) >= 3, "the third alert")
    printed = state.read(first.data_dir)
    assert printed
    assert all(one.password in first.text for one in printed.log_ins)
    operator = next(one for one in printed.log_ins if one.role == "operator")
    address = re.search(r"http://localhost:\d+/", first.text)
    assert address
    assert _reference(first.data_dir) in _log_in(address[0], operator)
    other = parse_clock(load(first.data_dir / "surety.toml", {}).clock)  # of commands that are tried on it
    assert abs(other.now_ms() - _hour(first.data_dir).domain_ms) < 5_000 * other.speed
    assert first.interrupt() < 10
    assert first.process.returncode == 0, first.text
    assert "Stopped. The same command goes on from here." in first.text
    assert "http://localhost:" in first.text
    for role in (
        "officer",
        "operator",
        "face_reviewer",
        "supervisor",
        "disclosure_officer",
        "auditor",
        "administrator",
    ):
        assert role in first.text
    before, stopped = _alerts(first.data_dir), _hour(first.data_dir)
    assert stopped.clean

    second = start("--speed", "120")
    second.until(lambda: "Open http" in second.text, "the address")
    third = start()
    refusal, _ = third.process.communicate(timeout=SOON_S)
    assert b"is running already" in refusal
    second.until(lambda: _alerts(second.data_dir) > before, "another alert")
    assert second.interrupt() < 10
    assert _hour(second.data_dir).domain_ms > stopped.domain_ms
    kept = _rows(second.data_dir, "SELECT person_id, at_ms, fact_id FROM monitoring_storedfact")
    assert len(kept) == len(set(kept))
    assert _rows(second.data_dir, "SELECT count(*) FROM cases_person") == [(8,)]


def test_preparing_that_is_interrupted_is_taken_up_again(start: Callable[..., Running]) -> None:
    first = start("--people", "300", "--speed", "60", "--start", START)
    first.until(lambda: len(_rows(first.data_dir, "SELECT 1 FROM cases_person")) >= 40, "the first people")
    first.interrupt()
    assert "the same command goes on from here" in first.text
    prepared = len(_rows(first.data_dir, "SELECT 1 FROM cases_person"))
    assert 0 < prepared < 300
    second = start()
    second.until(lambda: "Open http" in second.text, "the address")
    assert _rows(second.data_dir, "SELECT count(*) FROM cases_person WHERE reference NOT LIKE 'SU-OLD%'") == [(300,)]
    assert _rows(second.data_dir, "SELECT count(DISTINCT identifier) FROM cases_doorgrant") == [
        (301,)
    ]  # and the protected person's
    second.interrupt()
