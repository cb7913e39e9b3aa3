"""Signed webhooks: `POST` with a JSON body and `Wardwatch-Signature: t=<seconds>,v1=<hex>`.

The signature is HMAC-SHA256 (RFC 2104) over `<seconds>.<body>` with the hook's secret. A receiver that also looks at
the time refuses what was recorded and sent again. Redirects are not followed.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from wardwatch.delivery.mail import DeliveryError
from wardwatch.kernel.errors import InputError

HEADER = "Wardwatch-Signature"
_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
_MOST = 2000  # characters of an address


def checked(url: str) -> str:
    """Return an address; raises `InputError` for what is none of http or https, or holds a password."""
    try:
        found = urlsplit(url)
        fine = found.scheme in {"http", "https"} and found.hostname and not found.username and len(url) <= _MOST
    except ValueError:
        fine = False
    if not fine:
        raise InputError(
            "not an address of a webhook",
            fr="ce n’est pas l’adresse d’un webhook",
            where=url[:100],
            hint="https://host/path, without a password in it",
            hint_fr="https://hôte/chemin, sans mot de passe",
        )
    return url


def signature(secret: str, body: bytes, seconds: int) -> str:
    """Sign a body that is sent at a time (seconds since 1970)."""
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def send(url: str, secret: str, document: Mapping[str, Any], seconds: int) -> None:
    """Send a document. Raises `DeliveryError` for anything but an answer of 2xx."""
    body = json.dumps(document, sort_keys=True).encode()
    headers = {"Content-Type": "application/json", HEADER: signature(secret, body, seconds)}
    try:
        with httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as client:
            answer = client.post(checked(url), content=body, headers=headers)
    except httpx.HTTPError as error:
        raise DeliveryError(f"the webhook does not answer: {type(error).__name__}", where=url) from error
    if not answer.is_success:
        raise DeliveryError(f"the webhook answers {answer.status_code}", where=url)
