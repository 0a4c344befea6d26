"""What an operator sets: a TOML file and environment variables, validated at start.

`load` gives a `Settings`, or raises `SettingsError` with the file, the line and what to write instead. An environment
variable SURETY_<NAME> takes the place of the file's <name>.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec


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
    clock: str = "system"
    map_tiles: str = ""  # an XYZ template of our own origin or the path of a PMTiles file; empty: the vector layer
    map_geojson: str = ""  # path of a GeoJSON file (streets, buildings) drawn as the local vector layer
    agency_name: str = "Surety"
    debug: bool = False

    @property
    def secret_file(self) -> Path:
        """Where the server's secret key lies."""
        return self.data_dir / "secret.key"


def load(file: Path | None = None, env: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this process: from `file` (or SURETY_SETTINGS), then SURETY_* of `env`."""
    chosen = file or (Path(env["SURETY_SETTINGS"]) if env.get("SURETY_SETTINGS") else None)
    values: dict[str, object] = tomllib.loads(chosen.read_text()) if chosen else {}
    for name in Settings.__struct_fields__:
        if f"SURETY_{name.upper()}" in env:
            values[name] = env[f"SURETY_{name.upper()}"]
    values.setdefault("data_dir", "surety-data")
    try:
        return msgspec.convert(values, Settings, strict=False, dec_hook=lambda t, v: t(v))
    except msgspec.ValidationError as error:
        raise SettingsError(str(error)) from None
