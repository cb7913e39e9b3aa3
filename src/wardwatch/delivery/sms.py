"""SMS through a gateway over HTTP: `POST` with `to` and `text` as JSON, and a bearer token. Most gateways speak so."""

import httpx

from wardwatch.delivery.mail import DeliveryError
from wardwatch.delivery.webhook import checked

LONGEST = 160  # characters of one message
_TIMEOUT = httpx.Timeout(10.0, connect=5.0)


def send(url: str, token: str, to: str, text: str) -> None:
    """Send one message, cut at `LONGEST`. Raises `DeliveryError`."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as client:
            answer = client.post(checked(url), json={"to": to, "text": text[:LONGEST]}, headers=headers)
    except httpx.HTTPError as error:
        raise DeliveryError(f"the SMS gateway does not answer: {type(error).__name__}", where=url) from error
    if not answer.is_success:
        raise DeliveryError(f"the SMS gateway answers {answer.status_code}", where=url)
