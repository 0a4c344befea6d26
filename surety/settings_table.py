"""What each setting may be, and how it is explained: a check gives the value, or says what to write instead."""

import ipaddress
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from surety.clock import parse_clock

FACE_ENGINES = ("auto", "onnx", "dlib", "remote", "none")

# --- checks: each gives the value, or raises ValueError with what to write instead -----------------------------------


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError('write text in quotes: "..."')  # noqa: TRY004 - every check raises the one error that is told
    return value


def _path(value: object) -> Path:
    text = _text(value).strip()
    if not text or "\x00" in text:
        raise ValueError('write the path of a folder, such as "/var/lib/surety"')
    return Path(text).expanduser()


def _perhaps_path(value: object) -> str:
    return str(_path(value)) if value != "" else ""


def _folders(value: object) -> str:
    text = " ".join(_text(value).split())
    for one in text.split():
        if not one.startswith("/"):
            raise ValueError('write whole paths of folders with spaces between, such as "/mnt/worm/surety"')
    return text


def _database(value: object) -> str:
    text = _text(value)
    parts = urlsplit(text)
    try:
        good = not text or (parts.scheme in {"postgresql", "postgres"} and parts.path.strip("/") and parts.port != 0)
    except ValueError:
        good = False
    if not good:
        raise ValueError('write "" for SQLite, or "postgresql://user:password@host:5432/name"')
    return text


def _host(value: object) -> str:
    text = _text(value)
    try:
        ipaddress.ip_address(text)
    except ValueError:
        if not re.fullmatch(r"(?!-)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*", text):
            raise ValueError('write an address or a name to listen on, such as "127.0.0.1" or "0.0.0.0"') from None
    return text


def _port(value: object) -> int:
    number = int(value) if isinstance(value, str) and re.fullmatch(r"\d{1,5}", value) else value
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= 65_535:
        raise ValueError("write a whole number from 1 to 65535, such as 8000 (0 for any free port)")
    return number


def _origin(value: object) -> str:
    text = _text(value).rstrip("/")
    parts = urlsplit(text)
    good = parts.scheme in {"http", "https"} and parts.hostname and not (parts.path or parts.query or parts.username)
    if text and not good:
        raise ValueError('write scheme and host only, such as "https://surety.example", or "" for the default')
    return text


def _push_contact(value: object) -> str:
    text = _text(value)
    if text and not re.fullmatch(r"mailto:[^@\s]+@[^@\s]+|https://\S+", text):
        raise ValueError('write "mailto:" and an address, or "https://" and a page; "" to wake no watch by push')
    return text


def _push_services(value: object) -> str:
    text = " ".join(_text(value).split())
    for one in text.split():
        if not re.fullmatch(r"(https?://|\*\.)?[A-Za-z0-9.-]+(:\d{1,5})?", one):
            raise ValueError('write names of hosts with spaces between, such as "web.push.apple.com *.example.org"')
    return text


def _message_url(value: object) -> str:
    text = _text(value)
    if text and ("://" not in text or "{phone}" not in text):
        raise ValueError('write an address of a service that Apprise knows, with {phone} in it, or ""')
    return text


def _command(value: object) -> str:
    text = _text(value).strip()
    try:
        good = not text or bool(shlex.split(text))
    except ValueError:
        good = False
    if not good:
        raise ValueError("write a command as in a terminal, its quotes closed; no shell runs it")
    return text


def _clock(value: object) -> str:
    text = _text(value)
    parse_clock(text)
    return text


def _tiles(value: object) -> str:
    text = _text(value)
    is_template = text.startswith(("/", "https://", "http://")) and all(p in text for p in ("{z}", "{x}", "{y}"))
    if text and not is_template and not text.endswith(".pmtiles"):
        raise ValueError(
            'write an XYZ template, "https://tiles.example/{z}/{x}/{y}.png", or the path of a .pmtiles file'
        )
    return text


def _geojson(value: object) -> str:
    text = _text(value)
    if text and not text.endswith((".geojson", ".json")):
        raise ValueError("write the path of a .geojson file")
    return text


def _name(value: object) -> str:
    text = _text(value).strip()
    if not 1 <= len(text) <= 80:
        raise ValueError("write a name of 1 to 80 letters")
    return text


def _count(least: int, most: int) -> Callable[[object], int]:
    def check(value: object) -> int:
        number = int(value) if isinstance(value, str) and re.fullmatch(r"\d{1,9}", value) else value
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
            raise ValueError(f"write a whole number from {least} to {most:,}")
        return number

    return check


def _engine(value: object) -> str:
    text = _text(value)
    if text not in FACE_ENGINES:
        raise ValueError(f"write one of {', '.join(FACE_ENGINES)}")
    return text


def _matcher(value: object) -> str:
    text = _text(value).rstrip("/")
    parts = urlsplit(text)
    local = parts.hostname in {"127.0.0.1", "::1", "localhost"}
    safe = parts.scheme == "https" or (parts.scheme == "http" and local)
    if text and not (safe and parts.hostname and not (parts.query or parts.fragment or parts.username)):
        raise ValueError(
            'write an https address, such as "https://matcher.example/surety" (http for this machine alone)'
        )
    return text


def _switch(value: object) -> bool:
    known = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    found = value if isinstance(value, bool) else known.get(str(value).lower())
    if found is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        raise ValueError("write true or false")
    return found


class Setting(NamedTuple):
    """How one setting is checked, and what it is for, as the commented file tells it."""

    check: Callable[[object], object]
    explained: str
    example: str


SETTINGS: Mapping[str, Setting] = {
    "data_dir": Setting(_path, "Where everything is kept. A relative path starts at this file.", '"data"'),
    "database_url": Setting(
        _database,
        "Empty: SQLite files in data_dir. PostgreSQL for more.",
        '"postgresql://surety:secret@db:5432/surety"',
    ),
    "host": Setting(_host, 'The address to listen on; "0.0.0.0" for every network of this machine.', '"127.0.0.1"'),
    "web_port": Setting(_port, "The port of the pages.", "8000"),
    "door_port": Setting(_port, "The port of the devices' door.", "5055"),
    "web_origin": Setting(
        _origin, "The pages' address as browsers see it; https makes cookies secure.", '"https://surety.example"'
    ),
    "door_origin": Setting(
        _origin, "The door's address as watches see it; their browsers ask for https.", '"https://watch.example"'
    ),
    "clock": Setting(_clock, 'Always "system", except in a demonstration.', '"system"'),
    "map_tiles": Setting(_tiles, "Map tiles by XYZ template, or a PMTiles file.", '"/srv/maps/county.pmtiles"'),
    "map_geojson": Setting(_geojson, "Streets and buildings as a GeoJSON file.", '"/srv/maps/town.geojson"'),
    "agency_name": Setting(_name, "The name that pages and authenticator apps show.", '"Northgate Probation"'),
    "portal_names": Setting(_switch, "People see on their own page by name who looked, not by role alone.", "false"),
    "review_minutes": Setting(
        _count(5, 10_080), "Minutes within which people decide a check-in that was answered in time.", "60"
    ),
    "control_every": Setting(
        _count(0, 10_000), "One review in so many is a control case, whose truth is known; 0 for none.", "20"
    ),
    "review_grace_days": Setting(
        _count(0, 28), "Days for which full monitoring goes on after an order's review was due.", "7"
    ),
    "review_verdict_only_days": Setting(
        _count(0, 90), "Days after those for verdicts alone; then an order that was not reviewed is suspended.", "14"
    ),
    "models_dir": Setting(
        _perhaps_path, "Where face models lie. Without it: the folder models in data_dir.", '"/srv/models"'
    ),
    "faces_engine": Setting(
        _engine, "What compares faces: auto, onnx, dlib, remote, or none (people look at all).", '"auto"'
    ),
    "faces_remote_url": Setting(
        _matcher, "The agency's own 1:1 face matcher, by https.", '"https://matcher.example/surety"'
    ),
    "faces_remote_token_file": Setting(
        _perhaps_path, "The file that holds the token which that matcher asks for.", '"/etc/surety/matcher.token"'
    ),
    "push_contact": Setting(
        _push_contact,
        "Whom push services may write to; empty: watches are not woken by push.",
        '"mailto:it@agency.example"',
    ),
    "push_services": Setting(
        _push_services,
        "The push services that may be written to: those of the makers of browsers.",
        '"web.push.apple.com *.notify.windows.com"',
    ),
    "message_url": Setting(
        _message_url,
        "The service that sends messages to people's phones, as Apprise writes it.",
        '"twilio://SID:TOKEN@+15550001111/{phone}"',
    ),
    "retention_file": Setting(
        _perhaps_path, "Other periods of retention than the usual ones, within six years.", '"retention.toml"'
    ),
    "master_key_file": Setting(
        _perhaps_path,
        "Where the master keys lie, apart from the data. Without it: master.key in data_dir.",
        '"/etc/surety/master.key"',
    ),
    "master_key_wrap": Setting(
        _command,
        "A key service's command that wraps a master key: it reads a line and writes one.",
        '"vault write -field=ciphertext transit/encrypt/surety plaintext=-"',
    ),
    "master_key_unwrap": Setting(
        _command,
        "The same service's command that unwraps it again.",
        '"vault write -field=plaintext transit/decrypt/surety ciphertext=-"',
    ),
    "checkpoint_dirs": Setting(
        _folders,
        "Folders for signed checkpoints of the audit log, out of the reach of whoever administers the database.",
        '"/mnt/worm/surety /mnt/auditor/surety"',
    ),
    "checkpoint_minutes": Setting(_count(1, 1_440), "How often the audit log is signed, in minutes.", "10"),
    "debug": Setting(_switch, "Shows the insides of errors. Never where real people are concerned.", "false"),
}
