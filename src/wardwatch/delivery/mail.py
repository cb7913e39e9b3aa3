"""Mail over SMTP (RFC 5321), encrypted with STARTTLS (RFC 3207) unless that is switched off."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from wardwatch.kernel.errors import WardwatchError

_TIMEOUT = 15.0  # seconds


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server: where it is, whom we are there, and from whom our mails come."""

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = ""
    tls: bool = True


class DeliveryError(WardwatchError):
    """A message did not leave; it is tried again."""


def send(server: Server, to: str, subject: str, text: str) -> None:
    """Send one mail. Raises `DeliveryError`."""
    message = EmailMessage()
    message["From"], message["To"] = server.sender, to
    message["Subject"] = " ".join(subject.split())[:200]
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="wardwatch.invalid")
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
    message.set_content(text)
    try:
        with smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT) as connection:
            if server.tls:
                connection.starttls(context=ssl.create_default_context())
            if server.user:
                connection.login(server.user, server.password)
            connection.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        raise DeliveryError(
            f"mail did not leave: {type(error).__name__}", where=f"{server.host}:{server.port}"
        ) from error
