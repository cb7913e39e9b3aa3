"""The files of a service: systemd units (systemd.exec(5)), its account (sysusers.d(5)), and its first settings."""

from dataclasses import dataclass

from wardwatch.runtime.kinds import quoted
from wardwatch.runtime.service import ACCOUNT, BACKUPS, HOME, PROGRAMS, SETTINGS

_PRIVILEGED = 1024  # ports below need CAP_NET_BIND_SERVICE


@dataclass(frozen=True, slots=True)
class Chosen:
    """What whoever installs it decides. `names`: how browsers and senders call this machine; ports: 0 is none."""

    names: tuple[str, ...]
    address: str = "0.0.0.0"  # noqa: S104  (a receiver of a hospital's logs is there for others)
    console: int = 8443
    syslog_tls: int = 6514
    https: int = 9443
    syslog_plain: int = 0  # for devices that speak no TLS, UDP and TCP
    zone: str = "Europe/Paris"

    @property
    def ports(self) -> tuple[int, ...]:
        """Every port that is listened on."""
        return tuple(one for one in (self.console, self.syslog_tls, self.https, self.syslog_plain) if one)


def _at(chosen: Chosen, port: int) -> str:
    return f'["{chosen.address}:{port}"]' if port else "[]"


def settings(chosen: Chosen) -> str:
    """The settings of a new service, as TOML."""
    names = ", ".join(quoted(one) for one in chosen.names)
    plain = "allow_plain = true\n" if chosen.syslog_plain else ""
    local = "[]" if chosen.syslog_plain else '["127.0.0.1:5514"]'
    syslog = _at(chosen, chosen.syslog_plain) if chosen.syslog_plain else local
    return f"""\
# Settings of Wardwatch; each is explained in docs/reference/settings.md, `wardwatch config show` lists them all.
[console]
address = "{chosen.address}:{chosen.console}"
hosts = [{names}, "127.0.0.1", "localhost"]
certificate = "keys/tls/server.crt"
zone = {quoted(chosen.zone)}
second_factor = ["administrator", "ciso"]

[ingest]
{plain}syslog_tls = {_at(chosen, chosen.syslog_tls)}
https = {_at(chosen, chosen.https)}
syslog_udp = {syslog}
syslog_tcp = {syslog}
http = ["127.0.0.1:9200"]
"""


def sysusers() -> str:
    """The account that the service runs as: no shell, nothing but its own data."""
    return f'u {ACCOUNT} - "Wardwatch" {HOME} /usr/sbin/nologin\n'


_WALLS = """\
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
LockPersonality=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
UMask=0077
"""


def service(ports: tuple[int, ...]) -> str:
    """The unit of the service: everything under one supervisor."""
    capability = "CAP_NET_BIND_SERVICE" if any(port < _PRIVILEGED for port in ports) else ""
    return f"""\
[Unit]
Description=Wardwatch, the watch over a hospital's logs
After=network-online.target
Wants=network-online.target

[Service]
User={ACCOUNT}
Group={ACCOUNT}
Environment=WARDWATCH_HOME={HOME} WARDWATCH_CONFIG={SETTINGS}
ExecStart={PROGRAMS}/current/bin/wardwatch serve
Restart=always
RestartSec=2
TimeoutStopSec=60
KillMode=mixed
LimitNOFILE=65536
StateDirectory=wardwatch
StateDirectoryMode=0700
AmbientCapabilities={capability}
CapabilityBoundingSet={capability}
{_WALLS}
[Install]
WantedBy=multi-user.target
"""


def backup(keep: int) -> str:
    """The unit of the nightly backup, which keeps the last ones."""
    return f"""\
[Unit]
Description=Backup of Wardwatch

[Service]
Type=oneshot
User={ACCOUNT}
Group={ACCOUNT}
Environment=WARDWATCH_HOME={HOME} WARDWATCH_CONFIG={SETTINGS}
ExecStart={PROGRAMS}/current/bin/wardwatch backup --into {BACKUPS} --keep {keep}
ReadWritePaths={HOME} {BACKUPS}
Nice=10
IOSchedulingClass=idle
CapabilityBoundingSet=
{_WALLS}"""


def timer() -> str:
    """When the backup is made: at night, and later if the machine was off."""
    return """\
[Unit]
Description=Backup of Wardwatch, every night

[Timer]
OnCalendar=*-*-* 02:30:00
RandomizedDelaySec=30min
Persistent=yes

[Install]
WantedBy=timers.target
"""
