"""The command line as a user calls it, in this process or in one of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from wardwatch import cli

Run = Callable[..., "Result"]


@dataclass(frozen=True)
class Result:
    """What a command left: its exit code and what it wrote."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def warm_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compiled rules, so that they are compiled once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def home(tmp_path: Path, warm_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "cache").symlink_to(warm_cache, target_is_directory=True)
    monkeypatch.setenv("WARDWATCH_HOME", str(folder))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    return folder


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Call the command line here."""
    assert home.is_dir()

    def call(*args: str | Path) -> Result:
        monkeypatch.setattr(sys, "argv", ["wardwatch", *map(str, args)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as exit_:
            cli.main()
        written = capfd.readouterr()
        assert isinstance(exit_.value.code, int)
        return Result(exit_.value.code, written.out, written.err)

    return call


def spawned(*args: str | Path, **more: object) -> "subprocess.Popen[bytes]":
    """Start the command line in a process of its own."""
    # Whoever runs the tests in the background of a shell has had SIGINT ignored; children inherit that.
    listens = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    command = [sys.executable, "-c", f"{listens}; from wardwatch.cli import main; main()", *map(str, args)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=dict(os.environ), **more)  # type: ignore[call-overload,no-any-return]


def event(command: str, minute: int = 11) -> bytes:
    return orjson.dumps(
        {
            "@timestamp": f"2026-11-23T02:{minute:02}:04Z",
            "Channel": "Microsoft-Windows-Sysmon/Operational",
            "EventID": 1,
            "Computer": "SRV-PACS01",
            "User": "CHU\\ida",
            "Image": "C:\\Windows\\System32\\vssadmin.exe",
            "CommandLine": command,
            "OriginalFileName": "VSSADMIN.EXE",
        }
    )


HIT, MISS = event("vssadmin delete shadows /all /quiet"), event("vssadmin list writers")


@pytest.fixture
def attacked(tmp_path: Path) -> Path:
    """A log with one alert."""
    path = tmp_path / "attacked.json"
    path.write_bytes(MISS + b"\n" + HIT + b"\n")
    return path


@pytest.fixture
def quiet(tmp_path: Path) -> Path:
    """A log without any."""
    path = tmp_path / "quiet.json"
    path.write_bytes(MISS + b"\n")
    return path


@pytest.fixture
def partly(tmp_path: Path) -> Path:
    """A log with one alert and one line that cannot be read."""
    path = tmp_path / "partly.json"
    path.write_bytes(HIT + b"\nnot JSON\n")
    return path


def copied(source: Path, target: Path) -> Path:
    shutil.copy(source, target)
    return target
