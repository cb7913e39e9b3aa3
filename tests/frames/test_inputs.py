import bz2
import gzip
import hashlib
import io
import lzma
import os
import struct
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import zstandard

from wardwatch.frames import inputs
from wardwatch.frames.inputs import Copies, Copy, Input, Unopened

LOG = b"".join(b"Nov 23 03:00:%02d host app: line %d\n" % (n % 60, n) for n in range(2000))


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    folder = tmp_path / "spool"
    folder.mkdir()
    return folder


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder


def opened(spool: Path, *paths: Path | str) -> dict[str, bytes | str]:
    """What is found: the bytes of each log by its name, or why it was not opened, or of what it is a copy."""
    found: dict[str, bytes | str] = {}
    for one in inputs.find(map(str, paths), spool):
        if isinstance(one, Unopened):
            found[f"unopened {one.name}"] = one.reason
        elif isinstance(one, Copy):
            found[f"copy {one.name}"] = one.of
        else:
            assert one.name not in found
            assert Path(one.path).stat().st_size == one.size
            found[one.name] = Path(one.path).read_bytes()
            one.release()
    assert list(spool.iterdir()) == [], "unpacked files are left behind"
    return found


def zipped(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return packed.getvalue()


def tarred(members: dict[str, bytes], mode: str = "w:") -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode=mode) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return packed.getvalue()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "zst": zstandard.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}


def test_a_plain_file_is_read_where_it_is(logs: Path, spool: Path) -> None:
    path = logs / "a.log"
    path.write_bytes(LOG)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    (found,) = inputs.find([str(path)], spool)
    assert isinstance(found, Input)
    assert (found.name, found.path, found.size) == (str(path), str(path), len(LOG))
    assert (found.modified_at, found.temporary) == (1_700_000_000_000_000, False)
    found.release()
    assert path.exists(), "only what was unpacked is removed"


@pytest.mark.parametrize("ending", PACKERS)
@pytest.mark.parametrize("named", [True, False], ids=["named", "unnamed"])
def test_a_packed_file_is_known_by_its_bytes(ending: str, logs: Path, spool: Path, *, named: bool) -> None:
    path = logs / (f"a.log.{ending}" if named else "a.log")
    path.write_bytes(PACKERS[ending](LOG))
    assert opened(spool, path) == {str(path): LOG}, "named as it lies there"


@pytest.mark.parametrize("ending", PACKERS)
def test_members_that_follow_each_other_are_one_log(ending: str, logs: Path, spool: Path) -> None:
    path = logs / f"a.{ending}"
    path.write_bytes(PACKERS[ending](LOG) + PACKERS[ending](b"more\n"))
    assert opened(spool, path) == {str(path): LOG + b"more\n"}


def test_archives_hold_logs(logs: Path, spool: Path) -> None:
    members = {"x/b.log": b"b\n", "a.log": b"a\n"}
    (logs / "1.zip").write_bytes(zipped(members))
    (logs / "2.tar").write_bytes(tarred(members))
    (logs / "3.tgz").write_bytes(tarred(members, "w:gz"))
    assert opened(spool, logs) == {
        f"{logs}/1.zip!a.log": b"a\n",
        f"{logs}/1.zip!x/b.log": b"b\n",
        f"{logs}/2.tar!a.log": b"a\n",
        f"{logs}/2.tar!x/b.log": b"b\n",
        f"copy {logs}/3.tgz": f"{logs}/2.tar",  # the same archive, compressed
    }


def test_archives_in_archives(logs: Path, spool: Path) -> None:
    inner = gzip.compress(LOG)
    (logs / "a.zip").write_bytes(zipped({"b.tar": tarred({"c.log.gz": inner})}))
    assert opened(spool, logs / "a.zip") == {f"{logs}/a.zip!b.tar!c.log.gz": LOG}


def test_what_is_packed_too_deep_is_refused(logs: Path, spool: Path) -> None:
    data = LOG
    for _ in range(inputs.MAX_DEPTH):
        data = gzip.compress(data)
    (logs / "deep").write_bytes(data)
    assert opened(spool, logs / "deep") == {str(logs / "deep"): LOG}
    (logs / "deep").write_bytes(gzip.compress(data))
    assert opened(spool, logs / "deep") == {f"unopened {logs}/deep": "packed more than 4 times: refused"}


def test_folders_leave_out_hidden_files(logs: Path, spool: Path) -> None:
    for name in ("b/c.log", "a.log", ".hidden", ".git/d.log"):
        (logs / name).parent.mkdir(exist_ok=True)
        (logs / name).write_bytes(name.encode())
    assert list(opened(spool, logs).items()) == [
        (f"{logs}/a.log", b"a.log"),
        (f"{logs}/b/c.log", b"b/c.log"),
    ]
    assert opened(spool, logs / ".hidden") == {f"{logs}/.hidden": b".hidden"}, "unless it is named"


def test_globs(logs: Path, spool: Path) -> None:
    for name in ("a.log", "b.log", "c.txt", "d/e.log"):
        (logs / name).parent.mkdir(exist_ok=True)
        (logs / name).write_bytes(name.encode())
    assert list(opened(spool, logs / "*.log")) == [f"{logs}/a.log", f"{logs}/b.log"]
    assert list(opened(spool, logs / "**" / "*.log")) == [f"{logs}/a.log", f"{logs}/b.log", f"{logs}/d/e.log"]
    assert opened(spool, logs / "*.evtx") == {f"unopened {logs}/*.evtx": "no such file or folder"}


def test_a_name_with_brackets_is_no_glob(logs: Path, spool: Path) -> None:
    (logs / "a[1].log").write_bytes(b"x")
    assert opened(spool, logs / "a[1].log") == {f"{logs}/a[1].log": b"x"}


def test_one_file_comes_once(logs: Path, spool: Path) -> None:
    (logs / "a.log").write_bytes(b"x")
    (logs / "link.log").symlink_to(logs / "a.log")
    assert opened(spool, logs / "a.log", logs, logs / "a.log", logs / "*.log") == {f"{logs}/a.log": b"x"}


def test_links_to_folders_are_said_and_not_followed(logs: Path, spool: Path) -> None:
    (logs / "loop").symlink_to(logs, target_is_directory=True)
    assert opened(spool, logs) == {f"unopened {logs}/loop": "a link to a folder: name it to read it"}


def test_a_broken_link_is_said(logs: Path, spool: Path) -> None:
    (logs / "link").symlink_to(logs / "nowhere")
    assert opened(spool, logs) == {f"unopened {logs}/link": "no regular file"}


@pytest.mark.parametrize("data", [LOG, gzip.compress(LOG)], ids=["plain", "gzip"])
def test_stdin(data: bytes, spool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    assert opened(spool, "-") == {"-": LOG}


def test_ids_name_the_content(logs: Path, spool: Path) -> None:
    for name, data in (("a", b"1" * 100), ("b", b"1" * 100), ("c", b"1" * 101)):
        (logs / name).write_bytes(data)
    by_name = {Path(one.path).name: one.id for one in inputs.find([str(logs)], spool) if isinstance(one, Input)}
    assert by_name["a"] == by_name["b"] != by_name["c"]
    assert by_name["a"].hex() == "fa8dd1bb67231c67b57e6693f3ac3f0a"


def test_members_of_an_archive_have_ids_of_their_own(logs: Path, spool: Path) -> None:
    (logs / "a.zip").write_bytes(zipped({"x": b"same", "y": b"same"}))
    found = [one for one in inputs.find([str(logs)], spool) if isinstance(one, Input)]
    assert len({one.id for one in found}) == 2
    for one in found:
        one.release()


def test_ids_of_members_do_not_depend_on_where_the_archive_lies(logs: Path, spool: Path) -> None:
    packed = zipped({"x/a.log.gz": gzip.compress(LOG)})
    ids = []
    for name in ("here/a.zip", "there/renamed"):
        (logs / name).parent.mkdir()
        (logs / name).write_bytes(packed)
        found = [one for one in inputs.find([str(logs / name)], spool) if isinstance(one, Input)]
        ids.append([one.id for one in found])
        assert len(found) == 1
    assert ids[0] == ids[1]


def test_a_copy_of_an_archive_is_not_unpacked(logs: Path, spool: Path) -> None:
    members = {f"{n}.log": os.urandom(1000) for n in range(300)}
    (logs / "a.zip").write_bytes(zipped(members))
    (logs / "b.zip").write_bytes((logs / "a.zip").read_bytes())
    (logs / "c.tar").write_bytes(tarred({"again.zip": (logs / "a.zip").read_bytes()}))
    found = opened(spool, logs)
    assert found == {f"{logs}/a.zip!{name}": data for name, data in members.items()} | {
        f"copy {logs}/b.zip": f"{logs}/a.zip",
        f"copy {logs}/c.tar!again.zip": f"{logs}/a.zip",
    }


def test_archives_that_only_look_alike_are_both_unpacked_and_their_logs_have_ids_of_their_own(
    logs: Path, spool: Path
) -> None:
    middles = (b"one" * 100_000, b"two" * 100_000)  # size, beginning and end are the same
    for name, middle in zip("ab", middles, strict=True):
        (logs / f"{name}.tar").write_bytes(tarred({"1": b"x" * 200_000, "2": middle, "3": b"y" * 200_000}))
    found = [one for one in inputs.find([str(logs)], spool) if isinstance(one, Input)]
    assert {one.size for one in found if one.name.endswith("!2")} == {300_000}
    assert len(found) == 6
    assert len({one.id for one in found}) == 6


def test_the_hash_of_an_unpacked_log_is_taken_on_the_way(logs: Path, spool: Path) -> None:
    log = os.urandom(300_000)
    (logs / "a.gz").write_bytes(gzip.compress(log))
    (one,) = inputs.find([str(logs)], spool)
    assert isinstance(one, Input)
    assert one.whole == hashlib.blake2b(log).digest()
    copies = Copies()
    assert copies.distinct(one) is one
    one.release()  # its bytes are not needed any more to know a copy
    (logs / "a").write_bytes(log)
    (plain,) = inputs.find([str(logs / "a")], spool)
    assert isinstance(plain, Input)
    assert copies.distinct(plain) == Copy(plain.name, one.name)


@pytest.mark.parametrize(
    ("name", "short"),
    [("/v/a.zip!x/conn.log.gz", "conn.log"), ("C:\\logs\\a.evtx", "a.evtx"), ("-", "-"), ("dir/b.log.zst", "b.log")],
)
def test_short_names(name: str, short: str) -> None:
    assert Input(name, b"", "", 0).short_name == short


# ------------------------------------------------------------------------------------------------ damage and malice


@pytest.mark.parametrize("ending", PACKERS)
def test_a_cut_log_keeps_what_is_readable(ending: str, logs: Path, spool: Path) -> None:
    log = b"".join(b"%d %s\n" % (n, os.urandom(30).hex().encode()) for n in range(30_000))
    packed = PACKERS[ending](log)
    (logs / f"a.{ending}").write_bytes(packed[: len(packed) // 2])
    found = opened(spool, logs)
    kept, reason = found.get(f"{logs}/a.{ending}", b""), found.get(f"unopened {logs}/a.{ending}", "")
    assert isinstance(kept, bytes)
    assert isinstance(reason, str)
    assert log.startswith(kept)
    assert len(kept) > len(log) // 10
    assert reason.startswith(f"damaged after {len(kept)} bytes")


@pytest.mark.parametrize("ending", PACKERS)
def test_what_is_packed_badly_is_said(ending: str, logs: Path, spool: Path) -> None:
    (logs / f"a.{ending}").write_bytes(PACKERS[ending](LOG)[:6] + b"\xff" * 100)
    assert [name for name, data in opened(spool, logs).items() if isinstance(data, str)] == [
        f"unopened {logs}/a.{ending}"
    ]


@pytest.mark.parametrize("make", [zipped, tarred, lambda members: tarred(members, "w:gz")], ids=["zip", "tar", "tgz"])
def test_a_cut_archive_is_said(make: Callable[[dict[str, bytes]], bytes], logs: Path, spool: Path) -> None:
    packed = make({"a": os.urandom(5000), "b": os.urandom(5000)})
    (logs / "x").write_bytes(packed[: len(packed) * 2 // 5])
    found = opened(spool, logs)
    assert any(isinstance(data, str) for data in found.values()), list(found)


def test_an_encrypted_zip_is_said(logs: Path, spool: Path) -> None:
    packed = bytearray(zipped({"a": b"secret", "b": b"open"}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = packed.index(mark) + at
        flags = struct.unpack_from("<H", packed, place)[0]
        struct.pack_into("<H", packed, place, flags | 1)
    (logs / "a.zip").write_bytes(packed)
    found = opened(spool, logs)
    assert found[f"{logs}/a.zip!b"] == b"open"
    assert "encrypted" in str(found[f"unopened {logs}/a.zip!a"])


@pytest.mark.parametrize("make", [gzip.compress, lambda data: zipped({"big": data})], ids=["gzip", "zip"])
def test_a_bomb_is_refused(
    make: Callable[[bytes], bytes], logs: Path, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "FREE_SIZE", 1000)
    monkeypatch.setattr(inputs, "_COPY", 1000)
    (logs / "bomb").write_bytes(make(b"\0" * 2_000_000))
    ((name, reason),) = opened(spool, logs).items()
    assert name.startswith("unopened ")
    assert "refused as a bomb" in str(reason)


def test_what_packs_well_is_no_bomb(logs: Path, spool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "FREE_SIZE", 1000)
    (logs / "a.gz").write_bytes(gzip.compress(LOG))
    assert opened(spool, logs) == {f"{logs}/a.gz": LOG}


@pytest.mark.parametrize("make", [zipped, tarred], ids=["zip", "tar"])
@pytest.mark.parametrize("name", ["../../evil.log", "/etc/evil.log", "..\\..\\evil.log", "a\x1b[31m.log"])
def test_paths_in_archives_are_only_shown(
    name: str, make: Callable[[dict[str, bytes]], bytes], logs: Path, spool: Path
) -> None:
    (logs / "a").write_bytes(make({name: b"x"}))
    before = sorted(logs.parent.rglob("*"))
    ((shown, data),) = opened(spool, logs).items()
    assert data == b"x"
    assert shown.startswith(f"{logs}/a!")
    assert sorted(logs.parent.rglob("*")) == before


def test_links_and_devices_in_archives_are_left_out(logs: Path, spool: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for kind, target in ((tarfile.SYMTYPE, "/etc/passwd"), (tarfile.LNKTYPE, "../x"), (tarfile.CHRTYPE, "")):
            info = tarfile.TarInfo(f"m{kind!r}")
            info.type, info.linkname = kind, target
            archive.addfile(info)
        info = tarfile.TarInfo("a.log")
        info.size = 2
        archive.addfile(info, io.BytesIO(b"a\n"))
    (logs / "a.tar").write_bytes(packed.getvalue())
    assert opened(spool, logs) == {f"{logs}/a.tar!a.log": b"a\n"}


@pytest.mark.parametrize("make", [zipped, tarred], ids=["zip", "tar"])
def test_too_many_members_are_refused(
    make: Callable[[dict[str, bytes]], bytes], logs: Path, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "MAX_MEMBERS", 3)
    (logs / "a").write_bytes(make({str(n): b"x" for n in range(4)}))
    assert opened(spool, logs)[f"unopened {logs}/a"] == "holds more than 3 files: refused"


def nested_bomb(size: int, width: int) -> bytes:
    """A zip of `width` zips, each of which unpacks to `size` bytes within what one layer may."""
    inner = [zipped({"zeros": bytes([n]) * size}) for n in range(width)]
    return zipped({f"{n}.zip": data for n, data in enumerate(inner)})


def test_layers_of_archives_share_one_budget_of_bytes(logs: Path, spool: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "FREE_SIZE", 300_000)
    monkeypatch.setattr(inputs, "MAX_RATIO", 1)
    (logs / "bomb.zip").write_bytes(nested_bomb(100_000, 5))
    (logs / "log").write_bytes(LOG)
    found = opened(spool, logs)
    reason = "unpacks to more than 300000 bytes in all: refused as a bomb"
    assert found.pop(f"unopened {logs}/bomb.zip") == reason
    assert found.pop(str(logs / "log")) == LOG, "what is no part of the bomb has a budget of its own"
    assert list(found) == [f"{logs}/bomb.zip!{n}.zip!zeros" for n in range(2)], "nothing comes out after the end"


def test_layers_of_archives_share_one_budget_of_members(
    logs: Path, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "MAX_MEMBERS", 7)
    inner = [tarred({f"{n}-{m}": b"%d %d" % (n, m) for m in range(2)}) for n in range(4)]
    (logs / "a.tar").write_bytes(tarred({str(n): data for n, data in enumerate(inner)}))
    found = opened(spool, logs)
    assert found.pop(f"unopened {logs}/a.tar") == "holds more than 7 files: refused"
    assert list(found) == [f"{logs}/a.tar!{n}!{n}-{m}" for n in range(2) for m in range(2)]


def test_an_empty_file_is_an_empty_log(logs: Path, spool: Path) -> None:
    (logs / "a").write_bytes(b"")
    assert opened(spool, logs) == {f"{logs}/a": b""}


def test_empty_archives_hold_nothing(logs: Path, spool: Path) -> None:
    (logs / "a.gz").write_bytes(gzip.compress(b""))
    (logs / "b.zip").write_bytes(zipped({}))
    (logs / "c.zip").write_bytes(zipped({"empty": b""}))
    (logs / "d.tgz").write_bytes(tarred({"empty": b""}, "w:gz"))
    assert opened(spool, logs) == {f"{logs}/b.zip": zipped({})}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_said(logs: Path, spool: Path) -> None:
    (logs / "a").write_bytes(b"x")
    (logs / "a").chmod(0)
    assert opened(spool, logs) == {f"unopened {logs}/a": "Permission denied"}


def test_devices_and_pipes_are_not_read(logs: Path, spool: Path) -> None:
    os.mkfifo(logs / "pipe")
    assert opened(spool, "/dev/zero", logs) == {
        "unopened /dev/zero": "no regular file",
        f"unopened {logs}/pipe": "no regular file",
    }


def test_a_path_with_nul_is_said(spool: Path) -> None:
    assert [type(one) for one in inputs.find(["a\0b"], spool)] == [Unopened]


def test_a_zstd_frame_that_asks_for_too_much_memory_is_refused(logs: Path, spool: Path) -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=29)
    packed = zstandard.ZstdCompressor(compression_params=parameters).compressobj().compress(b"x")
    stream = io.BytesIO()
    with zstandard.ZstdCompressor(compression_params=parameters).stream_writer(stream, closefd=False) as writer:
        writer.write(b"x" * 1000)
    (logs / "a.zst").write_bytes(stream.getvalue() or packed)
    assert list(opened(spool, logs)) == [f"unopened {logs}/a.zst"]
