"""How a prompt leaves: Web Push through a browser maker's service, or a message by SMS, mail and the like.

Nothing here touches the database. Each try has a time-out; what fails says why in one sentence, without the person's
number or the service's secrets, and whether trying again can help.
"""

import base64
import json
import logging
from typing import Any
from urllib.parse import quote, urlsplit

import apprise
import pywebpush
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02

from surety import keyfile
from surety.settings import Settings

TIMEOUT_S = 10.0
_GONE = (404, 410)  # RFC 8030, section 7.3: the subscription is no more
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256 (FIPS 186-5)


class CannotSendError(Exception):
    """A prompt did not leave. `again`: whether trying again may help. `gone`: the address is no more."""

    def __init__(self, sentence: str, *, again: bool, gone: bool = False) -> None:
        super().__init__(sentence)
        self.sentence, self.again, self.gone = sentence, again, gone


# --- Web Push ------------------------------------------------------------------------------------------------------


def has_push(settings: Settings) -> bool:
    """Whether watches may be woken by push services."""
    return bool(settings.push_contact)


def push_key(settings: Settings) -> str:
    """Our public key for browsers (RFC 8292), b64url without padding; "" where no push service is used.

    Raises OSError or KeyFileError.
    """
    if not has_push(settings):
        return ""
    point = _private_key(settings).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).rstrip(b"=").decode()


def _private_key(settings: Settings) -> ec.EllipticCurvePrivateKey:
    number = int.from_bytes(keyfile.kept(settings.push_key_file, 32))
    return ec.derive_private_key(number % (_ORDER - 1) + 1, ec.SECP256R1())


def push(subscription: str, settings: Settings, *, ttl_s: int) -> None:
    """Wake a watch. What is pushed is empty: the watch then fetches what there is. Raises CannotSendError.

    Which addresses may be written to is a setting: a subscription comes from a device, and is not trusted.
    """
    known = _subscription(subscription, settings)
    with requests.Session() as session:
        session.max_redirects = 0
        try:
            pywebpush.webpush(
                known,
                vapid_private_key=Vapid02(_private_key(settings)),
                vapid_claims={"sub": settings.push_contact},
                timeout=TIMEOUT_S,
                ttl=max(ttl_s, 0),
                headers={"Urgency": "high"},
                requests_session=session,
            )
        except pywebpush.WebPushException as error:
            raise _refused(error.status_code) from None
        except requests.RequestException as error:
            sentence = f"The push service could not be reached ({type(error).__name__})."
            raise CannotSendError(sentence, again=True) from None
        except (ValueError, TypeError, LookupError):  # keys that are none
            raise _refused(None) from None


def _subscription(text: str, settings: Settings) -> dict[str, Any]:
    """What a browser said of itself. Raises CannotSendError for what is none, or leads elsewhere."""
    bad = CannotSendError("What the watch said of its push service cannot be used.", again=False, gone=True)
    try:
        found = json.loads(text)
        endpoint = str(found["endpoint"])
        address = urlsplit(endpoint)
        keys = {name: str(found["keys"][name]) for name in ("p256dh", "auth")}
        host = address.netloc
    except (ValueError, TypeError, KeyError):
        raise bad from None
    if not any(_is_of(address.scheme, host, allowed) for allowed in settings.push_services.split()):
        sentence = f'The push service "{host[:60]}" is not among those of the setting push_services.'
        raise CannotSendError(sentence, again=False)
    return {"endpoint": endpoint, "keys": keys}


def _is_of(scheme: str, host: str, allowed: str) -> bool:
    if "://" in allowed:
        return f"{scheme}://{host}" == allowed
    same = host.endswith(allowed[1:]) if allowed.startswith("*.") else host == allowed
    return scheme == "https" and same


def _refused(status: int | None) -> CannotSendError:
    if status in _GONE:
        return CannotSendError("The watch is not to be reached by push any more.", again=False, gone=True)
    if status is None:
        return CannotSendError("What the watch said of its push service cannot be used.", again=False, gone=True)
    return CannotSendError(f"The push service refused it (status {status}).", again=status == 429 or status >= 500)


# --- messages ------------------------------------------------------------------------------------------------------


def message(phone: str, title: str, sentence: str, settings: Settings) -> None:
    """Send a message to a number, by the service of the setting `message_url`. Raises CannotSendError."""
    if not settings.message_url:
        raise CannotSendError("No service for messages is set.", again=False)
    if not phone:
        raise CannotSendError("No number of the person is on record.", again=False)
    service = apprise.Apprise()
    if not service.add(settings.message_url.replace("{phone}", quote(phone, safe="+"))):
        raise CannotSendError("The setting message_url does not give an address that can be used.", again=False)
    with _Heard() as heard:
        sent = service.notify(body=sentence, title=title)
    if not sent:
        why = f": {heard.last.replace(phone, 'the number')}" if heard.last else "."
        raise CannotSendError(f"The service for messages did not take it{why}"[:300], again=True)


class _Heard(logging.Handler):
    """What the library says of a failure; it raises none."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.last = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.last = record.getMessage()

    def __enter__(self) -> "_Heard":
        logging.getLogger("apprise").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("apprise").removeHandler(self)


def can_message(phone: str, settings: Settings) -> bool:
    """Whether a message could be sent to a person."""
    return bool(settings.message_url and phone)
