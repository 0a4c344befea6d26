"""The door as a process: settings in, a server that drains and ends on SIGTERM or SIGINT."""

import logging
import signal
import socket
import threading

import uvicorn

from surety.blobs.local import LocalBlobs
from surety.clock import Clock, parse_clock
from surety.gateway.app import DoorApp
from surety.gateway.connections import DeviceConnection, DoorServer
from surety.gateway.limits import Limits
from surety.gateway.notices import open_notices
from surety.gateway.register import open_grants
from surety.gateway.watch_parts import WatchParts
from surety.gateway.watch_register import open_watch_register
from surety.settings import Settings
from surety.stream.sql import open_stream

DRAIN_S = 10  # how long requests under way may take to finish after SIGTERM
BACKLOG = 2048  # connections that wait to be taken, e.g. after a restart when all devices come back
KEEP_ALIVE_S = 90  # longer than the minute at which most devices send
log = logging.getLogger(__name__)


def run(settings: Settings, clock: Clock | None = None, *, limits: Limits | None = None) -> None:
    """Serve devices on `settings.host`:`settings.door_port` (0: any free port, told in the log) until SIGTERM.

    Requests under way are answered before it returns. Raises OSError when the address cannot be had.
    """
    stream = open_stream(settings)
    clock = clock or parse_clock(settings.clock)
    watches = WatchParts(open_watch_register(settings), LocalBlobs(settings.photographs_dir), settings.web_address)
    app = DoorApp(stream, open_grants(settings), clock, limits, open_notices(settings), watches)
    listener = _listen(settings.host, settings.door_port)
    log.info("the door listens on %s:%d", *listener.getsockname()[:2])
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=DeviceConnection,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=DRAIN_S,
    )
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # else each stranger's junk is a line in the log
    _end_quietly()
    try:
        DoorServer(config).run(sockets=[listener])
    finally:
        listener.close()
        stream.close()


def _end_quietly() -> None:
    """Uvicorn drains on a signal, then raises it again: by then all is done, and the process is to end with 0."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: None)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(BACKLOG)
    return listener
