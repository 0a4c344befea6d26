"""The engine `remote`: an agency's own 1:1 matcher, asked over HTTPS.

It is asked for one person at a time, is told nothing of who that is, and its answer is believed only as far as it does
not contradict itself. What it cannot answer goes to a person. Whether a redirect, another certificate or an open line:
photographs are sent to the address that the operator wrote, and nowhere else.
"""

import hashlib
import time
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar

import msgspec
import urllib3

from surety.faces import remote_wire as wire
from surety.faces.contract import (
    Comparison,
    Enrolled,
    FacesUnavailableError,
    Outcome,
    Photo,
    Reference,
    Thresholds,
    Turn,
)
from surety.faces.models import ModelError
from surety.settings import Settings

CONNECT_S, READ_S = 5.0, 15.0  # with two tries more a check-in waits for less than a minute
TRIES_AGAIN = 2
FIRST_PAUSE_S = 0.25  # doubles with each try
WORTH_ANOTHER_TRY = (429, 502, 503, 504)  # busy or away for a moment; anything else would be answered the same again
LONGEST_PAUSE_S = 10  # a matcher that asks for more is away, and the check-in waits in its own queue

T = TypeVar("T")


class RemoteEngine:
    """See `Engine`. Asks who the matcher is when it is opened. Raises FacesUnavailableError when it does not answer."""

    name = "remote"

    def __init__(self, url: str, token: str, *, pause_s: float = FIRST_PAUSE_S, read_s: float = READ_S) -> None:
        self._url = url.rstrip("/")
        retries = urllib3.Retry(
            TRIES_AGAIN,
            redirect=False,  # photographs go nowhere else
            status_forcelist=WORTH_ANOTHER_TRY,
            allowed_methods=None,  # every question may be asked twice: the matcher keeps nothing
            backoff_factor=pause_s,
            retry_after_max=LONGEST_PAUSE_S,
            raise_on_status=False,
        )
        self._http = urllib3.PoolManager(
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            timeout=urllib3.Timeout(connect=CONNECT_S, read=read_s),
            retries=retries,
        )
        self._about = self._ask("/v1/matcher", None, wire.About)
        self.model_sha256 = model_id(self._about)

    def enrol(self, images: Sequence[Photo]) -> list[Enrolled]:
        """See `Engine.enrol`."""
        asked = wire.EnrolRequest([wire.png(image) for image in images])
        answer = self._ask("/v1/enrol", asked, wire.EnrolAnswer)
        self._hold_to(answer.model)
        if len(answer.images) != len(images):
            raise FacesUnavailableError(f"the matcher answered for {len(answer.images)} of {len(images)} images")
        return [Enrolled(made.quality, made.template, self.model_sha256, made.sentence) for made in answer.images]

    def verify(self, frames: Sequence[Photo], references: Sequence[Reference], turn: Turn = Turn.NONE) -> Comparison:
        """See `Engine.verify`."""
        began = time.perf_counter()
        usable = [r for r in references if r.model_sha256 == self.model_sha256 and len(r.template) > 0]
        if not usable:
            return self._error("There is no enrolled image that this model can compare with.")
        asked = wire.VerifyRequest([wire.png(f) for f in frames], [r.template for r in usable], turn)
        answer = self._ask("/v1/verify", asked, wire.VerifyAnswer)
        self._hold_to(answer.model)
        if problem := contradiction(answer, len(frames), len(usable)):
            return self._error(f"The matcher's answer is not believed: {problem}.")
        return Comparison(
            outcome=answer.outcome,
            sentence=answer.sentence,
            engine=self.name,
            similarity=answer.similarity,
            frame=answer.frame,
            reference_id=usable[answer.template].id if answer.template is not None else "",
            qualities=tuple(answer.qualities),
            advice=answer.advice,
            liveness=answer.liveness,
            model_sha256=self.model_sha256,
            thresholds=self._thresholds(answer.thresholds),
            took_ms=round((time.perf_counter() - began) * 1000, 1),
        )

    def close(self) -> None:
        """See `Engine.close`."""
        self._http.clear()

    def _error(self, sentence: str) -> Comparison:
        return Comparison(
            outcome=Outcome.ERROR,
            sentence=sentence,
            engine=self.name,
            model_sha256=self.model_sha256,
            thresholds=self._thresholds(self._about.thresholds),
        )

    def _thresholds(self, table: wire.Table) -> Thresholds:
        return Thresholds(
            self.model_sha256,
            table.match,
            table.inconclusive,
            table.source,
            hashlib.sha256(msgspec.json.encode(table)).hexdigest(),
        )

    def _hold_to(self, model: str) -> None:
        """A matcher that changed its model in between cannot read the templates any more: they are made anew first."""
        if model != self._about.model:
            self._about = self._ask("/v1/matcher", None, wire.About)
            self.model_sha256 = model_id(self._about)
            raise FacesUnavailableError("the matcher changed its model: templates must be made anew", retry=True)

    def _ask(self, path: str, body: msgspec.Struct | None, kind: type[T]) -> T:
        data = msgspec.json.encode(body) if body is not None else None
        try:
            answer = self._http.request("POST" if data else "GET", self._url + path, body=data, preload_content=False)
            with answer:
                text = answer.read(wire.MOST_ANSWER_BYTES + 1)
        except urllib3.exceptions.HTTPError as error:
            raise FacesUnavailableError(
                f"the matcher at {self._url} does not answer: {_short(error)}", retry=True
            ) from None
        if answer.status != HTTPStatus.OK:
            raise FacesUnavailableError(*self._refusal(answer.status, text), retry=answer.status in WORTH_ANOTHER_TRY)
        try:
            return msgspec.json.decode(text, type=kind)
        except msgspec.MsgspecError as error:
            raise FacesUnavailableError(f"the matcher at {self._url} answers otherwise than agreed: {error}") from None

    def _refusal(self, status: int, text: bytes) -> tuple[str]:
        try:
            why = msgspec.json.decode(text, type=wire.Problem).sentence[:300]
        except msgspec.MsgspecError:
            why = "a redirect is not followed" if 300 <= status < 400 else "it does not say why"
        return (f"the matcher at {self._url} refuses with {status}: {why}",)


def contradiction(answer: wire.VerifyAnswer, frames: int, templates: int) -> str:
    """Why an answer cannot be true, or nothing. A match is believed only with the similarity that makes it one."""
    table = answer.thresholds
    compared = answer.outcome in {Outcome.MATCH, Outcome.INCONCLUSIVE, Outcome.NO_MATCH}
    if table.inconclusive > table.match:
        return "its thresholds make no sense"
    if len(answer.qualities) != frames:
        return f"it tells of {len(answer.qualities)} frames of {frames}"
    if (answer.frame or 0) >= max(frames, 1) or (answer.template or 0) >= templates:
        return "it names a frame or a template that it was not given"
    if compared and (answer.similarity is None or answer.frame is None or answer.template is None):
        return "it compared, and does not say what with how alike"
    if compared and answer.similarity is not None and _expected(answer.similarity, table) is not answer.outcome:
        return f"it says {answer.outcome} at a similarity of {answer.similarity:.3f}, against its own thresholds"
    return ""


def _expected(similarity: float, table: wire.Table) -> Outcome:
    if similarity >= table.match:
        return Outcome.MATCH
    return Outcome.INCONCLUSIVE if similarity >= table.inconclusive else Outcome.NO_MATCH


def model_id(about: wire.About) -> str:
    """A matcher's model as templates are marked with it: a SHA-256, since its own name may be anything."""
    return hashlib.sha256(f"{about.name}\n{about.model}".encode()).hexdigest()


def _short(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return str(reason).partition(": ")[2] or str(reason)


def open_remote(settings: Settings) -> RemoteEngine:
    """The engine that the settings name. Raises FacesUnavailableError with what is missing."""
    if not settings.faces_remote_url:
        raise FacesUnavailableError("no model: faces_engine is remote, but faces_remote_url is not set")
    return RemoteEngine(settings.faces_remote_url, read_token(settings.faces_remote_token_file))


def read_token(file: str) -> str:
    """The token in a file: one line of printable letters. Raises ModelError."""
    if not file:
        raise ModelError("no model: faces_remote_token_file is not set; the matcher asks for a token")
    try:
        token = Path(file).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"no model: the token file {file} cannot be read: {error}") from None
    if not 16 <= len(token) <= 512 or not token.isprintable() or " " in token:
        raise ModelError(f"no model: {file} holds no token: one line of 16 to 512 letters and digits is needed")
    return token
