"""A link to the wearer's own page, for a watch whose key signed for it (docs/watch.md, docs/portal.md).

The door knows no Django: it writes the link's hash into a table of the server's by plain SQL. A link is good once and
for five minutes of the machine's time; a request is good for ten minutes, and gives one link however often it comes.
"""

import hashlib
import secrets

import msgspec

from surety.clock import Clock, parse_clock
from surety.gateway.answers import JSON, NO_ORDER, Answer, RefusedError, Sender
from surety.gateway.register import Grants
from surety.gateway.watch_desk import WatchDesk
from surety.gateway.watch_messages import WatchMessages
from surety.gateway.watch_register import Link
from surety.wire import native, signing
from surety.wire.contract import Reason, Rejected

GOOD_FOR_MS = 300_000
FRESH_MS = 600_000  # between the device's idea of our clock and ours, at the speed of a real clock
STALE = Rejected(Reason.MALFORMED, "The request for a link is too old, or had its link already. Ask anew.")


class WatchPage:
    """Gives links. Made within the running loop."""

    def __init__(self, messages: WatchMessages, desk: WatchDesk, clock: Clock, web_address: str) -> None:
        self._messages, self._desk, self._clock, self._web_address = messages, desk, clock, web_address

    async def give(self, body: bytes, sender: Sender) -> Answer:
        """The answer with the link's address. Raises RefusedError."""
        asked = native.read_page_request(body)
        if isinstance(asked, Rejected):
            raise RefusedError(asked)
        text = signing.page_text(asked.device, asked.sent_ms)
        grants, _ = await self._messages.identify(asked.device, text, asked.signature, sender)
        now_ms = self._clock.now_ms()
        if abs(now_ms - asked.sent_ms) > FRESH_MS * max(1.0, self._clock.speed):
            raise RefusedError(STALE)
        token = secrets.token_urlsafe(32)
        if not await self._desk.link(_link(grants, now_ms, token, asked.signature)):
            raise RefusedError(STALE)
        address = f"{self._web_address}/my/watch/{token}"
        return Answer(200, (JSON,), msgspec.json.encode({"address": address, "good_for_ms": GOOD_FOR_MS}))


def _link(grants: Grants, now_ms: int, token: str, signature: str) -> Link:
    """For whoever wears the device now under an order; a protected person has no such page. Raises RefusedError."""
    worn = next((one for one in grants if one.from_ms <= now_ms < one.to_ms and not one.link_id), None)
    if worn is None:
        raise RefusedError(NO_ORDER)
    made_ms = parse_clock("system").now_ms()
    sha256 = hashlib.sha256(token.encode()).hexdigest()
    asked = hashlib.sha256(signature.encode()).hexdigest()
    return Link(sha256, asked, worn.person_id, worn.device_id, made_ms, made_ms + GOOD_FOR_MS)
