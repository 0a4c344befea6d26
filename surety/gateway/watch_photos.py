"""A photograph through the door: signed for by the device, covered by an order, whole, a picture by its first bytes;
sealed to the person's key and durable before the watch is told so. It is decoded elsewhere, in a process with limits.
"""

import asyncio
import base64
import hashlib
import re
import time

from surety.blobs import sealing
from surety.blobs.contract import Blobs, BlobsUnavailableError, name_of
from surety.gateway.answers import BUSY, NOT_COVERED, RETRY_AFTER_S, TOO_OFTEN, Answer, RefusedError
from surety.gateway.authority import grants_now
from surety.gateway.limits import Limits, TokenBuckets
from surety.gateway.register import Grant, Grants
from surety.wire.contract import Reason, Rejected

SHA256 = re.compile(r"[0-9a-f]{64}")
WRONG_NAME = Rejected(Reason.MALFORMED, "A photograph's address ends with its SHA-256 in 64 lower-case hex digits.")
WRONG_HASH = Rejected(Reason.MALFORMED, "The photograph's bytes do not have the SHA-256 that its address names.")
NO_PHOTO = Rejected(Reason.NO_PHOTO, "The body is no JPEG, PNG or WebP picture.")


class WatchPhotos:
    """Takes photographs into the store."""

    def __init__(self, blobs: Blobs, limits: Limits, pace: float) -> None:
        self._blobs = blobs
        self._pace = TokenBuckets(limits.photos_per_s * pace, limits.photos_burst * pace, limits.buckets)

    def check(self, grants: Grants, now_ms: int) -> Grant:
        """The grant under which a photograph may be taken now. Raises RefusedError: then its bytes are not read."""
        for grant in grants_now(grants, now_ms):
            if "photo" in grant.data_kinds and grant.photo_key and not grant.link_id:
                if wait_s := self._pace.take(grant.device_id, time.monotonic()):
                    raise RefusedError(TOO_OFTEN, wait_s)
                return grant
        raise RefusedError(NOT_COVERED)

    async def keep(self, grant: Grant, sha256: str, body: bytes) -> Answer:
        """Keep the photograph: 201 once it is durable, 200 when it was there. Raises RefusedError."""
        if hashlib.sha256(body).hexdigest() != sha256:
            raise RefusedError(WRONG_HASH)
        if not is_picture(body):
            raise RefusedError(NO_PHOTO)
        try:
            new = await asyncio.to_thread(self._put, grant, sha256, body)
        except BlobsUnavailableError:
            raise RefusedError(BUSY, RETRY_AFTER_S) from None
        return Answer(201 if new else 200)

    def _put(self, grant: Grant, sha256: str, body: bytes) -> bool:
        name = name_of(grant.person_id, sha256)
        if self._blobs.has(name):
            return False
        self._blobs.put(name, sealing.seal(base64.urlsafe_b64decode(grant.photo_key), body))
        return True


def is_picture(body: bytes) -> bool:
    """Whether the first bytes are those of JPEG, PNG or WebP (ISO/IEC 10918-1, ISO/IEC 15948, RFC 9649)."""
    return body.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or (
        body.startswith(b"RIFF") and body[8:12] == b"WEBP"
    )
