"""RELP: each message is answered when it is on disk."""

import socket
from pathlib import Path

from tests.listeners.receiving import running

OPEN = b"1 open 50 relp_version=0\nrelp_software=test\ncommands=syslog,x\n"
OPEN = b"1 open %d %b\n" % (len(OPEN[10:-1]), OPEN[10:-1])


def heard(sender: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size and (part := sender.recv(size - len(found))):
        found += part
    return found


def test_a_conversation(tmp_path: Path) -> None:
    offers = b"200 OK\nrelp_version=0\nrelp_software=wardwatch\ncommands=syslog"
    opened = b"1 rsp %d %b\n" % (len(offers), offers)
    with running(tmp_path) as here, here.connect("relp") as sender:
        sender.sendall(OPEN)
        assert heard(sender, len(opened)) == opened
        sender.sendall(b"2 syslog 8 <13>one\n\n3 syslog 7 <13>two\n4 nosuch 0\n")
        answers = b"2 rsp 6 200 OK\n3 rsp 6 200 OK\n4 rsp 21 500 command not known\n"
        assert heard(sender, len(answers)) == answers
        assert here.bodies() == [b"<13>one", b"<13>two"]
        sender.sendall(b"5 close 0\n")
        assert heard(sender, 100) == b"5 rsp 0\n0 serverclose 0\n"


def test_what_is_no_relp_ends_the_connection(tmp_path: Path) -> None:
    with running(tmp_path, message=100) as here:
        for stream in (b"GET / HTTP/1.1\r\n\r\n", OPEN + b"2 syslog 101 ", b"2 syslog 3 abcd\n"):
            with here.connect("relp") as sender:
                sender.sendall(stream)
                sender.shutdown(socket.SHUT_WR)
                heard(sender, 1_000)
        assert here.rejected() == {"not RELP": 2, "message too long": 1}
        assert here.bodies() == []
