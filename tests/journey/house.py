"""A whole system for a test: real door and worker processes on a data directory of its own.

What needs Django on that directory is in inside.py and runs as a process of its own, since Django of the tests' process
belongs to the tests' database.
"""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DAY_MS = 86_400_000
DEADLINE_S = 60.0  # a machine under load starts a worker in seconds; more than this is a failure


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(condition: Callable[[], bool], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Return as soon as the condition holds; fail with the words when it does not in time."""
    never, until = threading.Event(), time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"{what}: not within {deadline_s:g} s")
        never.wait(0.02)


class House:
    """Door and workers on one data directory."""

    def __init__(self, folder: Path, workers: tuple[str, ...] = ("0-31", "32-63"), clock: str = "system") -> None:
        self.folder, self.port = folder, free_port()
        self.env = {
            **os.environ,
            "SURETY_DATA_DIR": str(folder),
            "SURETY_DOOR_PORT": str(self.port),
            "SURETY_CLOCK": clock,
            "DJANGO_SETTINGS_MODULE": "surety.server.project.settings",
        }
        self.commands = {"door": ["surety", "door"]}
        self.commands |= {f"worker {part}": ["surety", "worker", "--partitions", part] for part in workers}
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def tell(self, *words: str) -> dict:
        """Run a command of inside.py in a process of its own; what it printed."""
        command = [sys.executable, "-m", "tests.journey.inside", *words]
        done = subprocess.run(command, env=self.env, cwd=ROOT, stdout=subprocess.PIPE, check=True)
        found: dict = json.loads(done.stdout)
        return found

    def start(self, name: str) -> None:
        """Start one process; what it says goes to a log file beside the data."""
        with (self.folder / f"{name.split(maxsplit=1)[0]}.log").open("ab") as output:
            command = [sys.executable, "-m", *self.commands[name]]
            self.processes[name] = subprocess.Popen(command, env=self.env, cwd=ROOT, stdout=output, stderr=output)

    def start_all(self) -> None:
        """Start every process and wait until each works."""
        for name in self.commands:
            self.start(name)
        for name in self.commands:
            wait_until(lambda name=name: self.works(name), f"{name} works")

    def works(self, name: str) -> bool:
        """Whether the process that was started last under this name does its work."""
        process = self.processes[name]
        if process.poll() is not None:
            raise AssertionError(f"{name} ended by itself with {process.returncode}: {self.said(name)}")
        if name == "door":
            return self._door_answers()
        rows = self.rows("SELECT process_id FROM monitoring_workerhealth")
        return (process.pid,) in rows

    def said(self, name: str) -> str:
        """The end of what a process wrote."""
        return (self.folder / f"{name.split(maxsplit=1)[0]}.log").read_text()[-2000:]

    def _door_answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def kill(self, name: str) -> None:
        """kill -9, and start it again at once."""
        self.processes[name].send_signal(signal.SIGKILL)
        self.processes[name].wait()
        self.start(name)

    def stop(self) -> None:
        """End every process; none may need more than its grace."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def rows(self, sql: str) -> list[tuple]:
        """What the server's database says now."""
        with sqlite3.connect(f"file:{self.folder / 'surety.sqlite3'}?mode=ro", uri=True, timeout=20) as database:
            found = database.execute(sql).fetchall()
        database.close()
        return found


class Phone:
    """Sends fixes over a kept connection, and each again until the door acknowledged it."""

    def __init__(self, port: int, stop: threading.Event) -> None:
        self._port, self._stop = port, stop
        self._connection: HTTPConnection | None = None
        self.tries = 0

    def send(self, path: str) -> bool:
        """Send until acknowledged; False when told to stop before."""
        while not self._stop.is_set():
            self.tries += 1
            if self._sent(path):
                return True
            self._stop.wait(0.05)
        return False

    def _sent(self, path: str) -> bool:
        if self._connection is None:
            self._connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            self._connection.request("POST", path)
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, HTTPException):
            self.close()
            return False
        assert answer.status in {200, 503}, (answer.status, answer.headers)
        assert answer.headers.get("surety-refused") is None, answer.headers
        return answer.status == 200

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
