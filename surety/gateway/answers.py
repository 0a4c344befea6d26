"""What the door answers: the status, the headers and one sentence of each refusal."""

from typing import TypeVar

import msgspec

from surety.gateway.notices import Waiting
from surety.wire.contract import Reason, Rejected

RETRY_AFTER_S = 5
Header = tuple[bytes, bytes]
_T = TypeVar("_T")
JSON = (b"content-type", b"application/json")


class Answer(msgspec.Struct, frozen=True):
    """What the device is told."""

    status: int
    headers: tuple[Header, ...] = ()
    body: bytes = b""
    told: tuple[Waiting, ...] = ()  # the notices in it
    device_id: str = ""
    channel: str = ""  # the protocol by which they are told
    asked: tuple[str, ...] = ()  # the check-ins in it that were not handed to a watch before


class Sender(msgspec.Struct, frozen=True):
    """Where a message came from and how it says who it is."""

    address: str
    authorization: bytes = b""


class RefusedError(Exception):
    """Leaves the path of a message with the refusal that ends it."""

    def __init__(self, why: Rejected, retry_after_s: float = 0) -> None:
        super().__init__(why.sentence)
        self.why, self.retry_after_s = why, retry_after_s


def accepted(result: _T | Rejected) -> _T:
    """What was read, or the refusal raised as RefusedError."""
    if isinstance(result, Rejected):
        raise RefusedError(result)
    return result


BUSY = Rejected(Reason.BUSY, "The log or the register is not available now. Send the message again.")
UNKNOWN = Rejected(Reason.UNKNOWN_DEVICE, "No device with this identifier is registered.")
WRONG_SECRET = Rejected(Reason.WRONG_SECRET, "The device's secret is missing or wrong.")
UNSIGNED = Rejected(Reason.WRONG_SIGNATURE, "This device signs what it says; anything else in its name is not taken.")
NO_ORDER = Rejected(Reason.NO_ORDER, "No order in force covers this device now.")
NOT_COVERED = Rejected(Reason.NOT_COVERED, "No order covers this kind of data at its own time.")
TOO_OFTEN = Rejected(Reason.RATE_LIMIT, "Too many messages; wait before the next one.")
TOO_LARGE = Rejected(Reason.TOO_LARGE, "The message is too large.")

_STATUS = {
    Reason.TOO_LARGE: 413,
    Reason.WRONG_SECRET: 401,
    Reason.NO_ORDER: 403,
    Reason.WRONG_SIGNATURE: 403,
    Reason.NOT_ENROLLED: 403,
    Reason.WRONG_CODE: 403,
    Reason.RATE_LIMIT: 429,
    Reason.NOT_COVERED: 403,
    Reason.NO_PHOTO: 415,
    Reason.BUSY: 503,
}


def refusal(refused: RefusedError) -> Answer:
    """The answer to a message of which nothing was taken."""
    reason = refused.why.reason
    headers: list[Header] = [(b"surety-refused", reason.encode()), (b"content-type", b"text/plain; charset=utf-8")]
    if refused.retry_after_s:
        headers.append((b"retry-after", str(int(refused.retry_after_s) + 1).encode()))
    if reason is Reason.WRONG_SECRET:
        headers.append((b"www-authenticate", b'Basic realm="surety"'))
    return Answer(_STATUS.get(reason, 400), tuple(headers), f"{refused.why.sentence}\n".encode())
