"""The chain of a device's messages: each bears a number and the hash of the one before, so a gap or a fork shows.

Pure: `follow` says how a message stands to what was taken before. The door keeps the chain in the log's database and
changes it in the commit that makes the message durable (surety/stream/asides.py).
"""

import enum

import msgspec

from surety.wire.native import Signed

KEPT = 64  # hashes of the latest messages: more than a request may carry, so a repeated request is known as one


class Chain(msgspec.Struct, frozen=True):
    """How far a device's chain has come: the last number, and the hashes of the latest bodies, oldest first."""

    last_seq: int = 0
    recent: tuple[str, ...] = ()


class Link(enum.Enum):
    """How a message stands to the chain."""

    NEXT = "next"
    REPEATED = "repeated"
    GAP = "gap"
    FORKED = "forked"


def follow(chain: Chain, message: Signed) -> tuple[Link, Chain]:
    """How the message stands to the chain, and the chain after it (the same one unless it is NEXT).

    A message of the type `lost` begins anew at its own number: what lies before is gone with the device's memory.
    A number from before the hashes that are kept counts as repeated: it was acknowledged long ago.
    """
    back = chain.last_seq - message.seq
    if back >= 0:
        other = back < len(chain.recent) and chain.recent[-1 - back] != message.sha256
        return (Link.FORKED if other else Link.REPEATED), chain
    if message.type == "lost" and not message.prev:
        return Link.NEXT, Chain(message.seq, (message.sha256,))
    if back < -1:
        return Link.GAP, chain
    if message.prev != (chain.recent[-1] if chain.recent else ""):
        return Link.FORKED, chain
    return Link.NEXT, Chain(message.seq, (*chain.recent, message.sha256)[-KEPT:])
