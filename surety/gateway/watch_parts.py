"""The parts of which the watches' side of the door is made."""

import msgspec

from surety.blobs.contract import Blobs
from surety.clock import Clock
from surety.gateway.appender import Appender
from surety.gateway.door import Door
from surety.gateway.limits import Limits
from surety.gateway.metrics import Metrics
from surety.gateway.register import Register
from surety.gateway.watch_register import WatchRegister
from surety.stream.sql import SqlStream


class WatchParts(msgspec.Struct, frozen=True):
    """What the door of watches needs beside the door's own parts."""

    register: WatchRegister
    blobs: Blobs
    web_address: str = ""  # of the pages, where people's own pages are


class DoorParts(msgspec.Struct, frozen=True):
    """The door's own parts."""

    clock: Clock
    door: Door
    register: Register
    appender: Appender
    stream: SqlStream
    metrics: Metrics
    limits: Limits
