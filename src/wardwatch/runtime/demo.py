"""The demonstration at work: a morning of everyday logs in four houses and, in one, an attack that unfolds.

The shipped sample logs are sent to the real listeners, their times moved so that the attack's second half begins when
the demonstration does. Everything goes to this machine's own listeners and nowhere else.
"""

import json
import logging
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from wardwatch.catalogue import files
from wardwatch.kernel.disk import Disk, atomic_write
from wardwatch.kernel.errors import InputError
from wardwatch.listeners.sensors import Registry, Sensor, hashed, new_token
from wardwatch.runtime.settings import Settings
from wardwatch.runtime.stopping import Stopping

_LOG = logging.getLogger(__name__)
FILE = "demo.json"
ATTACKED = "demo-chu-nord-est"
BEGINS = datetime(2026, 11, 17, 5, 39, 40, tzinfo=UTC)  # of the samples: what came before is sent at once
FASTER = 8.0  # how much faster than in the samples the attack goes on
_ENDS = datetime(2026, 11, 17, 7, 30, tzinfo=UTC)
_SOURCES = {
    "backup-veeam.log": "veeam",
    "file-server-samba.log": "samba_audit",
    "hypervisor-esxi.log": "esxi",
    "imaging-archive-dicom.log": "dicom_audit",
    "portal-apache-access.log": "webserver",
    "portal-syslog.log": "syslog",
    "windows-events.json": "windows_json",
}
# Whatever the attacker touched; the other houses and the time after the attack have none of it.
_ATTACK = re.compile(
    r"adm\.legrand|akira|\.php HTTP|AnyDesk|SRV-RDS01|nltest|Domain Admins|vssadmin|four-eyes|esx02|203\.0\.113\.60|"
    r"1\.2\.840\.10008\.5\.1\.4\.1\.2\.2\.1|svc-imaging|Failed password|rx-ws|110105|4728|7045|5001|1102",
    re.IGNORECASE,
)
_ISO = re.compile(r"2026-11-1\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_CLF = re.compile(r"\d\d/Nov/2026:\d\d:\d\d:\d\d [+-]\d{4}")
_CLF_FORM = "%d/%b/%Y:%H:%M:%S %z"
_HOST = re.compile(r"\b(SRV|PC|fs|pacs|portal|esx|srv|pc)(?=[-\d])")

Send = Callable[[str, str, list[str]], None]  # tenant, source, lines


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the samples, when it happens there, and of which source it is."""

    at: datetime
    source: str
    text: str

    @property
    def attack(self) -> bool:
        """Whether it is part of the attack, or looks like it."""
        return bool(_ATTACK.search(self.text))


def lines() -> list[Line]:
    """Every line of the shipped samples, by time."""
    found = []
    for path in sorted(files.shipped("samples").iterdir()):
        source = _SOURCES.get(path.name)
        for text in path.read_text(encoding="utf-8").splitlines() if source else ():
            stamp = _stamp(text)
            if stamp is not None and source is not None:
                found.append(Line(stamp, source, text))
    return sorted(found, key=lambda one: one.at)


def _stamp(text: str) -> datetime | None:
    if found := _ISO.search(text):
        return datetime.fromisoformat(found[0])
    if found := _CLF.search(text):
        return datetime.strptime(found[0], _CLF_FORM)  # noqa: DTZ007  (the form has a zone)
    return None


def moved(text: str, move: Callable[[datetime], datetime]) -> str:
    """Write a line with every time in it moved; each keeps its form and its zone."""

    def iso(found: re.Match[str]) -> str:
        stamp = datetime.fromisoformat(found[0])
        at = move(stamp).astimezone(stamp.tzinfo)
        shown = at.isoformat(timespec="microseconds" if "." in found[0] else "seconds")
        return shown.replace("+00:00", "Z") if found[0].endswith("Z") else shown

    def clf(found: re.Match[str]) -> str:
        stamp = datetime.strptime(found[0], _CLF_FORM)  # noqa: DTZ007  (the form has a zone)
        return move(stamp).astimezone(stamp.tzinfo).strftime(_CLF_FORM)

    return _CLF.sub(clf, _ISO.sub(iso, text))


def timing(began: datetime) -> Callable[[datetime], datetime]:
    """When a moment of the samples happens in a demonstration that began at `began`."""

    def move(stamp: datetime) -> datetime:
        gone = stamp - BEGINS
        return began + (gone if gone < timedelta() else gone / FASTER)

    return move


def of_house(text: str, house: str) -> str:
    """A line as another house would write it: its computers bear other names."""
    return _HOST.sub(lambda found: f"{house}-{found[1]}", text)


def add(shift: timedelta, stamp: datetime) -> datetime:
    """A moment moved by a span."""
    return stamp + shift


@dataclass(slots=True)
class Feeder:
    """Sends the morning: what was before at once, the rest in its time, and everyday life from then on."""

    tenants: tuple[str, ...]
    send: Send
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    stopping: Stopping = field(default_factory=Stopping)

    def run(self) -> None:
        """Feed until told to stop."""
        began = self.now()
        move = timing(began)
        all_lines = lines()
        self._send([one for one in all_lines if one.at < BEGINS], move)
        for one in (line for line in all_lines if line.at >= BEGINS):
            if self._wait_until(move(one.at)):
                return
            self._send([one], move)
        self._everyday([one for one in all_lines if not one.attack])

    def _everyday(self, calm: list[Line]) -> None:
        """Go on with a calm morning, over and over, at its own pace."""
        while not self.stopping.is_set():
            first, began = calm[0].at, self.now()
            for one in calm:
                at = began + (one.at - first)
                if self._wait_until(at):
                    return
                self._send([one], partial(add, at - one.at))

    def _wait_until(self, at: datetime) -> bool:
        return self.stopping.wait(max(0.0, (at - self.now()).total_seconds()))

    def _send(self, chosen: list[Line], move: Callable[[datetime], datetime]) -> None:
        for number, tenant in enumerate(self.tenants):
            by_source: dict[str, list[str]] = {}
            for one in chosen:
                if tenant == ATTACKED or not one.attack:
                    text = moved(one.text, move)
                    house = "".join(part[0] for part in tenant.split("-")[1:])
                    by_source.setdefault(one.source, []).append(text if number == 0 else of_house(text, house))
            for source, texts in by_source.items():
                self.send(tenant, source, texts)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a demonstration needs after a restart: its password, and a token for each house."""

    password: str
    tokens: Mapping[str, str]


def prepare(settings: Settings, tenants: tuple[str, ...], password: str) -> Kept:
    """Let the houses of the demonstration send, and keep what is needed for that; the same again changes nothing."""
    path = settings.below("state") / FILE
    known = kept(settings)
    if known is not None:
        return known
    registry = Registry(settings.below("state/sensors.json"), Disk())
    tokens = {tenant: new_token() for tenant in tenants}
    for tenant, token in tokens.items():
        registry.add(Sensor(f"{tenant}-logs", tenant, tuple(sorted(set(_SOURCES.values()))), hashed(token)))
    made = Kept(password, tokens)
    Disk().make_folder(path.parent)
    atomic_write(Disk(), path, json.dumps({"password": password, "tokens": tokens}).encode())
    return made


def kept(settings: Settings) -> Kept | None:
    """What was kept of a demonstration, if one is here."""
    try:
        document = json.loads((settings.below("state") / FILE).read_text(encoding="utf-8"))
        return Kept(document["password"], document["tokens"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, OSError):
        where = str(settings.below("state") / FILE)
        raise InputError("not what a demonstration keeps", where=where, hint="wardwatch demo remove") from None


def sweep(settings: Settings) -> tuple[str, ...]:
    """Remove the files of a demonstration that was taken away; call it before the processes start."""
    path = settings.below("state") / "demo-gone.json"
    if not path.is_file():
        return ()
    try:
        gone = tuple(one for one in json.loads(path.read_text(encoding="utf-8")) if str(one).startswith("demo-"))
    except (ValueError, TypeError, OSError) as error:  # of a demonstration: real hospitals start all the same
        _LOG.error("%s cannot be read, so the demonstration's files stay: %s", path, error)
        return ()
    for tenant in gone:
        for folder in _folders(settings.home, tenant):
            shutil.rmtree(folder, ignore_errors=True)
    path.unlink()
    return gone


def _folders(home: Path, tenant: str) -> Iterator[Path]:
    yield from (home / "spool" / tenant, home / "alerts" / tenant, home / "tuning" / tenant)
    yield from (home / "lake" / "v1").glob(f"tenant={tenant}")
    yield from (home / "state").glob(f"*/{tenant}")


def over_http(address: str, tokens: Mapping[str, str], patience: float = 30.0) -> Send:
    """Send as a log shipper would: `POST /ndjson` with the house's token, again where it is not taken.

    What is refused, or is not taken within `patience` (seconds), is left out, and the log says so.
    """
    import httpx  # noqa: PLC0415

    client = httpx.Client(base_url=f"http://{address}", timeout=10.0, trust_env=False)

    def send(tenant: str, source: str, texts: list[str]) -> None:
        until = time.monotonic() + patience
        headers = {"Authorization": f"Bearer {tokens[tenant]}"}
        body = "\n".join(texts).encode()
        while True:
            try:
                answer = client.post("/ndjson", params={"source": source}, content=body, headers=headers)
                if answer.is_success:
                    return
                trouble, final = f"HTTP {answer.status_code}", answer.is_client_error and answer.status_code != 429  # noqa: PLR2004
            except httpx.TransportError as error:
                trouble, final = str(error), False
            if final or time.monotonic() > until:
                _LOG.error("%d lines of %s for %s were not taken: %s", len(texts), source, tenant, trouble)
                return
            time.sleep(0.2 + secrets.randbelow(300) / 1000)

    return send
