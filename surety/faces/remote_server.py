"""A matcher for others: an engine of this machine behind HTTPS (`surety faces serve`).

For an agency that keeps models and processors in one place, and for tests of the engine `remote`. It keeps nothing:
pictures and templates are forgotten with the answer, and no line of a log holds any. One request is compared at a time.
"""

import asyncio
import hmac
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from surety.faces import remote_wire as wire
from surety.faces.contract import Comparison, Engine, FacesUnavailableError, Photo, Reference
from surety.faces.decode import ENROLMENT, Decoded, Decoder, DecoderUnavailableError

MOST_WAITING = 16  # of requests; more are told to come back, so that none waits past its client's patience
BACK_IN_S = 2


class _RefusedError(Exception):
    """A request is refused with a status and one sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


Work = Callable[[Any], msgspec.Struct]


class Matcher:
    """The answers to the three questions, by an engine of this machine and with its thresholds."""

    def __init__(self, engine: Engine, table: wire.Table, token: str) -> None:
        self._engine, self._table, self._token = engine, table, token
        self._decoder = Decoder()
        self._thread = ThreadPoolExecutor(1)
        self._waiting = 0

    def app(self) -> Starlette:
        """The web application."""
        return Starlette(
            routes=[
                Route("/v1/matcher", self._answering(None, self._about)),
                Route("/v1/enrol", self._answering(wire.EnrolRequest, self._enrol), methods=["POST"]),
                Route("/v1/verify", self._answering(wire.VerifyRequest, self._verify), methods=["POST"]),
                Route("/v1/openapi.json", _document),
            ]
        )

    def close(self) -> None:
        """End the decoding process and the thread."""
        self._thread.shutdown()
        self._decoder.close()

    def _answering(self, kind: type[msgspec.Struct] | None, work: Work) -> Callable[[Request], object]:
        async def endpoint(request: Request) -> Response:
            try:
                self._admit(request)
                asked = msgspec.json.decode(await _body(request), type=kind) if kind else None
                return _json(await self._in_turn(work, asked))
            except msgspec.MsgspecError as error:
                return _json(wire.Problem(f"the request is not as the document has it: {error}"), 400)
            except _RefusedError as refused:
                return _json(wire.Problem(str(refused)), refused.status)
            except (FacesUnavailableError, DecoderUnavailableError) as error:
                return _json(wire.Problem(str(error)), 503)

        return endpoint

    def _admit(self, request: Request) -> None:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            raise _RefusedError(401, "the token is missing or wrong")

    async def _in_turn(self, work: Work, asked: msgspec.Struct | None) -> msgspec.Struct:
        if self._waiting >= MOST_WAITING:
            raise _RefusedError(503, f"{MOST_WAITING} requests wait already; come back")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work, asked)
        finally:
            self._waiting -= 1

    def _about(self, _: None) -> wire.About:
        return wire.About(f"surety {self._engine.name}", self._engine.model_sha256, self._table)

    def _enrol(self, asked: wire.EnrolRequest) -> wire.EnrolAnswer:
        made = self._engine.enrol([self._picture(image) for image in asked.images])
        images = [wire.EnrolledImage(image.quality, image.template, image.sentence) for image in made]
        return wire.EnrolAnswer(self._engine.model_sha256, images)

    def _verify(self, asked: wire.VerifyRequest) -> wire.VerifyAnswer:
        model = self._engine.model_sha256
        references = [Reference(str(n), template, model) for n, template in enumerate(asked.templates)]
        found = self._engine.verify([self._picture(frame) for frame in asked.frames], references, asked.turn)
        return _told(found, self._table)

    def _picture(self, file: bytes) -> Photo:
        decoded = self._decoder.decode(file, ENROLMENT)
        if not isinstance(decoded, Decoded):
            raise _RefusedError(400, f"a picture cannot be read: {decoded.sentence}")
        return decoded.photo


def _told(found: Comparison, table: wire.Table) -> wire.VerifyAnswer:
    return wire.VerifyAnswer(
        model=found.model_sha256,
        thresholds=table,
        outcome=found.outcome,
        sentence=found.sentence,
        qualities=list(found.qualities),
        similarity=found.similarity,
        frame=found.frame,
        template=int(found.reference_id) if found.reference_id else None,
        advice=found.advice,
        liveness=found.liveness,
    )


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > wire.MOST_BODY_BYTES:
            raise _RefusedError(413, f"the request is larger than {wire.MOST_BODY_BYTES >> 20} MiB")
        parts.append(part)
    return b"".join(parts)


async def _document(_: Request) -> Response:
    return Response(msgspec.json.encode(wire.openapi()), media_type="application/json")


def _json(answer: msgspec.Struct, status: int = 200) -> Response:
    headers = {"Retry-After": str(BACK_IN_S)} if status == 503 else {}
    return Response(msgspec.json.encode(answer), status, headers, "application/json")


def new_token() -> str:
    """A token that nobody guesses."""
    return secrets.token_urlsafe(32)
