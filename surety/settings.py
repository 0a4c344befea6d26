"""What an operator sets: a TOML file and environment variables, validated at start.

`load` gives a `Settings`, or raises `SettingsError` with the file, the line and what to write instead. An environment
variable SURETY_<NAME> takes the place of the file's <name>. docs/settings.md explains each for operators.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from surety.settings_table import SETTINGS

DEFAULT_FILE = "surety.toml"
PREFIX = "SURETY_"
NOT_SETTINGS = frozenset({"SURETY_SETTINGS", "SURETY_SHARED", "SURETY_MODELS"})  # read elsewhere, allowed here


class SettingsError(Exception):
    """A setting is unknown or bad; the message says where and how to mend it."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting, with its default. Ports are on `host`; sizes and times carry their unit in the name."""

    data_dir: Path
    database_url: str = ""  # empty: SQLite files in data_dir; else postgresql://user:password@host:port/name
    host: str = "127.0.0.1"
    web_port: int = 8000
    door_port: int = 5055
    web_origin: str = ""  # as browsers see the pages, e.g. https://surety.example; empty: http://host:web_port
    door_origin: str = ""  # as watches see the door, e.g. https://watch.example; empty: http://host:door_port
    clock: str = "system"
    map_tiles: str = ""  # an XYZ template or the path of a PMTiles file; empty: the vector layer
    map_geojson: str = ""  # path of a GeoJSON file (streets, buildings) drawn as the local vector layer
    agency_name: str = "Surety"
    portal_names: bool = False  # whether people see on their own page by name who looked; else by role and agency
    review_minutes: int = 60  # within which people decide a check-in that was answered in time
    control_every: int = 20  # one review in so many is a control case; 0: none
    review_grace_days: int = 7  # full monitoring goes on for so long after an order's review was due
    review_verdict_only_days: int = 14  # then verdicts alone for so long, then nothing (server/cases/lapse.py)
    models_dir: str = ""  # face models; empty: data_dir/models. The variable SURETY_MODELS goes before it
    faces_engine: str = "auto"
    faces_remote_url: str = ""  # an agency's own matcher, one person at a time (docs/faces.md)
    faces_remote_token_file: str = ""
    push_contact: str = ""  # whom a push service may write to; empty: watches are not woken by push
    push_services: str = "fcm.googleapis.com updates.push.services.mozilla.com web.push.apple.com *.notify.windows.com"
    message_url: str = ""  # an Apprise address with {phone} in it; empty: no messages are sent
    retention_file: str = ""  # a TOML file with other periods than those of server/records/schedule.py
    master_key_file: str = ""  # where the master keys lie; empty: master.key in data_dir
    master_key_wrap: str = ""  # commands of a key service (masterkey/wrapping.py); empty: the keys stand in the file
    master_key_unwrap: str = ""
    checkpoint_dirs: str = ""  # folders out of the database's administrator's reach, with spaces between
    checkpoint_minutes: int = 10  # how often the audit log is signed, when there is something new
    debug: bool = False

    @property
    def door_address(self) -> str:
        """Where watches find the door, without a slash at its end."""
        return self.door_origin or f"http://{self.host}:{self.door_port}"

    @property
    def web_address(self) -> str:
        """Where browsers find the pages, without a slash at its end."""
        return self.web_origin or f"http://{self.host}:{self.web_port}"

    @property
    def secret_file(self) -> Path:
        """Where the server's secret key lies."""
        return self.data_dir / "secret.key"

    @property
    def models_folder(self) -> Path:
        """Where face models are looked for, unless the variable SURETY_MODELS says otherwise."""
        return Path(self.models_dir) if self.models_dir else self.data_dir / "models"

    @property
    def master_keys(self) -> Path:
        """Where the keys lie by which people's keys are wrapped (surety/masterkey)."""
        return Path(self.master_key_file) if self.master_key_file else self.data_dir / "master.key"

    @property
    def old_master_key(self) -> Path:
        """The name that the master key had when it kept photographs alone; read where there is no other."""
        return self.data_dir / "photographs.key"

    @property
    def asking_key_file(self) -> Path:
        """Where the key lies from which the times of photo check-ins follow (rules/asking.py)."""
        return self.data_dir / "asking.key"

    @property
    def photographs_dir(self) -> Path:
        """Where photographs lie, each sealed to a person's key (surety/blobs/local.py)."""
        return self.data_dir / "photographs"

    @property
    def checkpoint_key_file(self) -> Path:
        """Where the key lies that signs checkpoints of the audit log (server/audit/checkpoints.py)."""
        return self.data_dir / "checkpoints.key"

    @property
    def documents_dir(self) -> Path:
        """Where documents of cases lie, each sealed to a person's key (server/records/documents.py)."""
        return self.data_dir / "documents"

    @property
    def erased_dir(self) -> Path:
        """Where it is marked who was erased, so that no backup brings them back (server/records/tombstones.py)."""
        return self.data_dir / "erased"

    @property
    def push_key_file(self) -> Path:
        """Where the key lies by which push services know us again (RFC 8292)."""
        return self.data_dir / "push.key"


# --- reading ------------------------------------------------------------------------------------------------------


def load(file: Path | None = None, env: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this process: from `file` (or SURETY_SETTINGS, or ./surety.toml), then SURETY_* of `env`.

    Raises SettingsError, naming the file and line or the variable, for anything unknown or bad.
    """
    values: dict[str, object] = {}
    if chosen := _choose(file, env):
        values.update(_from_file(chosen))
    values.update(_from_env(env))
    values.setdefault("data_dir", Path("surety-data"))
    settings = msgspec.convert(values, Settings)
    if settings.master_key_wrap and not settings.master_key_unwrap:
        raise SettingsError("master_key_wrap is set without master_key_unwrap: nothing could be opened again; set both")
    if settings.web_port == settings.door_port != 0:
        raise SettingsError(f"web_port and door_port are both {settings.web_port}; give each a port of its own")
    return settings


def _choose(file: Path | None, env: Mapping[str, str]) -> Path | None:
    named = file or (Path(env["SURETY_SETTINGS"]) if env.get("SURETY_SETTINGS") else None)
    if named is None:
        return Path(DEFAULT_FILE) if Path(DEFAULT_FILE).is_file() else None
    if not named.is_file():
        raise SettingsError(f'{named}: there is no such settings file; "surety init" writes one')
    return named


def _from_file(file: Path) -> dict[str, object]:
    try:
        text = file.read_text(encoding="utf-8")
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        raise SettingsError(f"{file}:{line[1] if line else 1}: this is not TOML: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: the file cannot be read: {error}") from None
    values = {}
    for name, value in raw.items():
        where = f"{file}:{_line_of(name, text)}"
        values[name] = _checked(name, value, where)
    for name in ("data_dir", "models_dir", "faces_remote_token_file", "retention_file", "master_key_file"):
        if values.get(name):
            given = file.parent / str(values[name])
            values[name] = given if name == "data_dir" else str(given)
    return values


def _line_of(name: str, text: str) -> int:
    key = re.escape(name)
    pattern = re.compile(rf"""^\s*\[*\s*["']?{key}["']?\s*[.=\]]""")
    return next((number for number, line in enumerate(text.splitlines(), 1) if pattern.match(line)), 1)


def _from_env(env: Mapping[str, str]) -> dict[str, object]:
    values = {}
    for variable in sorted(env):
        if variable.startswith(PREFIX) and variable not in NOT_SETTINGS:
            name = variable.removeprefix(PREFIX).lower()
            values[name] = _checked(name, env[variable], f"environment variable {variable}")
    return values


_SECRETIVE = (
    "database_url",
    "message_url",
    "master_key_wrap",
    "master_key_unwrap",
)  # each may hold a password


def _checked(name: str, value: object, where: str) -> object:
    if name not in SETTINGS:
        near = difflib.get_close_matches(name, SETTINGS, n=1)
        hint = f'write "{near[0]}"' if near else f"settings are {', '.join(SETTINGS)}"
        raise SettingsError(f'{where}: there is no setting "{name}"; {hint}')
    try:
        return SETTINGS[name].check(value)
    except ValueError as error:
        shown = "this" if name in _SECRETIVE else repr(value)
        raise SettingsError(f"{where}: {name} cannot be {shown}; {error}") from None


def commented_file(chosen: Mapping[str, str]) -> str:
    """A settings file that explains every setting; those in `chosen` (name to TOML text) are set, the rest shown."""
    lines = ["# Surety's settings. An environment variable SURETY_<NAME> takes the place of a line.", ""]
    for name, setting in SETTINGS.items():
        value = chosen.get(name)
        lines += [f"# {setting.explained}", f"{name} = {value}" if value else f"# {name} = {setting.example}", ""]
    return "\n".join(lines)
