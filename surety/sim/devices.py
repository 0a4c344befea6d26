"""What happens to devices, by day: charging, empty batteries, broken links, gaps in the fixes, SOS and strap events.

A pure function of the seed and the date, as lives are. On the first evening the cast's devices (people.part_of) do
something within minutes: an SOS, an opened strap, a battery that runs empty; and one mobile network fails for an hour.
"""

import random
from collections.abc import Iterable
from datetime import date, timedelta
from functools import lru_cache

import msgspec

from surety.sim.checkins import AWAY_AFTER_MIN, AWAY_INDEX, AWAY_MIN
from surety.sim.lives import DAY_START_MIN, Day, Lives, local_day, minute_ms
from surety.sim.people import NETWORKS, Resident, part_of

Span = tuple[int, int]
LOW_PCT = 15.0
OUTAGE_AFTER_MIN, OUTAGE_MIN = 6.0, 70.0  # from the start; longer than the half hour after which silence is told


class DeviceDay(msgspec.Struct, frozen=True):
    """One device's day. Spans are (from_ms, to_ms)."""

    battery: tuple[tuple[int, float], ...]  # (instant, percent) corners; straight lines between them
    charging: Span
    dead: tuple[Span, ...]  # switched off: nothing is measured
    unlinked: tuple[Span, ...]  # no network: measured, kept, and sent later
    blind: tuple[Span, ...]  # no sky: no fix, or on some phones a cell fix
    events: tuple[tuple[int, str], ...]  # (instant, "sos" | "strap")

    def battery_pct(self, at_ms: int) -> float:
        """The charge at an instant."""
        for (a_ms, a), (b_ms, b) in zip(self.battery, self.battery[1:], strict=False):
            if a_ms <= at_ms < b_ms:
                return a + (b - a) * (at_ms - a_ms) / (b_ms - a_ms)
        return self.battery[-1][1]


def within(spans: tuple[Span, ...], at_ms: int) -> Span | None:
    """The span that holds an instant, if any."""
    return next((span for span in spans if span[0] <= at_ms < span[1]), None)


def within_all(spans: Iterable[Span], at_ms: int) -> list[Span]:
    """Every span that holds an instant."""
    return [span for span in spans if span[0] <= at_ms < span[1]]


class Devices:
    """All devices of the town's residents."""

    def __init__(self, lives: Lives) -> None:
        self.lives = lives
        self.day = lru_cache(maxsize=2 * lives.people + 16)(self._day)

    def at(self, index: int, at_ms: int) -> DeviceDay:
        """The device's day in which an instant lies."""
        return self.day(index, local_day(at_ms))

    def _day(self, index: int, day: date) -> DeviceDay:
        resident, life = self.lives.resident(index), self.lives.day(index, day)
        rng = random.Random(f"device/{self.lives.seed}/{index}/{day.isoformat()}")
        first = day == self.lives.first_day
        part = part_of(index) if first and index < self.lives.people else ""
        battery, charging, dead = self._battery(resident, day, rng, dies=part == "battery")
        unlinked = (*_broken_links(day, rng, first=first), *_tunnels(life, self.lives))
        return DeviceDay(
            battery, charging, dead, (*unlinked, *self._outage(resident, day)),
            (*_blind(life, rng), *_tunnels(life, self.lives)), self._events(day, rng, part),
        )  # fmt: skip

    def _outage(self, resident: Resident, day: date) -> list[Span]:
        """On the first evening one network fails, for all who are on it at once; and somebody has none for a day."""
        first = self.lives.first_day
        if resident.index == AWAY_INDEX and resident.index < self.lives.people and day <= first + timedelta(days=1):
            begin = minute_ms(first, self.lives.first_min + AWAY_AFTER_MIN)
            return [(begin, begin + int(AWAY_MIN * 60_000))]
        if day != first or resident.network != NETWORKS[0]:
            return []
        begin_min = self.lives.first_min + OUTAGE_AFTER_MIN
        return [(minute_ms(day, begin_min), minute_ms(day, begin_min + OUTAGE_MIN))]

    def _charged_evening_before(self, index: int, day: date) -> bool:
        """Somebody forgets to charge one evening in forty, never two in a row, and not before the first day."""
        if day <= self.lives.first_day:
            return True
        chance = [
            random.Random(f"charge/{self.lives.seed}/{index}/{(day - timedelta(days=n)).isoformat()}").random()
            for n in (1, 2)
        ]
        return chance[0] > 0.025 or chance[1] <= 0.025

    def _battery(
        self, resident: Resident, day: date, rng: random.Random, *, dies: bool
    ) -> tuple[tuple[tuple[int, float], ...], Span, tuple[Span, ...]]:
        start = minute_ms(day, DAY_START_MIN)
        plug_min = rng.uniform(10 * 60, 11 * 60) if resident.work == "night" else rng.uniform(20.5 * 60, 22 * 60)
        per_hour = rng.uniform(2.0, 3.2)
        level = 100.0 - per_hour * 5 if self._charged_evening_before(resident.index, day) else 42.0 - rng.uniform(0, 6)
        if dies:
            empty_min = self.lives.first_min + rng.uniform(8, 16)
            plug_min = empty_min + rng.uniform(100, 180)
            level = per_hour * (empty_min - DAY_START_MIN) / 60
        plug, full = minute_ms(day, plug_min), minute_ms(day, plug_min + 75)
        empty = start + int(level / per_hour * 3_600_000)
        at_plug = max(0.0, level - per_hour * (plug - start) / 3_600_000)
        end = minute_ms(day, DAY_START_MIN + 1440)
        left = 100.0 - per_hour * (end - full) / 3_600_000
        low = min(empty, plug)
        corners = ((start, level), (low, max(at_plug, 0.0)), (plug, at_plug), (full, 100.0), (end, left))
        dead = ((empty, plug + 60_000),) if empty < plug else ()
        return tuple(c for n, c in enumerate(corners) if n == 0 or c[0] > corners[n - 1][0]), (plug, full), dead

    def _events(self, day: date, rng: random.Random, part: str) -> tuple[tuple[int, str], ...]:
        now = self.lives.first_min
        if part == "sos":
            return ((minute_ms(day, now + rng.uniform(0.7, 6)), "sos"),)
        if part == "strap":
            return ((minute_ms(day, now + rng.uniform(3, 14)), "strap"),)
        awake = rng.uniform(8 * 60, 22 * 60)
        chance = rng.random()
        if day == self.lives.first_day:
            return ()
        if chance < 0.0015:
            return ((minute_ms(day, awake), "sos"),)
        return ((minute_ms(day, awake), "strap"),) if chance < 0.0025 else ()


def _broken_links(day: date, rng: random.Random, *, first: bool) -> list[Span]:
    """No network: one day in eight for some minutes; one in two hundred for hours, which looks like silence."""
    at, chance = rng.uniform(5 * 60, 26 * 60), rng.random()
    minutes = rng.uniform(4, 22) if chance < 0.12 else rng.uniform(40, 180) if chance < 0.125 and not first else 0.0
    return [(minute_ms(day, at), minute_ms(day, at + minutes))] if minutes else []


def _blind(life: Day, rng: random.Random) -> list[Span]:
    """Deep indoors somewhere that is not home: no sky for a part of one long stay in five."""
    spans = []
    for piece in life.pieces[1:-1]:
        minutes = (piece.end_ms - piece.start_ms) / 60_000
        if piece.mode == "stay" and piece.indoors and minutes > 60 and rng.random() < 0.2:
            at = piece.start_ms + int(rng.uniform(5, minutes - 40) * 60_000)
            spans.append((at, at + int(rng.uniform(10, 35) * 60_000)))
    return spans


def _tunnels(life: Day, lives: Lives) -> list[Span]:
    """While a train is in the tunnel north of the town."""
    low, high = lives.town.tunnel_y_m
    spans = []
    for piece in life.pieces:
        if piece.mode == "train":
            inside = [t for t in range(piece.start_ms, piece.end_ms, 5_000) if low < piece.at(t)[1] < high]
            if inside:
                spans.append((inside[0], inside[-1] + 5_000))
    return spans
