"""A running town sends what is due, keeps what the door does not take, and goes on after a stop where it was."""

import asyncio
import re
from pathlib import Path

from surety.sim.encode import Credentials
from surety.sim.lives import Lives
from surety.sim.plan import Plan, Progress, read_plan, read_progress, write
from surety.sim.receivers import HOUR_MS, Receivers
from surety.sim.run import Run
from surety.sim.truth import TruthFile
from tests.sim.support import TestDoor

START_MS = 1_791_309_120_000
PEOPLE = 6


class _Clock:
    speed = 1.0

    def __init__(self, at_ms: int) -> None:
        self.at_ms = at_ms

    def now_ms(self) -> int:
        return self.at_ms


def _plan(folder: Path) -> Plan:
    devices = tuple(Credentials(n, f"p{n}", "osmand-query", f"device{n}", "") for n in range(PEOPLE))
    write(folder, Plan(1, PEOPLE, START_MS, devices))
    return read_plan(folder)


def _due(until_ms: int) -> list[tuple[int, int]]:
    """(device, instant) of every message that is due before a time."""
    receivers = Receivers(Lives(1, PEOPLE, START_MS))
    hours = range(START_MS // HOUR_MS * HOUR_MS, until_ms + HOUR_MS, HOUR_MS)
    found = [(i, m.at_ms) for i in range(PEOPLE) for h in hours for m in receivers.hour(i, h) if m.due_ms <= until_ms]
    return sorted(found)


def _taken(door: TestDoor) -> list[tuple[int, int]]:
    found = [re.search(rb"id=device(\d+)&timestamp=(\d+)", request) for request in door.taken]
    return [(int(m[1]), int(m[2])) for m in found if m]


async def _run(plan: Plan, folder: Path, door: TestDoor, clock: _Clock, enough: int) -> None:
    town = Run(plan, folder, f"http://127.0.0.1:{door.port}", clock)
    task = asyncio.create_task(town.run())
    async with asyncio.timeout(20):
        while len(set(_taken(door))) < enough:
            await asyncio.sleep(0.01)
    town.stopping.set()
    await task


def test_everything_that_is_due_is_sent_once_and_nothing_before_its_time(tmp_path: Path) -> None:
    async def story() -> None:
        plan, door, until = _plan(tmp_path), TestDoor(), START_MS + 90 * 60_000
        await door.open()
        await _run(plan, tmp_path, door, _Clock(until), len(_due(until)))
        assert sorted(_taken(door)) == _due(until)
        await door.close()

    asyncio.run(story())


def test_a_second_start_goes_on_where_the_first_stopped(tmp_path: Path) -> None:
    async def story() -> None:
        plan, door = _plan(tmp_path), TestDoor()
        first, second = START_MS + 40 * 60_000, START_MS + 3 * HOUR_MS
        await door.open()
        await _run(plan, tmp_path, door, _Clock(first), len(_due(first)))
        sent_first = len(door.taken)
        await _run(plan, tmp_path, door, _Clock(second), len(_due(second)))
        assert sorted(set(_taken(door))) == _due(second)
        assert len(door.taken) - len(_due(second)) <= PEOPLE  # at most the last message of each, again
        assert sent_first == len(_due(first))
        await door.close()

    asyncio.run(story())


def test_what_a_door_that_was_away_missed_comes_later_with_its_own_time(tmp_path: Path) -> None:
    async def story() -> None:
        plan, until = _plan(tmp_path), START_MS + 30 * 60_000
        door = TestDoor(lambda n: 503 if n < 5 else 200)
        await door.open()
        await _run(plan, tmp_path, door, _Clock(until), len(_due(until)))
        assert sorted(set(_taken(door))) == _due(until)
        await door.close()

    asyncio.run(story())


def test_a_stop_before_the_door_took_anything_keeps_the_place(tmp_path: Path) -> None:
    async def story() -> None:
        plan, door = _plan(tmp_path), TestDoor(lambda _: 503)
        await door.open()
        town = Run(plan, tmp_path, f"http://127.0.0.1:{door.port}", _Clock(START_MS + HOUR_MS))
        task = asyncio.create_task(town.run())
        async with asyncio.timeout(10):
            while door.requests < 2:
                await asyncio.sleep(0.01)
        town.stopping.set()
        await task
        await door.close()

    asyncio.run(story())
    progress = read_progress(tmp_path)
    assert progress is not None
    assert progress.sent_to_ms < START_MS + 60_000


def test_a_progress_file_that_was_cut_off_means_from_the_start(tmp_path: Path) -> None:
    write(tmp_path, Progress(START_MS))
    (tmp_path / "progress.json").write_bytes(b'{"sent_to')
    assert read_progress(tmp_path) is None


def test_the_truth_is_written_for_everybody(tmp_path: Path) -> None:
    async def story() -> None:
        plan, door, until = _plan(tmp_path), TestDoor(), START_MS + 10 * 60_000
        await door.open()
        await _run(plan, tmp_path, door, _Clock(until), len(_due(until)))
        await door.close()

    asyncio.run(story())
    truths = TruthFile(tmp_path / "truth.jsonl").read()
    assert {t.reference for t in truths} == {f"AL-{n + 1:05d}" for n in range(PEOPLE)}


def test_after_a_kill_what_is_sent_again_is_the_same_to_the_byte(tmp_path: Path) -> None:
    async def story() -> None:
        plan, door, until = _plan(tmp_path), TestDoor(), START_MS + 40 * 60_000
        await door.open()
        await _run(plan, tmp_path, door, _Clock(until), len(_due(until)))
        write(tmp_path, Progress(START_MS + 10 * 60_000))  # the last note before the kill was half an hour old
        once = set(door.taken)
        await _run(plan, tmp_path, door, _Clock(until + 20 * 60_000), len(_due(until + 20 * 60_000)))
        again = [request for request in door.taken[len(once) :] if request in once]
        assert len(again) > 20
        assert sorted(set(_taken(door))) == _due(until + 20 * 60_000)
        await door.close()

    asyncio.run(story())
