"""The process tree of one machine: door, check-ins, worker, compare, keeper and web, kept running by one parent.

A child that ends is started again, later each time it ends soon after its start. Ctrl-C or SIGTERM to the parent stops
all of them in order: the door first, so that nothing more is acknowledged, the pages last. A parent
that is killed takes its children along: each holds the read end of a pipe whose other end only the parent has.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO

from surety.settings import Settings

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0
HEALTHY_AFTER_S = 60.0  # a child that ran this long starts again at once
GRACE_S = 8.0  # to drain; then the child is killed, which loses nothing that was acknowledged
CHILD_MARK = "CHILD_OF_SURETY"

Say = Callable[[str], None]


class Child:
    """One process of the tree and how often it had to be started."""

    def __init__(self, name: str, command: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        self.name, self.command, self.env = name, list(command), dict(env or {})
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self.delay_s = 0.0

    def next_delay_s(self, now: float) -> float:
        """How long to wait before the next start, given that it ended now."""
        short = now - self.started < HEALTHY_AFTER_S
        self.delay_s = min(LONGEST_DELAY_S, max(FIRST_DELAY_S, self.delay_s * 2)) if short else 0.0
        return self.delay_s


class ProcessTree:
    """Starts children, watches them, starts them again, stops them all."""

    def __init__(self, children: Sequence[Child], *, log_dir: Path | None = None, say: Say = print) -> None:
        self.children, self.log_dir, self.say = list(children), log_dir, say
        self._events: SimpleQueue[tuple[str, Child | None]] = SimpleQueue()
        self._due: list[tuple[float, Child]] = []
        self._read_end, self._write_end = os.pipe()
        self._stopping = False

    def start(self) -> None:
        """Start every child."""
        for child in self.children:
            self._launch(child)

    def _output(self, child: Child) -> IO[bytes] | None:
        if self.log_dir is None:
            return None
        self.log_dir.mkdir(parents=True, exist_ok=True)
        return (self.log_dir / f"{child.name}.log").open("ab")

    def _launch(self, child: Child) -> None:
        output = self._output(child)
        child.process = subprocess.Popen(
            child.command,
            stdin=self._read_end,
            stdout=output,
            stderr=output,
            env={**os.environ, **child.env, CHILD_MARK: "1"},
            start_new_session=True,  # Ctrl-C reaches the parent alone, which stops the children in order
        )
        if output is not None:
            output.close()
        child.started = time.monotonic()
        threading.Thread(target=self._wait, args=(child, child.process), daemon=True).start()

    def _wait(self, child: Child, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        self._events.put(("ended", child))

    def request_stop(self) -> None:
        """Ask `run` to stop; safe in a signal handler."""
        self._events.put(("stop", None))

    def run(self) -> None:
        """Watch until asked to stop, then stop every child."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self.request_stop())
        try:
            while self._step():
                pass
        finally:
            self.stop()

    def _step(self) -> bool:
        timeout = max(0.0, min(at for at, _ in self._due) - time.monotonic()) if self._due else None
        try:
            kind, child = self._events.get(timeout=timeout)
        except Empty:
            self._start_due()
            return True
        if kind == "ended" and child is not None:
            self._ended(child)
        return kind != "stop"

    def _ended(self, child: Child) -> None:
        now = time.monotonic()
        delay = child.next_delay_s(now)
        code = child.process.returncode if child.process else None
        where = f"; its log is {self.log_dir / (child.name + '.log')}" if self.log_dir else ""
        self.say(f"{child.name} ended (exit code {code}); starting it again in {delay:g} s{where}")
        self._due.append((now + delay, child))

    def _start_due(self) -> None:
        now = time.monotonic()
        for at, child in [entry for entry in self._due if entry[0] <= now]:
            self._due.remove((at, child))
            self._launch(child)

    def stop(self) -> None:
        """End every child in order; kill the one that does not end in time."""
        if self._stopping:
            return
        self._stopping = True
        for child in self.children:
            if child.process and child.process.poll() is None:
                child.process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + GRACE_S
        for child in self.children:
            self._end(child, deadline)
        os.close(self._write_end)
        os.close(self._read_end)

    def _end(self, child: Child, deadline: float) -> None:
        if child.process is None:
            return
        try:
            child.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.say(f"{child.name} did not end within {GRACE_S:g} s; killing it")
            child.process.kill()
            child.process.wait()


def follow_parent() -> None:
    """In a child of the tree: end, as at SIGTERM, when the parent is gone."""
    if os.environ.get(CHILD_MARK) != "1":
        return

    def watch() -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 1):
                pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True, name="follow-parent").start()


def children_of(settings: Settings) -> list[Child]:
    """The processes that make a whole system on one machine, in the order in which they are stopped."""
    this = [sys.executable, "-m", "surety"]
    env = {f"SURETY_{name.upper()}": _text(getattr(settings, name)) for name in settings.__struct_fields__}
    return [Child(name, [*this, name], env) for name in ("door", "checkins", "worker", "compare", "keeper", "web")]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def serve(settings: Settings, *, extra: Sequence[Child] = (), log_dir: Path | None = None, say: Say = print) -> None:
    """Run the whole system until Ctrl-C. `extra` children (a simulated town) are stopped first."""
    tree = ProcessTree([*extra, *children_of(settings)], log_dir=log_dir, say=say)
    tree.start()
    tree.run()
