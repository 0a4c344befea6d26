"""Devices keep what the door has not taken, and send it again with its own time."""

import asyncio
from collections import Counter

from surety.sim.client import Wire
from surety.sim.receivers import Message
from tests.sim.support import TestDoor


def _message(n: int) -> Message:
    return Message(n, n, 55.0, -2.6, 10.0, 0.0, -1.0, 80, charging=False, event="")


def _encode(message: Message) -> bytes:
    return b"GET /?n=%d HTTP/1.1\r\nHost: x\r\n\r\n" % message.at_ms


async def _send(door: TestDoor, count: int, until: int, *, expect: str = "sent") -> Counter[str]:
    counts: Counter[str] = Counter()
    wire = Wire("127.0.0.1", door.port, counts)
    for n in range(count):
        wire.put(_message(n), _encode)
    async with asyncio.timeout(10):
        while counts[expect] < until:
            await asyncio.sleep(0.01)
    wire.close()
    await door.close()
    return counts


def _numbers(door: TestDoor) -> list[int]:
    return [int(request.split(b"n=")[1].split(b" ")[0]) for request in door.taken]


def test_messages_arrive_in_order_on_one_kept_connection() -> None:
    async def story() -> None:
        door = TestDoor()
        await door.open()
        await _send(door, 50, 50)
        assert _numbers(door) == list(range(50))

    asyncio.run(story())


def test_a_message_stays_in_front_while_the_door_is_busy_and_none_is_lost() -> None:
    async def story() -> None:
        door = TestDoor(lambda n: 503 if n in (3, 4) else 200)
        await door.open()
        counts = await _send(door, 10, 10)
        assert _numbers(door) == list(range(10))
        assert counts["status_503"] == 2

    asyncio.run(story())


def test_a_broken_connection_is_made_again_and_the_message_sent_again() -> None:
    async def story() -> None:
        door = TestDoor(lambda n: 0 if n == 2 else 200)
        await door.open()
        await _send(door, 5, 5)
        assert _numbers(door) == list(range(5))

    asyncio.run(story())


def test_a_refusal_for_good_is_counted_and_does_not_hold_up_the_next_message() -> None:
    async def story() -> None:
        door = TestDoor(lambda n: 400 if n == 2 else 200)
        await door.open()
        counts = await _send(door, 4, 3)
        assert _numbers(door) == [0, 2, 3]
        assert counts["refused"] == 1

    asyncio.run(story())


def test_a_door_that_opens_later_gets_everything() -> None:
    async def story() -> None:
        door = TestDoor()
        await door.open()
        port = door.port
        await door.close()
        counts: Counter[str] = Counter()
        wire = Wire("127.0.0.1", port, counts)
        wire.put(_message(7), _encode)
        async with asyncio.timeout(10):
            while not counts["unreachable"]:
                await asyncio.sleep(0.01)
            await door.open(port)
            while not counts["sent"]:
                await asyncio.sleep(0.01)
        wire.close()
        await door.close()
        assert _numbers(door) == [7]

    asyncio.run(story())
