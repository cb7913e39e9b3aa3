"""The disk cache: right content or none, whatever is on the disk."""

import errno
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from wardwatch.detection import compiler, scanner
from wardwatch.detection import predicates as kinds
from wardwatch.detection.compiled import CompiledRules
from wardwatch.detection.predicates import Predicate
from wardwatch.detection.scanner import Scanner, built
from wardwatch.detection.store import Store

RULE = """
title: Rule
id: 00000000-0000-0000-0000-000000000001
logsource: {product: windows}
detection: {selection: {F|expand: '%names%'}, condition: selection}
"""
LISTS = {"names": ("a", "b")}


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "a.yml").write_text(RULE)
    return folder


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with every compilation."""
    calls: list[int] = []
    real = compiler.compile_rules

    def counted(loaded: object, lists: Mapping[str, Sequence[str]]) -> CompiledRules:
        calls.append(1)
        return real(loaded, lists)  # type: ignore[arg-type]

    monkeypatch.setattr(compiler, "compile_rules", counted)
    return calls


def test_the_same_content_is_compiled_once(rules: Path, tmp_path: Path, count: list[int]) -> None:
    cache = tmp_path / "cache"
    first, _ = Store(cache).rules([rules], LISTS)
    second, errors = Store(cache).rules([rules], LISTS)
    assert (first.dump(), errors) == (second.dump(), [])
    assert len(count) == 1
    assert [rule.title.en for rule in second.rules] == ["Rule"]


@pytest.mark.parametrize("change", ["rule", "list", "name", "more"])
def test_changed_content_is_compiled_anew(change: str, rules: Path, tmp_path: Path, count: list[int]) -> None:
    cache = tmp_path / "cache"
    Store(cache).rules([rules], LISTS)
    lists: dict[str, tuple[str, ...]] = dict(LISTS)
    if change == "rule":
        (rules / "a.yml").write_text(RULE.replace("windows", "linux"))
    elif change == "name":
        (rules / "a.yml").rename(rules / "b.yml")
    elif change == "more":
        (rules / "b.yml").write_text(RULE.replace("0001", "0002"))
    else:
        lists["names"] = ("a",)
    found, _ = Store(cache).rules([rules], lists)
    fresh, _ = Store(None).rules([rules], lists)
    assert found.dump() == fresh.dump()
    assert len(count) == 3


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"null", b"{}", b"\xff", b'{"rules": [[1]]}', b"5"])
def test_a_damaged_file_is_built_anew(damage: bytes, rules: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first, _ = Store(cache).rules([rules], LISTS)
    for file in cache.iterdir():
        file.write_bytes(damage)
    for _ in range(2):
        found, _ = Store(cache).rules([rules], LISTS)
        assert list(found.rules) == list(first.rules)
        assert found.dump() == first.dump()


def test_rules_beside_an_unreadable_file_are_not_kept(rules: Path, tmp_path: Path, count: list[int]) -> None:
    (rules / "bad.yml").write_text("a: [")
    cache = tmp_path / "cache"
    for _ in range(2):
        found, errors = Store(cache).rules([rules], LISTS)
        assert len(found.rules) == 1
        assert [error.where for error in errors] == [f"{rules}/bad.yml:2"]
    assert len(count) == 2


def asked() -> list[tuple[int, Predicate]]:
    likes = [Predicate("F", kinds.LIKE, ((1, f"text{n}", 1), False)) for n in range(20)]
    regexes = [Predicate("F", kinds.REGEX, (f"x{n}+y",)) for n in range(5)]
    return list(enumerate([*likes, *regexes]))


def test_databases_are_kept_and_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = ["a text7 b", "xx3333y", "none", "text19x1y"]
    expected = Scanner(asked(), built).scan(values)
    assert expected == [{7}, {23}, set(), {1, 19, 21}]
    store = Store(tmp_path / "cache")
    assert Scanner(asked(), store.databases).scan(values) == expected

    def never(*_: object) -> None:
        raise AssertionError("built although it is on the disk")

    monkeypatch.setattr(scanner, "_compile", never)
    monkeypatch.setattr(scanner, "_prefilter", never)
    assert Scanner(asked(), Store(tmp_path / "cache").databases).scan(values) == expected


@pytest.mark.parametrize("damage", [b"", b"x", b"[]\n", b"[0]\nnonsense", b"{}\n" + b"\0" * 100, b"null\nx"])
def test_a_damaged_database_is_built_anew(damage: bytes, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    values = ["a text7 b", "xx3333y"]
    for _ in range(2):
        assert Scanner(asked(), Store(cache).databases).scan(values) == [{7}, {23}]
        for file in cache.iterdir():
            file.write_bytes(damage)


def test_a_database_that_was_cut_is_built_anew(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    Scanner(asked(), Store(cache).databases)
    for file in cache.iterdir():
        file.write_bytes(file.read_bytes()[:-50])
        file.write_bytes(file.read_bytes() + b"\0" * 50)
    assert Scanner(asked(), Store(cache).databases).scan(["a text7 b"]) == [{7}]


def test_the_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    Store(tmp_path / "a" / "cache")
    assert (tmp_path / "a" / "cache").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_costs_only_the_cache(rules: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    found, _ = Store(tmp_path / "file" / "cache").rules([rules], LISTS)
    assert len(found.rules) == 1


def test_a_full_disk_costs_only_the_cache(rules: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    (tmp_path / "cache").rmdir()
    assert len(store.rules([rules], LISTS)[0].rules) == 1
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_folder_that_others_can_write_is_not_used(mode: int, rules: Path, tmp_path: Path, count: list[int]) -> None:
    cache = tmp_path / "cache"
    Store(cache).rules([rules], LISTS)  # what is in it cannot be told from what others put there
    before = sorted(cache.iterdir())
    cache.chmod(mode)
    store = Store(cache)
    assert len(store.rules([rules], LISTS)[0].rules) == 1
    assert store.warning.startswith(f"the cache folder {cache} is writable by others")
    assert (len(count), sorted(cache.iterdir())) == (2, before), "neither read nor written"
    cache.chmod(0o755)
    assert Store(cache).warning == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_not_used(rules: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir(0o700)
    os.chown(cache, 12345, 12345)
    store = Store(cache)
    assert len(store.rules([rules], LISTS)[0].rules) == 1
    assert store.warning.startswith(f"the cache folder {cache} is somebody else's")
    assert list(cache.iterdir()) == []


def filled(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A folder with five files of 1,000 bytes, `old0` used least recently, of which four may stay."""
    store = Store(cache)
    for number in range(5):
        store._write(f"old{number}", bytes(1_000))
        os.utime(cache / f"old{number}", ns=(number * 10**9, number * 10**9))
    monkeypatch.setattr("wardwatch.detection.store.MAX_SIZE", 4_500)
    return store


def test_files_used_least_recently_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    filled(cache, monkeypatch)
    store = Store(cache)
    assert store._read("old0") == bytes(1_000)  # used now
    store._write("new", bytes(1_000))
    assert sorted(file.name for file in cache.iterdir()) == ["new", "old0", "old3", "old4"]
    assert sum(file.stat().st_size for file in cache.iterdir()) <= 4_500


def test_one_process_prunes_again_when_it_has_written_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    store = filled(cache, monkeypatch)
    for number in range(20):
        store._write(f"new{number}", bytes(1_000))
    assert sum(file.stat().st_size for file in cache.iterdir()) <= 4_500
    assert store._read("new19") == bytes(1_000)


def test_what_was_just_written_stays_though_it_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    filled(cache, monkeypatch)
    store = Store(cache)
    store._write("new", bytes(10_000))
    assert [file.name for file in cache.iterdir()] == ["new"]


def test_a_file_that_another_process_removed_is_no_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    filled(cache, monkeypatch)
    real = Path.unlink

    def twice(path: Path, *, missing_ok: bool = False) -> None:
        """Another process is a little faster."""
        real(path)
        real(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", twice)
    Store(cache)._write("new", bytes(1_000))
    assert sorted(file.name for file in cache.iterdir()) == ["new", "old2", "old3", "old4"]


def test_two_processes_can_share_the_folder_while_it_is_pruned(tmp_path: Path) -> None:
    """Each reads what it wrote, or builds it anew; nobody fails and the bound holds."""
    program = (
        "import sys; from pathlib import Path; from wardwatch.detection import store\n"
        "store.MAX_SIZE = 100_000\n"
        "one = store.Store(Path(sys.argv[1]))\n"
        "for n in range(300):\n"
        "    data = b'%02d' % (n % 60) * 1000\n"
        "    one._write(f'f{n % 60}', data)\n"
        "    assert one._read(f'f{n % 60}') in (None, data)\n"
    )
    cache = tmp_path / "cache"
    running = [subprocess.Popen([sys.executable, "-c", program, str(cache)]) for _ in range(3)]
    assert [one.wait() for one in running] == [0, 0, 0]
    assert sum(file.stat().st_size for file in cache.iterdir()) <= 100_000 + 3 * (100_000 // 8 + 3_016)


def test_nothing_is_left_of_a_write_that_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "cache")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    store._write("name", b"data")
    assert list((tmp_path / "cache").iterdir()) == []


def test_nothing_but_whole_files_is_left(rules: Path, tmp_path: Path) -> None:
    Store(tmp_path / "cache").rules([rules], LISTS)
    assert [file.suffix for file in (tmp_path / "cache").iterdir()] == [".json"]
