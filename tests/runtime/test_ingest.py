"""The receiving process: files too, addresses that are taken, and datagrams while the disk is full."""

import socket
from pathlib import Path

import pytest
from tests.faults.faulty_disk import FaultyDisk
from tests.listeners.receiving import ANY, NORTH, running, until

from wardwatch.kernel.errors import InputError
from wardwatch.listeners import syslog


def test_files_are_followed_and_taken_in(tmp_path: Path) -> None:
    log, folder = tmp_path / "eve.json", tmp_path / "drop"
    log.write_bytes(b'{"event_type":"alert"}\n')
    folder.mkdir()
    (folder / "a.log").write_bytes(b"<13>Nov 23 02:11:04 fw1 kernel: dropped\n")
    tail, drop = ({"path": str(log), "sensor": NORTH.name},), ({"folder": str(folder), "sensor": NORTH.name},)
    with running(tmp_path / "home", tail=tail, drop=drop) as here:
        until(lambda: len(here.bodies()) == 2)
        assert sorted(here.bodies()) == [b"<13>Nov 23 02:11:04 fw1 kernel: dropped", b'{"event_type":"alert"}']
    with running(tmp_path / "home", tail=tail, drop=drop) as here, log.open("ab") as file:
        file.write(b"{}\n")
        file.flush()
        until(lambda: len(here.bodies()) == 3)
        assert here.bodies()[2] == b"{}"


@pytest.mark.parametrize("name", ["syslog_tcp", "syslog_udp", "http"])
def test_an_address_that_is_taken(tmp_path: Path, name: str) -> None:
    with running(tmp_path / "one") as here:
        host, port = here.address(name)
        with (
            pytest.raises(InputError, match="cannot listen") as caught,
            running(tmp_path / "two", **{name: (f"{host}:{port}",)}),
        ):
            pytest.fail("it listens")
        assert f"{host}:{port}" in caught.value.where
        assert not (tmp_path / "two" / "state" / "figures-ingest.json").exists()


def test_datagrams_that_come_faster_than_the_disk_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syslog, "_WAITING_DATAGRAMS", 10)
    disk = FaultyDisk(tmp_path)
    disk.room = 0
    with running(tmp_path, disk=disk, spool={"reserve": 1_000}) as here:
        tally = here.receiving.intake.tally("syslog_udp", NORTH)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for number in range(30):
                sender.sendto(b"<13>%d" % number, here.address("syslog_udp"))
            # All may be refused or waiting before the first of them is tried on the disk.
            until(lambda: tally.rejected[syslog.LATE] >= 20 and tally.put_off > 0)
    # What waited when we stopped is counted too: nothing is lost in silence.
    assert (tally.frames, tally.rejected[syslog.LATE]) == (0, 30)


def test_ipv6(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("this system has no IPv6")
    with running(tmp_path, http=("[::1]:0",), syslog_udp=("[::1]:0",), syslog_tcp=ANY) as here:
        assert here.address("http")[0] == "::1"
        assert here.post("/ndjson", b"x").status == 200
