"""A small double of the door for the client's tests: docs/watch.md, with every signature checked, all in memory."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

APP = Path(__file__).resolve().parents[2] / "surety" / "watch" / "app"
TYPES = {
    ".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".json": "application/json",
    ".svg": "image/svg+xml", ".png": "image/png", ".webmanifest": "application/manifest+json",
}  # fmt: skip
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:;"
    " connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)


def unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Key:
    """A device's public key."""

    def __init__(self, algorithm: str, raw: bytes) -> None:
        self.algorithm, self.raw = algorithm, raw

    def check(self, text: str, signature: str) -> None:
        data, signed = text.encode(), unpadded(signature)
        if self.algorithm == "Ed25519":
            ed25519.Ed25519PublicKey.from_public_bytes(self.raw).verify(signed, data)
            return
        numbers = utils.encode_dss_signature(int.from_bytes(signed[:32], "big"), int.from_bytes(signed[32:], "big"))
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), self.raw)
        point.verify(numbers, data, ec.ECDSA(hashes.SHA256()))


class Double:
    """What it was told, in order, and the sheet that it answers with."""

    def __init__(self) -> None:
        self.codes, self.key, self.sheet = {"K7M4T-9QXHB"}, None, {}
        self.messages: list[dict[str, Any]] = []
        self.photos: dict[str, bytes] = {}
        self.prev, self.requests, self.url = "", 0, ""

    def enrol(self, said: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        key = Key(said["algorithm"], unpadded(said["public_key"]))
        key.check(f"surety-enrol-v1\n{said['code']}\n{said['public_key']}", said["signature"])
        if said["code"] not in self.codes:
            return 403, {"reason": "wrong_code"}
        self.codes.discard(said["code"])
        self.key = key
        return 200, {"device": "watch-1", "server_ms": now_ms()}

    def take(self, said: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        assert self.key
        self.requests += 1
        self.key.check(f"surety-request-v1\n{said['device']}\n{said['sent_ms']}", said["signature"])
        for one in said["messages"]:
            self.key.check(f"surety-message-v1\n{said['device']}\n{one['body']}", one["signature"])
            self._one(one["body"], said["sent_ms"])
        last = len(self.messages)
        answer = {"server_ms": now_ms(), "acknowledged": last, "refused": [], "expected": last + 1}
        return 200, {**answer, "sheet": self.sheet}

    def _one(self, text: str, sent_ms: int) -> None:
        body = json.loads(text)
        if body["seq"] <= len(self.messages):
            return
        assert body["seq"] == len(self.messages) + 1, "a gap"
        assert body["prev"] == self.prev, "a fork"
        assert set(body.get("photos", ())) <= set(self.photos), "a photograph is missing"
        self.prev = hashlib.sha256(text.encode()).hexdigest()
        self.messages.append({**body, "at_ms": now_ms() - (sent_ms - body["clock_ms"])})


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@contextmanager
def running(double: Double) -> Iterator[Double]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None: ...

        def _reply(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", POLICY)
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            name = self.path.split("?")[0].removeprefix("/watch/") or "index.html"
            path = APP / name
            if not path.is_file():
                self._reply(404, b"", "text/plain")
            else:
                self._reply(200, path.read_bytes(), TYPES[path.suffix])

        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, answer = double.enrol(said) if self.path.endswith("/enrol") else double.take(said)
            self._reply(status, json.dumps(answer).encode(), "application/json")

        def do_PUT(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            sha = self.path.rpartition("/")[2]
            assert double.key
            assert hashlib.sha256(data).hexdigest() == sha
            double.key.check(
                f"surety-photo-v1\n{self.headers['Surety-Device']}\n{sha}", self.headers["Surety-Signature"]
            )
            double.photos[sha] = data
            self._reply(201, b"", "text/plain")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    double.url = f"http://localhost:{server.server_port}/watch/"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield double
    server.shutdown()
    thread.join()
    server.server_close()
