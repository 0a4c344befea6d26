"""The town's watches as they run: they enrol, tell where they are, hear what is asked, and send photographs of faces.

Each does one thing at a time: photographs first, then what waits, in order. What the door does not take stays, with its
own time. `Watches` decides for all of them when a question is answered, and keeps what must outlive a stop.
"""

import asyncio
import heapq
import os
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from surety.sim.answers import AnswerFile, AnswerTruth
from surety.sim.checkins import Answer, Part, answer_of, in_the_dark
from surety.sim.devices import Devices, within
from surety.sim.encode import Credentials
from surety.sim.faces import burst, jpeg
from surety.sim.lines import Lines, Reply, UnreachableError
from surety.sim.lives import Lives, local_day
from surety.sim.receivers import Message
from surety.sim.watch import ED25519, P256, Chain, DeviceKey, Memory, Said, photo_name

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 20.0
SEEN_AFTER_MS = 15_000  # somebody looks at their wrist
AGAIN_AFTER_MS = 90_000  # and tries once more
FRAMES = 4
LAST_S = 2.0  # how long answers of the door are waited for at the end
KEPT_MS = 3 * 86_400_000  # how long a question is remembered that was decided about
NEVER_TOLD = -100  # per cent: further than a change from any that may be told
_WORDLESS = {400, 403, 413, 415}  # trying again would not help
_EVENTS = {"strap": "strap_tamper"}
Act = Callable[[], Coroutine[None, None, None]]


class Watch:
    """One watch: its queue, and what is on its way."""

    def __init__(self, credentials: Credentials, memory: Memory, clock_off_ms: int) -> None:
        self.index, self.code, self.clock_off_ms = credentials.index, credentials.secret, clock_off_ms
        self.chain = Chain(memory, DeviceKey(credentials.secret, P256 if credentials.index % 2 else ED25519))
        self.battery_pct, self.charging = NEVER_TOLD, False
        self.busy = False
        self.decided: set[str] = set()  # questions that the wearer knows of
        self.pause_s, self.not_before_s = FIRST_PAUSE_S, 0.0

    def put(self, message: Message) -> None:
        """Queue what a receiver measured; the battery with it where it changed."""
        clock_ms = message.at_ms + self.clock_off_ms
        if message.event == "sos":
            self._say(message, clock_ms, "sos", {})
        if message.lat is not None:
            more: dict[str, Any] = {"lat": round(message.lat, 6), "lon": round(message.lon or 0.0, 6)}
            more["accuracy_m"] = message.accuracy_m
            if message.heading_deg >= 0:
                more |= {"speed_mps": round(message.speed_mps, 2), "heading_deg": round(message.heading_deg) % 360}
            self._say(message, clock_ms, "fix", more)
        self._report(message, clock_ms)

    def _report(self, message: Message, clock_ms: int) -> None:
        events = [_EVENTS[message.event]] if message.event in _EVENTS else []
        same = message.charging == self.charging and abs(message.battery_pct - self.battery_pct) < 5
        if same and not events and message.lat is not None:
            return
        self.battery_pct, self.charging = message.battery_pct, message.charging
        more = {"battery_pct": message.battery_pct, "charging": message.charging, "events": events}
        self._say(message, clock_ms, "report", more)

    def _say(self, message: Message, clock_ms: int, type_: str, more: dict[str, Any]) -> None:
        self.chain.say(Said(message.due_ms, clock_ms, type_, more))


class Watches:
    """All watches of a running town."""

    def __init__(self, folder: Path, lives: Lives, devices: Devices, counts: Counter[str]) -> None:
        self.folder, self.lives, self.devices, self.counts = folder, lives, devices, counts
        self.unsent = folder / "unsent-photographs"
        self.truth = AnswerFile(folder / "answers.jsonl")
        self.all: dict[int, Watch] = {}
        self.lines: Lines | None = None
        self.acts: list[tuple[int, int, Act]] = []  # (when, number, what)
        self.numbers = 0
        self.tasks: set[asyncio.Task[None]] = set()
        self.painter = ThreadPoolExecutor(1, "surety-faces")
        self.dirty = False

    def open(self, devices: Iterable[Credentials], host: str, port: int) -> None:
        """Switch the watches among these devices on."""
        known = self._read()
        for one in devices:
            memory = known.get(one.index)
            if memory is None or memory.secret != one.secret:
                memory = Memory(one.secret)
            self.all[one.index] = Watch(one, memory, _clock_off_ms(one.index))
        if self.all:
            self.unsent.mkdir(mode=0o700, exist_ok=True)
            self.lines = Lines(host, port, max(2, min(16, len(self.all) // 8)))

    def oldest_due_ms(self) -> list[int]:
        """When things were due that the door has not taken yet, and that are made again after a stop."""
        return [due for watch in self.all.values() if (due := watch.chain.oldest_due_ms()) is not None]

    # --- what happens now ---

    def work(self, now_ms: int) -> None:
        """Answer what is to be answered by now, and send what waits."""
        while self.acts and self.acts[0][0] <= now_ms:
            self._start(heapq.heappop(self.acts)[2]())
        now_s = time.monotonic()
        for watch in self.all.values():
            if not watch.busy and watch.not_before_s <= now_s:
                ready = watch.chain.next_due(now_ms)
                if ready or watch.chain.sent:
                    self._begin(watch, ready, now_ms)

    def _begin(self, watch: Watch, ready: list[Said], now_ms: int) -> None:
        watch.busy = True
        self._start(self._exchange(watch, ready, now_ms))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _exchange(self, watch: Watch, ready: list[Said], now_ms: int) -> None:
        try:
            if not watch.chain.memory.device and not await self._enrol(watch):
                return
            for said in [*(s for _, _, s in watch.chain.sent), *ready]:
                await self._bring(watch, said)
            body = watch.chain.request(ready, now_ms + watch.clock_off_ms)
            reply = await self._ask("POST", "/watch/v1/messages", body)
            self._hear(watch, reply, now_ms)
        except UnreachableError:
            self.counts["unreachable"] += 1
            _pause(watch)
        finally:
            watch.busy = False

    async def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str] | None = None) -> Reply:
        assert self.lines is not None  # noqa: S101 - there are watches, so they are open
        reply = await self.lines.ask(method, path, body, headers)
        self.counts[f"watch_{reply.status}"] += 1
        return reply

    async def _enrol(self, watch: Watch) -> bool:
        reply = await self._ask("POST", "/watch/v1/enrol", watch.chain.enrolment(watch.code))
        if reply.status != 200:
            _pause(watch, reply)
            return False
        watch.chain.memory.device = str(msgspec.json.decode(reply.body)["device"])
        self.dirty = True
        self.save()  # the code is used up: from now on the key counts
        return True

    async def _bring(self, watch: Watch, said: Said) -> None:
        """Send the photographs of a check-in before it."""
        for sha256 in said.photos:
            file = self.unsent / f"{sha256}.jpg"
            if file.exists():
                headers = watch.chain.photo_headers(sha256)
                reply = await self._ask("PUT", f"/watch/v1/photos/{sha256}", file.read_bytes(), headers)
                self.counts["photographs" if reply.status in (200, 201) else "photographs_refused"] += 1

    def _hear(self, watch: Watch, reply: Reply, now_ms: int) -> None:
        if reply.status != 200:
            _pause(watch, reply)
            return
        watch.pause_s = FIRST_PAUSE_S
        said = msgspec.json.decode(reply.body)
        for taken in watch.chain.acknowledged(said["acknowledged"]):
            self.counts["sent"] += 1
            self.dirty |= taken.keep
            for sha256 in taken.photos:
                (self.unsent / f"{sha256}.jpg").unlink(missing_ok=True)
        if watch.chain.sent:
            self._mend(watch, said, now_ms)
        for question in (said["sheet"] or {}).get("check_ins", ()):
            known = question["id"] in watch.decided or question["id"] in watch.chain.memory.answered
            if question["stands"] == "asked" and not known:
                self._decide(watch, question, now_ms)

    def _mend(self, watch: Watch, said: dict[str, Any], now_ms: int) -> None:
        """Something of what was sent has to wait, or does not follow on what the door has."""
        reasons = {one["reason"] for one in said["refused"]}
        if reasons & {"wrong_prev", "gap"}:
            watch.chain.begin_anew(said["expected"], now_ms + watch.clock_off_ms)
            self.counts["begun_anew"] += 1
        _pause(watch)

    # --- questions ---

    def _decide(self, watch: Watch, question: dict[str, Any], now_ms: int) -> None:
        """What the wearer will do with a question that they see for the first time."""
        asked_ms, due_ms = question["asked_ms"], question["due_ms"]
        watch.decided.add(question["id"])
        first = local_day(asked_ms) == self.lives.first_day
        answer = answer_of(self.lives.seed, watch.index, asked_ms, due_ms - asked_ms, first=first)
        at_ms = None if answer.after_ms is None else max(asked_ms + answer.after_ms, now_ms + SEEN_AFTER_MS)
        off = at_ms is not None and within(self.devices.at(watch.index, at_ms).dead, at_ms) is not None
        self._tell(watch, min(now_ms + SEEN_AFTER_MS, at_ms or due_ms), "seen", {"check_in_id": question["id"]})
        reference = self.lives.residents[watch.index].reference
        truth = AnswerTruth(question["id"], reference, answer.part, asked_ms, due_ms, None if off else at_ms, dead=off)
        self.truth.write([truth])
        if at_ms is not None and not off:
            self._answer(watch, question, answer, at_ms)
        else:
            self._done(watch, question)

    def _done(self, watch: Watch, question: dict[str, Any]) -> None:
        memory, asked_ms = watch.chain.memory, question["asked_ms"]
        memory.answered = {name: at for name, at in memory.answered.items() if at > asked_ms - KEPT_MS}
        memory.answered[question["id"]] = asked_ms
        self.dirty = True

    def _answer(self, watch: Watch, question: dict[str, Any], answer: Answer, at_ms: int) -> None:
        if answer.part is Part.AGAIN:
            self._later(at_ms, partial(self._photograph, watch, question, in_the_dark(answer), at_ms, last=False))
            at_ms += AGAIN_AFTER_MS
            answer = msgspec.structs.replace(answer, tries=2)
        self._later(at_ms, partial(self._photograph, watch, question, answer, at_ms, last=True))

    def _later(self, at_ms: int, act: Act) -> None:
        self.numbers += 1
        heapq.heappush(self.acts, (at_ms, self.numbers, act))

    async def _photograph(
        self, watch: Watch, question: dict[str, Any], answer: Answer, at_ms: int, *, last: bool
    ) -> None:
        turn = question["turn"] if answer.turns else ""
        loop = asyncio.get_running_loop()
        names = await loop.run_in_executor(self.painter, _take, self.unsent, answer, turn)
        more = {"check_in_id": question["id"], "photos": names, "turn": question["turn"], "tries": answer.tries}
        self._tell(watch, at_ms, "check_in", {**more, "forced": answer.forced})
        if last:
            self._done(watch, question)

    def _tell(self, watch: Watch, at_ms: int, type_: str, more: dict[str, Any]) -> None:
        """Queue something that must outlive a stop; without a network it is sent when there is one again."""
        due_ms = at_ms
        while broken := within(self.devices.at(watch.index, due_ms).unlinked, due_ms):
            due_ms = broken[1]
        watch.chain.say(Said(due_ms, at_ms + watch.clock_off_ms, type_, more, keep=True))
        self.dirty = True

    # --- what outlives a stop ---

    def _read(self) -> dict[int, Memory]:
        try:
            return msgspec.json.decode((self.folder / "watches.json").read_bytes(), type=dict[int, Memory])
        except (FileNotFoundError, msgspec.DecodeError):
            return {}

    def save(self) -> None:
        """Keep what is known, if it changed; it holds secrets."""
        if not self.all or not self.dirty:
            return
        new = self.folder / "watches.new"
        kept = {index: watch.chain.kept() for index, watch in self.all.items()}
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(kept))
        new.replace(self.folder / "watches.json")
        self.dirty = False

    async def close(self) -> None:
        """Stop; what is still on its way after a moment is sent again after the next start."""
        if under_way := set(self.tasks):
            await asyncio.wait(under_way, timeout=LAST_S)
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)
        self.painter.shutdown(cancel_futures=True)
        if self.lines:
            self.lines.close()
        self.dirty = True
        self.save()


def _take(folder: Path, answer: Answer, turn: str) -> list[str]:
    """Take the pictures of an answer and put them where they wait to be sent; their names in order."""
    names = []
    for photo in burst(answer.identity, answer.view.seed, turn, answer.view, FRAMES):
        data = jpeg(photo)
        names.append(photo_name(data))
        (folder / f"{names[-1]}.jpg").write_bytes(data)
    return names


def _pause(watch: Watch, reply: Reply | None = None) -> None:
    """Wait before the next try, ever longer; as long as the door says where it does."""
    told = float(reply.headers.get("retry-after", 0)) if reply else 0.0
    useless = reply is not None and reply.status in _WORDLESS
    pause_s = max(told, LONGEST_PAUSE_S if useless else watch.pause_s)
    watch.not_before_s = time.monotonic() + pause_s
    watch.pause_s = min(LONGEST_PAUSE_S, watch.pause_s * 2)


def _clock_off_ms(index: int) -> int:
    """Some clocks are wrong, by seconds, minutes, or a day: it must do no harm."""
    return {3: 95_000, 5: -40_000, 6: 86_400_000, 8: -610_000}.get(index // 3 % 10, 0)
