"""`wardwatch ingest`: receive logs; and who may send them."""

import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wardwatch.cli import _rows
from wardwatch.kernel.errors import InputError

if TYPE_CHECKING:
    from wardwatch.listeners.sensors import Registry, Sensor
    from wardwatch.listeners.tls import Authority
    from wardwatch.runtime.ingest import Receiving


@click.group("ingest", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> int:
    """Receive logs: syslog, Elasticsearch, Splunk HEC, OTLP, NDJSON, RELP, files. Stops on SIGTERM.

    Where it listens stands in `wardwatch.toml` (see `wardwatch config show`); what it took is on disk when the
    sender hears so.
    """
    if context.invoked_subcommand is not None:
        return 0
    from wardwatch.runtime.ingest import receive  # noqa: PLC0415
    from wardwatch.runtime.settings import load  # noqa: PLC0415
    from wardwatch.runtime.stopping import Stopping  # noqa: PLC0415

    stop = Stopping()
    stop.on_signals()
    receiving = receive(load(), stop, _listening)
    tallies = receiving.intake.tallies.values()
    frames, put_off = sum(one.frames for one in tallies), sum(one.put_off for one in tallies)
    rejected = sum(sum(one.rejected.values()) for one in tallies) + sum(receiving.intake.unknown.values())
    print(f"{frames:,} events taken, {put_off:,} put off, {rejected:,} rejected", file=sys.stderr)
    return 0


def _listening(receiving: "Receiving") -> None:
    if not receiving.registry.known().sensors:
        print("note: no sensor may send yet: wardwatch ingest sensor add", file=sys.stderr)
    for name, addresses in receiving.addresses.items():
        for host, port in addresses:
            shown = f"[{host}]" if ":" in host else host
            print(f"listening: {name} {shown}:{port}", file=sys.stderr, flush=True)


@command.group("sensor")
def sensor() -> None:
    """Say who may send logs."""


@sensor.command("add")
@click.argument("name")
@click.option("--tenant", required=True, help="The hospital whose logs it sends.")
@click.option("--source", "sources", multiple=True, help="A log format that it may send (see `wardwatch sources`).")
@click.option("--address", "addresses", multiple=True, help="A network that it sends plain syslog or RELP from.")
@click.option("--no-token", is_flag=True, help="Make no token: it is known by address or certificate only.")
@_rows.option
def add(  # noqa: PLR0917  (click passes options by name)
    name: str,
    tenant: str,
    sources: tuple[str, ...],
    addresses: tuple[str, ...],
    no_token: bool,  # noqa: FBT001
    json_to: str | None,
) -> int:
    """Add a sensor and print its token. It is shown this once: only a hash of it is kept."""
    from wardwatch.listeners import sensors  # noqa: PLC0415
    from wardwatch.sources import every  # noqa: PLC0415

    unknown = [source for source in sources if source not in every()]
    if unknown:
        raise InputError("no such log format", where=", ".join(unknown), hint="see `wardwatch sources`")
    token = None if no_token else sensors.new_token()
    kept = sensors.hashed(token) if token else None
    _registry().add(sensors.Sensor(name, tenant, sources, kept, addresses=addresses))
    print(f"added: sensor {name} of {tenant}", file=sys.stderr)
    with _rows.rows(json_to) as take:
        take({"format": "wardwatch/sensor/1", "name": name, "tenant": tenant, "token": token})
    if token and json_to != "-":
        print(token)
        print("note: keep this token now, it is not shown again", file=sys.stderr)
    return 0


@sensor.command("list")
@_rows.option
def list_(json_to: str | None) -> int:
    """List the sensors. Tokens are not shown: they are not kept."""
    with _rows.rows(json_to) as take:
        for one in sorted(_registry().known().sensors.values(), key=lambda found: (found.tenant, found.name)):
            take(_row(one))
            if json_to != "-":
                ways = ["token"] if one.token else []
                ways += [f"{len(one.certificates)} certificates"] if one.certificates else []
                ways += one.addresses
                print(f"{one.name:24} {one.tenant:16} {', '.join(one.sources) or 'any format':32} {', '.join(ways)}")
    return 0


def _row(one: "Sensor") -> dict[str, object]:
    return {
        "format": "wardwatch/sensor/1",
        "name": one.name,
        "tenant": one.tenant,
        "sources": list(one.sources),
        "addresses": list(one.addresses),
        "token": one.token is not None,
        "certificates": len(one.certificates),
    }


@sensor.command("remove")
@click.argument("name")
@_rows.option
def remove(name: str, json_to: str | None) -> int:
    """Remove a sensor: its token and certificates are refused from the next second on."""
    found = _registry().remove(name)
    with _rows.rows(json_to) as take:
        take(_row(found) | {"removed": True})
    print(f"removed: sensor {found.name} of {found.tenant}", file=sys.stderr)
    return 0


@command.group("tls")
def tls() -> None:
    """Make the certificates of listeners and sensors."""


@tls.command("init")
@click.option("--name", "names", multiple=True, help="A host name or address that senders use.  [default: this host's]")
@_rows.option
def init(names: tuple[str, ...], json_to: str | None) -> int:
    """Make a local authority, if there is none, and the server's certificate. Run again to renew the latter."""
    authority = _authority()
    now = datetime.now(UTC)
    if not authority.exists:
        authority.create(now)
        print(f"made: {authority.folder / 'ca.crt'} (give it to senders, as the authority to trust)", file=sys.stderr)
    chosen = names or (socket.gethostname(), "localhost", "127.0.0.1", "::1")
    authority.server(chosen, now)
    with _rows.rows(json_to) as take:
        row = {"authority": str(authority.folder / "ca.crt"), "certificate": str(authority.folder / "server.crt")}
        take({"format": "wardwatch/certificate/1"} | row)
    print(f"made: {authority.folder / 'server.crt'} for {', '.join(chosen)}", file=sys.stderr)
    return 0


@tls.command("client")
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path), default=Path(), help="Folder for the files.  [default: here]")
@_rows.option
def client(name: str, out: Path, json_to: str | None) -> int:
    """Make a client certificate for the sensor NAME: NAME.crt, NAME.key and ca.crt, to be taken to the sender."""
    from wardwatch.kernel.disk import Disk, atomic_write  # noqa: PLC0415

    registry, authority, disk = _registry(), _authority(), Disk()
    found = registry.known().sensors.get(name)
    if found is None:
        raise InputError("no sensor of that name", where=name, hint="see `wardwatch ingest sensor list`")
    pair = authority.client(found.name, found.tenant, datetime.now(UTC))
    disk.make_folder(out)
    for file, data in (
        (f"{name}.key", pair.key),
        (f"{name}.crt", pair.certificate),
        ("ca.crt", (authority.folder / "ca.crt").read_bytes()),
    ):
        atomic_write(disk, out / file, data)
    registry.add_certificate(name, pair.sha256)
    with _rows.rows(json_to) as take:
        row = {"certificate": str(out / f"{name}.crt"), "key": str(out / f"{name}.key"), "ca": str(out / "ca.crt")}
        take({"format": "wardwatch/certificate/1"} | row)
    print(f"made: {out / name}.crt, {out / name}.key and {out / 'ca.crt'}", file=sys.stderr)
    return 0


def _registry() -> "Registry":
    from wardwatch.kernel.disk import Disk  # noqa: PLC0415
    from wardwatch.listeners.sensors import Registry  # noqa: PLC0415
    from wardwatch.runtime.settings import home  # noqa: PLC0415

    return Registry(home() / "state" / "sensors.json", Disk())


def _authority() -> "Authority":
    from wardwatch.kernel.disk import Disk  # noqa: PLC0415
    from wardwatch.listeners.tls import Authority  # noqa: PLC0415
    from wardwatch.runtime.settings import home  # noqa: PLC0415

    return Authority(home() / "keys" / "tls", Disk())
