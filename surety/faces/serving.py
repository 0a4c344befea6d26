"""`surety faces serve` as a process: an engine of this machine behind HTTPS, until it is stopped."""

import ipaddress
import os
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import uvicorn

from surety.faces import remote_wire as wire
from surety.faces.burst import LocalEngine
from surety.faces.choose import open_engine
from surety.faces.remote import read_token
from surety.faces.remote_server import Matcher, new_token
from surety.settings import Settings

DRAIN_S = 10  # how long a comparison under way may take to finish


class ServeError(Exception):
    """It cannot serve; the sentence says why and what to do."""


class Where(NamedTuple):
    """On which address, and with which files."""

    host: str
    port: int
    token_file: Path
    certificate: Path | None = None
    key: Path | None = None


def run(settings: Settings, where: Where, say: Callable[[str], None]) -> None:
    """Serve until stopped. Raises ServeError, or FacesUnavailableError without a model."""
    _check(where)
    engine = open_engine(settings)
    if not isinstance(engine, LocalEngine):
        raise ServeError("the engine here is itself remote: set faces_engine to onnx or dlib")
    matcher = matcher_of(engine, _token(where.token_file, say))
    with _listen(where) as listener:
        scheme = "https" if where.certificate else "http"
        port = listener.getsockname()[1]
        say(f"Faces are compared by {engine.name} at {scheme}://{where.host}:{port}. Ctrl-C ends it.")
        try:
            _server(matcher, where).run(sockets=[listener])
        finally:
            matcher.close()
            engine.close()


def matcher_of(engine: LocalEngine, token: str) -> Matcher:
    """A matcher with the engine's own thresholds."""
    table = engine.table
    return Matcher(engine, wire.Table(table.match, table.inconclusive, table.source), token)


def _server(matcher: Matcher, where: Where) -> uvicorn.Server:
    config = uvicorn.Config(
        matcher.app(),
        ws="none",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=DRAIN_S,
        ssl_certfile=where.certificate,
        ssl_keyfile=where.key,
    )
    return uvicorn.Server(config)


def _check(where: Where) -> None:
    if where.certificate is not None:
        _check_pair(where.certificate, where.key)
    if where.certificate is None and not _is_local(where.host):
        raise ServeError(f"photographs do not go over an open line: {where.host} needs --certificate and --key")


def _check_pair(certificate: Path, key: Path | None) -> None:
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        why = error.strerror if isinstance(error, FileNotFoundError) else "not a certificate and its key, in PEM form"
        raise ServeError(f"{certificate} and {key or 'its key'} cannot be used: {why}") from None


def _is_local(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _token(file: Path, say: Callable[[str], None]) -> str:
    if not file.exists():
        try:
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
                opened.write(new_token() + "\n")
        except OSError as error:
            raise ServeError(f"the token file {file} cannot be written: {error.strerror or error}") from None
        say(f"A token was written to {file}; the machines that ask need the same file.")
    return read_token(str(file))


def _listen(where: Where) -> socket.socket:
    family = socket.AF_INET6 if ":" in where.host else socket.AF_INET
    try:
        return socket.create_server((where.host, where.port), family=family)
    except OSError as error:
        raise ServeError(f"{where.host}:{where.port} cannot be listened on: {error.strerror or error}") from None
