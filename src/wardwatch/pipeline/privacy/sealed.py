"""The sealed store: which value a token stands for. Written without being able to read it; two persons open it.

Blocks are sealed to the store's X25519 key (RFC 7748; ephemeral key, HKDF-SHA-256, AES-256-GCM). The store's private
key exists only sealed to two custodians, one inside the other, for every pair of them: no single person opens anything.
Each opening is written into a log whose entries are chained by hashes, before anything is shown.
"""

import hashlib
import itertools
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from wardwatch.kernel import stamps
from wardwatch.kernel.disk import Disk, DiskFile, atomic_write
from wardwatch.kernel.errors import AccessError, InputError

FORMAT = "wardwatch/sealed/1"
MIN_PASSPHRASE = 12  # characters
_KEY, _NONCE = 32, bytes(12)  # every key is used once
_LENGTH = 4


@dataclass(frozen=True, slots=True)
class Opening:
    """One entry of the log of openings; `previous` is the hash of the entry before."""

    number: int
    at: str
    persons: tuple[str, ...]
    reason: str
    tokens: tuple[str, ...]
    previous: str

    @property
    def hash(self) -> str:
        """BLAKE2b-256 of the entry."""
        return hashlib.blake2b(orjson.dumps(asdict(self)), digest_size=_KEY).hexdigest()


def seal(data: bytes, public: bytes) -> bytes:
    """Encrypt to an X25519 public key; nobody but its owner can read it, not even who sealed it."""
    ephemeral = X25519PrivateKey.generate()
    own = ephemeral.public_key().public_bytes_raw()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public))
    return own + AESGCM(_derived(shared, own, public)).encrypt(_NONCE, data, FORMAT.encode())


def unseal(sealed: bytes, private: X25519PrivateKey) -> bytes:
    """Decrypt; raises `InvalidTag` for another key or changed data."""
    own, public = sealed[:_KEY], private.public_key().public_bytes_raw()
    shared = private.exchange(X25519PublicKey.from_public_bytes(own))
    return AESGCM(_derived(shared, own, public)).decrypt(_NONCE, sealed[_KEY:], FORMAT.encode())


def _derived(shared: bytes, own: bytes, public: bytes) -> bytes:
    return HKDF(SHA256(), _KEY, salt=own + public, info=FORMAT.encode()).derive(shared)


def new_custodian(passphrase: str) -> tuple[bytes, bytes]:
    """Make a custodian's key: (private, PEM that the passphrase opens; public, 32 bytes)."""
    if len(passphrase) < MIN_PASSPHRASE:
        raise InputError(f"a passphrase has at least {MIN_PASSPHRASE} characters", hint="four random words are good")
    private = X25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase.encode()))
    return pem, private.public_key().public_bytes_raw()


def custodian(pem: bytes, passphrase: str, where: str) -> X25519PrivateKey:
    """Open a custodian's key; raises `AccessError`."""
    try:
        found = load_pem_private_key(pem, passphrase.encode())
    except (ValueError, TypeError):
        raise AccessError(
            "the key cannot be opened", where=where, hint="is it the right file and passphrase?"
        ) from None
    if not isinstance(found, X25519PrivateKey):
        raise AccessError("not a custodian's key", where=where, hint="it was made by `wardwatch privacy init`")
    return found


class SealedStore:
    """The sealed store of one tenant, in its folder of keys."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._folder = folder
        self._disk = disk
        self._waiting: dict[str, str] = {}
        self._known: set[str] | None = None
        self._file: DiskFile | None = None

    @property
    def _custodians(self) -> Path:
        return self._folder / "custodians.json"

    def is_ready(self) -> bool:
        """Whether custodians were named; before, values are not kept at all."""
        return self._custodians.exists()

    def begin(self, custodians: Mapping[str, bytes]) -> None:
        """Name the custodians (name → public key), for ever.

        Raises `InputError` for fewer than two, or a second time.
        """
        if len(set(custodians.values())) < 2:  # noqa: PLR2004  (two persons)
            raise InputError("a sealed store needs two custodians or more", hint="name two persons of different roles")
        if self.is_ready():
            hint = "tokens of before could not be opened by new custodians"
            raise InputError("this tenant has custodians already", where=str(self._custodians), hint=hint)
        private = X25519PrivateKey.generate()
        secret = private.private_bytes_raw()
        pairs = {
            f"{first}\n{second}": seal(seal(secret, custodians[second]), custodians[first]).hex()
            for first, second in itertools.combinations(sorted(custodians), 2)
        }
        stated = {"format": FORMAT, "public": private.public_key().public_bytes_raw().hex(), "pairs": pairs}
        stated["custodians"] = {name: public.hex() for name, public in custodians.items()}
        self._disk.make_folder(self._folder)
        atomic_write(self._disk, self._custodians, orjson.dumps(stated, option=orjson.OPT_INDENT_2))

    def _stated(self) -> dict[str, dict[str, str]]:
        try:
            stated: dict[str, dict[str, str]] = orjson.loads(self._custodians.read_bytes())
        except FileNotFoundError:
            hint = "name two custodians: wardwatch privacy init"
            raise InputError("there is no sealed store for this tenant", where=str(self._folder), hint=hint) from None
        return stated

    def add(self, token: str, value: str) -> None:
        """Take in what a token stands for; kept durably at the next `flush`."""
        self._waiting[token] = value

    def flush(self) -> None:
        """Seal what is waiting, durably."""
        if not self._waiting:
            return
        if self.is_ready():
            if self._known is None:
                self._known = {token for block in self._blocks() for token in block[0]}
            new = {token: value for token, value in self._waiting.items() if token not in self._known}
            if new:
                self._write(new)
                self._known |= new.keys()
        self._waiting = {}

    def _write(self, new: Mapping[str, str]) -> None:
        public = bytes.fromhex(str(self._stated()["public"]))
        block = orjson.dumps({"tokens": list(new), "sealed": seal(orjson.dumps(new), public).hex()})
        if self._file is None:
            folder = self._folder / "sealed"
            self._disk.make_folder(folder)
            self._file = self._disk.create(folder / f"{secrets.token_hex(8)}.blocks")
            self._disk.sync_folder(folder)
        try:
            self._file.write(len(block).to_bytes(_LENGTH, "little") + block)
            self._file.sync()
        except OSError:  # a torn block may be there: the next one goes to a new file
            self._file.close()
            self._file = None
            raise

    def _blocks(self) -> Iterable[tuple[list[str], bytes]]:
        folder = self._folder / "sealed"
        for path in sorted(folder.glob("*.blocks")) if folder.is_dir() else ():
            data, at = path.read_bytes(), 0
            while at + _LENGTH <= len(data):
                size = int.from_bytes(data[at : at + _LENGTH], "little")
                block = data[at + _LENGTH : at + _LENGTH + size]
                if len(block) < size:  # torn: it was never acknowledged
                    break
                stated = orjson.loads(block)
                yield stated["tokens"], bytes.fromhex(stated["sealed"])
                at += _LENGTH + size

    def open(
        self, tokens: Sequence[str], keys: Mapping[str, X25519PrivateKey], reason: str, now: int
    ) -> dict[str, str | None]:
        """Return what tokens stand for (`None`: not in the store), with the keys of two custodians; logged first."""
        if not reason.strip():
            raise AccessError("an opening needs a reason", hint="say which case it is for")
        secret = self._secret(keys)
        self._log(Opening(0, stamps.iso_text(now), tuple(sorted(keys)), reason, tuple(tokens), ""))
        found: dict[str, str | None] = dict.fromkeys(tokens)
        for stated, sealed in self._blocks():
            if not found.keys().isdisjoint(stated):
                values = orjson.loads(unseal(sealed, secret))
                found |= {token: values[token] for token in found.keys() & values.keys()}
        return found

    def _secret(self, keys: Mapping[str, X25519PrivateKey]) -> X25519PrivateKey:
        stated = self._stated()
        if len(keys) != 2:  # noqa: PLR2004
            raise AccessError("two persons open the store together", hint="name the keys of two custodians")
        first, second = sorted(keys)
        for name in (first, second):
            if stated["custodians"].get(name) != keys[name].public_key().public_bytes_raw().hex():
                hint = f"custodians: {', '.join(sorted(stated['custodians']))}"
                raise AccessError(f"not the key of a custodian: {name}", where=str(self._custodians), hint=hint)
        try:
            inner = unseal(bytes.fromhex(stated["pairs"][f"{first}\n{second}"]), keys[first])
            return X25519PrivateKey.from_private_bytes(unseal(inner, keys[second]))
        except (InvalidTag, KeyError, ValueError):
            hint = "bring back your safe copy of it"
            raise InputError("the custodians' file is damaged", where=str(self._custodians), hint=hint) from None

    @property
    def _log_path(self) -> Path:
        return self._folder / "openings.jsonl"

    def _log(self, opening: Opening) -> None:
        before = self.openings()
        number, previous = (before[-1].number + 1, before[-1].hash) if before else (1, "")
        entry = Opening(number, opening.at, opening.persons, opening.reason, opening.tokens, previous)
        with self._disk.append(self._log_path) as file:
            file.write(orjson.dumps(asdict(entry) | {"hash": entry.hash}) + b"\n")
            file.sync()
        self._disk.sync_folder(self._folder)

    def openings(self) -> list[Opening]:
        """Every opening, the earliest first; raises `InputError` where the log was changed."""
        found: list[Opening] = []
        lines = self._log_path.read_bytes().splitlines() if self._log_path.exists() else []
        for number, line in enumerate(lines, start=1):
            previous = found[-1].hash if found else ""
            try:
                stated = orjson.loads(line)
                told = stated.pop("hash")
                entry = Opening(**stated | {"persons": tuple(stated["persons"]), "tokens": tuple(stated["tokens"])})
            except (ValueError, KeyError, TypeError):
                entry, told = Opening(0, "", (), "", (), ""), "?"
            if (entry.number, entry.previous, entry.hash) != (number, previous, told):
                hint = "keep this file as evidence, and compare it with your copies"
                raise InputError("the log of openings was changed", where=f"{self._log_path}:{number}", hint=hint)
            found.append(entry)
        return found

    def close(self) -> None:
        """Close the file that is written."""
        if self._file is not None:
            self._file.close()
            self._file = None
