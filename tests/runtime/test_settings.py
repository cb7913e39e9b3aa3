"""Settings: defaults, the file, the environment, in this order; each with its origin; nothing unknown is passed over."""

import re
from pathlib import Path

import pytest

from wardwatch.kernel.errors import ContentError, InputError
from wardwatch.pipeline.lake.retention import Retention
from wardwatch.runtime import settings
from wardwatch.runtime.settings import SECTIONS, Ingest
from wardwatch.runtime.upkeep import retention

ROOT = Path(__file__).resolve().parents[2]


def written(home: Path, text: str) -> dict[str, str]:
    home.mkdir(exist_ok=True)
    (home / "wardwatch.toml").write_text(text)
    return {"WARDWATCH_HOME": str(home), "PATH": "x"}


def test_defaults_hold_without_a_file(tmp_path: Path) -> None:
    found = settings.load({"WARDWATCH_HOME": str(tmp_path)})
    assert (found.home, found.ingest) == (tmp_path, Ingest())
    assert set(found.origins.values()) == {"default"}


def test_the_file_and_then_the_environment(tmp_path: Path) -> None:
    environ = written(
        tmp_path, '# mine\n[ingest]\nhttp = ["0.0.0.0:9200"]\nbody = "2MiB"\nidle = "10m"\n[spool]\nbacklog = 7\n'
    )
    environ |= {"WARDWATCH_INGEST_HTTP": "[::1]:80, 127.0.0.1:81", "WARDWATCH_INGEST_ALLOW_PLAIN": "yes"}
    found = settings.load(environ)
    assert found.ingest.http == ("[::1]:80", "127.0.0.1:81")
    assert (found.ingest.body, found.ingest.idle, found.ingest.allow_plain, found.spool.backlog) == (
        2 << 20,
        600_000_000,
        True,
        7,
    )
    path = tmp_path / "wardwatch.toml"
    assert {name: where for name, where in found.origins.items() if where != "default"} == {
        "ingest.http": "WARDWATCH_INGEST_HTTP",
        "ingest.allow_plain": "WARDWATCH_INGEST_ALLOW_PLAIN",
        "ingest.body": f"{path}:4",
        "ingest.idle": f"{path}:5",
        "spool.backlog": f"{path}:7",
    }


def test_what_is_shown_is_toml_that_means_the_same(tmp_path: Path) -> None:
    environ = written(tmp_path, '[ingest]\nmetrics = ""\n[[ingest.tail]]\npath = "a\\"b"\nsensor = "s"\n')
    found = settings.load(environ)
    lines: dict[str, list[str]] = {section: [f"[{section}]"] for section in SECTIONS}
    for name, value, _ in settings.shown(found):
        section, key = name.split(".")
        lines[section].append(f"{key} = {value}")
    again = settings.load(written(tmp_path, "\n".join(line for some in lines.values() for line in some)))
    assert all(getattr(again, section) == getattr(found, section) for section in SECTIONS)
    assert again.ingest.tail == ({"path": 'a"b', "sensor": "s"},)


def test_how_long_events_are_kept(tmp_path: Path) -> None:
    keep = """
[lake]
keep_days = 180
keep = [
  {source = "zeek", days = 30}, {tenant = "nord", days = 730}, {tenant = "nord", source = "zeek", days = 90},
  {tenant = "sud", source = "cef", days = 7},
]
[privacy]
epoch_days = 30
"""
    found = settings.load(written(tmp_path, keep))
    assert retention(found.lake, "nord") == Retention(730, {"zeek": 90})
    assert retention(found.lake, "sud") == Retention(180, {"zeek": 30, "cef": 7})
    assert retention(found.lake, "est") == Retention(180, {"zeek": 30})
    assert found.privacy.epoch_days == 30
    shown = {name: value for name, value, _ in settings.shown(found)}
    again = settings.load(written(tmp_path, f"[lake]\nkeep = {shown['lake.keep']}"))
    assert again.lake.keep == found.lake.keep


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("[ingest]\nhttp = 9200", "a list of texts", 2),
        ('[ingest]\n\nhttp = ["9200"]', "an address such as", 3),
        ('[ingest]\nhttp = ["a:99999"]', "an address such as", 2),
        ("[ingest]\nallow_plain = 1", "true or false", 2),
        ("[ingest]\nconnections = -1", "a whole number", 2),
        ("[ingest]\nconnections = true", "a whole number", 2),
        ('[ingest]\nbody = "2MB"', "a size such as", 2),
        ("[ingest]\nidle = 5", "a span of time", 2),
        ('[ingest]\nidle = "5 weeks"', "a span of time", 2),
        ("[ingest]\nmetrics = 5", "a text", 2),
        ('[ingest]\ntail = [{path = "x"}]', "tables with path", 2),
        ("[ingest]\ntail = 5", "a list of tables", 2),
        ("[lake]\nkeep_days = 0", "days, from 1", 2),
        ("[lake]\nkeep = [{days = 3}]", "tables with days, and tenant or source", 2),
        ('[lake]\nkeep = [{days = 3, source = "x", other = 1}]', "tables with days", 2),
        ('[lake]\nkeep = [{days = "x", source = "x"}]', "a whole number", 2),
        ("[lake]\nkeep = 5", "a list of tables", 2),
        ("[ingest]\nhtpp = []", "unknown setting 'htpp'", 2),
        ("\n[injest]\nhttp = []", "unknown section 'injest'", 2),
        ("ingest = 5", "unknown section 'ingest'", 1),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, what: str, line: int) -> None:
    with pytest.raises(ContentError) as caught:
        settings.load(written(tmp_path, text))
    assert what in caught.value.what
    assert caught.value.where == f"{tmp_path / 'wardwatch.toml'}:{line}"


@pytest.mark.parametrize("variable", ["WARDWATCH_INGEST_HTPP", "WARDWATCH_INJEST_HTTP", "WARDWATCH_X"])
def test_unknown_variables_are_refused(variable: str) -> None:
    with pytest.raises(ContentError) as caught:
        settings.load({variable: "x", "WARDWATCH_HOME": "nowhere"})
    assert caught.value.where == variable


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        settings.load({"WARDWATCH_CONFIG": str(tmp_path / "none.toml")})
    with pytest.raises(ContentError, match="not TOML"):
        settings.load(written(tmp_path, "[ingest"))
    (tmp_path / "wardwatch.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ContentError, match="not TOML"):
        settings.load({"WARDWATCH_HOME": str(tmp_path)})
    (tmp_path / "wardwatch.toml").write_bytes(b"#" * (1024 * 1024 + 1))
    with pytest.raises(ContentError, match="larger"):
        settings.load({"WARDWATCH_HOME": str(tmp_path)})


def test_home() -> None:
    assert settings.home({"WARDWATCH_HOME": "x"}) == Path("x")
    assert settings.home({"XDG_DATA_HOME": "y"}) == Path("y/wardwatch")
    assert settings.home({}) == Path.home() / ".local" / "share" / "wardwatch"


def test_every_setting_is_documented_with_its_default() -> None:
    page = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+\.\w+)` \| `([^|]*)` \|", page, re.MULTILINE))
    defaults = {name: value for name, value, _ in settings.shown(settings.Settings(Path()))}
    assert rows == defaults
    assert {name.split(".")[0] for name in rows} == set(SECTIONS)
