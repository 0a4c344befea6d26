"""What receivers make of a true path, as measured (docs/adr, GPS figures): error by reported radius, correlated in
time, indoor fixes that fall back to Wi-Fi, repeated wrong cell fixes, gaps, and messages kept until there is a network.

An hour of one device is one pure call (`hour`), so a simulator that starts again makes the same messages again.
"""

import math
import random
from typing import NamedTuple

from surety.sim.devices import DeviceDay, Devices, within, within_all
from surety.sim.geo import to_degrees
from surety.sim.lives import Day, Lives, Piece, local_day
from surety.sim.people import Resident

HOUR_MS = 3_600_000
MOVING_S, STILL_S, BLIND_S = 60.0, 120.0, 180.0
# Two Ornstein-Uhlenbeck parts whose sum, made Student t4, has the measured autocorrelation:
# .86 at 10 s, .52 at 30 s, .31 at 60 s, .18 at 120 s, .07 at 600 s.
_PARTS = ((math.sqrt(0.88), 48.0), (math.sqrt(0.12), 700.0))
_RADII = {
    "android": ((3, 0.22), (7, 0.25), (10, 0.3), (21, 0.17), (30, 0.06)),
    "ios": ((5, 0.6), (10, 0.36), (65, 0.04)),
    "tag": ((3, 0.3), (5, 0.3), (8, 0.25), (15, 0.15)),
}
_INDOOR_RADII = {
    "android": ((10, 0.3), (21, 0.4), (30, 0.2), (61, 0.1)),
    "ios": ((10, 0.55), (5, 0.15), (65, 0.3)),
    "tag": ((8, 0.3), (15, 0.4), (30, 0.3)),
}
_WORST = 7.0
_LONGEST_RUN = 10  # fixes in a row that fall back to Wi-Fi indoors
_NIGHT_SHARE, _DAY_SHARE = 0.25, 0.08  # of indoor fixes that fall back
CELL_RADIUS_M, _CELL_SIGMA_M = 900.0, 475.0  # 68 % of the errors within 718 m


class Message(NamedTuple):
    """One message of a device: sent at `due_ms` or later, about `at_ms`. No position: lat and lon are None."""

    due_ms: int
    at_ms: int
    lat: float | None
    lon: float | None
    accuracy_m: float
    speed_mps: float
    heading_deg: float
    battery_pct: int
    charging: bool
    event: str  # "", "sos", "strap"


def sigma_m(radius_m: float) -> float:
    """Standard scale of the error per axis for a reported radius."""
    return 4 + 0.25 * radius_m if radius_m <= 150 else max(41.5, 0.5 * radius_m)


def student_t4(z: float) -> float:
    """The Student t (4 degrees of freedom) value as rare as the normal value z (closed form of the quantile).

    Cut at 7, where 2 in 1,000 lie: no measured receiver that claimed metres was off by twenty times its scale.
    """
    a = 4 * (p := 0.5 * math.erfc(abs(z) / math.sqrt(2))) * (1 - p)
    if a < 1e-4:  # so rare that it lies beyond the cut
        return math.copysign(_WORST, z)
    root = math.sqrt(a)
    size = 2 * math.sqrt(max(0.0, math.cos(math.acos(min(1.0, root)) / 3) / root - 1))
    return math.copysign(min(size, _WORST), z)


class Drift:
    """A unit error in two axes that wanders: correlated in time, Student t4 at each instant."""

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.at_ms = rng, 0
        self.parts = [rng.gauss(0, 1) for _ in range(4)]

    def step(self, at_ms: int) -> tuple[float, float]:
        """The error at a later instant, in units of sigma. An event may lie before: no drift."""
        dt_s, self.at_ms = max(0, at_ms - self.at_ms) / 1000, at_ms
        gauss, parts = self.rng.gauss, self.parts
        for n, (_, tau_s) in enumerate(_PARTS):
            keep = math.exp(-dt_s / tau_s)
            new = math.sqrt(1 - keep * keep)
            parts[2 * n] = keep * parts[2 * n] + new * gauss(0, 1)
            parts[2 * n + 1] = keep * parts[2 * n + 1] + new * gauss(0, 1)
        (a, _), (b, _) = _PARTS
        return student_t4(a * parts[0] + b * parts[2]), student_t4(a * parts[1] + b * parts[3])


class Receivers:
    """The receivers of all residents."""

    def __init__(self, lives: Lives) -> None:
        self.lives, self.devices = lives, Devices(lives)

    def hour(self, index: int, hour_ms: int) -> list[Message]:
        """The messages about one whole hour (`hour_ms` is its start), in the order in which they are to be sent."""
        run = _Hour(self, index, hour_ms)
        messages = [*run.fixes(), *run.events()]
        messages.sort()
        return messages


class _Hour:
    """Makes one hour of one device; everything random comes from one stream named by device and hour."""

    def __init__(self, receivers: Receivers, index: int, hour_ms: int) -> None:
        lives = receivers.lives
        day = local_day(hour_ms)
        self.life: Day = lives.day(index, day)
        self.device: DeviceDay = receivers.devices.day(index, day)
        self.next_device = receivers.devices.at(index, hour_ms + HOUR_MS)
        self.resident: Resident = lives.resident(index)
        self.seed, self.from_ms, self.to_ms = lives.seed, max(hour_ms, lives.start_ms), hour_ms + HOUR_MS
        self.start_ms = lives.start_ms
        self.rng = random.Random(f"fixes/{lives.seed}/{index}/{hour_ms}")
        self.drift = Drift(self.rng)
        self.night = _is_night(hour_ms)
        self.bad_left, self.ghost, self.ghost_radius = 0, (0.0, 0.0), 0.0

    def fixes(self) -> list[Message]:
        """One after the other: each minute on the way, every other minute while still."""
        found: list[Message] = []
        at_ms = self.from_ms + self._phase_ms()
        while at_ms < self.to_ms:
            piece = self.life.piece(at_ms)
            blind = within(self.device.blind, at_ms) is not None
            if within(self.device.dead, at_ms) is None:
                message = self._blind(piece, at_ms) if blind else self._fix(piece, at_ms)
                if message:
                    found.append(message)
            pause_s = BLIND_S if blind else STILL_S if piece.mode == "stay" else MOVING_S
            next_ms = at_ms + int((pause_s + self.rng.uniform(-3, 3)) * 1000)
            # A device notices that it starts to move and measures again soon.
            at_ms = piece.end_ms + 15_000 if at_ms + 30_000 < piece.end_ms < next_ms else next_ms
        return found

    def _phase_ms(self) -> int:
        """Devices do not measure in step; but all of them soon after the very start."""
        first = self.from_ms == self.start_ms
        return int(self.rng.uniform(0, 20_000)) if first else self.resident.index * 37_003 % int(STILL_S * 1000)

    def events(self) -> list[Message]:
        """SOS and strap events: with a position if there is one, sent at once or when there is a network."""
        own = [(t, e) for t, e in self.device.events if self.from_ms <= t < self.to_ms]
        found: list[Message] = []
        for at_ms, event in own:
            if within(self.device.dead, at_ms) is None:
                message = self._fix(self.life.piece(at_ms), at_ms)
                found.append(message._replace(event=event))
        return found

    def _fix(self, piece: Piece, at_ms: int) -> Message:
        x, y = piece.at(at_ms)
        ex, ey = self.drift.step(at_ms)
        if piece.indoors and self._falls_back():
            jitter = self.rng.gauss(0, 6), self.rng.gauss(0, 6)
            return self._message(at_ms, x + self.ghost[0] + jitter[0], y + self.ghost[1] + jitter[1], self.ghost_radius)
        radius = self._radius(_INDOOR_RADII if piece.indoors else _RADII)
        sigma = sigma_m(radius)
        return self._message(at_ms, x + sigma * ex, y + sigma * ey, radius, *_motion(piece, at_ms))

    def _blind(self, piece: Piece, at_ms: int) -> Message | None:
        """Without sky: a phone tells the cell's place, the same wrong one for hours; a tag tells nothing of place."""
        if self.resident.receiver == "tag":
            return self._message(at_ms, None, None, 0.0)
        x, y = piece.points[0]
        cell = random.Random(f"cell/{self.seed}/{x:.0f}/{y:.0f}/{at_ms // (6 * HOUR_MS)}")
        return self._message(at_ms, x + cell.gauss(0, _CELL_SIGMA_M), y + cell.gauss(0, _CELL_SIGMA_M), CELL_RADIUS_M)

    def _falls_back(self) -> bool:
        """Whether this indoor fix comes from Wi-Fi somewhere else; such fixes come in runs at one wrong place."""
        if self.bad_left == 0:
            share = _NIGHT_SHARE if self.night else _DAY_SHARE
            mean = (1 + _LONGEST_RUN) / 2
            # With runs this likely to begin, `share` of all fixes lie in runs.
            if self.rng.random() >= 1 / (1 + mean * (1 - share) / share):
                return False
            self._begin_run()
        self.bad_left -= 1
        return True

    def _begin_run(self) -> None:
        self.bad_left = self.rng.randint(1, _LONGEST_RUN)
        home = random.Random(f"ghost/{self.seed}/{self.resident.index}/{self.rng.randrange(3)}")
        far, angle = home.uniform(170, 300), home.uniform(0, math.tau)
        self.ghost = far * math.cos(angle), far * math.sin(angle)
        self.ghost_radius = round(far * home.uniform(0.7, 1.3))

    def _radius(self, table: dict[str, tuple[tuple[int, float], ...]]) -> float:
        chance = self.rng.random()
        for radius, share in table[self.resident.receiver]:
            chance -= share
            if chance < 0:
                return float(radius)
        return float(table[self.resident.receiver][-1][0])

    def _message(
        self, at_ms: int, x: float | None, y: float | None, radius_m: float, speed: float = 0.0, heading: float = -1.0
    ) -> Message:
        lat, lon = (None, None) if x is None or y is None else to_degrees(x, y)
        due_ms = at_ms + int(self.rng.uniform(300, 2_500))
        links = (*self.device.unlinked, *self.next_device.unlinked)
        broken = max(within_all(links, due_ms), key=lambda span: span[1], default=None)
        if broken:
            due_ms = broken[1] + int(self.rng.uniform(0, 4_000)) + (at_ms - broken[0]) // 500
        start, end = self.device.charging
        battery = max(1, math.ceil(self.device.battery_pct(at_ms)))
        return Message(
            due_ms, at_ms, lat, lon, radius_m, speed, heading, battery, start <= at_ms < end, ""
        )  # fmt: skip


def _is_night(hour_ms: int) -> bool:
    hour = hour_ms // HOUR_MS % 24  # of UTC: the night need not be exact
    return hour >= 21 or hour < 6


def _motion(piece: Piece, at_ms: int) -> tuple[float, float]:
    """Speed and heading on the way; none while still."""
    if piece.mode == "stay" or piece.end_ms <= piece.start_ms:
        return 0.0, -1.0
    (ax, ay), (bx, by) = piece.at(at_ms), piece.at(at_ms + 2_000)
    speed = piece.far_m[-1] / ((piece.end_ms - piece.start_ms) / 1000)
    return speed, math.degrees(math.atan2(bx - ax, by - ay)) % 360
