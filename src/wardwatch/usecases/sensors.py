"""Sensors: how they are, what they sent that was not understood, and how a new one is told to send."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from wardwatch.kernel import stamps
from wardwatch.kernel.disk import Disk
from wardwatch.kernel.errors import AccessError
from wardwatch.listeners.sensors import Registry, Sensor, hashed, new_token
from wardwatch.pipeline import figures, sensor_states
from wardwatch.pipeline.sensor_states import SensorState
from wardwatch.usecases import audit
from wardwatch.usecases.access import Actor, authorise
from wardwatch.usecases.installation import home
from wardwatch.usecases.roles import Permission

QUIET = 900.0  # seconds without an event, after which a source that never was so silent is worth a look


@dataclass(frozen=True, slots=True)
class Source:
    """One log format of a sensor: when it was last heard (µs UTC), how much, and what troubles it."""

    source: str
    last_at: int | None
    rate: float
    learned: bool
    troubles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A sensor as lists show it. `state`: normal, degraded (troubled), unknown (never heard, or nobody listens)."""

    name: str
    tenant: str
    state: str
    sources: tuple[Source, ...]
    rejects: tuple[tuple[str, str, int], ...]
    lag: float
    backlog: int
    allowed: tuple[str, ...]
    may_send: bool


@dataclass(frozen=True, slots=True)
class View:
    """All sensors that somebody sees, and which processes run."""

    sensors: tuple[Shown, ...]
    processes: tuple[tuple[str, bool], ...]


def _registry() -> Registry:
    return Registry(home() / "state" / "sensors.json", Disk())


def listed(actor: Actor, now: datetime) -> View:
    """Every sensor of the hospitals that the actor sees, those in trouble first."""
    authorise(actor, Permission.SEE_SENSORS)
    return _view(actor.scope(Permission.SEE_SENSORS), stamps.micros(now))


def _view(scope: Collection[str], moment: int) -> View:
    published = list(figures.read_all(home() / "state"))
    heard = {(one.tenant, one.sensor): one for process in published for one in sensor_states.states(process.figures)}
    watching = any(one.process == "pipeline" and one.running(moment) for one in published)
    known = _registry().known().sensors
    found = [
        _shown(one, heard.get((one.tenant, one.name)), watching=watching)
        for one in known.values()
        if one.tenant in scope
    ]
    order = {"degraded": 0, "unknown": 1, "normal": 2}
    found.sort(key=lambda one: (order[one.state], one.tenant, one.name))
    return View(tuple(found), tuple((one.process, one.running(moment)) for one in published))


def _shown(sensor: Sensor, heard: SensorState | None, *, watching: bool) -> Shown:
    sources: tuple[Source, ...] = ()
    rejects: tuple[tuple[str, str, int], ...] = ()
    lane: dict[str, float] = {}
    if heard is not None:
        sources = tuple(
            Source(
                name,
                round(of["last_seconds"] * 1e6) if "last_seconds" in of else None,
                of.get("rate", 0.0),
                of.get("learned_hours", 0.0) >= _WEEK,
                tuple(heard.troubles.get(name, ())),
            )
            for name, of in sorted(heard.sources.items())
        )
        rejects = tuple((source, reason, count) for (source, reason), count in heard.rejects.most_common(20))
        lane = heard.lane
    troubled = any(one.troubles for one in sources)
    state = "unknown" if not watching or not sources else "degraded" if troubled else "normal"
    return Shown(
        sensor.name,
        sensor.tenant,
        state,
        sources,
        rejects,
        lane.get("lag_seconds", 0.0),
        int(lane.get("backlog_frames", 0)),
        sensor.sources,
        bool(sensor.token or sensor.certificates or sensor.addresses),
    )


_WEEK = 168


def add(
    actor: Actor, tenant: str, name: str, *, sources: tuple[str, ...], addresses: tuple[str, ...], now: datetime
) -> str:
    """Let a sensor send for a hospital; returns its token, which is shown this once. Raises `InputError`."""
    authorise(actor, Permission.MANAGE_SENSORS, tenant)
    token = new_token()
    _registry().add(Sensor(name, tenant, sources, hashed(token), (), addresses))
    detail = {"sources": list(sources), "addresses": list(addresses)}
    audit.note(actor, "sensor.added", name, now=now, tenant=tenant, detail=detail)
    return token


def remove(actor: Actor, name: str, now: datetime) -> None:
    """Let a sensor send no more."""
    found = _registry().known().sensors.get(name)
    if found is None or not actor.can(Permission.MANAGE_SENSORS, found.tenant):
        raise AccessError("not found, or not yours")
    _registry().remove(name)
    audit.note(actor, "sensor.removed", name, now=now, tenant=found.tenant)
