"""Trace files of every kind: what is read, and how a line that cannot be read is told."""

import contextlib
import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surety.replay.errors import InputError
from surety.replay.traces import Traces, read_traces
from surety.rules.facts import DeviceEvent, DeviceReport, Fix, Source
from tests.rules.scenes import ms

GPX = """<?xml version="1.0" encoding="UTF-8"?>
<gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1"><trk><trkseg>
<trkpt lat="53.8" lon="-1.55"><ele>60</ele><time>2026-11-02T12:00:00Z</time><hdop>1.6</hdop></trkpt>
<trkpt lat="53.9" lon="-1.56"><time>2026-11-02T12:01:00.500Z</time></trkpt>
<trkpt lat="953.9" lon="-1.56"><time>2026-11-02T12:02:00Z</time></trkpt>
<trkpt lat="53.9" lon="-1.56"></trkpt>
</trkseg></trk></gpx>
"""
PLT = """Geolife trajectory
WGS 84
Altitude is in Feet
Reserved 3
0,2,255,My Track,0,0,2,8421376
0
39.906631,116.385564,0,492,40097.5864583333,2009-10-11,14:04:30
39.906554,116.385625,0,492,40097.5865162037,2009-10-11,14:04:35
39.906554,116.385625,0
"""
LOCATION = '{"_type":"location","lat":53.8,"lon":-1.55,"tst":1793620800,"acc":12,"batt":55,"bs":1}'
REC = f"""2026-11-02T12:00:00Z\t*                 \t{LOCATION}
2026-11-02T12:01:00Z\tlwt               \t{{"_type":"lwt","tst":1793620860}}
2026-11-02T12:02:00Z\t*                 \t{{"_type":"location","lat":53.8,"tst":1793620920}}
2026-11-02T12:03:00Z\tsteps             \t{{"_type":"steps","tst":1793620980,"steps":4}}
"""
TRACCAR = [
    {"id": 1, "deviceId": 4, "fixTime": "2026-11-02T12:00:00.000+00:00", "deviceTime": "2026-11-02T12:00:01.000+00:00",
     "valid": True, "latitude": 53.8, "longitude": -1.55, "speed": 10.0, "accuracy": 0.0,
     "attributes": {"batteryLevel": 71.0, "alarm": "sos,lowBattery"}},
    {"id": 2, "deviceId": 4, "fixTime": "2026-11-02T11:00:00.000+0000", "valid": True, "outdated": True,
     "latitude": 53.8, "longitude": -1.55, "attributes": {}},
]  # fmt: skip


def read(folder: Path, name: str, text: str) -> Traces:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return read_traces([file])


def fixes(traces: Traces) -> list[Fix]:
    return [fact for fact in traces.facts if isinstance(fact, Fix)]


def test_gpx(tmp_path: Path) -> None:
    traces = read(tmp_path, "walk.gpx", GPX)
    first, second = fixes(traces)
    assert (first.at_ms, first.lat_deg, first.lon_deg) == (ms("12:00"), 53.8, -1.55)
    assert (first.accuracy_m, first.source) == (8.0, Source.GNSS)
    assert (second.at_ms, second.accuracy_m) == (ms("12:01") + 500, None)
    assert [line.split(":", 1)[1] for line in traces.sentences()] == [
        "5: the latitude is 953.9; a number from -90 to 90 was expected",
        "6: the time is missing; epoch seconds or ISO 8601 was expected",
    ]


def test_geolife(tmp_path: Path) -> None:
    traces = read(tmp_path, "20091011.plt", PLT)
    assert [fix.at_ms for fix in fixes(traces)] == [ms("2009-10-11T14:04:30Z"), ms("2009-10-11T14:04:35Z")]
    assert traces.sentences()[0].endswith(
        "20091011.plt:9: 3 values; latitude, longitude, 0, altitude, days, date and time were expected"
    )


def test_owntracks_recorder_files(tmp_path: Path) -> None:
    traces = read(tmp_path, "2026-11.rec", REC)
    (fix,) = fixes(traces)
    assert (fix.at_ms, fix.accuracy_m) == (ms("12:00"), 12.0)
    battery, gone = (fact for fact in traces.facts if isinstance(fact, DeviceReport))
    assert (battery.battery_pct, battery.charging) == (55.0, False)
    assert gone.events == (DeviceEvent.OFFLINE,)
    assert traces.sentences()[0].endswith('2026-11.rec:3: the longitude is "None"; a number was expected')


@pytest.mark.parametrize("shape", ["list", "object", "lines", "single"])
def test_owntracks_json_in_every_shape_that_exports_have(tmp_path: Path, shape: str) -> None:
    one = {"_type": "location", "lat": 53.8, "lon": -1.55, "tst": 1793620800, "acc": 12}
    two = {**one, "tst": 1793620860}
    text = {
        "list": json.dumps([one, two]),
        "object": json.dumps({"count": 2, "data": [one, two]}),
        "lines": f"{json.dumps(one)}\n\n{json.dumps(two)}\n",
        "single": json.dumps(one),
    }[shape]
    assert len(fixes(read(tmp_path, "track.json", text))) == (1 if shape == "single" else 2)


def test_a_bad_message_in_a_json_list_is_told_with_its_line(tmp_path: Path) -> None:
    good, bad = (json.dumps({"_type": "location", "lat": lat, "lon": 2, "tst": 1793620800}) for lat in (1, 91))
    text = f"[\n{good},\n\n{bad}\n, 7]"
    told = read(tmp_path, "track.json", text).sentences()
    assert [line.split(":")[1] for line in told] == ["4", "5"]


def test_traccar_positions_with_their_alarms_and_without_what_is_no_fix(tmp_path: Path) -> None:
    traces = read(tmp_path, "positions.json", json.dumps(TRACCAR))
    (fix,) = fixes(traces)
    assert (fix.at_ms, fix.accuracy_m) == (ms("12:00"), None)
    assert fix.speed_mps == pytest.approx(5.14, abs=0.01)
    (report,) = (fact for fact in traces.facts if isinstance(fact, DeviceReport))
    assert set(report.events) == {DeviceEvent.SOS, DeviceEvent.BATTERY_LOW}
    assert (report.at_ms, report.battery_pct) == (ms("12:00") + 1_000, 71.0)


@pytest.mark.parametrize(
    "text",
    [
        "time,lat,lon,accuracy\n2026-11-02T12:00:00Z,53.8,-1.55,8\n",
        "Longitude;Latitude;Timestamp;Acc\n-1.55;53.8;1793620800;8\n",
        "t\tlng\tlat\taccuracy_m\n1793620800000\t-1.55\t53.8\t8.0\n",
        "date,time,lat,lon,accuracy\n2026-11-02,12:00:00,53.8,-1.55,8\n",
        '\ufeff"fixTime","valid","latitude","longitude","acc"\r\n"2026-11-02 12:00:00","true","53.8","-1.55","8"\r\n',
    ],
)
def test_csv_with_the_names_and_times_that_people_use(tmp_path: Path, text: str) -> None:
    (fix,) = fixes(read(tmp_path, "trace.csv", text))
    assert (fix.at_ms, fix.lat_deg, fix.lon_deg, fix.accuracy_m) == (ms("12:00"), 53.8, -1.55, 8.0)


def test_csv_tells_source_battery_and_what_is_simulated(tmp_path: Path) -> None:
    text = (
        "time,lat,lon,accuracy,provider,battery,mock,valid\n"
        "1793620800,53.8,-1.55,8,gps,50,0,1\n"
        "1793620860,53.8,-1.55,900,network,,true,1\n"
        "1793620920,0,0,,gps,49,0,0\n"
    )
    traces = read(tmp_path, "trace.csv", text)
    assert [(fix.source, fix.mock) for fix in fixes(traces)] == [(Source.GNSS, False), (Source.CELL, True)]
    assert [fact.battery_pct for fact in traces.facts if isinstance(fact, DeviceReport)] == [50.0, 49.0]
    assert traces.bad == []


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("yesterday,53.8,-1.55", 'the time is "yesterday"; epoch seconds or ISO 8601 was expected'),
        (",53.8,-1.55", "the time is missing"),
        ("1793620800,0,0", "the position is 0,0"),
        ("1793620800,nan,1", "the latitude is nan"),
        ("1793620800,53.8", 'the longitude is ""; a number was expected'),
        ("1793620800,53.8,181", "the longitude is 181; a number from -180 to 180 was expected"),
        ("9e99,53.8,1", 'the time "9e99" does not lie between 1970 and 2100'),
        ("inf,53.8,1", 'the time "inf" does not lie between 1970 and 2100'),
    ],
)
def test_a_bad_line_is_told_and_the_others_are_read(tmp_path: Path, row: str, told: str) -> None:
    traces = read(tmp_path, "trace.csv", f"time,lat,lon\n1793620700,53.8,-1.55\n{row}\n1793620900,53.8,-1.55\n")
    assert len(fixes(traces)) == 2
    assert f"trace.csv:3: {told}" in traces.sentences()[0]


def test_strict_stops_at_the_first_bad_line(tmp_path: Path) -> None:
    file = tmp_path / "trace.csv"
    file.write_text("time,lat,lon\n1,x,2\n")
    with pytest.raises(InputError, match=r'trace\.csv:2: the latitude is "x"'):
        read_traces([file], strict=True)


def test_gzipped_traces_and_folders_are_read(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "a.csv.gz", "wt") as out:
        out.write("time,lat,lon\n1793620800,53.8,-1.55\n")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.plt").write_text(PLT)
    (tmp_path / "notes.md").write_text("not a trace")
    assert len(fixes(read_traces([tmp_path]))) == 3


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("trace.kml", b"<kml/>", "the format is not known"),
        ("trace.csv", b"a,b,c\n1,2,3\n", "no column for time"),
        ("trace.csv", b"", "no column for time"),
        ("trace.json", b"not json", "trace.json:1: this is not JSON"),
        ("trace.json", b"[]", "holds no position"),
        ("trace.gpx", b"<gpx>", "trace.gpx:1: this is not well-formed XML"),
        ("trace.gpx", b"", "not well-formed XML"),
        ("trace.csv.gz", b"not gzip", "cannot be read"),
        # Without a time in it: the test has the same name in every process.
        ("trace.csv.gz", gzip.compress(b"time,lat,lon\n1,2,3\n" * 999, mtime=0)[:40], "cannot be read"),
        ("trace.rec", b"one column\n", "tabs were expected"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(InputError, match=r".") as error:
        read_traces([file])
    assert told in str(error.value)
    assert str(error.value).startswith(str(file))


def test_a_missing_file_and_a_folder_without_traces_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_traces([tmp_path / "none.csv"])
    with pytest.raises(InputError, match="no trace lies in this folder"):
        read_traces([tmp_path])


BOMB = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "haha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]>
<gpx><trk><trkseg><trkpt lat="1" lon="1"><time>&d;</time></trkpt></trkseg></trk></gpx>"""
OUTSIDE = """<?xml version="1.0"?><!DOCTYPE gpx [<!ENTITY f SYSTEM "file:///etc/passwd">]><gpx><trk><trkseg>
<trkpt lat="1" lon="1"><time>&f;</time></trkpt></trkseg></trk></gpx>"""


@pytest.mark.parametrize("text", [BOMB, OUTSIDE])
def test_a_gpx_file_that_declares_entities_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bomb.gpx"
    file.write_text(text)
    with pytest.raises(InputError, match="a document type or entity is declared"):
        read_traces([file])


def test_a_gpx_file_that_breaks_off_keeps_what_came_before(tmp_path: Path) -> None:
    traces = read(tmp_path, "walk.gpx", GPX[: GPX.index('<trkpt lat="953')] + "<trkpt lat=")
    assert len(fixes(traces)) == 2
    assert "not well-formed XML" in traces.sentences()[-1]


SAMPLES = {
    "a.gpx": GPX,
    "a.plt": PLT,
    "a.rec": REC,
    "a.json": json.dumps(TRACCAR),
    "a.csv": "time,lat,lon\n1,2,3\n4,5,6\n",
}


@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from(sorted(SAMPLES)), cut=st.integers(0, 400), put=st.binary(max_size=6), lost=st.integers(0, 9)
)
def test_any_damage_is_told_and_never_raises_anything_else(
    tmp_path_factory: pytest.TempPathFactory, name: str, cut: int, put: bytes, lost: int
) -> None:
    content = SAMPLES[name].encode()
    file = tmp_path_factory.getbasetemp() / name
    file.write_bytes(content[:cut] + put + content[cut + lost :])
    with contextlib.suppress(InputError):
        assert all(-90 <= fix.lat_deg <= 90 for fix in fixes(read_traces([file])))
