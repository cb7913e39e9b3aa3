"""Messages leave through real servers: mail over SMTP, webhooks and an SMS gateway over HTTP."""

import email
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from aiosmtpd.controller import Controller
from tests.cast import HERE, NOW, Cast

from wardwatch.delivery import webhook
from wardwatch.delivery.mail import Server
from wardwatch.kernel import stamps
from wardwatch.kernel.errors import InputError
from wardwatch.records.models import HookRow, NoticeRow
from wardwatch.usecases import hooks, notices
from wardwatch.usecases.notices import Sender, Ways


class Mailbox:
    """Keeps what arrives."""

    def __init__(self) -> None:
        self.mails: list[email.message.Message] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:  # noqa: N802
        self.mails.append(email.message_from_bytes(envelope.content))  # type: ignore[attr-defined]
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, Server]]:
    box = Mailbox()
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield box, Server("127.0.0.1", port, "wardwatch@hospital.example", tls=False)
    controller.stop()


class _Gateway(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((self.path, dict(self.headers), body))  # type: ignore[attr-defined]
        self.send_response(self.server.answers.pop(0) if self.server.answers else 200)  # type: ignore[attr-defined]
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def gateway() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), _Gateway)
    server.heard, server.answers = [], []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def notice(cast: Cast, channel: str, **given: object) -> NoticeRow:
    stated = {
        "id": f"{channel}-1",
        "tenant": HERE,
        "who": str(cast["admin_on_call"].id),
        "channel": channel,
        "text": "group.call",
        "params": {"level": "critical", "score": "600", "hosts": "pacs01", "more_hosts": "0"},
        "subject": "a" * 32,
        "urgent": True,
        "made_at": stamps.micros(NOW),
    }
    return NoticeRow.objects.create(**{**stated, **given})


def test_a_call_arrives_by_mail_in_the_persons_language(cast: Cast, mailbox: tuple[Mailbox, Server]) -> None:
    box, server = mailbox
    user = cast["admin_on_call"]
    user.language = "fr"
    user.save()
    notice(cast, "mail")
    assert Sender(Ways(mail=server, address="https://wardwatch.hospital.example")).send(NOW) == 1
    (found,) = box.mails
    assert found["To"] == "admin_on_call@hospital.example"
    text = found.get_payload(decode=True).decode()
    assert "critique" in text
    assert "https://wardwatch.hospital.example/alerts/" + "a" * 32 in text
    assert Sender(Ways(mail=server)).send(NOW) == 0, "it is told once"
    assert len(box.mails) == 1


def test_what_does_not_leave_is_tried_again_later_and_says_why(cast: Cast) -> None:
    row = notice(cast, "mail")
    sender = Sender(Ways(mail=Server("127.0.0.1", 1, "w@h.example", tls=False)))
    assert sender.send(NOW) == 0
    row.refresh_from_db()
    assert (row.tries, row.told_at, "did not leave" in row.trouble) == (1, None, True)
    assert sender.send(NOW) == 0
    row.refresh_from_db()
    assert row.tries == 1, "not before its time"
    sender.send(NOW + timedelta(hours=1))
    row.refresh_from_db()
    assert row.tries == 2


def test_without_a_way_it_stays_on_the_screen_and_says_so(cast: Cast) -> None:
    rows = [notice(cast, channel) for channel in ("mail", "sms", "webhook", "screen")]
    Sender(Ways()).send(NOW)
    for row in rows:
        row.refresh_from_db()
    assert [bool(row.told_at) for row in rows] == [False, False, False, True]
    assert [row.trouble for row in rows] == [
        "no mail server is set",
        "no SMS gateway is set",
        "the hospital has no webhook",
        "",
    ]


def test_a_text_message_goes_to_the_gateway(cast: Cast, gateway: HTTPServer) -> None:
    user = cast["admin_on_call"]
    user.phone = "+33612345678"
    user.save()
    notice(cast, "sms")
    url = f"http://127.0.0.1:{gateway.server_port}/send"
    assert Sender(Ways(sms_url=url, sms_token="secret")).send(NOW) == 1
    ((path, headers, body),) = gateway.heard  # type: ignore[attr-defined]
    told = json.loads(body)
    assert (path, headers["Authorization"], told["to"]) == ("/send", "Bearer secret", "+33612345678")
    assert "critical" in told["text"]
    assert len(told["text"]) <= 160


def test_a_webhook_is_signed_and_a_receiver_can_check_it(cast: Cast, gateway: HTTPServer) -> None:
    hook, secret = hooks.add(cast.actor("ciso"), HERE, f"http://127.0.0.1:{gateway.server_port}/hook", NOW)
    notice(cast, "webhook")
    assert Sender(Ways()).send(NOW) == 1
    ((path, headers, body),) = gateway.heard  # type: ignore[attr-defined]
    seconds, _, signed = headers[webhook.HEADER].removeprefix("t=").partition(",v1=")
    expected = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    assert (path, signed, int(seconds)) == ("/hook", expected, int(NOW.timestamp()))
    assert json.loads(body)["text"] == "group.call"
    assert hook.url.endswith("/hook")


def test_a_webhook_that_fails_is_tried_again(cast: Cast, gateway: HTTPServer) -> None:
    gateway.answers = [500, 302, 200]  # type: ignore[attr-defined]
    HookRow.objects.create(tenant=HERE, url=f"http://127.0.0.1:{gateway.server_port}/hook", secret="s")
    row = notice(cast, "webhook")
    sender = Sender(Ways())
    told = [sender.send(NOW + timedelta(hours=hours)) for hours in (0, 1, 2)]
    assert told == [0, 0, 1], "a redirect is no success"
    row.refresh_from_db()
    assert (row.tries, row.trouble) == (2, "")


@pytest.mark.parametrize("url", ["ftp://x/", "file:///etc/passwd", "https://user:word@host/", "https://", "x" * 3000])
def test_what_is_no_address_is_refused(cast: Cast, url: str) -> None:
    with pytest.raises(InputError, match="not an address"):
        hooks.add(cast.actor("ciso"), HERE, url, NOW)


def test_notices_of_one_hospital_go_to_no_hook_of_another(cast: Cast, gateway: HTTPServer) -> None:
    HookRow.objects.create(tenant="val-d-ambre", url=f"http://127.0.0.1:{gateway.server_port}/", secret="s")
    notice(cast, "webhook")
    assert Sender(Ways()).send(NOW) == 0
    assert gateway.heard == []  # type: ignore[attr-defined]
    assert NoticeRow.objects.get().tries == notices.MOST_TRIES
