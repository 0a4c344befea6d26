"""What devices put on the wire is what the wire's decoders understand: the same instant, place and events."""

import base64

import pytest

from surety.rules.facts import DeviceEvent, DeviceReport, Fix
from surety.sim.encode import Credentials, encoder
from surety.sim.receivers import Message
from surety.wire import osmand, owntracks
from surety.wire.checks import Message as WireMessage
from surety.wire.contract import Decoded

AT_MS = 1_791_309_185_000
MOVING = Message(AT_MS + 900, AT_MS, 55.1187654, -2.6501234, 21.0, 1.35, 87.0, 64, charging=False, event="")


def _sent(sender: str, message: Message, identifier: str = "a1b2c3d4", secret: str = "") -> tuple[WireMessage, str]:
    raw = encoder(Credentials(0, "p", sender, identifier, secret), "door:5055")(message)
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:])}
    assert int(headers.get("content-length", 0)) == len(body)
    query = lines[0].split(" ")[1].partition("?")[2]
    wire = WireMessage(
        body=body,
        query=query.encode(),
        content_type=headers.get("content-type", "").encode(),
        limit_user=headers.get("x-limit-u", "").encode(),
        limit_device=headers.get("x-limit-d", "").encode(),
    )
    return wire, headers.get("authorization", "")


def _decode(sender: str, wire: WireMessage) -> Decoded:
    decode = owntracks.decode if sender == "owntracks" else osmand.decode
    found = decode(wire, AT_MS + 1500)
    assert isinstance(found, Decoded)
    assert not found.refused
    return found


@pytest.mark.parametrize("sender", ["osmand-query", "osmand-form", "osmand-json", "owntracks"])
def test_a_fix_arrives_as_it_was_measured(sender: str) -> None:
    wire, _ = _sent(sender, MOVING)
    found = _decode(sender, wire)
    assert found.device_id == "a1b2c3d4"
    fix = next(f for f in found.facts if isinstance(f, Fix))
    assert fix.at_ms == AT_MS
    assert (fix.lat_deg, fix.lon_deg) == pytest.approx((MOVING.lat, MOVING.lon), abs=1e-6)
    assert fix.accuracy_m == 21
    assert fix.speed_mps == pytest.approx(1.35, abs=0.06)
    report = next(f for f in found.facts if isinstance(f, DeviceReport))
    assert report.battery_pct == pytest.approx(64)
    assert report.charging is False


@pytest.mark.parametrize("sender", ["osmand-query", "osmand-form", "osmand-json"])
@pytest.mark.parametrize(("event", "means"), [("sos", DeviceEvent.SOS), ("strap", DeviceEvent.STRAP_TAMPER)])
def test_an_alarm_arrives_also_without_a_position(sender: str, event: str, means: DeviceEvent) -> None:
    wire, _ = _sent(sender, MOVING._replace(lat=None, lon=None, event=event))
    found = _decode(sender, wire)
    assert not any(isinstance(f, Fix) for f in found.facts)
    assert any(means in f.events for f in found.facts if isinstance(f, DeviceReport))


def test_owntracks_names_user_and_device_and_logs_in() -> None:
    wire, login = _sent("owntracks", MOVING, "abc/phone", "s3cret")
    assert _decode("owntracks", wire).device_id == "abc/phone"
    assert base64.b64decode(login.removeprefix("Basic ")).decode() == "abc:s3cret"
