"""The process tree: what ends is started again; nothing outlives the parent."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from surety.serve import LONGEST_DELAY_S, Child, ProcessTree

WAIT_FOREVER = r"import os, signal; os.write(1, b'up\n'); signal.pause()"  # one write: a kill never leaves half a line


def _python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def _read_line(path: Path, count: int, process: subprocess.Popen[bytes] | None = None) -> list[str]:
    """Follow a file until it has so many lines."""
    waiter = threading.Event()
    for _ in range(400):
        lines = path.read_text().splitlines() if path.exists() else []
        if len(lines) >= count or (process and process.poll() is not None):
            return lines
        waiter.wait(0.05)
    raise AssertionError(f"{path} has {lines}")


def test_a_child_that_dies_is_started_again(tmp_path: Path) -> None:
    said: list[str] = []
    child = Child("worker", _python(WAIT_FOREVER))
    tree = ProcessTree([child], log_dir=tmp_path, say=said.append)
    tree.start()
    runner = threading.Thread(target=_run_without_signals, args=(tree,))
    runner.start()
    _read_line(tmp_path / "worker.log", 1)
    assert child.process is not None
    child.process.kill()
    _read_line(tmp_path / "worker.log", 2)
    tree.request_stop()
    runner.join(15)
    assert said[0].startswith("worker ended (exit code -9); starting it again in 0.5 s")
    assert child.process.poll() == -signal.SIGTERM


def _run_without_signals(tree: ProcessTree) -> None:
    while tree._step():
        pass
    tree.stop()


def test_a_child_that_keeps_dying_is_started_later_each_time() -> None:
    child = Child("door", ["true"])
    delays = [child.next_delay_s(child.started + 1) for _ in range(10)]
    assert delays == sorted(delays)
    assert delays[0] == 0.5
    assert delays[-1] == LONGEST_DELAY_S


def test_a_child_that_ran_long_is_started_at_once() -> None:
    child = Child("door", ["true"])
    child.delay_s = 16
    assert child.next_delay_s(child.started + 3600) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_children_end_when_the_parent_is_asked_to_or_is_killed(tmp_path: Path, number: int) -> None:
    child_code = (
        "from surety.serve import follow_parent; import os, signal; follow_parent();"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()) + chr(10)); signal.pause()"
    )
    parent_code = (
        "import sys; from surety.serve import Child, ProcessTree;"
        f"tree = ProcessTree([Child('c', [sys.executable, '-c', {child_code!r}])]); tree.start(); tree.run()"
    )
    parent = subprocess.Popen(_python(parent_code))
    pid = int(_read_line(tmp_path / "pid", 1)[0])
    parent.send_signal(number)
    parent.wait(15)
    assert _gone(pid)


def _gone(pid: int) -> bool:
    waiter = threading.Event()
    for _ in range(200):
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        waiter.wait(0.05)
    return False
