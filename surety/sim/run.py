"""Runs a town: sends every device's messages when they are due by the domain's clock, and goes on where it stopped.

Lives are a pure function of the plan and the time, so what is kept is one number: up to when everything was taken.
After a kill some messages are sent twice; the door and the worker know a fact again.
"""

import asyncio
import heapq
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from surety.clock import Clock
from surety.sim.client import Wire
from surety.sim.encode import encoder
from surety.sim.lives import local_day
from surety.sim.plan import Plan, Progress, read_progress, write
from surety.sim.receivers import HOUR_MS, Message, Receivers
from surety.sim.truth import TruthFile, truth_of_day
from surety.sim.watches import Watches

ROUND_S = 0.02
SAVE_EVERY_S = 1.0
Put = Callable[[Message], None]
_FLUSH_MS = 60_000  # a device that found the network again has sent everything by then


class Sender:
    """One device's messages to come: made an hour at a time, given out in the order in which they are due."""

    def __init__(self, receivers: Receivers, index: int, from_ms: int) -> None:
        self.receivers, self.index, self.from_ms = receivers, index, from_ms
        self.made_to_ms = self._first_hour(from_ms)
        self.coming: list[Message] = []  # the next one last
        self.nothing_made = True

    def _first_hour(self, from_ms: int) -> int:
        """The hour of the oldest message that may still be due: earlier when the device has just been offline."""
        oldest = from_ms - _FLUSH_MS
        for span in self.receivers.devices.at(self.index, from_ms).unlinked:
            if span[0] <= from_ms <= span[1] + _FLUSH_MS:
                oldest = min(oldest, span[0])
        return max(oldest, self.receivers.lives.start_ms) // HOUR_MS * HOUR_MS

    def make_hour(self) -> None:
        """Add the next hour's messages."""
        new = [m for m in self.receivers.hour(self.index, self.made_to_ms) if m.due_ms >= self.from_ms]
        self.made_to_ms += HOUR_MS
        self.nothing_made = False
        self.coming = sorted([*self.coming, *new], reverse=True)


class Run:
    """A running town."""

    def __init__(self, plan: Plan, folder: Path, door: str, clock: Clock) -> None:
        self.plan, self.folder, self.clock = plan, folder, clock
        before = read_progress(folder)
        self.counts: Counter[str] = Counter(before.counts if before else {})
        self.sent_to_ms = before.sent_to_ms if before else plan.start_ms
        self.receivers = Receivers(plan.lives())
        self.truth = TruthFile(folder / "truth.jsonl")
        parts = urlsplit(door)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80
        self.senders = [Sender(self.receivers, device.index, self.sent_to_ms) for device in plan.devices]
        self.watches = Watches(folder, self.receivers.lives, self.receivers.devices, self.counts)
        self.netloc = parts.netloc
        self.puts: list[Put] = []  # by sender: what takes its messages
        self.due: list[tuple[int, int]] = []  # (when, which sender has a message to send)
        self.queued: dict[int, int] = {}  # the time in `due` that counts, by sender
        self.to_make: list[tuple[int, int]] = []  # (when, which sender is to make its next hour)
        self.wires: list[Wire] = []
        self.stopping = asyncio.Event()

    async def run(self) -> None:
        """Send until stopped."""
        self._handle_signals()
        self._open()
        for n in range(len(self.senders)):
            heapq.heappush(self.to_make, (self.senders[n].made_to_ms - self._lead_ms(n), n))
        next_save = 0.0
        while not self.stopping.is_set():
            now_ms = self.clock.now_ms()
            await self._make(now_ms)
            self._send(now_ms)
            self.watches.work(now_ms)
            if time.monotonic() >= next_save:
                self._save(now_ms)
                for wire in self.wires:
                    wire.give_up_waiting()
                next_save = time.monotonic() + SAVE_EVERY_S
            await self._rest()
        await self.watches.close()
        self._save(self.clock.now_ms())
        for wire in self.wires:
            wire.close()

    def _open(self) -> None:
        """A connection for every dozen devices; watches have connections of their own."""
        count = max(2, min(64, len(self.senders) // 12))
        self.wires = [Wire(self.host, self.port, self.counts) for _ in range(count)]
        self.watches.open((device for device in self.plan.devices if device.sender == "native"), self.host, self.port)
        self.puts = [self._put(n) for n in range(len(self.senders))]

    def _put(self, n: int) -> Put:
        device, wire = self.plan.devices[n], self.wires[n % len(self.wires)]
        if device.sender == "native":
            return self.watches.all[device.index].put
        encode = encoder(device, self.netloc)
        return lambda message: wire.put(message, encode)

    def _handle_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self.stopping.set)

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self.stopping.wait(), ROUND_S)
        except TimeoutError:
            return

    def _lead_ms(self, n: int) -> int:
        """How long before an hour begins its messages are made: spread over an hour, so that no moment is busy."""
        return 120_000 + n * 7_919 % 3_300 * 1000

    async def _make(self, now_ms: int) -> None:
        """Make the hours that are soon needed; from time to time let the wires work."""
        began = time.monotonic()
        while self.to_make and self.to_make[0][0] <= now_ms and not self.stopping.is_set():
            _, n = heapq.heappop(self.to_make)
            self._make_hour(n)
            heapq.heappush(self.to_make, (self.senders[n].made_to_ms - self._lead_ms(n), n))
            if time.monotonic() - began > ROUND_S:
                self._send(now_ms)
                await asyncio.sleep(0)
                began = time.monotonic()

    def _make_hour(self, n: int) -> None:
        sender = self.senders[n]
        day = local_day(sender.made_to_ms)
        supervised = sender.index < self.plan.people  # there is nothing to compare an alert with for anybody else
        if supervised and (sender.nothing_made or day != local_day(sender.made_to_ms - HOUR_MS)):
            self.truth.write([truth_of_day(self.receivers.lives, self.receivers.devices, sender.index, day)])
        sender.make_hour()
        self._queue(n)

    def _queue(self, n: int) -> None:
        """See that the sender's next message is in the queue, under its time."""
        coming = self.senders[n].coming
        if coming and self.queued.get(n) != coming[-1].due_ms:
            self.queued[n] = coming[-1].due_ms
            heapq.heappush(self.due, (coming[-1].due_ms, n))

    def _send(self, now_ms: int) -> None:
        due, senders = self.due, self.senders
        while due and due[0][0] <= now_ms:
            when, n = heapq.heappop(due)
            if self.queued.get(n) == when:  # else an earlier message took its place in the queue
                del self.queued[n]
                self.puts[n](senders[n].coming.pop())
                self._queue(n)

    def _save(self, now_ms: int) -> None:
        waiting = [due for wire in self.wires if (due := wire.oldest_due_ms()) is not None]
        waiting += self.watches.oldest_due_ms()
        waiting += [due for due, _ in self.due[:1]]
        waiting += [self.senders[n].made_to_ms for _, n in self.to_make[:1]]
        self.sent_to_ms = max(self.sent_to_ms, min([now_ms, *waiting]))
        write(self.folder, Progress(self.sent_to_ms, dict(self.counts)))
        self.watches.save()
