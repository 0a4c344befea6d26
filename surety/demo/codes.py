"""Time-based one-time codes (RFC 6238: SHA-1, 30 seconds, 6 digits), for the demonstration's log-ins."""

import base64
import hashlib
import hmac
import struct
import time

PERIOD_S = 30


def code_at(secret: str, at_s: float) -> str:
    """The code that a base32 secret gives at a time (seconds since the epoch)."""
    key = base64.b32decode(secret, casefold=True)
    digest = hmac.new(key, struct.pack(">Q", int(at_s) // PERIOD_S), hashlib.sha1).digest()
    at = digest[-1] & 0x0F
    number = int.from_bytes(digest[at : at + 4]) & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


def code_now(secret: str) -> tuple[str, int]:
    """The present code (by the machine's clock, as log-in uses it) and how many seconds it is still good."""
    now = time.time()
    return code_at(secret, now), PERIOD_S - int(now) % PERIOD_S
