"""A backup proves itself: restored on an empty machine, the same rows, the same events, the same audit chain."""

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path

import pytest
import zstandard
from tests.pipeline.lake.events import some

from wardwatch.events import alert_lines
from wardwatch.events.alert import Alert
from wardwatch.kernel.errors import InputError
from wardwatch.kernel.severity import Level
from wardwatch.pipeline.lake import Lake
from wardwatch.runtime import restoring

TENANT = "hospital"


def wardwatch(home: Path, *line: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "WARDWATCH_HOME": str(home)}
    return subprocess.run(
        [sys.executable, "-m", "wardwatch", *line],
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with people, hospitals, an audit chain, events in the lake, alerts and a key."""
    found = tmp_path_factory.mktemp("home")
    assert wardwatch(found, "demo", "start").returncode == 0
    with closing(Lake(found / "lake").tenant(TENANT)) as lake:
        for first in (0, 40):
            staged = lake.stage(some(40, first=first, tenant=TENANT))
            lake.commit(staged, {"position": ["0" * 32, first], "checkpoint": "none"})
    alert = Alert("0" * 32, TENANT, "event", "rule", "A rule", Level.HIGH, 1, 1)
    (found / "alerts" / TENANT).mkdir(parents=True)
    (found / "alerts" / TENANT / "00000001.jsonl").write_text(alert_lines.line(alert) + "\n")
    return found


@pytest.fixture(scope="module")
def backup(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("backup") / "backup.tar.zst"
    made = wardwatch(home, "backup", str(target))
    assert made.returncode == 0, made.stderr
    return target


def test_what_is_restored_is_what_was_backed_up(home: Path, backup: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    found = wardwatch(new, "restore", str(backup), "--json", "-")
    assert found.returncode == 0, found.stderr
    told = json.loads(found.stdout)
    assert (told["differs"], sum(told["events"].values())) == ([], 80)
    assert told["rows"]["records.userrow"] >= 12
    old = wardwatch(home, "audit", "verify", "--json", "-")
    assert wardwatch(new, "audit", "verify", "--json", "-").stdout == old.stdout
    assert json.loads(old.stdout)["entries"] >= 1
    export = [wardwatch(one, "audit", "export").stdout for one in (home, new)]
    assert export[0] == export[1]
    for name in ("keys/console.key", f"alerts/{TENANT}/00000001.jsonl", "state/demo.json"):
        assert (new / name).read_bytes() == (home / name).read_bytes()
        assert (new / name).stat().st_mode & 0o077 == 0


def test_a_backup_is_readable_by_its_owner_only_and_never_replaced(home: Path, backup: Path) -> None:
    assert backup.stat().st_mode & 0o077 == 0
    before = backup.read_bytes()
    again = wardwatch(home, "backup", str(backup))
    assert (again.returncode, backup.read_bytes() == before) == (2, True)
    assert "there is a file already" in again.stderr


def test_nothing_is_restored_over_what_is_there(home: Path, backup: Path) -> None:
    found = wardwatch(home, "restore", str(backup))
    assert (found.returncode, "not empty" in found.stderr) == (2, True)


def test_a_cut_backup_is_refused(backup: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.tar.zst"
    cut.write_bytes(backup.read_bytes()[:-200])
    with pytest.raises(InputError, match="not a"):
        restoring.restore(cut, tmp_path / "new")


def rewritten(backup: Path, target: Path, change: "dict[str, bytes]") -> Path:
    """The same backup with some members changed or added, and its list as it was."""
    packed = io.BytesIO(zstandard.ZstdDecompressor().stream_reader(backup.read_bytes()).read())
    out = io.BytesIO()
    with tarfile.open(fileobj=packed) as old, tarfile.open(fileobj=out, mode="w") as new:
        for name, data in change.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            new.addfile(member, io.BytesIO(data))
        for member in old:
            if member.name not in change:
                new.addfile(member, old.extractfile(member))
    target.write_bytes(zstandard.ZstdCompressor().compress(out.getvalue()))
    return target


def test_a_changed_member_is_found(backup: Path, tmp_path: Path) -> None:
    name = f"alerts/{TENANT}/00000001.jsonl"
    changed = rewritten(backup, tmp_path / "changed.tar.zst", {name: b"{}\n"})
    with pytest.raises(InputError, match=r"damaged, alerts/hospital/00000001\.jsonl among them"):
        restoring.restore(changed, tmp_path / "new")


@pytest.mark.parametrize("name", ["../outside", "/outside", "state/../../outside"])
def test_no_member_leads_out_of_the_home(backup: Path, tmp_path: Path, name: str) -> None:
    hostile = rewritten(backup, tmp_path / "hostile.tar.zst", {name: b"x"})
    with pytest.raises(InputError, match="leads out of the home"):
        restoring.restore(hostile, tmp_path / "new" / "home")
    assert not (tmp_path / "outside").exists()
    assert not (tmp_path / "new" / "outside").exists()


def test_a_tampered_database_is_told(backup: Path, tmp_path: Path) -> None:
    """Whoever changes the database and its hash in the list still breaks the audit chain."""
    packed = io.BytesIO(zstandard.ZstdDecompressor().stream_reader(backup.read_bytes()).read())
    with tarfile.open(fileobj=packed) as old:
        lines = old.extractfile("database.jsonl").read().decode().splitlines(keepends=True)
        stated = json.loads(old.extractfile("MANIFEST.json").read())
    forged = "".join(
        line.replace("demo.created", "nothing") if '"records.auditrow"' in line else line for line in lines
    ).encode()
    stated["members"]["database.jsonl"] = hashlib.sha256(forged).hexdigest()
    changed = {"database.jsonl": forged, "MANIFEST.json": json.dumps(stated).encode()}
    path = rewritten(backup, tmp_path / "forged.tar.zst", changed)
    found = wardwatch(tmp_path / "new", "restore", str(path))
    assert (found.returncode, "the audit chain is broken" in found.stderr) == (2, True)
