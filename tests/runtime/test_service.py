"""Installed below a root from real wheels, upgraded over a real migration, and back; what fails leaves everything as it was."""

import os
import shutil
import sqlite3
import subprocess
import sys
import sysconfig
from contextlib import closing
from pathlib import Path

import pytest

from wardwatch.kernel.errors import InputError, WardwatchError
from wardwatch.runtime import service
from wardwatch.runtime.service import BACKUPS, HOME, SETTINGS, UNITS, Layout, installing, units, upgrading
from wardwatch.runtime.service.units import Chosen
from wardwatch.runtime.settings import load

TREE = Path(__file__).parents[2]
CHOSEN = Chosen(("wardwatch.hospital.example",))
MIGRATION = """
from django.db import migrations

class Migration(migrations.Migration):
    dependencies = [("records", "{before}")]
    operations = [migrations.RunSQL("CREATE TABLE {table} (id integer)"), {more}]
"""
FAILS = 'migrations.RunSQL("INSERT INTO none_such VALUES (1)")'


def wheels(folder: Path, version: str, more: str | None = None) -> Path:
    """A folder with the wheel of a version of this tree; with `more`, it has a migration that the tree has not.

    What it depends on comes from the environment of the tests: to unpack it each time would take minutes.
    """
    tree = folder / f"tree-{version}"
    tree.mkdir(parents=True)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(TREE / name, tree)
    shutil.copytree(TREE / "src", tree / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    project = tree / "pyproject.toml"
    project.write_text(project.read_text().replace('version = "0.1.0"', f'version = "{version}"', 1))
    migrations = tree / "src" / "wardwatch" / "records" / "migrations"
    if more is not None:
        last = max(migrations.glob("0*.py")).stem
        table = f"of_{version.replace('.', '_')}"
        (migrations / f"09{table}.py").write_text(MIGRATION.format(before=last, more=more, table=table))
    made = folder / f"wheels-{version}"
    built = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(made)]
    subprocess.run(built, cwd=tree, check=True, capture_output=True)
    (made / "requirements.lock").touch()
    return made


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("wheels")
    return {
        version: wheels(folder, version, more) for version, more in (("0.1.0", None), ("0.2.0", ""), ("0.3.0", FAILS))
    }


@pytest.fixture(autouse=True)
def dependencies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", sysconfig.get_path("purelib"))


def done(steps: object) -> list[str]:
    said: list[str] = []
    service.follow(steps, said.append, execute=True)  # type: ignore[arg-type]
    return said


def asked(layout: Layout, *words: str) -> str:
    """Run the program that is current."""
    line = [str(layout.current / "bin" / "wardwatch"), *words]
    return subprocess.run(line, env=upgrading.environ(layout), check=True, capture_output=True, text=True).stdout


def rows(layout: Layout, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(layout.at(HOME) / "db.sqlite3")) as database:
        return database.execute(sql).fetchall()


def tables(layout: Layout) -> set[object]:
    return {name for (name,) in rows(layout, "SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_without_execute_nothing_is_changed(tmp_path: Path, built: dict[str, Path]) -> None:
    root = tmp_path / "root"
    said: list[str] = []
    service.follow(installing.install(Layout(root), built["0.1.0"], CHOSEN, None), said.append, execute=False)
    assert not root.exists()
    assert len(said) == 10
    assert all(one.startswith("would ") for one in said)


def test_installed_upgraded_broken_and_back(tmp_path: Path, built: dict[str, Path]) -> None:
    layout = Layout(tmp_path)
    done(installing.install(layout, built["0.1.0"], CHOSEN, None))
    assert layout.version() == "0.1.0"
    assert oct(layout.at(HOME).stat().st_mode)[-3:] == oct(layout.at(BACKUPS).stat().st_mode)[-3:] == "700"
    assert (layout.at(HOME) / "keys" / "tls" / "server.crt").is_file()
    asked(layout, "people", "administrator", "ida@hospital.example")
    before = rows(layout, "SELECT number, hash FROM records_auditrow ORDER BY number")
    assert before

    # A first try breaks off while the new program changes the database; the second begins from what was saved.
    for step in upgrading.upgrade(layout, built["0.2.0"], saved=False):
        if "migrate" in step.what:
            break
        step.do()
    with closing(sqlite3.connect(layout.at(HOME) / "db.sqlite3")) as database:
        database.execute("CREATE TABLE half (id integer)")
    done(upgrading.upgrade(layout, built["0.2.0"], saved=False))
    assert "half" not in tables(layout)
    assert (layout.version(), layout.previous.readlink().name) == ("0.2.0", "0.1.0")
    assert "of_0_2_0" in tables(layout)
    assert rows(layout, "SELECT number, hash FROM records_auditrow ORDER BY number")[: len(before)] == before
    asked(layout, "audit", "verify")

    held = rows(layout, "SELECT email FROM records_userrow"), tables(layout)
    with pytest.raises(WardwatchError, match=r"0\.3\.0 does not work here, 0\.2\.0 runs again"):
        done(upgrading.upgrade(layout, built["0.3.0"], saved=False))
    assert layout.version() == "0.2.0"
    assert (rows(layout, "SELECT email FROM records_userrow"), tables(layout)) == held
    asked(layout, "audit", "verify")

    done(upgrading.rollback(layout))
    assert layout.version() == "0.1.0"
    assert "of_0_2_0" not in tables(layout)
    assert rows(layout, "SELECT number, hash FROM records_auditrow ORDER BY number") == before
    with pytest.raises(InputError, match="there is no version before"):
        done(upgrading.rollback(layout))
    with pytest.raises(InputError, match=r"0\.1\.0 runs already"):
        done(upgrading.upgrade(layout, built["0.1.0"], saved=False))
    with pytest.raises(InputError, match=r"0\.1\.0 is installed"):
        done(installing.install(layout, built["0.1.0"], CHOSEN, None))
    backup = layout.at(BACKUPS)
    for _ in range(2):
        for name in ("a", "b"):
            (backup / f"wardwatch-2020{name}.tar.zst").touch()
        asked(layout, "backup", "--into", str(backup), "--keep", "1")
        kept = [path.name for path in backup.iterdir()]
        assert len(kept) == 1
        assert kept[0] > "wardwatch-2026"
        (backup / kept[0]).unlink()


def test_a_program_that_was_half_made_is_not_there(tmp_path: Path, built: dict[str, Path]) -> None:
    broken = tmp_path / "wheels"
    shutil.copytree(built["0.1.0"], broken)
    (broken / "requirements.lock").write_text(f"none-such==1.0 --hash=sha256:{'0' * 64}\n")
    layout = Layout(tmp_path / "root")
    with pytest.raises(WardwatchError, match="none-such"):
        done(installing.install(layout, broken, CHOSEN, None))
    assert layout.version() is None
    assert not layout.program("0.1.0").exists()


def test_a_folder_with_no_wheel_or_two_is_refused(tmp_path: Path, built: dict[str, Path]) -> None:
    with pytest.raises(InputError, match="no wheel of Wardwatch"):
        next(installing.install(Layout(tmp_path), tmp_path, CHOSEN, None))
    both = tmp_path / "both"
    both.mkdir()
    for version in ("0.1.0", "0.2.0"):
        shutil.copy(next(built[version].glob("*.whl")), both)
    with pytest.raises(InputError, match="2 wheels of Wardwatch"):
        next(installing.install(Layout(tmp_path), both, CHOSEN, None))


def test_settings_that_are_there_and_a_given_certificate_are_kept(tmp_path: Path, built: dict[str, Path]) -> None:
    layout = Layout(tmp_path)
    layout.at(SETTINGS).parent.mkdir(parents=True)
    layout.at(SETTINGS).write_text("# ours\n")
    for name in ("a.crt", "a.key"):
        (tmp_path / name).write_text(name)
    steps = installing.install(layout, built["0.1.0"], CHOSEN, (tmp_path / "a.crt", tmp_path / "a.key"))
    done(step for step in steps if "program" not in step.what and "current" not in step.what)
    assert layout.at(SETTINGS).read_text() == "# ours\n"
    assert (layout.at(HOME) / "keys" / "tls" / "server.key").read_text() == "a.key"
    assert oct((layout.at(HOME) / "keys" / "tls" / "server.key").stat().st_mode)[-3:] == "600"


@pytest.mark.parametrize("plain", [0, 514])
def test_the_settings_are_those_that_were_chosen(tmp_path: Path, plain: int) -> None:
    path = tmp_path / "wardwatch.toml"
    path.write_text(units.settings(Chosen(("a.example", 'b"c'), syslog_plain=plain)))
    found = load({"WARDWATCH_HOME": str(tmp_path), "WARDWATCH_CONFIG": str(path)})
    assert (found.console.address, found.console.hosts[:2]) == ("0.0.0.0:8443", ("a.example", 'b"c'))
    assert set(found.console.second_factor) == {"administrator", "ciso"}
    assert (found.ingest.syslog_tls, found.ingest.https) == (("0.0.0.0:6514",), ("0.0.0.0:9443",))
    assert found.ingest.syslog_udp == (("0.0.0.0:514",) if plain else ("127.0.0.1:5514",))
    assert found.ingest.allow_plain == bool(plain)


def test_low_ports_need_a_capability_and_nothing_else_does() -> None:
    assert "\nCapabilityBoundingSet=CAP_NET_BIND_SERVICE\n" in units.service((443, 6514))
    assert "\nCapabilityBoundingSet=\n" in units.service((8443, 6514))


def test_postgresql_is_upgraded_only_when_it_was_saved(tmp_path: Path, built: dict[str, Path]) -> None:
    layout = Layout(tmp_path)
    layout.program("0.1.0").mkdir(parents=True)
    layout.current.symlink_to("0.1.0")
    layout.at(SETTINGS).parent.mkdir(parents=True)
    layout.at(SETTINGS).write_text('[console]\ndatabase = "postgresql://w@127.0.0.1/w"\n')
    with pytest.raises(InputError, match="only its own tools save"):
        next(upgrading.upgrade(layout, built["0.2.0"], saved=False))
    steps = [step.what for step in upgrading.upgrade(layout, built["0.2.0"], saved=True)]
    assert not any(what.startswith("save ") for what in steps)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze (apt install systemd)")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    program = tmp_path / "wardwatch"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for name, text in (
        ("wardwatch.service", units.service((8443,))),
        ("wardwatch-backup.service", units.backup(7)),
        ("wardwatch-backup.timer", units.timer()),
    ):
        here = text.replace("/opt/wardwatch/current/bin/wardwatch", str(program)).replace("User=wardwatch", "User=root")
        (tmp_path / name).write_text(here.replace("Group=wardwatch", "Group=root"))
    found = subprocess.run(
        [
            "systemd-analyze",
            "verify",
            *map(str, tmp_path.glob("wardwatch*.service")),
            str(tmp_path / "wardwatch-backup.timer"),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
        check=False,
    )
    assert [line for line in found.stderr.splitlines() if "wardwatch" in line] == []


def test_the_units_lie_where_systemd_looks(tmp_path: Path, built: dict[str, Path]) -> None:
    layout = Layout(tmp_path)
    steps = installing.install(layout, built["0.1.0"], CHOSEN, None)
    done(step for step in steps if "timer" in step.what)
    assert sorted(path.name for path in layout.at(UNITS).iterdir()) == [
        "wardwatch-backup.service",
        "wardwatch-backup.timer",
        "wardwatch.service",
    ]
