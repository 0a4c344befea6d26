"""What a demonstration keeps in its data directory, so that a second start goes on where the first stopped.

`demo.json` holds the log-ins in plain: they are for trying the system out, on one machine, with invented people.
"""

import os
import time
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from surety.clock import ScaledClock
from surety.sim.geo import TIME_ZONE

DEFAULT_SPEED = 10.0
START = (18, 52)  # local time on a weekday: eight minutes before most curfews begin
LEAD_S = 4.0  # real time that door, worker and pages take to start: the town's first minute begins after it
_CRASH_ALLOWANCE_S = 2.0  # how much later than the last note of the time a killed system may have been


class LogIn(msgspec.Struct, frozen=True):
    """One role's account."""

    role: str
    username: str
    password: str
    totp_secret: str


class Demo(msgspec.Struct, frozen=True, kw_only=True):
    """What the town is, how far its preparation came, and how its clock runs."""

    seed: int
    people: int
    start_ms: int
    speed: float
    prepared: bool = False
    log_ins: tuple[LogIn, ...] = ()


class Hour(msgspec.Struct, frozen=True):
    """The domain's time, noted each second. `clean`: the system was stopped, not killed."""

    domain_ms: int
    clean: bool


def read(data_dir: Path) -> Demo | None:
    """The demonstration of a data directory, if there is one."""
    path = data_dir / "demo.json"
    return msgspec.json.decode(path.read_bytes(), type=Demo) if path.exists() else None


def write(data_dir: Path, what: Demo | Hour) -> None:
    """Replace the file in one step; its owner alone may read it."""
    path = data_dir / ("demo.json" if isinstance(what, Demo) else "hour.json")
    new = path.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(msgspec.json.encode(what))
    new.replace(path)


def clock_of(demo: Demo, data_dir: Path) -> ScaledClock:
    """A clock that starts now at the domain's time where the last run stopped: while off, no time passed."""
    at_ms = demo.start_ms - int(LEAD_S * 1000 * demo.speed)
    path = data_dir / "hour.json"
    if path.exists():
        hour = msgspec.json.decode(path.read_bytes(), type=Hour)
        # After a kill the note is up to a second old; never go back behind what was already told.
        at_ms = max(at_ms, hour.domain_ms) + (0 if hour.clean else int(_CRASH_ALLOWANCE_S * 1000 * demo.speed))
    return ScaledClock(time.time_ns() // 1_000_000, at_ms, demo.speed)


def latest_weekday_evening() -> int:
    """The start of a new demonstration: the last weekday's 18:52 local time that has passed."""
    at = datetime.now(ZoneInfo(TIME_ZONE)).replace(hour=START[0], minute=START[1], second=0, microsecond=0)
    while at > datetime.now(ZoneInfo(TIME_ZONE)) or at.weekday() >= 5:
        at -= timedelta(days=1)
    return int(at.timestamp() * 1000)
