"""The town's watches against the real door over HTTP: what they send is taken, once, signed, and with photographs."""

import asyncio
import io
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
import uvicorn
from PIL import Image

from surety.blobs import sealing
from surety.blobs.contract import name_of
from surety.blobs.local import LocalBlobs
from surety.gateway.app import DoorApp
from surety.gateway.connections import DeviceConnection, DoorServer
from surety.gateway.limits import Limits
from surety.gateway.notices import SqliteNotices
from surety.gateway.register import SqliteGrants
from surety.rules.facts import CheckInSubmitted, DeviceReport, Fact, Fix, decode
from surety.settings import Settings
from surety.sim.answers import AnswerFile
from surety.sim.checkins import AWAY_INDEX, Part, duty_of
from surety.sim.encode import Credentials
from surety.sim.plan import Plan, write
from surety.sim.receivers import Message
from surety.sim.run import Run
from surety.sim.watch import Memory
from surety.sim.watches import Watch
from surety.stream.sql import SqliteStream
from tests.gateway.harness import SetClock
from tests.gateway.support import make_register
from tests.gateway.watch_tables import PAIR, TABLES, add_watch, ask, watch_parts

START_MS = 1_791_309_120_000  # a Tuesday, 18:52 in the town
MINUTE_MS = 60_000
CODES = {1: "K7M4T-9QXHB", 13: "AB2CD-EF3GH", 37: "JKMNP-QRSTV"}  # parts of the first evening: right, again, away
pytestmark = pytest.mark.slow


class Town:
    """A town of watches, the door's tables, and a clock that a test moves."""

    def __init__(self, folder: Path, *indexes: int) -> None:
        self.folder, self.indexes, self.clock = folder, indexes, SetClock(START_MS)
        self.register = make_register(folder)
        for table in TABLES:
            self.register.execute(table)
        for index in indexes:
            add_watch(self.register, f"w{index}", person=_person(index), code=CODES[index], expires_ms=START_MS * 2)
        people = max(indexes) + 1
        devices = tuple(Credentials(index, _person(index), "native", f"w{index}", CODES[index]) for index in indexes)
        self.plan = Plan(1, people, START_MS, devices)
        write(folder, self.plan)
        self.stream = SqliteStream(folder / "log.sqlite3")

    def ask(self, index: int, name: str, minutes: float = 1.0) -> None:
        """Ask somebody, so many minutes after the start."""
        at_ms = START_MS + int(minutes * MINUTE_MS)
        ask(self.register, name, _person(index), asked_ms=at_ms, due_ms=at_ms + 20 * MINUTE_MS,
            late_until_ms=at_ms + 1_460 * MINUTE_MS)  # fmt: skip

    def facts(self) -> list[Fact]:
        return [decode(data) for record in self.stream.read(0, 100_000) for data in record.entry.facts]

    def submitted(self) -> list[CheckInSubmitted]:
        return [fact for fact in self.facts() if isinstance(fact, CheckInSubmitted)]

    def photographs(self, index: int, fact: CheckInSubmitted) -> list[Image.Image]:
        """What was stored, opened as only who has the private key can."""
        blobs = LocalBlobs(Settings(data_dir=self.folder).photographs_dir)
        boxes = [blobs.get(name_of(_person(index), sha256)) for sha256 in fact.photos]
        return [Image.open(io.BytesIO(sealing.open_sealed(PAIR.private, box))) for box in boxes]

    @asynccontextmanager
    async def door(self) -> AsyncIterator[str]:
        """The door on a port of its own."""
        source, queue = SqliteGrants(self.folder / "surety.sqlite3"), SqliteNotices(self.folder / "surety.sqlite3")
        app = DoorApp(self.stream, source, self.clock, Limits(), queue, watch_parts(self.folder))
        config = uvicorn.Config(app, port=0, http=DeviceConnection, ws="none", lifespan="on", log_config=None)
        server = DoorServer(config)
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        server.should_exit = True
        await task

    async def live(self, address: str, until: Callable[[], bool], to_min: float) -> None:
        """Let the town run from where it is until something holds; time passes while no watch is busy."""
        town = Run(self.plan, self.folder, address, self.clock)
        task = asyncio.create_task(town.run())
        end_ms = START_MS + int(to_min * MINUTE_MS)
        async with asyncio.timeout(90):
            while not until():
                if not town.watches.tasks:
                    self.clock.at_ms = min(end_ms, self.clock.at_ms + 15_000)
                await asyncio.sleep(0.03)  # longer than a round of the town
        town.stopping.set()
        await task


def _person(index: int) -> str:
    return f"{index:032x}"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Callable[..., Town]]:
    made: list[Town] = []

    def make(*indexes: int) -> Town:
        made.append(Town(tmp_path, *indexes))
        return made[-1]

    yield make
    for one in made:
        one.stream.close()
        one.register.close()


def _grey(picture: Image.Image) -> float:
    return float(np.asarray(picture.convert("L")).mean())


def _story(story: Callable[[str], AsyncIterator[None]] | Callable[..., object], town: Town) -> None:
    async def told() -> None:
        async with town.door() as address:
            await story(address)

    asyncio.run(told())


def test_a_watch_enrols_tells_where_it_is_and_answers_with_photographs_of_its_wearer(town) -> None:
    one = town(1)
    one.ask(1, "c1")
    _story(lambda address: one.live(address, lambda: bool(one.submitted()), 12), one)
    facts = one.facts()
    assert any(isinstance(fact, Fix) and abs(fact.lat_deg - 55.118) < 0.1 for fact in facts)
    assert any(isinstance(fact, DeviceReport) and fact.battery_pct for fact in facts)
    [answer] = one.submitted()
    assert (answer.check_in_id, answer.turn, len(answer.photos), answer.forced) == ("c1", "left", 4, False)
    pictures = one.photographs(1, answer)
    assert [(picture.format, picture.size) for picture in pictures] == [("JPEG", (240, 240))] * 4
    assert len({picture.tobytes() for picture in pictures}) == 4
    [truth] = AnswerFile(one.folder / "answers.jsonl").read().values()
    assert (truth.part, truth.answered_ms) == (Part.RIGHT, pytest.approx(answer.at_ms, abs=1_000))
    assert not list((one.folder / "unsent-photographs").iterdir())


def test_who_tries_again_with_light_sends_twice(town) -> None:
    one = town(13)
    one.ask(13, "c1")
    _story(lambda address: one.live(address, lambda: len(one.submitted()) == 2, 15), one)
    dark, light = (
        one.photographs(13, answer)[0].convert("L").resize((1, 1)).getpixel((0, 0)) for answer in one.submitted()
    )
    assert dark < 0.3 * light
    assert [answer.tries for answer in one.submitted()] == [1, 2]


def test_an_answer_without_a_network_is_sent_a_day_later_with_its_own_time(town) -> None:
    one = town(AWAY_INDEX)
    one.ask(AWAY_INDEX, "c1", minutes=0)  # the door tells a sheet anew once a real second

    async def story(address: str) -> None:
        await one.live(address, lambda: len(list((one.folder / "unsent-photographs").glob("*"))) == 4, 11)
        assert not one.submitted()
        one.clock.at_ms = START_MS + 1_446 * MINUTE_MS
        await one.live(address, lambda: bool(one.submitted()), 1_460)

    _story(story, one)
    [answer] = one.submitted()
    assert answer.at_ms < START_MS + 12 * MINUTE_MS
    assert answer.received_ms > START_MS + 1_440 * MINUTE_MS


def test_after_a_stop_a_watch_goes_on_with_its_key_and_its_number_and_says_nothing_twice(town) -> None:
    one = town(1)

    async def story(address: str) -> None:
        await one.live(address, lambda: len(one.facts()) >= 4, 8)
        one.ask(1, "c1", minutes=(one.clock.at_ms - START_MS) / MINUTE_MS)
        await one.live(address, lambda: bool(one.submitted()), 25)

    _story(story, one)
    said = [(type(fact), fact.at_ms // 1000) for fact in one.facts()]
    assert len(said) == len(set(said))
    assert one.register.execute("SELECT count(*) FROM cases_watchkey WHERE claimed_ms IS NOT NULL").fetchone() == (1,)


def test_a_watch_that_was_killed_begins_its_chain_anew_and_is_heard(town) -> None:
    """What it kept is older than what the door has: its next number is taken by other words."""
    one = town(1)

    async def story(address: str) -> None:
        await one.live(address, lambda: len(one.facts()) >= 4, 8)
        _forget_the_last(one.folder)
        one.ask(1, "c1", minutes=(one.clock.at_ms - START_MS) / MINUTE_MS)
        await one.live(address, lambda: bool(one.submitted()), 25)

    _story(story, one)
    assert len(one.submitted()) == 1


def _forget_the_last(folder: Path) -> None:
    import msgspec  # noqa: PLC0415 - of this alone

    file = folder / "watches.json"
    kept = msgspec.json.decode(file.read_bytes(), type=dict[int, Memory])
    for memory in kept.values():
        memory.seq, memory.prev, memory.due_ms = 1, "0" * 64, 0
    file.write_bytes(msgspec.json.encode(kept))


def test_a_door_that_is_away_loses_nothing(town) -> None:
    one = town(1)
    one.ask(1, "c1")

    async def story() -> None:
        running = asyncio.create_task(
            one.live("http://127.0.0.1:9", lambda: one.clock.at_ms >= START_MS + 9 * MINUTE_MS, 9)
        )
        await running
        async with one.door() as address:
            await one.live(address, lambda: bool(one.submitted()), 20)

    asyncio.run(story())
    fixes = [fact for fact in one.facts() if isinstance(fact, Fix)]
    assert min(fix.at_ms for fix in fixes) < START_MS + MINUTE_MS


@pytest.mark.parametrize("index", [1, 4, 37, 61, 100])
def test_the_first_are_asked_soon_after_the_start_and_the_others_when_nobody_can_foresee_it(index: int) -> None:
    duty = duty_of(index, 18 * 60 + 52)
    assert duty is not None
    assert duty.per_day <= 5
    assert bool(duty.fixed) == (index < 48)
    assert not duty.fixed or "18:54" <= duty.fixed[-1] <= "18:57"


def test_two_in_three_are_not_asked() -> None:
    assert [duty_of(index, 1132) is not None for index in range(6)] == [False, True, False, False, True, False]


@pytest.mark.parametrize("pct", [1, 4, 50])
def test_a_watch_tells_its_battery_with_the_first_that_it_says_however_low_it_is(pct: int) -> None:
    watch = Watch(Credentials(1, "p", "native", "w", CODES[1]), Memory(CODES[1]), 0)
    watch.put(Message(START_MS, START_MS, 54.97, -1.61, 8.0, 0.0, -1.0, pct, charging=False, event=""))
    told = [one.more["battery_pct"] for one in watch.chain.queue if one.type == "report"]
    assert told == [pct]


def test_the_register_has_no_secret_of_a_watch(town) -> None:
    one = town(1)
    _story(lambda address: one.live(address, lambda: bool(one.facts()), 5), one)
    with sqlite3.connect(one.folder / "surety.sqlite3") as database:
        rows = str(database.execute("SELECT * FROM cases_watchkey").fetchall())
    assert CODES[1] not in rows
    assert (one.folder / "watches.json").stat().st_mode & 0o077 == 0
