"""The ground of the maps comes from our own origin, in the parts that a browser asks for, and only after a log-in."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.conf import settings as django_settings
from django.test import Client

from surety.server.accounts.models import Role
from surety.server.console.tests.case_cast import user

pytestmark = pytest.mark.django_db
BUILDING = {
    "type": "Feature",
    "properties": {"kind": "building"},
    "geometry": {"type": "Polygon", "coordinates": [[[1, 2], [3, 2], [3, 4], [1, 2]]]},
}
RIVER = {
    "type": "Feature",
    "properties": {"kind": "water"},
    "geometry": {"type": "LineString", "coordinates": [[-9, -9], [9, 9]]},
}


@pytest.fixture
def client() -> Client:
    found = Client()
    found.force_login(user("olu officer", Role.OFFICER))
    return found


@pytest.fixture
def operator(settings: Any) -> Any:
    def choose(**values: object) -> None:
        settings.SURETY = msgspec.structs.replace(django_settings.SURETY, **values)

    return choose


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    path = tmp_path / "town.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [BUILDING, RIVER]}))
    return path


def test_without_a_ground_the_map_is_told_so(client: Client, operator: Any):
    operator(map_geojson="", map_tiles="")
    assert client.get("/map/config.json").json()["base"] == "none"
    assert client.get("/map/base.geojson").status_code == 404
    assert client.get("/map/tiles.pmtiles").status_code == 404
    assert client.get("/map/tiles/1/0/0").status_code == 404


def test_the_layer_reaches_as_far_as_its_buildings(client: Client, operator: Any, layer: Path):
    operator(map_geojson=str(layer))
    assert client.get("/map/config.json").json() == {
        "base": "geojson", "url": "/map/base.geojson", "bounds": [1.0, 2.0, 3.0, 4.0], "attribution": "",
    }  # fmt: skip


def test_the_layer_is_not_sent_again_while_it_is_the_same(client: Client, operator: Any, layer: Path):
    operator(map_geojson=str(layer))
    first = client.get("/map/base.geojson")
    assert first.status_code == 200
    etag = first.headers["ETag"]
    assert client.get("/map/base.geojson", headers={"If-None-Match": etag}).status_code == 304
    layer.write_text('{"type": "FeatureCollection", "features": []}')
    assert client.get("/map/base.geojson", headers={"If-None-Match": etag}).status_code == 200


def test_nobody_loads_the_ground_without_a_log_in(operator: Any, layer: Path):
    operator(map_geojson=str(layer))
    for address in ("/map/config.json", "/map/base.geojson", "/map/tiles.pmtiles", "/map/tiles/1/0/0"):
        assert Client().get(address).status_code == 302


@pytest.mark.parametrize(
    ("asked", "status", "body", "range_"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=8-", 206, b"89", "bytes 8-9/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=10-12", 416, b"", "bytes */10"),
        ("bytes=5-2", 416, b"", "bytes */10"),
        ("bytes=-3", 416, None, "bytes */10"),
        ("", 416, None, "bytes */10"),
        ("lines=0-3", 416, None, "bytes */10"),
    ],
)
def test_an_archive_is_given_by_ranges(
    client: Client, operator: Any, tmp_path: Path, asked: str, status: int, body: bytes | None, range_: str
):
    archive = tmp_path / "town.pmtiles"
    archive.write_bytes(b"0123456789")
    operator(map_tiles=str(archive))
    answer = client.get("/map/tiles.pmtiles", headers={"Range": asked} if asked else {})
    assert answer.status_code == status
    assert answer.headers["Content-Range"] == range_
    assert body is None or answer.content == body


class _Tiles(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if self.path.endswith("/9") else "image/png")
        self.end_headers()
        self.wfile.write(self.path.encode())

    def log_message(self, *_: object) -> None:
        """Nothing to say."""


@pytest.fixture
def elsewhere() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Tiles)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_tiles_from_elsewhere_come_through_us(client: Client, operator: Any, elsewhere: str):
    operator(map_tiles=elsewhere + "/t/{z}/{x}/{y}")
    assert client.get("/map/config.json").json()["url"] == "/map/tiles/{z}/{x}/{y}"
    assert client.get("/map/tiles/4/3/2").content == b"/t/4/3/2"


def test_what_is_no_picture_or_no_tile_is_not_passed_on(client: Client, operator: Any, elsewhere: str):
    operator(map_tiles=elsewhere + "/t/{z}/{x}/{y}")
    assert client.get("/map/tiles/4/3/9").status_code == 502
    assert client.get("/map/tiles/1/2/0").status_code == 404
    operator(map_tiles="http://127.0.0.1:9/{z}/{x}/{y}")
    assert client.get("/map/tiles/4/3/2").status_code == 502


def test_tiles_of_our_own_origin_are_loaded_as_they_are(client: Client, operator: Any):
    operator(map_tiles="/tiles/{z}/{x}/{y}.png")
    assert client.get("/map/config.json").json()["url"] == "/tiles/{z}/{x}/{y}.png"
    assert client.get("/map/tiles/1/0/0").status_code == 404
