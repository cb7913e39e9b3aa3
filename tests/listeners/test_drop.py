"""The drop folder: files of any format, archives too, taken once and put away."""

import asyncio
import gzip
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.faulty_disk import QuickDisk
from tests.listeners.test_intake import intake
from tests.pipeline.spool.spooling import bodies, spool

from wardwatch.catalogue import files
from wardwatch.kernel.errors import NotTakenError
from wardwatch.listeners import drop
from wardwatch.listeners.drop import Drop
from wardwatch.listeners.marks import Marks
from wardwatch.listeners.sensors import Registry, Sensor

WINDOWS = (Path(str(files.shipped("samples"))) / "windows-events.json").read_bytes()
SAMBA = (Path(str(files.shipped("samples"))) / "file-server-samba.log").read_bytes()


class Watched:
    def __init__(self, home: Path, *sources: str, **limits: int) -> None:
        self.home = home
        self.folder = home / "drop"
        self.folder.mkdir(exist_ok=True)
        self.made = spool(home, QuickDisk())
        self.gate = intake(home, self.made, **limits)
        Registry(home / "sensors.json", QuickDisk()).add(Sensor("dropped", "north", sources))
        self.drop = self.new()

    def new(self) -> Drop:
        return Drop(self.gate, self.folder, "dropped", Marks(self.home / "marks.json", QuickDisk()), QuickDisk())

    def look(self) -> int:
        return asyncio.run(self.drop.step())

    def frames(self) -> list[tuple[str | None, bytes]]:
        rows = [row for chunk in self.made.lane("north").read(None) for row in chunk.batch.to_pylist()]
        return [(row["source_hint"], row["body"]) for row in rows]

    def there(self) -> list[str]:
        return sorted(str(one.relative_to(self.folder)) for one in self.folder.rglob("*") if one.is_file())


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    found = Watched(tmp_path)
    yield found
    found.made.close()


def test_a_file_is_taken_when_it_has_come_to_rest(watched: Watched) -> None:
    path = watched.folder / "events.json"
    path.write_bytes(WINDOWS[:100])
    assert watched.look() == 0
    path.write_bytes(WINDOWS)
    assert watched.look() == 0
    assert watched.look() == 1
    assert {hint for hint, _ in watched.frames()} == {"windows_json"}
    assert len(watched.frames()) == WINDOWS.count(b"\n")
    assert watched.there() == ["done/events.json"]
    assert (watched.look(), Marks(watched.home / "marks.json", QuickDisk()).get(path)) == (0, None)


def test_archives_are_unpacked(watched: Watched) -> None:
    with zipfile.ZipFile(watched.folder / "both.zip", "w") as archive:
        archive.writestr("a/events.json", WINDOWS)
        archive.writestr("b/audit.log.gz", gzip.compress(SAMBA))
    watched.look()
    assert watched.look() == 1
    assert {hint for hint, _ in watched.frames()} >= {"windows_json"}
    assert watched.there() == ["done/both.zip"]
    assert len(watched.frames()) > WINDOWS.count(b"\n")


def test_what_cannot_be_taken_is_put_aside_with_the_reason(tmp_path: Path) -> None:
    watched = Watched(tmp_path, "samba_audit")
    (watched.folder / "noise.bin").write_bytes(bytes(range(256)))
    (watched.folder / "events.json").write_bytes(WINDOWS)
    (watched.folder / "broken.gz").write_bytes(gzip.compress(SAMBA)[:50])
    watched.look()
    assert watched.look() == 3
    assert [name for name in watched.there() if not name.endswith(".why.txt")] == [
        "rejected/broken.gz",
        "rejected/events.json",
        "rejected/noise.bin",
    ]
    why = (watched.folder / "rejected" / "events.json.why.txt").read_text()
    assert "format not allowed for this sensor" in why
    (tally,) = watched.gate.tallies.values()
    assert set(tally.rejected) >= {"format not allowed for this sensor", "unknown format"}
    watched.made.close()


def test_files_that_are_being_written_and_links_are_left_alone(watched: Watched) -> None:
    (watched.folder / "a.json.part").write_bytes(WINDOWS)
    (watched.folder / ".hidden").write_bytes(WINDOWS)
    (watched.folder / "link.json").symlink_to(watched.home / "sensors.json")
    os.mkfifo(watched.folder / "pipe")
    watched.look()
    assert watched.look() == 0


def test_names_that_come_again_are_kept_apart(watched: Watched) -> None:
    for _ in range(2):
        (watched.folder / "a.json").write_bytes(WINDOWS)
        watched.look()
        watched.look()
    assert watched.there() == ["done/a.json", "done/a.json.1"]


def test_after_a_restart_a_file_is_taken_on_from_its_mark(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drop, "_PART_BODIES", 3)
    (watched.folder / "a.json").write_bytes(WINDOWS)
    watched.look()
    real, calls = watched.gate.take_all, iter(range(100))

    async def stops(*given: object) -> int:
        if next(calls) == 2:
            raise NotTakenError("stopping")
        return await real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(watched.gate, "take_all", stops)
    with pytest.raises(NotTakenError):
        watched.look()
    assert len(watched.frames()) == 6
    monkeypatch.setattr(watched.gate, "take_all", real)
    watched.drop = watched.new()
    watched.look()
    assert watched.look() == 1
    assert [body for _, body in watched.frames()] == WINDOWS.strip().split(b"\n")


def test_a_record_that_is_too_large_is_left_out(tmp_path: Path) -> None:
    longest = max(map(len, WINDOWS.split(b"\n")))
    watched = Watched(tmp_path, body=longest - 1)
    (watched.folder / "a.json").write_bytes(WINDOWS)
    watched.look()
    watched.look()
    assert 0 < len(bodies(watched.made.lane("north"))) < WINDOWS.count(b"\n")
    watched.made.close()


def test_an_unknown_sensor_and_no_folder(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.folder.rmdir()
    assert watched.look() == 0
    Registry(tmp_path / "sensors.json", QuickDisk()).remove("dropped")
    watched.gate._known = None
    assert watched.look() == 0
    assert watched.gate.unknown == {("drop", "unknown sensor"): 1}
    watched.made.close()
