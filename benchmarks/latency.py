"""From a fix posted at a real door to its alert in the database, while the door takes 1,000 fixes a second.

Most people walk about outside their zones; a few at a time step into one. What is timed is the fix that settled the
finding (the finding bears its time), from before it is sent until the alert can be read by another process.
"""

import asyncio
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

from benchmarks.population import CENTRE, SPREAD_DEG, ZONES, bodies, person_id
from tests.journey.house import House

PEOPLE = 1_000
PER_S = 1_000
CONNECTIONS = 32
SECONDS = 15
PROBES = 60  # people who step into a zone, spread over the time
FAR = (CENTRE[0] + 3 * SPREAD_DEG, CENTRE[1])


def measure() -> list[dict[str, object]]:
    """p50 and p95 in seconds; the rate that was really reached stands beside them."""
    with tempfile.TemporaryDirectory(prefix="surety-bench-") as folder:
        house = House(Path(folder), workers=("0-63",))
        start_ms = now_ms() - 86_400_000
        command = [sys.executable, "-m", "benchmarks.pipeline", "populate", str(PEOPLE), str(start_ms)]
        subprocess.run(command, env=house.env, check=True)
        try:
            house.start_all()
            seconds, rate = asyncio.run(_run(house))
        finally:
            house.stop()
    if len(seconds) < PROBES // 2:
        raise RuntimeError(f"only {len(seconds)} of {PROBES} alerts came")
    cuts = statistics.quantiles(seconds, n=20)
    return [
        {"name": "fix received to alert row, p50", "value": cuts[9], "unit": f"s at {rate:.0f} fixes/s", "target": 2},
        {"name": "fix received to alert row, p95", "value": cuts[18], "unit": f"s at {rate:.0f} fixes/s", "target": 2},
    ]


def now_ms() -> int:
    """The machine's time."""
    return time.time_ns() // 1_000_000


Pipe = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Run:
    """One run: what was sent when, and when each alert was seen."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.sent_s: dict[tuple[str, int], float] = {}  # (person, time of the fix) -> when it was posted
        self.acknowledged = 0
        self.alerted: set[str] = set()
        self.seconds: list[float] = []
        self.dice = random.Random(3)

    async def post(self, pipe: Pipe, who: str, at: tuple[float, float], at_ms: int) -> None:
        """Post a fix and wait until it is acknowledged."""
        reader, writer = pipe
        self.sent_s[who, at_ms] = time.perf_counter()
        path = f"/?id=device-{who}&timestamp={at_ms}&lat={at[0]:.6f}&lon={at[1]:.6f}&accuracy=6"
        writer.write(f"POST {path} HTTP/1.1\r\nHost: door\r\nContent-Length: 0\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode())
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        await reader.readexactly(length)
        self.acknowledged += 1

    async def walk(self, until_s: float) -> None:
        """One connection's share of the load: people far from every zone."""
        pipe = await asyncio.open_connection("127.0.0.1", self.house.port)
        pause_s, due = CONNECTIONS / PER_S, time.perf_counter()
        while (now := time.perf_counter()) < until_s:
            who = person_id(self.dice.randrange(PROBES, PEOPLE))
            await self.post(pipe, who, (FAR[0] + self.dice.uniform(0, SPREAD_DEG), FAR[1]), now_ms())
            due += pause_s
            await asyncio.sleep(max(0.0, due - now))
        pipe[1].close()

    async def step_in(self, number: int, zone: tuple[float, float], after_s: float) -> None:
        """One person who is far away, then in a zone, until the alert is there.

        A fix a second by the clock, of four a minute by their own time: the rules do not trust a faster run of fixes.
        """
        await asyncio.sleep(after_s)
        pipe = await asyncio.open_connection("127.0.0.1", self.house.port)
        who = person_id(number)
        first_ms = now_ms() - 10 * 15_000
        await self.post(pipe, who, FAR, first_ms)
        for step in range(1, 10):
            await asyncio.sleep(1)
            if who in self.alerted:
                break
            await self.post(pipe, who, zone, first_ms + step * 15_000)
        pipe[1].close()

    async def watch(self, until_s: float) -> None:
        """Look for new alerts as another process would."""
        database = sqlite3.connect(f"file:{self.house.folder / 'surety.sqlite3'}?mode=ro", uri=True, timeout=20)
        sql = "SELECT person_id, at_ms FROM alerts_alert WHERE kind = 'zone_entered'"
        while time.perf_counter() < until_s and len(self.alerted) < PROBES:
            for who, at_ms in database.execute(sql).fetchall():
                if who not in self.alerted:
                    self.alerted.add(who)
                    if (who, at_ms) in self.sent_s:
                        self.seconds.append(time.perf_counter() - self.sent_s[who, at_ms])
            await asyncio.sleep(0.01)
        database.close()


async def _run(house: House) -> tuple[list[float], float]:
    run = _Run(house)
    zones = zones_of(PROBES)
    began = time.perf_counter()
    until_s = began + SECONDS + 5
    jobs = [run.walk(until_s) for _ in range(CONNECTIONS)]
    jobs += [run.step_in(n, zones[n], 2 + n * (SECONDS - 4) / PROBES) for n in range(PROBES)]
    await asyncio.gather(*jobs, run.watch(until_s + 10))
    return run.seconds, run.acknowledged / (until_s - began)


def zones_of(probes: int) -> list[tuple[float, float]]:
    """The middle of each probe's first zone."""
    asked = bodies()
    firsts = [body for body in islice(asked, probes * ZONES) if body["name"] == "Zone 0"]
    return [_middle(body["area"]["ring"]) for body in firsts]


def _middle(ring: list[tuple[float, float]]) -> tuple[float, float]:
    return statistics.fmean(p[1] for p in ring), statistics.fmean(p[0] for p in ring)
