"""Syslog over real sockets: UDP, TCP, TLS. Frames hold messages as they came; nobody gets in whom we do not know."""

import contextlib
import socket
import ssl
import struct
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.faults.faulty_disk import FaultyDisk
from tests.listeners.receiving import ANY, NORTH, Running, running, until

from wardwatch.kernel.disk import Disk
from wardwatch.listeners.sensors import Sensor
from wardwatch.listeners.syslog import kernel_drops
from wardwatch.listeners.tls import Authority, Pair


def datagram(here: Running, *messages: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for message in messages:
            sender.sendto(message, here.address("syslog_udp"))


def test_datagrams(tmp_path: Path) -> None:
    with running(tmp_path) as here:
        datagram(here, b"<13>Nov 23 02:11:04 fw1 kernel: caf\xe9\n", b"", b"\n", b"<34>1 - - - - - - two\nlines\0")
        until(lambda: len(here.bodies()) == 2)
        assert here.bodies() == [b"<13>Nov 23 02:11:04 fw1 kernel: caf\xe9", b"<34>1 - - - - - - two\nlines"]


def test_many_datagrams_are_committed_together(tmp_path: Path) -> None:
    sent = [b"<13>message %d" % number for number in range(2_000)]
    with running(tmp_path) as here:
        datagram(here, *sent)
        until(lambda: here.receiving.intake.tally("syslog_udp", NORTH).frames == len(sent))
        assert here.bodies() == sent
        assert here.receiving.spool.lane("north").counts.commits < len(sent) / 4


def test_connections_of_both_framings(tmp_path: Path) -> None:
    with running(tmp_path) as here:
        with here.connect("syslog_tcp") as sender:
            sender.sendall(b"<13>one\n8 <13>t\nwo<13>three\r\n")
            until(lambda: len(here.bodies()) == 3)
            sender.sendall(b"<13>fo")
            sender.sendall(b"ur")
        until(lambda: len(here.bodies()) == 4)
        assert here.bodies() == [b"<13>one", b"<13>t\nwo", b"<13>three", b"<13>four"]
        until(lambda: here.receiving.intake.connections.count == 0)
        assert here.rejected() == {}


def test_what_cannot_be_taken_is_counted(tmp_path: Path) -> None:
    with running(tmp_path, message=100) as here:
        for stream in (
            b"<13>" + b"x" * 200 + b"\n<13>after\n",
            b"90 <13>half",
            b"999999999 <13>",
            b"200 <13>" + b"y" * 50,
        ):
            with here.connect("syslog_tcp") as sender:
                sender.sendall(stream)
                sender.shutdown(socket.SHUT_WR)
                assert sender.recv(1) == b""
        assert here.bodies() == [b"<13>after"]
        assert here.rejected() == {
            "message too long": 2,
            "cut off by the end of the connection": 2,
            "a count that is none": 1,
        }


def test_unknown_senders(tmp_path: Path) -> None:
    elsewhere = Sensor("fw1", "north", addresses=("192.0.2.1",))
    with running(tmp_path, (elsewhere,)) as here:
        datagram(here, b"<13>x")
        for name in ("syslog_tcp", "relp"):
            with here.connect(name) as sender:
                assert sender.recv(1) == b""
        until(lambda: here.rejected() == {"unknown sender": 3})
        assert here.receiving.spool.tenants() == ()


def test_a_sender_stands_still_while_the_disk_is_full(tmp_path: Path) -> None:
    disk = FaultyDisk(tmp_path)
    with running(tmp_path, disk=disk, spool={"reserve": 1_000}) as here:
        tally = here.receiving.intake.tally("syslog_tcp", NORTH)
        disk.room = 0
        with here.connect("syslog_tcp") as sender:
            sender.sendall(b"<13>first\n")
            until(lambda: tally.put_off)
            sender.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                for _ in range(10_000):
                    sender.send(b"<13>more\n" * 1_000)
                pytest.fail("it took 90 MB without a disk")
            # The others are served: another tenant, another way.
            assert here.post("/ndjson", b"x").status == 503
            assert here.bodies() == []


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A home with an authority and a server's certificate."""
    home = tmp_path / "home"
    found = Authority(home / "keys" / "tls", Disk())
    found.create(datetime.now(UTC))
    found.server(("localhost", "127.0.0.1"), datetime.now(UTC))
    return home


def issued(home: Path, sensor: str) -> Pair:
    pair = Authority(home / "keys" / "tls", Disk()).client(sensor, "north", datetime.now(UTC))
    (home / f"{sensor}.pem").write_bytes(pair.certificate + pair.key)
    return pair


def tls(home: Path, sensor: str | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(home / "keys" / "tls" / "ca.crt"))
    if sensor:
        context.load_cert_chain(home / f"{sensor}.pem")
    return context


def connected(here: Running, name: str, context: ssl.SSLContext) -> ssl.SSLSocket:
    return context.wrap_socket(here.connect(name), server_hostname="localhost")


def test_tls_with_a_client_certificate(authority: Path) -> None:
    known, stranger = issued(authority, "fw1"), issued(authority, "stranger")
    sensor = Sensor("fw1", "north", certificates=(known.sha256,))
    with running(authority, (sensor,), syslog_tls=ANY) as here:
        with connected(here, "syslog_tls", tls(authority, "fw1")) as sender:
            sender.sendall(b"11 <13>message")
            until(lambda: here.bodies() == [b"<13>message"])
        # Signed by our authority is not enough: a removed sensor stays outside, and so does one without any.
        for context in (tls(authority, "stranger"), tls(authority)):
            with connected(here, "syslog_tls", context) as sender:
                assert sender.recv(1) == b""
        assert here.rejected() == {"unknown sender": 2}
    assert known.sha256 != stranger.sha256


def test_tls_with_a_certificate_of_somebody_else(authority: Path, tmp_path: Path) -> None:
    other = Authority(tmp_path / "keys" / "tls", Disk())
    other.create(datetime.now(UTC))
    issued(tmp_path, "fw1")
    context = tls(authority)
    context.load_cert_chain(tmp_path / "fw1.pem")
    with running(authority, (NORTH,), syslog_tls=ANY) as here:
        with pytest.raises((ssl.SSLError, ConnectionError)), connected(here, "syslog_tls", context) as sender:  # noqa: PT012
            sender.sendall(b"<13>x\n")
            if sender.recv(1) == b"":
                raise ConnectionError
        assert here.bodies() == []


def test_plain_words_at_a_tls_address_do_no_harm(authority: Path) -> None:
    with running(authority, (NORTH,), syslog_tls=ANY, https=ANY) as here:
        for name in ("syslog_tls", "https"):
            with here.connect(name) as sender:
                sender.sendall(b"<13>x\n" * 10)
                sender.settimeout(10)
                while sender.recv(1_000):
                    pass
        with connected(here, "syslog_tls", tls(authority)) as sender:
            sender.sendall(b"<13>by address\n")
            until(lambda: here.bodies() == [b"<13>by address"])


def test_https_with_a_client_certificate(authority: Path) -> None:
    known = issued(authority, "fw2")
    with running(authority, (Sensor("fw2", "north", certificates=(known.sha256,)),), https=ANY) as here:
        request = b"POST /ndjson HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\na\nb\nc"
        for sensor, status in (("fw2", b"200"), (None, b"401")):
            with connected(here, "https", tls(authority, sensor)) as sender:
                sender.sendall(request)
                assert sender.recv(100).split()[1] == status
        assert here.bodies() == [b"a", b"b", b"c"]


def test_datagrams_that_the_kernel_dropped(tmp_path: Path) -> None:
    """A socket whose buffer is full: the kernel counts what it drops, and so do we."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        deaf.bind(("127.0.0.1", 0))
        inode = str(Path(f"/proc/self/fd/{deaf.fileno()}").stat().st_ino)
        assert kernel_drops(inode) == 0
        for _ in range(100):
            sender.sendto(b"x" * 1_000, deaf.getsockname())
        deaf.setblocking(False)
        kept = 0
        with contextlib.suppress(BlockingIOError):
            while deaf.recv(2_000):
                kept += 1
        assert kernel_drops(inode) == 100 - kept > 0
    assert kernel_drops("0", (str(tmp_path / "none"),)) == 0


def test_a_reset_connection_does_no_harm(tmp_path: Path) -> None:
    with running(tmp_path) as here:
        sender = here.connect("syslog_tcp")
        sender.sendall(b"<13>before\n<13>ha")
        until(lambda: here.bodies() == [b"<13>before"])
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sender.close()
        until(lambda: here.receiving.intake.connections.count == 0)
        assert here.bodies() == [b"<13>before"]
