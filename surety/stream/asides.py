"""What the door keeps in the log's database beside the records: how far each device's chain has come, what watches
asked the server to note, and how often something was wrong with a device.

Chains and marks change in the commit that makes the records durable: a message is in the log, its place in the chain
is taken, and what it asks is noted, all or nothing. Nothing here says where anybody was.
"""

from typing import Any

import msgspec


class ChainAt(msgspec.Struct, frozen=True):
    """How far the chain of a device has come under one key. `recent`: hashes of the latest bodies, oldest first."""

    device_id: str
    key_id: str
    last_seq: int
    recent: tuple[str, ...]
    at_ms: int


class Mark(msgspec.Struct, frozen=True):
    """What the server's tables are to be told: "seen" (`subject`: the check-in) or "push" (`subject`: the key).

    `value` is the subscription of a push.
    """

    kind: str
    device_id: str
    person_id: str
    subject: str
    value: str
    at_ms: int


class Aside(msgspec.Struct, frozen=True):
    """What is committed together with the records of one request."""

    chain: ChainAt
    marks: tuple[Mark, ...] = ()


class DeviceNote(msgspec.Struct, frozen=True):
    """How often, and between when, something was so with a device: "heard", or something that was wrong."""

    device_id: str
    kind: str
    first_ms: int
    last_ms: int
    count: int


def chain_row(chain: ChainAt) -> tuple[str, str, int, str, int]:
    """The row of `door_chain`."""
    return chain.device_id, chain.key_id, chain.last_seq, " ".join(chain.recent), chain.at_ms


def read_chain(row: tuple[Any, ...]) -> ChainAt:
    """What `chain_row` made a row of."""
    return ChainAt(row[0], row[1], row[2], tuple(row[3].split()), row[4])
