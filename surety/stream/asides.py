"""What the door keeps in the log's database beside the records: how far each device's chain has come, what watches
asked the server to note, and how often something was wrong with a device.

Chains and marks change in the commit that makes the records durable: a message is in the log, its place in the chain
is taken, and what it asks is noted, all or nothing. Nothing here says where anybody was.
"""

from typing import Any

import msgspec

from surety.stream.contract import Entry


class ChainAt(msgspec.Struct, frozen=True):
    """How far the chain of a device has come under one key.

    `recent`: hashes of the latest bodies, oldest first. `taken`: ids of the latest facts, whatever their number and
    key, so that what is sent anew under another one is known. `version` grows by one with every change.
    """

    device_id: str
    key_id: str
    last_seq: int
    recent: tuple[str, ...]
    taken: tuple[str, ...]
    version: int
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


class Linked(msgspec.Struct, frozen=True):
    """What is committed together for one request: records, marks, and the chain after them.

    Nothing of it is where the chain is not at the version before any more: another door has taken the same request.
    """

    entries: tuple[Entry, ...]
    chain: ChainAt
    marks: tuple[Mark, ...] = ()


class DeviceNote(msgspec.Struct, frozen=True):
    """How often, and between when, something was so with a device: "heard", or something that was wrong."""

    device_id: str
    kind: str
    first_ms: int
    last_ms: int
    count: int


def chain_row(chain: ChainAt) -> tuple[str, str, int, str, str, int, int]:
    """The row of `watch_chain`."""
    recent, taken = " ".join(chain.recent), " ".join(chain.taken)
    return chain.device_id, chain.key_id, chain.last_seq, recent, taken, chain.version, chain.at_ms


def read_chain(row: tuple[Any, ...]) -> ChainAt:
    """What `chain_row` made a row of."""
    return ChainAt(row[0], row[1], row[2], tuple(row[3].split()), tuple(row[4].split()), row[5], row[6])
