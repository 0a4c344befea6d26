"""One request and its answer as ASGI gives them: where it came from, all of its body or none, and the answer whole."""

from starlette.types import Receive, Scope, Send

from surety.gateway.answers import Answer


class GoneError(Exception):
    """The device went away in the middle of its message."""


def address_of(scope: Scope, headers: dict[bytes, bytes]) -> str:
    """Where the message came from; behind a proxy on this machine, what the proxy says (its own last entry)."""
    client = scope.get("client")
    host = client[0] if client else ""
    forwarded = headers.get(b"x-forwarded-for") if host in {"127.0.0.1", "::1", ""} else None
    return forwarded.rpartition(b",")[2].strip()[:64].decode("ascii", "replace") if forwarded else host


async def body_of(headers: dict[bytes, bytes], receive: Receive, most: int) -> bytes | None:
    """The whole body, or None when it is longer than `most` bytes. Raises GoneError when it did not all come."""
    length = headers.get(b"content-length")
    if length is None and b"transfer-encoding" not in headers:
        return b""
    if length is not None and (not length.isdigit() or len(length) > 12 or int(length) > most):
        return None
    body, more = b"", True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise GoneError  # half a message may still look like a whole one, with half of a longitude
        body += event.get("body", b"")
        more = event.get("more_body", False)
        if len(body) > most:
            return None
    return body


async def drop_body(headers: dict[bytes, bytes], receive: Receive, most: int) -> bool:
    """Let a body go by unread, so that its sender comes to read why it was refused; whether all of it went by.

    A sender that meets a closed connection in the middle of its body sees no answer at all. Raises GoneError.
    """
    length = headers.get(b"content-length", b"")
    if not length.isdigit() or len(length) > 12 or int(length) > most:
        return False
    more = True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise GoneError
        more = event.get("more_body", False)
    return True


async def reply(send: Send, answer: Answer, *, close: bool, head: bool = False) -> None:
    """Write the answer; with `close` the connection ends after it, as there may be more of the message to come.

    `head`: the headers alone.
    """
    headers = [*answer.headers, (b"content-length", b"%d" % len(answer.body))]
    if close:  # the rest of the message is not read, so the connection cannot go on
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else answer.body})
