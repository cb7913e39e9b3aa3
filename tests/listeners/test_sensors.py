"""Sensors: bound to a tenant; found by token, certificate or address; tokens are not kept."""

from pathlib import Path

import pytest

from wardwatch.kernel.disk import Disk
from wardwatch.kernel.errors import ContentError, InputError
from wardwatch.listeners.sensors import Known, Registry, Sensor, hashed, new_token


def test_a_sensor_is_found_by_what_it_shows() -> None:
    certificate = "ab" * 32
    wide = Sensor("wide", "north", addresses=("10.0.0.0/8",))
    narrow = Sensor("narrow", "south", addresses=("10.1.2.3", "fd00::/64"))
    tokened = Sensor("tokened", "north", token=hashed("secret"), certificates=(certificate,))
    known = Known((wide, narrow, tokened))
    assert [known.by_address(one) for one in ("10.9.9.9", "10.1.2.3", "::ffff:10.1.2.3", "fd00::1%eth0")] == [
        wide,
        narrow,
        narrow,
        narrow,
    ]
    assert [known.by_address(one) for one in ("11.0.0.1", "fd01::1", "", "x")] == [None] * 4
    assert [known.by_token(one) for one in ("secret", "Secret", "", hashed("secret"))] == [tokened, None, None, None]
    assert known.by_certificate(b"none") is None
    assert known.sensors["wide"] is wide


def test_hints_are_what_a_sensor_may_send() -> None:
    free, one = Sensor("a", "t"), Sensor("a", "t", ("zeek",))
    two = Sensor("a", "t", ("zeek", "suricata"))
    assert [free.hint(), free.hint("zeek")] == [None, "zeek"]
    assert [one.hint(), one.hint("evtx")] == ["zeek", "zeek"]
    assert [two.hint(), two.hint("suricata"), two.hint("evtx")] == [None, "suricata", None]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Upper"},
        {"name": ""},
        {"name": "../x"},
        {"tenant": "a/b"},
        {"token": "secret"},
        {"certificates": ("x",)},
        {"addresses": ("10.0.0.0/33",)},
    ],
)
def test_what_is_no_sensor(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        Sensor(**({"name": "a", "tenant": "t"} | wrong))  # type: ignore[arg-type]


def test_the_registry_is_read_again_when_it_changed(tmp_path: Path) -> None:
    mine, theirs = (Registry(tmp_path / "state" / "sensors.json", Disk()) for _ in range(2))
    assert mine.known().sensors == {}
    theirs.add(Sensor("a", "north", token=hashed("t")))
    theirs.add(Sensor("b", "south"))
    assert sorted(mine.known().sensors) == ["a", "b"]
    assert mine.known() is mine.known()
    theirs.add_certificate("b", "ab" * 32)
    assert mine.known().sensors["b"] == Sensor("b", "south", certificates=("ab" * 32,))
    assert theirs.remove("a").name == "a"
    assert mine.known().by_token("t") is None
    (tmp_path / "state" / "sensors.json").unlink()
    assert mine.known().sensors == {}


def test_names_are_used_once(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "sensors.json", Disk())
    registry.add(Sensor("a", "north"))
    with pytest.raises(InputError, match="there is a sensor"):
        registry.add(Sensor("a", "south"))
    for act in (registry.remove, lambda name: registry.add_certificate(name, "ab" * 32)):
        with pytest.raises(InputError, match="no sensor"):
            act("b")
    assert registry.known().sensors["a"].tenant == "north"


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"schema":"wardwatch/sensors/2","sensors":[]}',
        '{"schema":"wardwatch/sensors/1","sensors":[{"name":"a"}]}',
        '{"schema":"wardwatch/sensors/1","sensors":[{"name":"a","tenant":"../x"}]}',
    ],
)
def test_a_damaged_registry_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "sensors.json").write_text(text)
    with pytest.raises(ContentError):
        Registry(tmp_path / "sensors.json", Disk()).known()


def test_tokens_are_long_and_not_kept(tmp_path: Path) -> None:
    token = new_token()
    assert (len(token), token == new_token()) == (46, False)
    Registry(tmp_path / "sensors.json", Disk()).add(Sensor("a", "north", token=hashed(token)))
    assert token not in (tmp_path / "sensors.json").read_text()
    assert (tmp_path / "sensors.json").stat().st_mode & 0o077 == 0
