"""Who may send: sensors, each bound to one tenant. Tokens are kept as hashes only."""

import fcntl
import hashlib
import ipaddress
import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from wardwatch.kernel.disk import Disk, atomic_write
from wardwatch.kernel.errors import ContentError, InputError
from wardwatch.kernel.tenants import checked

SCHEMA = "wardwatch/sensors/1"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_KNOWN_ADDRESSES = 65_536

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Sensor:
    """A sender of logs.

    `sources` are the log formats that it may send (none named: any). It is known by its `token` (SHA-256, hex), by
    client `certificates` (SHA-256 of each, hex), or by `addresses` (networks): the last only where a protocol has no
    other way, plain syslog and RELP.
    """

    name: str
    tenant: str
    sources: tuple[str, ...] = ()
    token: str | None = None
    certificates: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            hint = "lower-case letters, digits, dots, hyphens and underscores, at most 64"
            raise InputError("not a name for a sensor", where=repr(self.name[:80]), hint=hint)
        checked(self.tenant)
        if any(not _SHA256.fullmatch(one) for one in (*self.certificates, *([self.token] if self.token else []))):
            raise InputError("not a SHA-256", where=f"sensor {self.name}")
        for one in self.addresses:
            network(one)

    def hint(self, stated: str | None = None) -> str | None:
        """Return the source of what it sends: as `stated`, if it may send that; the only one, if there is one."""
        if stated is not None and (not self.sources or stated in self.sources):
            return stated
        return self.sources[0] if len(self.sources) == 1 else None


def network(text: str) -> Network:
    """Read a network such as `10.1.0.0/16`, or one address; raises `InputError`."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise InputError("not a network", where=repr(text[:80]), hint="write 10.1.2.3 or 10.1.0.0/16") from None


def hashed(token: str) -> str:
    """Return what is kept of a token. It is random and long: a plain hash cannot be turned back."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_token() -> str:
    """Make a token: 256 random bits."""
    return f"ww_{secrets.token_urlsafe(32)}"


class Known:
    """The sensors as listeners ask for them."""

    def __init__(self, sensors: tuple[Sensor, ...]) -> None:
        self.sensors = {one.name: one for one in sensors}
        self._by_token = {one.token: one for one in sensors if one.token}
        self._by_certificate = {sha: one for one in sensors for sha in one.certificates}
        self._found: dict[str, Sensor | None] = {}

    @cached_property
    def _networks(self) -> list[tuple[Network, Sensor]]:
        """Narrow networks first: they win."""
        pairs = [(network(text), one) for one in self.sensors.values() for text in one.addresses]
        return sorted(pairs, key=lambda pair: -pair[0].prefixlen)

    def by_token(self, token: str) -> Sensor | None:
        """The sensor that has this token."""
        return self._by_token.get(hashed(token))

    def by_certificate(self, der: bytes) -> Sensor | None:
        """The sensor that has this client certificate, which TLS has verified."""
        return self._by_certificate.get(hashlib.sha256(der).hexdigest())

    def by_address(self, address: str) -> Sensor | None:
        """The sensor that sends from this address: the one with the narrowest network."""
        if address not in self._found:
            if len(self._found) >= _KNOWN_ADDRESSES:  # an attacker's many addresses
                self._found.clear()
            self._found[address] = self._search(address)
        return self._found[address]

    def _search(self, address: str) -> Sensor | None:
        try:
            found: Address = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return None
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
            found = found.ipv4_mapped
        return next((one for net, one in self._networks if found.version == net.version and found in net), None)


def _sensor(written: dict[str, Any]) -> Sensor:
    values: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in written.items()}
    return Sensor(**values)


class Registry:
    """The file of sensors (`state/sensors.json`), which commands change while a process listens."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self._path = path
        self._disk = disk
        self._seen: tuple[int, int, int] | None = None
        self._known = Known(())

    def known(self) -> Known:
        """Return the sensors now: reads again only if the file changed. Raises `ContentError` if it is damaged."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            self._seen, self._known = None, Known(())
            return self._known
        seen = (found.st_mtime_ns, found.st_size, found.st_ino)
        if seen != self._seen:
            self._known, self._seen = Known(self._read()), seen
        return self._known

    def add(self, sensor: Sensor) -> None:
        """Add a sensor; raises `InputError` if there is one of that name."""
        with self._changing() as sensors:
            if any(one.name == sensor.name for one in sensors):
                hint = f"choose another name, or `wardwatch ingest sensor remove {sensor.name}` first"
                raise InputError("there is a sensor of that name", where=sensor.name, hint=hint)
            sensors.append(sensor)

    def remove(self, name: str) -> Sensor:
        """Remove a sensor; raises `InputError` if there is none of that name."""
        with self._changing() as sensors:
            found = next((one for one in sensors if one.name == name), None)
            if found is None:
                raise InputError("no sensor of that name", where=name, hint="see `wardwatch ingest sensor list`")
            sensors.remove(found)
        return found

    def add_certificate(self, name: str, sha256: str) -> None:
        """Let a sensor be known by a client certificate too."""
        with self._changing() as sensors:
            place = next((number for number, one in enumerate(sensors) if one.name == name), None)
            if place is None:
                raise InputError("no sensor of that name", where=name, hint="see `wardwatch ingest sensor list`")
            old = sensors[place]
            sensors[place] = replace(old, certificates=(*old.certificates, sha256))

    @contextmanager
    def _changing(self) -> Iterator[list[Sensor]]:
        """Let one command at a time change the list, and write it durably."""
        self._disk.make_folder(self._path.parent)
        lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            sensors = list(self._read())
            yield sensors
            document = {"schema": SCHEMA, "sensors": [asdict(one) for one in sensors]}
            atomic_write(self._disk, self._path, json.dumps(document, indent=1).encode())
        finally:
            os.close(lock)

    def _read(self) -> tuple[Sensor, ...]:
        try:
            document = json.loads(self._path.read_text(encoding="utf-8"))
            if document["schema"] != SCHEMA:
                raise ContentError(f"not {SCHEMA}", where=str(self._path))
            return tuple(_sensor(one) for one in document["sensors"])
        except FileNotFoundError:
            return ()
        except (ValueError, KeyError, TypeError, InputError) as error:
            raise ContentError(f"damaged: {error}", where=str(self._path), hint="bring back your safe copy") from None
