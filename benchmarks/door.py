"""The door: single-fix HTTP posts acknowledged after a durable append, 64 keep-alive connections, SQLite.

The load comes from `wrk` with a Lua script where it is installed, else from a process of our own over raw sockets,
which takes more of the two cores, so the figure is lower. Every post is another fix of one of 2,000 devices. The
baseline is the same server in the same run with an append that keeps nothing. Warming up is not counted.
"""

import asyncio
import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import uvloop

from surety.clock import SystemClock
from surety.gateway import serve
from surety.settings import Settings
from surety.stream.contract import Entry
from surety.stream.sql import SqliteStream

CONNECTIONS, SECONDS, DEVICES = 64, 5, 2000
WARM_UP_S = 0.5
FIX = "/?id=%032d&lat=51.5%05d&lon=-0.1%05d&timestamp=%d&accuracy=8&speed=1.2&bearing=90"
WRK_SCRIPT = """
local n, first = 0, %d
request = function()
  n = n + 1
  return wrk.format("POST", string.format("%s", n %% %d, n %% 99999, n %% 99999, first + n))
end
done = function(summary, latency, requests)
  io.write(string.format('{"rate": %%f, "p50_ms": %%f, "p99_ms": %%f, "bad": %%d}',
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
"""


def measure() -> list[dict[str, object]]:
    """Rows of the table: the rate, its 99th percentile, and how it compares with the same door without the append."""
    with_append, kept = _run(append=True)
    without, _ = _run(append=False)
    means = f"the same without the append: {without['rate']:,.0f} a second (load from {_generator()})"
    if with_append["bad"] or kept < with_append["rate"] * SECONDS * 0.9:
        raise RuntimeError(f"not every post was acknowledged and kept: {with_append}, {kept} records")
    return [
        {"name": "door: fixes acknowledged after a durable append", "value": with_append["rate"], "unit": "a second",
         "target": 8000, "ratio": with_append["rate"] / without["rate"], "baseline": means},
        {"name": "door: p99 of the answer", "value": with_append["p99_ms"], "unit": "ms", "target": 50,
         "ratio": with_append["p99_ms"] / without["p99_ms"],
         "baseline": f"without the append {without['p99_ms']:.1f} ms"},
        {"name": "door: processor time a fix", "value": with_append["cpu_us"], "unit": "µs", "target": None,
         "ratio": with_append["cpu_us"] / without["cpu_us"],
         "baseline": f"without the append {without['cpu_us']:.0f} µs, of both cores"},
    ]  # fmt: skip


def _generator() -> str:
    return "wrk" if shutil.which("wrk") else "our own process"


def _run(*, append: bool) -> tuple[dict[str, float], int]:
    with tempfile.TemporaryDirectory(prefix="surety-bench-") as name:
        data_dir = Path(name)
        _register(data_dir)
        command = [sys.executable, "-m", "benchmarks.door", "serve", name, "append" if append else "nothing"]
        server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            assert server.stderr
            port = next(int(line.rsplit(":", 1)[1]) for line in server.stderr if "the door listens on" in line)
            _load(port, WARM_UP_S)
            before = _cpu_s(server.pid)
            result = _load(port, SECONDS)
            result["cpu_us"] = (_cpu_s(server.pid) - before) / (result["rate"] * SECONDS) * 1e6
        finally:
            server.terminate()
            server.wait(20)
            server.stderr.close()
        stream = SqliteStream(data_dir / "log.sqlite3")
        kept = stream.last_seq()
        stream.close()
        return result, kept


def _cpu_s(pid: int) -> float:
    """Processor time of a process so far, in seconds (Linux: fields 14 and 15, in hundredths)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _register(data_dir: Path) -> None:
    db = sqlite3.connect(data_dir / "surety.sqlite3")
    db.execute("CREATE TABLE cases_doorrevision (id INTEGER PRIMARY KEY, revision INTEGER NOT NULL)")
    db.execute(
        "CREATE TABLE cases_doorgrant (identifier TEXT, device_id TEXT, person_id TEXT, secret_sha256 TEXT, "
        "payload_key TEXT, link_id TEXT, data_kinds TEXT, from_ms INTEGER, to_ms INTEGER, protocol TEXT, "
        "photo_key TEXT)"
    )
    db.execute("CREATE TABLE cases_watchkey (device_id TEXT PRIMARY KEY, algorithm TEXT, public_key TEXT)")
    rows = [(f"{n:032d}", f"d{n:031d}", f"p{n:031d}") for n in range(DEVICES)]
    db.executemany("INSERT INTO cases_doorgrant VALUES (?, ?, ?, '', '', '', '[\"position\"]', 0, 9e15, '', '')", rows)
    db.execute("CREATE INDEX by_identifier ON cases_doorgrant (identifier)")
    db.commit()
    db.close()


def _load(port: int, seconds: float) -> dict[str, float]:
    first_ms = time.time_ns() // 1_000_000 - 86_400_000
    if not shutil.which("wrk"):
        command = [sys.executable, "-m", "benchmarks.door", "load", str(port), str(seconds), str(first_ms)]
        return dict(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(WRK_SCRIPT % (first_ms, FIX, DEVICES))
        script.flush()
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}", "-s", script.name]
        output = subprocess.run([*command, f"http://127.0.0.1:{port}/"], check=True, capture_output=True, text=True)
    return dict(json.loads(output.stdout[output.stdout.index("{") :]))


class NothingKept(SqliteStream):
    """The baseline: acknowledges without keeping anything."""

    def append(self, entries: Sequence[Entry]) -> list[int]:
        return [0] * len(entries)


def _serve(data_dir: Path, what: str) -> None:
    import logging  # noqa: PLC0415 - only the server process logs

    logging.basicConfig(level=logging.INFO)
    if what == "nothing":
        serve.open_stream = lambda settings: NothingKept(settings.data_dir / "log.sqlite3")  # type: ignore[assignment]  # the baseline
    serve.run(Settings(data_dir=data_dir, door_port=0), SystemClock())


class _Client(asyncio.Protocol):
    """One keep-alive connection: posts, waits for the answer, posts again."""

    def __init__(self, numbers: "list[int]", first_ms: int, took_s: list[float], bad: list[bytes]) -> None:
        self.numbers, self.first_ms, self.took_s, self.bad = numbers, first_ms, took_s, bad
        self.sent_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.post()

    def post(self) -> None:
        self.numbers[0] = n = self.numbers[0] + 1
        target = FIX % (n % DEVICES, n % 99999, n % 99999, self.first_ms + n)
        self.sent_s = time.perf_counter()
        self.transport.write(f"POST {target} HTTP/1.1\r\nHost: door\r\nContent-Length: 0\r\n\r\n".encode())  # type: ignore[attr-defined]  # set when connected

    def data_received(self, data: bytes) -> None:
        self.took_s.append(time.perf_counter() - self.sent_s)
        if not data.startswith(b"HTTP/1.1 200"):
            self.bad.append(data)
        self.post()


async def _own_load(port: int, seconds: float, first_ms: int) -> None:
    numbers, took_s, bad = [0], [], []
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: _Client(numbers, first_ms, took_s, bad), "127.0.0.1", port)
        for _ in range(CONNECTIONS)
    ]
    took_s.clear()
    started = time.perf_counter()
    await asyncio.sleep(seconds)
    spent_s, answers = time.perf_counter() - started, sorted(took_s)
    for transport, _ in made:
        transport.abort()
    p50, p99 = (answers[int(len(answers) * share)] * 1000 for share in (0.5, 0.99))
    sys.stdout.write(json.dumps({"rate": len(answers) / spent_s, "p50_ms": p50, "p99_ms": p99, "bad": len(bad)}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        _serve(Path(sys.argv[2]), sys.argv[3])
    elif sys.argv[1:2] == ["load"]:
        uvloop.run(_own_load(int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])))
    else:
        sys.stdout.write(json.dumps(measure(), indent=1) + "\n")
