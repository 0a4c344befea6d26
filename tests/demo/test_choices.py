"""What `surety demo` accepts and refuses, without starting anything."""

import socket
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from surety.demo import codes, state
from surety.demo.commands import demo_code
from surety.demo.run import CannotDemoError, Wanted, choose, free_port, run
from surety.demo.state import Demo, Hour, LogIn

START_MS = 1_791_309_120_000


def _keep(folder: Path, **more: object) -> Demo:
    found = Demo(seed=1, people=40, start_ms=START_MS, speed=10.0, prepared=True, **more)
    state.write(folder, found)
    return found


def test_a_new_demonstration_has_forty_people_and_starts_on_a_weekday_evening(tmp_path: Path) -> None:
    found = choose(Wanted(data_dir=tmp_path))
    assert (found.people, found.speed) == (40, 10.0)
    assert (found.start_ms // 60_000) % 60 == 52


def test_a_second_start_may_change_the_speed_but_not_the_people(tmp_path: Path) -> None:
    _keep(tmp_path)
    assert choose(Wanted(data_dir=tmp_path, speed=60, people=40)).speed == 60
    with pytest.raises(CannotDemoError, match=r"has 40 people, not 41: .*--fresh"):
        choose(Wanted(data_dir=tmp_path, people=41))


def test_a_real_system_is_never_taken_for_a_demonstration(tmp_path: Path) -> None:
    (tmp_path / "surety.sqlite3").write_bytes(b"")
    with pytest.raises(CannotDemoError, match="no demonstration"):
        choose(Wanted(data_dir=tmp_path))


def test_fresh_deletes_nothing_but_a_demonstration(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("mine")
    with pytest.raises(CannotDemoError, match="--fresh does not delete it"):
        run(Wanted(data_dir=tmp_path, fresh=True))
    assert (tmp_path / "letters.txt").exists()


def test_the_clock_goes_on_where_it_stopped(tmp_path: Path) -> None:
    demo = _keep(tmp_path)
    assert state.clock_of(demo, tmp_path).start_ms == START_MS - 40_000  # while everything starts
    state.write(tmp_path, Hour(START_MS + 5_000, clean=True))
    assert state.clock_of(demo, tmp_path).start_ms == START_MS + 5_000


def test_after_a_kill_the_clock_never_goes_back_behind_what_was_told(tmp_path: Path) -> None:
    demo = _keep(tmp_path)
    state.write(tmp_path, Hour(START_MS + 5_000, clean=False))
    assert state.clock_of(demo, tmp_path).start_ms >= START_MS + 5_000 + 1_000 * demo.speed


def test_a_taken_port_gives_the_next_free_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert port < free_port("127.0.0.1", port) <= port + 200


@pytest.mark.parametrize(
    ("at_s", "code"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037")]
)
def test_one_time_codes_are_those_of_rfc_6238(at_s: int, code: str) -> None:
    assert codes.code_at("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", at_s) == code


def test_a_role_that_does_not_exist_is_told_with_those_that_do(tmp_path: Path) -> None:

    _keep(tmp_path, log_ins=(LogIn("operator", "operator", "x", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"),))
    app = typer.Typer()
    app.command()(demo_code)
    good = CliRunner().invoke(app, ["operator", "--data-dir", str(tmp_path)])
    assert good.exit_code == 0
    assert len(good.stdout.split()[0]) == 6
    bad = CliRunner().invoke(app, ["king", "--data-dir", str(tmp_path)])
    assert bad.exit_code == 2
    assert "choose one of operator" in bad.stderr
