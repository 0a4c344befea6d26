"""The watch client's own files (surety/watch/app), served at /watch/ and read once at the start.

One origin serves and takes, so the policy lets nothing in from another: no script, style, picture or connection.
"""

import hashlib
from pathlib import Path

import msgspec

from surety.gateway.answers import Answer, Header

APP = Path(__file__).parent.parent / "watch" / "app"
INDEX = "index.html"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
PERMISSIONS = "camera=(self), geolocation=(self), microphone=(), payment=(), usb=(), display-capture=()"
_ALWAYS: tuple[Header, ...] = (
    (b"content-security-policy", POLICY.encode()),
    (b"permissions-policy", PERMISSIONS.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-cache"),  # asked for anew each time, answered 304: a mended client must reach its wearer
)


class _File(msgspec.Struct, frozen=True):
    body: bytes
    headers: tuple[Header, ...]
    etag: bytes


class WatchFiles:
    """Every file of the client, by its path below /watch/."""

    def __init__(self, folder: Path = APP) -> None:
        found = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix in TYPES)
        self._files = {path.relative_to(folder).as_posix(): _read(path) for path in found}

    def answer(self, name: str, if_none_match: bytes) -> Answer:
        """The file, or that it has not changed, or that there is none."""
        one = self._files.get(name or INDEX)
        if one is None:
            text = (b"content-type", b"text/plain; charset=utf-8")
            return Answer(404, (*_ALWAYS, text), b"There is no such file of the watch client.\n")
        if one.etag in (part.strip() for part in if_none_match.split(b",")):
            return Answer(304, one.headers)
        return Answer(200, one.headers, one.body)


def _read(path: Path) -> _File:
    body = path.read_bytes()
    etag = b'"%s"' % hashlib.sha256(body).hexdigest()[:32].encode()
    kind = TYPES[path.suffix].encode()
    return _File(body, (*_ALWAYS, (b"content-type", kind), (b"etag", etag)), etag)
