"""Two persons open the sealed store, nobody alone; every opening is told."""

from collections.abc import Mapping
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from tests.faults.faulty_disk import Fault, FaultyDisk
from tests.pipeline.lake.events import T0, batches, record

from wardwatch.kernel.disk import Disk
from wardwatch.kernel.errors import AccessError, InputError
from wardwatch.pipeline.privacy import Privacy
from wardwatch.pipeline.privacy.sealed import SealedStore, custodian, new_custodian

NAMES = ("ida", "mo", "zoe")


@pytest.fixture
def keys(tmp_path: Path) -> Mapping[str, X25519PrivateKey]:
    made = {name: X25519PrivateKey.generate() for name in NAMES}
    store(tmp_path).begin({name: key.public_key().public_bytes_raw() for name, key in made.items()})
    return made


def store(folder: Path) -> SealedStore:
    return SealedStore(folder / "privacy" / "nord", Disk())


def hide(folder: Path, *values: str, disk: Disk | None = None) -> list[str]:
    """Hide patients as the pipeline does; returns their tokens."""
    (batch,) = batches([record(n, {"PatientID": value}) for n, value in enumerate(values)], source="hl7")
    tokens: list[str] = Privacy(folder, "nord", disk).apply(batch).column("f.PatientID").to_pylist()
    return tokens


def some(keys: Mapping[str, X25519PrivateKey], *names: str) -> dict[str, X25519PrivateKey]:
    return {name: keys[name] for name in names}


@pytest.mark.parametrize("pair", [("ida", "mo"), ("zoe", "ida"), ("mo", "zoe")])
def test_any_two_custodians_open_it(
    keys: Mapping[str, X25519PrivateKey], pair: tuple[str, str], tmp_path: Path
) -> None:
    first, second = hide(tmp_path, "P1", "P2")
    found = store(tmp_path).open([second, "p:0:" + "0" * 32], some(keys, *pair), "case 7", T0)
    assert found == {second: "P2", "p:0:" + "0" * 32: None}
    assert first not in found


def test_nobody_opens_it_alone(keys: Mapping[str, X25519PrivateKey], tmp_path: Path) -> None:
    tokens = hide(tmp_path, "P1")
    stranger = X25519PrivateKey.generate()
    for given in (
        some(keys, "ida"),
        {"ida": keys["ida"], "mo": keys["ida"]},
        {"ida": keys["ida"], "eve": stranger},
        {},
    ):
        with pytest.raises(AccessError):
            store(tmp_path).open(tokens, given, "case 7", T0)
    with pytest.raises(AccessError, match="needs a reason"):
        store(tmp_path).open(tokens, some(keys, "ida", "mo"), " ", T0)
    assert store(tmp_path).openings() == []


def test_nothing_on_disk_tells_a_value(keys: Mapping[str, X25519PrivateKey], tmp_path: Path) -> None:
    assert keys
    hide(tmp_path, "MARTIN^ALICE")
    assert [path for path in tmp_path.rglob("*") if path.is_file() and b"MARTIN" in path.read_bytes()] == []


def test_every_opening_is_told_before_it_is_shown(keys: Mapping[str, X25519PrivateKey], tmp_path: Path) -> None:
    tokens = hide(tmp_path, "P1")
    for reason in ("case 7", "case 8"):
        store(tmp_path).open(tokens, some(keys, "ida", "mo"), reason, T0)
    assert [(one.number, one.reason, one.persons, one.tokens) for one in store(tmp_path).openings()] == [
        (1, "case 7", ("ida", "mo"), tuple(tokens)),
        (2, "case 8", ("ida", "mo"), tuple(tokens)),
    ]
    shown = []
    failing = SealedStore(tmp_path / "privacy" / "nord", FaultyDisk(tmp_path, Fault(0)))
    with pytest.raises(OSError, match="fault"):
        shown.append(failing.open(tokens, some(keys, "ida", "mo"), "case 9", T0))
    assert shown == []


@pytest.mark.parametrize("change", ["reason", "order", "gone", "torn"])
def test_a_changed_log_is_noticed(keys: Mapping[str, X25519PrivateKey], change: str, tmp_path: Path) -> None:
    tokens = hide(tmp_path, "P1")
    for number in range(3):
        store(tmp_path).open(tokens, some(keys, "ida", "mo"), f"case {number}", T0)
    path = tmp_path / "privacy" / "nord" / "openings.jsonl"
    lines = path.read_bytes().splitlines()
    if change == "reason":
        lines[1] = orjson.dumps(orjson.loads(lines[1]) | {"reason": "nothing"})
    elif change == "order":
        lines.reverse()
    elif change == "gone":
        del lines[0]
    else:
        lines[1] = b"{"
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(InputError, match="the log of openings was changed"):
        store(tmp_path).openings()
    with pytest.raises(InputError, match="the log of openings was changed"):
        store(tmp_path).open(tokens, some(keys, "ida", "mo"), "case 9", T0)


def test_a_value_is_kept_once(keys: Mapping[str, X25519PrivateKey], tmp_path: Path) -> None:
    assert keys
    for _ in range(3):
        hide(tmp_path, "P1")
    blocks = list((tmp_path / "privacy" / "nord" / "sealed").iterdir())
    assert len(blocks) == 1


def test_a_torn_block_harms_no_other(keys: Mapping[str, X25519PrivateKey], tmp_path: Path) -> None:
    tokens = hide(tmp_path, "P1")
    (block,) = (tmp_path / "privacy" / "nord" / "sealed").iterdir()
    block.write_bytes(block.read_bytes() + b"\xff\x00\x00\x00{")
    tokens += hide(tmp_path, "P2")
    assert list(store(tmp_path).open(tokens, some(keys, "ida", "mo"), "case", T0).values()) == ["P1", "P2"]


def test_hiding_fails_rather_than_forget(keys: Mapping[str, X25519PrivateKey], tmp_path: Path) -> None:
    assert keys
    hide(tmp_path, "P0")
    with pytest.raises(OSError, match="fault"):
        hide(tmp_path, "P1", disk=FaultyDisk(tmp_path, Fault(1)))


def test_without_custodians_values_are_hidden_and_not_kept(tmp_path: Path) -> None:
    (token,) = hide(tmp_path, "P1")
    assert token.startswith("p:")
    assert not (tmp_path / "privacy" / "nord" / "sealed").exists()
    with pytest.raises(InputError, match="no sealed store"):
        store(tmp_path).open([token], {"a": X25519PrivateKey.generate(), "b": X25519PrivateKey.generate()}, "x", T0)


def test_custodians_are_named_once_and_are_two(keys: Mapping[str, X25519PrivateKey], tmp_path: Path) -> None:
    public = {name: key.public_key().public_bytes_raw() for name, key in keys.items()}
    with pytest.raises(InputError, match="has custodians already"):
        store(tmp_path).begin(public)
    for few in ({"ida": public["ida"]}, {"ida": public["ida"], "mo": public["ida"]}):
        with pytest.raises(InputError, match="two custodians"):
            SealedStore(tmp_path / "other", Disk()).begin(few)


def test_a_custodians_key_needs_its_passphrase() -> None:
    pem, public = new_custodian("four random words")
    assert b"ENCRYPTED" in pem
    assert custodian(pem, "four random words", "ida.key").public_key().public_bytes_raw() == public
    for passphrase in ("wrong", ""):
        with pytest.raises(AccessError, match="cannot be opened"):
            custodian(pem, passphrase, "ida.key")
    with pytest.raises(InputError, match="at least 12"):
        new_custodian("short")
