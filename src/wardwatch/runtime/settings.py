"""Settings: `wardwatch.toml`, then the environment; read once, when a process starts.

A setting `http` in section `ingest` is `http = …` under `[ingest]` in the file, and `WARDWATCH_INGEST_HTTP` in the
environment. To add one, add a field to a section here, and its row to docs/reference/settings.md.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from wardwatch.kernel.errors import ContentError, InputError
from wardwatch.runtime import kinds
from wardwatch.runtime.kinds import Kind

FILE = "wardwatch.toml"
DEFAULT = "default"
_PREFIX = "WARDWATCH_"
# Variables that are no settings: where everything lies, and what tests ask for.
_OTHER_VARIABLES = frozenset(
    {"WARDWATCH_HOME", "WARDWATCH_CONFIG", "WARDWATCH_EXAMPLES"}
    | {"WARDWATCH_SERVER", "WARDWATCH_KEY", "WARDWATCH_KEY_FILE", "WARDWATCH_CA"}
)
_LARGEST = 1024 * 1024


def _setting(kind: Kind, default: Any, what: str) -> Any:  # noqa: ANN401  (as `dataclasses.field` has it)
    return field(default=default, metadata={"kind": kind, "what": what})


@dataclass(frozen=True, slots=True)
class Ingest:
    """What `wardwatch ingest` listens to. Spans are in microseconds, sizes in bytes."""

    syslog_udp: tuple[str, ...] = _setting(kinds.ADDRESSES, ("127.0.0.1:5514",), "addresses of syslog over UDP")
    syslog_tcp: tuple[str, ...] = _setting(kinds.ADDRESSES, ("127.0.0.1:5514",), "addresses of syslog over plain TCP")
    syslog_tls: tuple[str, ...] = _setting(kinds.ADDRESSES, (), "addresses of syslog over TLS (usually port 6514)")
    relp: tuple[str, ...] = _setting(kinds.ADDRESSES, (), "addresses of plain RELP")
    relp_tls: tuple[str, ...] = _setting(kinds.ADDRESSES, (), "addresses of RELP over TLS")
    http: tuple[str, ...] = _setting(
        kinds.ADDRESSES, ("127.0.0.1:9200",), "addresses of plain HTTP: `_bulk`, HEC, OTLP, NDJSON on each"
    )
    https: tuple[str, ...] = _setting(kinds.ADDRESSES, (), "addresses of HTTPS: the same")
    allow_plain: bool = _setting(kinds.TRUTH, False, "allow plain TCP and HTTP outside loopback")
    tail: tuple[Mapping[str, str], ...] = _setting(
        kinds.tables(path="a file that grows", sensor="a sensor"), (), "files that are followed"
    )
    drop: tuple[Mapping[str, str], ...] = _setting(
        kinds.tables(folder="a folder", sensor="a sensor"), (), "folders whose files are taken in"
    )
    certificate: str = _setting(kinds.TEXT, "keys/tls/server.crt", "the server's certificate and chain, below the home")
    key: str = _setting(kinds.TEXT, "keys/tls/server.key", "the server's key, below the home")
    client_ca: str = _setting(kinds.TEXT, "keys/tls/ca.crt", "who signs the certificates of sensors, below the home")
    connections: int = _setting(kinds.NUMBER, 10_000, "connections at the same time")
    connections_per_address: int = _setting(kinds.NUMBER, 2_500, "connections of one address at the same time")
    idle: int = _setting(kinds.SPAN, 3_600_000_000, "a syslog or RELP connection without a byte is closed after this")
    request_time: int = _setting(
        kinds.SPAN, 60_000_000, "time for an HTTP request to arrive, and for an idle connection"
    )
    message: int = _setting(kinds.SIZE, 1 << 20, "largest syslog message")
    body: int = _setting(kinds.SIZE, 4 << 20, "largest single event over HTTP")
    request: int = _setting(kinds.SIZE, 64 << 20, "largest HTTP request, unpacked")
    in_flight: int = _setting(kinds.SIZE, 256 << 20, "HTTP requests in memory; a tenant may hold half of it")
    tenant_rate: int = _setting(kinds.NUMBER, 25_000, "events per second that a tenant may send for long; 0: no limit")
    tenant_burst: int = _setting(kinds.NUMBER, 500_000, "events that a tenant may send at once above its rate")
    metrics: str = _setting(kinds.TEXT, "127.0.0.1:9477", "address of `/metrics` for Prometheus; empty: none")


@dataclass(frozen=True, slots=True)
class SpoolSettings:
    """How much the spool may hold."""

    waiting: int = _setting(kinds.SIZE, 64 << 20, "bodies of a tenant that wait in memory for their commit")
    backlog: int = _setting(kinds.SIZE, 16 << 30, "of a tenant on disk; above it, nothing more is taken from it")
    reserve: int = _setting(kinds.SIZE, 512 << 20, "room on the disk that the spool leaves free")
    segment: int = _setting(kinds.SIZE, 64 << 20, "a new segment is begun above this size")
    segment_age: int = _setting(kinds.SPAN, 600_000_000, "a new segment is begun after this time")


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """How what came in is worked on."""

    processes: int = _setting(kinds.NUMBER, 1, "processes that read and detect; more help where there are many tenants")
    zone: str = _setting(kinds.TEXT, "UTC", "time zone of stamps that state none")
    holidays: str = _setting(kinds.HOLIDAYS, "", "whose public holidays are like Sundays: `FR`, `DE-BY`; empty: none")


@dataclass(frozen=True, slots=True)
class LakeSettings:
    """How long events are kept, from their arrival on."""

    keep_days: int = _setting(kinds.DAYS, 365, "days that events are kept")
    keep: tuple[Mapping[str, str | int], ...] = _setting(
        kinds.KEEPING, (), "other days of a source, of a tenant, or of a source of a tenant"
    )


@dataclass(frozen=True, slots=True)
class PrivacySettings:
    """How patients' identifiers are hidden."""

    epoch_days: int = _setting(kinds.DAYS, 365, "days for which an identifier has the same token")


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """Where people work."""

    address: str = _setting(kinds.TEXT, "127.0.0.1:8000", "where the console and the API answer")
    hosts: tuple[str, ...] = _setting(
        kinds.TEXTS, ("127.0.0.1", "localhost", "[::1]"), "names under which browsers reach the console"
    )
    database: str = _setting(kinds.TEXT, "", "`postgresql://user:password@host/name`; empty: SQLite in the home")
    certificate: str = _setting(kinds.TEXT, "", "certificate and chain for HTTPS, below the home; empty: plain HTTP")
    key: str = _setting(kinds.TEXT, "keys/tls/server.key", "the certificate's key, below the home")
    zone: str = _setting(kinds.TEXT, "Europe/Paris", "time zone in which times are shown")
    session: int = _setting(kinds.SPAN, 36_000_000_000, "a person signs in again after this")
    proxies: int = _setting(kinds.NUMBER, 0, "reverse proxies in front, whose word on addresses is believed")
    second_factor: tuple[str, ...] = _setting(
        kinds.TEXTS, (), "roles that must have a second factor, such as `administrator` and `ciso`"
    )
    sign_on: tuple[Mapping[str, str], ...] = _setting(kinds.PROVIDERS, (), "OpenID Connect providers")


@dataclass(frozen=True, slots=True)
class MailSettings:
    """How messages leave."""

    server: str = _setting(kinds.TEXT, "", "`host:port` of the mail server; empty: no mail is sent")
    sender: str = _setting(kinds.TEXT, "wardwatch@localhost", "address that mails come from")
    user: str = _setting(kinds.TEXT, "", "name at the mail server; empty: none is asked")
    password: str = _setting(kinds.TEXT, "keys/mail.password", "file with the password, below the home")
    tls: bool = _setting(kinds.TRUTH, True, "use STARTTLS")


@dataclass(frozen=True, slots=True)
class SmsSettings:
    """How text messages leave."""

    gateway: str = _setting(kinds.TEXT, "", "address of the SMS gateway (`https://…`); empty: no text messages")
    token: str = _setting(kinds.TEXT, "", "file with the gateway's token, below the home; empty: it asks for none")


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. `origins` says where each (`section.name`) comes from."""

    home: Path
    ingest: Ingest = Ingest()
    spool: SpoolSettings = SpoolSettings()
    pipeline: PipelineSettings = PipelineSettings()
    lake: LakeSettings = LakeSettings()
    privacy: PrivacySettings = PrivacySettings()
    console: ConsoleSettings = ConsoleSettings()
    mail: MailSettings = MailSettings()
    sms: SmsSettings = SmsSettings()
    origins: Mapping[str, str] = field(default_factory=dict)

    def below(self, path: str) -> Path:
        """A path that is stated relative to the home."""
        return self.home / path


SECTIONS: Mapping[str, type] = {
    "ingest": Ingest,
    "spool": SpoolSettings,
    "pipeline": PipelineSettings,
    "lake": LakeSettings,
    "privacy": PrivacySettings,
    "console": ConsoleSettings,
    "mail": MailSettings,
    "sms": SmsSettings,
}


def home(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the Wardwatch home: `$WARDWATCH_HOME`, or `wardwatch` in the user's data folder."""
    stated = environ.get("WARDWATCH_HOME")
    base = environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(stated) if stated else Path(base) / "wardwatch"


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings; raises `ContentError` for what is unknown or of another kind, with its place."""
    place = home(environ)
    path = Path(environ.get("WARDWATCH_CONFIG") or place / FILE)
    text, written = _file(path, needed="WARDWATCH_CONFIG" in environ)
    values: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    origins = {f"{section}.{name}": DEFAULT for section in SECTIONS for name in _kinds(section)}
    for section, name, value in _stated(written, path, text):
        where = f"{path}:{_line(text, name)}"
        values[section][name] = _read(section, name, value, where)
        origins[f"{section}.{name}"] = where
    for variable, text_value in sorted(environ.items()):
        if variable.startswith(_PREFIX) and variable not in _OTHER_VARIABLES:
            section, name = _named(variable)
            values[section][name] = _read(section, name, text_value, variable)
            origins[f"{section}.{name}"] = variable
    made = {section: kind(**values[section]) for section, kind in SECTIONS.items()}
    return Settings(home=place, origins=origins, **made)


def shown(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Yield (`section.name`, the value as TOML, where it comes from) of every setting, in order."""
    for section in SECTIONS:
        for name, kind in _kinds(section).items():
            value = getattr(getattr(settings, section), name)
            yield f"{section}.{name}", kind.show(value), settings.origins.get(f"{section}.{name}", DEFAULT)


def _kinds(section: str) -> dict[str, Kind]:
    return {one.name: one.metadata["kind"] for one in fields(SECTIONS[section])}


def _file(path: Path, *, needed: bool) -> tuple[str, dict[str, Any]]:
    try:
        if path.stat().st_size > _LARGEST:
            raise ContentError("larger than any settings", where=str(path))
        text = path.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except FileNotFoundError:
        if needed:
            raise InputError("no such file", where=str(path), hint="WARDWATCH_CONFIG names it") from None
        return "", {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ContentError(f"not TOML: {error}", where=str(path), hint="see docs/reference/settings.md") from None


def _stated(written: Mapping[str, Any], path: Path, text: str) -> Iterator[tuple[str, str, Any]]:
    for section, content in written.items():
        if section not in SECTIONS or not isinstance(content, dict):
            hint = f"sections are: {', '.join(SECTIONS)}"
            raise ContentError(f"unknown section {section!r}", where=f"{path}:{_line(text, section)}", hint=hint)
        for name, value in content.items():
            if name not in _kinds(section):
                raise _unknown(section, name, f"{path}:{_line(text, name)}")
            yield section, name, value


def _line(text: str, name: str) -> int:
    """Return the line where a key or section is named first: tomllib keeps no places."""
    found = re.search(rf"^[ \t\[]*(?:\w+\.)?{re.escape(name)}[ \t]*[=\]]", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def _named(variable: str) -> tuple[str, str]:
    section, _, name = variable.removeprefix(_PREFIX).lower().partition("_")
    if section not in SECTIONS:
        hint = f"variables begin with: {', '.join(f'{_PREFIX}{one.upper()}_' for one in SECTIONS)}"
        raise ContentError("an unknown variable", where=variable, hint=hint)
    if name not in _kinds(section):
        raise _unknown(section, name, variable)
    return section, name


def _unknown(section: str, name: str, where: str) -> ContentError:
    return ContentError(f"unknown setting {name!r}", where=where, hint=f"one of: {', '.join(_kinds(section))}")


def _read(section: str, name: str, value: object, where: str) -> Any:  # noqa: ANN401
    try:
        return _kinds(section)[name].read(value)
    except ValueError as error:
        raise ContentError(
            f"{section}.{name} must be {error}", where=where, hint="see docs/reference/settings.md"
        ) from None
