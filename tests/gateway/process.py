"""A real door in a process of its own, and clients that remember what it acknowledged."""

import http.client
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

COMMAND = "from surety.gateway.commands import run_door; run_door(None)"


class DoorProcess:
    """Use it with `with`; it listens when the block begins and is gone when it ends."""

    def __init__(self, data_dir: Path, port: int = 0) -> None:
        env = {**os.environ, "SURETY_DATA_DIR": str(data_dir), "SURETY_DOOR_PORT": str(port)}
        self.process = subprocess.Popen([sys.executable, "-c", COMMAND], env=env, stderr=subprocess.PIPE, text=True)
        self.port = self._port()

    def _port(self) -> int:
        assert self.process.stderr
        for line in self.process.stderr:
            if "the door listens on" in line:
                return int(line.rsplit(":", 1)[1])
        raise AssertionError("the door ended before it listened")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        assert self.process.stderr
        self.process.stderr.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)


def status_of(connection: http.client.HTTPConnection, target: str) -> int:
    """Send one message and read the answer. Raises OSError or HTTPException when the door is gone."""
    connection.request("POST", target)
    response = connection.getresponse()
    response.read()
    return response.status


class Clients:
    """Threads that send fix after fix, each with its own time, until the door is gone or they are told to stop.

    `most`: no more than so many fixes, where a quick machine would else come to the limit of a device.
    """

    def __init__(self, door: DoorProcess, count: int, first_ms: int, most: int = 10_000_000) -> None:
        self.acknowledged: set[int] = set()
        self.statuses: set[int] = set()
        self.stopping = threading.Event()
        self._enough = threading.Condition()
        self._door, self._next = door, iter(range(first_ms, first_ms + most))
        self._threads = [threading.Thread(target=self._send) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def _send(self) -> None:
        connection = self._door.connect()
        try:
            while not self.stopping.is_set() and (at_ms := next(self._next, None)) is not None:
                status = status_of(connection, f"/?id=tag&lat=51.5&lon=-0.1&timestamp={at_ms}")
                with self._enough:
                    self.statuses.add(status)
                    if status == 200:
                        self.acknowledged.add(at_ms)
                    self._enough.notify_all()
        except (OSError, http.client.HTTPException):
            return  # the door was killed: whatever was under way is not acknowledged
        finally:
            connection.close()

    def wait_for(self, count: int) -> None:
        """Until so many fixes are acknowledged."""
        with self._enough:
            assert self._enough.wait_for(lambda: len(self.acknowledged) >= count, timeout=30)

    def stop(self) -> None:
        self.stopping.set()
        for thread in self._threads:
            thread.join()
