"""What goes wrong between a program and its server: over real sockets, each way of failing said in plain words."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from pytest_django.live_server_helper import LiveServer

from wardwatch.client import connection
from wardwatch.client.client import Client
from wardwatch.client.connection import Connection
from wardwatch.kernel.errors import AccessError, InputError, WardwatchError
from wardwatch.records.models import EntryRow

KEY = "wwapi_a-key-that-nobody-may-read"


@pytest.fixture
def serve() -> Iterator[Callable[[type[BaseHTTPRequestHandler]], str]]:
    """Start a server of a kind; returns its address."""
    running: list[socketserver.BaseServer] = []

    def start(kind: type[BaseHTTPRequestHandler]) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
        running.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for one in running:
        one.shutdown()
        one.server_close()


def answering(status: int, body: bytes, kind: str = "application/json", **headers: str) -> type[BaseHTTPRequestHandler]:
    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Answering


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (answering(200, b"<html>a shop</html>", "text/html"), "not JSON"),
        (answering(200, b'["a"]'), "a Me is no object"),
        (answering(200, b'{"id": "1"}'), "a Me without name"),
        (answering(302, b"", Location="https://elsewhere.example"), "not of ours"),
        (answering(500, b"Traceback of somebody"), "the server failed"),
        (answering(503, b"{}"), "the server failed"),
        (answering(401, b"{}"), "the key is not known"),
        (answering(404, b"nothing here", "text/plain"), "not found, or not yours"),
        (answering(429, b"{}"), "too many requests"),
    ],
)
def test_answers_that_are_none(
    serve: Callable[[type[BaseHTTPRequestHandler]], str], kind: type[BaseHTTPRequestHandler], says: str
) -> None:
    with Connection(serve(kind), KEY) as one, pytest.raises(WardwatchError, match=says) as found:
        Client(one).me()
    assert KEY not in str(found.value)


def test_an_endless_answer_is_cut_off(
    serve: Callable[[type[BaseHTTPRequestHandler]], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "LARGEST", 1 << 20)
    address = serve(answering(200, b" " * (1 << 21)))
    with Connection(address, KEY) as one, pytest.raises(InputError, match="an answer of more than 1 MiB"):
        Client(one).me()


def test_a_list_without_end_is_cut_off(
    serve: Callable[[type[BaseHTTPRequestHandler]], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wardwatch.client.client._PAGES", 5)
    with Connection(serve(answering(200, b'{"items": [], "next": "1"}')), KEY) as one:
        assert list(Client(one).alerts()) == []


def test_nobody_answers() -> None:
    pauses: list[float] = []
    with (
        Connection("http://127.0.0.1:9", KEY, pause=pauses.append) as one,
        pytest.raises(WardwatchError, match="no answer") as found,
    ):
        Client(one).me()
    assert found.value.where == "http://127.0.0.1:9"
    assert pauses == [0.5, 1.0]


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("wardwatch.example", "no address"),
        ("ftp://wardwatch.example", "no address"),
        ("https://", "no address"),
        ("https://user@wardwatch.example", "no address"),
        ("https://wardwatch.example:port", "no address"),
        ("https://wardwatch.example?x=1", "no address"),
        ("http://wardwatch.example", "not sent over plain HTTP"),
        ("http://127.0.0.1.elsewhere.example", "not sent over plain HTTP"),
    ],
)
def test_addresses_that_get_no_key(address: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        Connection(address, KEY)


def test_the_key_stands_in_no_text_about_it() -> None:
    with Connection("https://wardwatch.example", KEY) as one:
        assert KEY not in repr(one)


def test_a_wrong_key(live_server: LiveServer) -> None:
    with Connection(live_server.url, KEY) as one, pytest.raises(AccessError, match="the key is not known"):
        Client(one).me()


def test_an_act_whose_answer_is_lost_is_done_once(
    serve: Callable[[type[BaseHTTPRequestHandler]], str],
    live_server: LiveServer,
    client_of: Callable[..., Client],
    groups: list[str],
) -> None:
    """Between them stands somebody who passes the request on, and hangs up before the answer, the first time."""
    passed: list[str] = []

    class Between(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name: self.headers[name] for name in ("Authorization", "Idempotency-Key", "Content-Type")}
            answer = httpx.post(live_server.url + self.path, content=body, headers=headers)
            passed.append(headers["Idempotency-Key"])
            if len(passed) == 1:
                self.close_connection = True
                return
            self.send_response(answer.status_code)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    before = EntryRow.objects.count()
    client_of("analyst", address=serve(Between)).note_on_alert(groups[0], "once")
    assert len(passed) == 2
    assert len(set(passed)) == 1
    assert EntryRow.objects.count() == before + 1
