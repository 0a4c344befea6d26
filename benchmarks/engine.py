"""The engine on one core: a person's days in one call as replay takes them, fix by fix as the worker does.

Times are CPU time of the one thread that works, the best of three rounds.
"""

import math
import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.rules import inside
from surety.replay.traces import read_traces
from surety.rules import batch, engine
from surety.rules.conditions import Condition, ConditionSet, Polygon, Timetable, Zone, ZoneKind
from surety.rules.facts import Fix, Source, fact_id

TARGET_PER_S = 2_000_000
PEOPLE = 50
START_MS = 1_793_620_800_000
CENTRE = (53.8, -1.55)
FIXES = 200_000


def measure():
    """Fixes a second through the rules with five zones of 36 corners, and what surrounds them."""
    plan = engine.Plan(_conditions())
    plain = _plain(_walk(4_000, 10))
    rows = []
    for every_s in (1, 10, 60):
        track = batch.track_of(_walk(FIXES, every_s))
        batch.run(engine.start("p"), track, plan)  # compile, and warm the caches
        seconds = _best(lambda track=track: batch.run(engine.start("p"), track, plan))
        rows.append(_whole(f"a fix every {every_s} s", FIXES / seconds, plain))
    return [*rows, _many(plain), *_single(plan), _reading()]


def _whole(name, rate, plain):
    baseline = {"target": TARGET_PER_S, "ratio": rate / plain, "baseline": "point in polygon per fix, pure Python"}
    return _row(f"engine: whole tracks, {name}, 5 zones of 36 corners", rate, "fixes/s/core") | baseline


def _many(plain):
    """Many people one after the other, each with a plan that nobody has asked yet."""
    tracks = [batch.track_of(_walk(FIXES // PEOPLE, 10, seed)) for seed in range(PEOPLE)]
    conditions = _conditions()

    def run():
        for track in tracks:
            batch.run(engine.start("p"), track, engine.Plan(conditions))

    return _whole(f"{PEOPLE} people, their plans made anew", FIXES / _best(run), plain)


def _plain(facts):
    """The same zones by a rule that knows neither time nor error: fixes a second."""
    rings = [condition.body.area.ring for condition in _conditions().conditions]
    begun = time.thread_time()
    for fact in facts:
        for ring in rings:
            inside(fact.lon_deg, fact.lat_deg, ring)
    return len(facts) / (time.thread_time() - begun)


def _single(plan):
    facts = _walk(20_000, 10)
    state = engine.start("p")

    def run():
        nonlocal state
        state = engine.start("p")
        for fact in facts:
            state = engine.step(state, fact, plan).state

    seconds = _best(run)
    stored = engine.encode_state(state)
    times = 20_000
    encode = _best(lambda: _often(lambda: engine.encode_state(state), times))
    decode = _best(lambda: _often(lambda: engine.decode_state(stored), times))
    return [
        _row("engine: fix by fix", len(facts) / seconds, "fixes/s/core") | {"target": 20_000},
        _row("engine: state to bytes", encode / times * 1e6, "us"),
        _row("engine: bytes to state", decode / times * 1e6, "us"),
        _row("engine: state of a person", len(stored), "bytes"),
    ]


def _often(work, times):
    for _ in range(times):
        work()


def _reading():
    lines = 50_000
    with TemporaryDirectory() as folder:
        file = Path(folder) / "trace.csv"
        rows = (f"{START_MS // 1000 + n},53.8{n % 1000:03},-1.55,8" for n in range(lines))
        file.write_text("time,lat,lon,accuracy\n" + "\n".join(rows) + "\n")
        return _row("replay: reading a CSV trace", lines / _best(lambda: read_traces([file])), "fixes/s/core")


def _row(name, value, unit):
    return {"name": name, "value": value, "unit": unit}


def _best(work, rounds=3):
    """Seconds of the fastest round: the others measure what else the machine did."""
    taken = []
    for _ in range(rounds):
        begun = time.thread_time()
        work()
        taken.append(time.thread_time() - begun)
    return min(taken)


def _conditions():

    def zone(number):
        lat, lon = CENTRE[0] + (number - 2) / 200, CENTRE[1]
        turns = [k * math.tau / 36 for k in range(36)]
        ring = tuple((lon + 0.003 * math.cos(turn), lat + 0.002 * math.sin(turn)) for turn in turns)
        return Zone(ZoneKind.EXCLUSION, f"Zone {number}", Polygon(ring), Timetable("Europe/London"))

    return ConditionSet("p", 1, tuple(Condition(f"z{n}", 1, START_MS, None, zone(n)) for n in range(5)))


def _walk(fixes, every_s, seed=1):
    """Stays and walks through and around the zones, with gaps and error as receivers have them."""
    dice = random.Random(seed)
    at_ms, lat, lon, north, east = START_MS, *CENTRE, 0.0, 0.0
    found = []
    for _ in range(fixes):
        if dice.random() < 0.004:
            moving = dice.random() < 0.5
            north, east = (dice.uniform(-1e-4, 1e-4) * moving for _ in range(2))
        lat = min(max(lat + north, CENTRE[0] - 0.02), CENTRE[0] + 0.02)
        lon = min(max(lon + east, CENTRE[1] - 0.02), CENTRE[1] + 0.02)
        at_ms += every_s * 1000 if dice.random() > 0.001 else 4_000_000
        there = (lat + dice.gauss(0, 5e-5), lon + dice.gauss(0, 5e-5))
        found.append(Fix(fact_id("d", at_ms), "d", at_ms, at_ms, *there, 8.0, Source.GNSS))
    return found
