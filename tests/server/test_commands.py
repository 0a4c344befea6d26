"""`surety init`, `surety doctor`, `surety create-user`, each as a process of its own on a directory of its own."""

import os
import re
import socket
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

RUN = "import sys, typer; from surety.server import commands as c; from surety.server.audit import commands as a; "
RUN += "app = typer.Typer(pretty_exceptions_enable=False); "
RUN += "[app.command()(f) for f in (c.init, c.doctor, c.create_user, a.verify)]; app()"

pytestmark = pytest.mark.slow  # each starts the command as a process


def surety(folder: Path, *arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("SURETY_", "DJANGO_"))}
    return subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        cwd=folder,
        env={**clean, "COLUMNS": "200", **(env or {})},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, str]:
    """A directory in which `init` has run, and what it printed."""
    folder = tmp_path_factory.mktemp("made")
    done = surety(folder, "init", "--data-dir", "data")
    assert done.returncode == 0, done.stderr
    ports = "\n".join(f"{name} = {free_port()}" for name in ("web_port", "door_port"))
    (folder / "surety.toml").write_text((folder / "surety.toml").read_text() + ports)
    return folder, done.stdout


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_init_makes_everything_for_this_user_alone(made):
    folder, _ = made
    assert mode(folder / "data") == 0o700
    assert mode(folder / "data" / "secret.key") == 0o600
    assert len((folder / "data" / "secret.key").read_text()) >= 64
    assert mode(folder / "surety.toml") == 0o600


def test_init_prints_a_one_time_password_once_and_no_other_secret(made):
    folder, said = made
    assert len(re.findall(r"([a-z0-9]{5}-){3}[a-z0-9]{5}", said)) == 1
    assert (folder / "data" / "secret.key").read_text() not in said


def test_init_again_changes_nothing(made):
    folder, _ = made
    before = (folder / "data" / "secret.key").read_text(), (folder / "surety.toml").read_text()
    again = surety(folder, "init")
    assert again.returncode == 0
    assert "Administrator: admin is there already" in again.stdout
    assert "password" not in again.stdout.lower()
    assert before == ((folder / "data" / "secret.key").read_text(), (folder / "surety.toml").read_text())


def test_doctor_finds_a_fresh_installation_well(made):
    folder, _ = made
    found = surety(folder, "doctor")
    assert found.returncode == 0, found.stdout
    assert "All " in found.stdout
    assert "mend" not in found.stdout


def test_doctor_says_when_the_master_keys_are_open_to_others_or_damaged(made):
    folder, _ = made
    file = folder / "data" / "master.key"
    whole = file.read_bytes()
    assert mode(file) == 0o600
    try:
        file.chmod(0o644)
        found = surety(folder, "doctor")
        assert found.returncode == 1
        assert "chmod 600" in found.stdout
        file.write_bytes(b"a line that is none\n")
        file.chmod(0o600)
        found = surety(folder, "doctor")
        assert found.returncode == 1
        assert "put back the copy" in found.stdout
    finally:
        file.write_bytes(whole)


def test_doctor_names_a_port_that_something_else_holds(made):
    folder, _ = made
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        found = surety(folder, "doctor", env={"SURETY_DOOR_PORT": str(port)})
    assert found.returncode == 1
    assert f"port {port} is taken by something else" in found.stdout


def test_doctor_says_what_to_write_instead_of_a_bad_setting(made):
    folder, _ = made
    found = surety(folder, "doctor", env={"SURETY_WEB_PRT": "1"})
    assert found.returncode == 1
    assert "SURETY_WEB_PRT" in found.stdout
    assert "web_port" in found.stdout


def test_doctor_asks_for_init_where_nothing_is(tmp_path):
    found = surety(tmp_path, "doctor")
    assert found.returncode == 1
    assert "surety init" in found.stdout


def test_doctor_and_audit_verify_find_a_changed_entry(tmp_path):
    surety(tmp_path, "init", "--data-dir", "data")
    assert surety(tmp_path, "verify").returncode == 0
    database = sqlite3.connect(tmp_path / "data" / "surety.sqlite3")
    database.execute("DROP TRIGGER audit_entry_no_update")
    database.execute("UPDATE audit_entry SET actor_name = 'nobody' WHERE seq = 1")
    database.commit()
    database.close()
    verified = surety(tmp_path, "verify")
    assert verified.returncode == 1
    assert "Entry 1 was changed" in verified.stdout
    found = surety(tmp_path, "doctor")
    assert found.returncode == 1
    assert "Entry 1 was changed" in found.stdout
    assert "audit_entry_no_update" in found.stdout
    assert "are back" in surety(tmp_path, "init").stdout


def test_doctor_finds_a_key_that_others_can_read(tmp_path):
    surety(tmp_path, "init", "--data-dir", "data")
    (tmp_path / "data" / "secret.key").chmod(0o644)
    found = surety(tmp_path, "doctor")
    assert found.returncode == 1
    assert "chmod 600" in found.stdout


def test_create_user_makes_one_and_says_so_when_the_name_is_taken(made):
    folder, _ = made
    first = surety(folder, "create-user", "ann", "officer")
    assert "One-time password" in first.stdout
    second = surety(folder, "create-user", "ann", "officer")
    assert second.returncode == 1
    assert second.stderr.strip() == "There is a user ann already."
    assert surety(folder, "create-user", "bob", "king").returncode == 1


def test_doctor_knows_surety_from_something_else_on_the_pages_port(made):
    folder, _ = made
    port = free_port()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SURETY_")}
    serving = [sys.executable, "-m", "uvicorn", "surety.server.project.asgi:application", "--port", str(port)]
    env = {**clean, "SURETY_SETTINGS": str(folder / "surety.toml")}
    with subprocess.Popen(serving, cwd=folder, env=env, stderr=subprocess.PIPE, text=True) as pages:
        assert pages.stderr is not None
        assert any("Uvicorn running" in line for line in pages.stderr)
        found = surety(folder, "doctor", env={"SURETY_WEB_PORT": str(port)})
        pages.terminate()
        pages.stderr.close()
    assert found.returncode == 0, found.stdout
    assert f"running on port {port}" in found.stdout


def test_doctor_finds_a_door_that_takes_while_no_worker_reads(made):
    folder, _ = made
    port = free_port()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SURETY_")}
    env = {**clean, "SURETY_SETTINGS": str(folder / "surety.toml"), "SURETY_DOOR_PORT": str(port)}
    command = [sys.executable, "-m", "surety", "door"]
    with subprocess.Popen(command, cwd=folder, env=env, stderr=subprocess.PIPE, text=True) as door:
        assert door.stderr is not None
        assert any("the door listens on" in line for line in door.stderr)
        found = surety(folder, "doctor", env={"SURETY_DOOR_PORT": str(port)})
        door.terminate()
        door.stderr.read()
    assert found.returncode == 1
    assert "last sign of life: never" in found.stdout
    assert f"running on port {port}" in found.stdout
