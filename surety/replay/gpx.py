"""GPX 1.0 and 1.1 tracks. Only expat sees the file, and a file that declares entities or a document type is refused."""

from typing import BinaryIO
from xml.parsers import expat

from surety.replay.reading import BadLine, Read, Unreadable, fix, instant, optional, source_of
from surety.rules.facts import DeviceReport, Fix, Source

HDOP_TO_M = 5.0  # a receiver's own range error of about 5 m, times the dilution
_CHUNK = 1 << 16
_KEPT = {"time", "hdop", "accuracy", "src"}


class _Refused(Exception):  # noqa: N818 - leaves the parser, never this module
    pass


class _Points:
    """Collects track points as expat reports them."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.ready: list[Fix | DeviceReport | BadLine] = []
        self._point: dict[str, str] | None = None
        self._line, self._text, self._name = 0, "", ""
        self.parser = expat.ParserCreate(namespace_separator="|")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._data

    def _refuse(self, *_: object) -> None:
        raise _Refused

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._name = name.rpartition("|")[2]
        self._text = ""
        if self._name == "trkpt":
            self._point, self._line = dict(attributes), self.parser.CurrentLineNumber

    def _data(self, text: str) -> None:
        if self._point is not None and self._name in _KEPT:
            self._text += text

    def _end(self, name: str) -> None:
        name = name.rpartition("|")[2]
        if self._point is None:
            return
        if name in _KEPT:
            self._point[name] = self._text.strip()
        elif name == "trkpt":
            self.ready.append(self._made(self._point))
            self._point = None
        self._name = ""

    def _made(self, point: dict[str, str]) -> Fix | BadLine:
        try:
            hdop = optional(point.get("hdop"), "hdop", 0, 1000)
            radius = point.get("accuracy") or (None if hdop is None else hdop * HDOP_TO_M)
            source = source_of(point.get("src"), Source.GNSS)
            return fix(self.device, instant(point.get("time")), point.get("lat"), point.get("lon"), radius, source)
        except Unreadable as error:
            return BadLine(self._line, str(error))


def read(stream: BinaryIO, device: str) -> Read:
    """The track points of a GPX file, as they come."""
    points = _Points(device)
    while True:
        chunk = stream.read(_CHUNK)
        try:
            points.parser.Parse(chunk, not chunk)
        except _Refused:
            line = points.parser.CurrentLineNumber
            points.ready.append(BadLine(line, "a document type or entity is declared here; GPX needs none"))
            chunk = b""
        except expat.ExpatError as error:
            points.ready.append(BadLine(error.lineno, f"this is not well-formed XML ({expat.ErrorString(error.code)})"))
            chunk = b""
        yield from points.ready
        points.ready.clear()
        if not chunk:
            return
