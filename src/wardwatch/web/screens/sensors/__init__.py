"""Sensors: who sends, what was not understood, and how a new one is set up."""

from wardwatch.records.queries import estate as queries
from wardwatch.sources import every
from wardwatch.usecases import sensors
from wardwatch.usecases.roles import Permission
from wardwatch.web.screen import Act, Answer, Asked, Page, Screen, Table, back

_COLUMNS = ("hospital", "sensor", "state", "source", "last event", "events per second", "troubles")


def listed(asked: Asked) -> Answer:
    """Every sensor, those in trouble first."""
    view = sensors.listed(asked.actor, asked.now)
    hospitals = {one.slug: one.name for one in queries.hospitals(asked.actor.scope(Permission.SEE_SENSORS))}
    data = {
        "sensors": view.sensors,
        "processes": view.processes,
        "hospitals": hospitals,
        "troubled": sum(one.state == "degraded" for one in view.sensors),
        "unknown": sum(one.state == "unknown" for one in view.sensors),
        "stopped": [name for name, running in view.processes if not running],
        "may_manage": sorted(asked.actor.scope(Permission.MANAGE_SENSORS)),
    }
    rows = [
        [one.tenant, one.name, one.state, source.source, source.last_at, source.rate, " ".join(source.troubles)]
        for one in view.sensors
        for source in one.sources or (sensors.Source("", None, 0.0, learned=False, troubles=()),)
    ]
    return Page("sensors/list.html", data, Table(_COLUMNS, rows), {"sources": sorted(every())})


def add(asked: Asked) -> Answer:
    """Let a sensor send; its token and ready configurations are shown once."""
    chosen = tuple(one for one in asked.request.POST.getlist("source") if one in every())
    addresses = tuple(one.strip() for one in asked.sent("addresses").split(",") if one.strip())
    tenant, name = asked.sent("tenant"), asked.sent("name").lower()
    token = sensors.add(asked.actor, tenant, name, sources=chosen, addresses=addresses, now=asked.now)
    host = asked.request.get_host().partition(":")[0]
    return Page("sensors/added.html", {"name": name, "tenant": tenant}, more={"token": token, "host": host})


def remove(asked: Asked, sensor: str) -> Answer:
    """Let it send no more."""
    sensors.remove(asked.actor, sensor, asked.now)
    return back(asked, "/sensors")


SCREENS = (
    Screen("sensors", "sensors", Permission.SEE_SENSORS, listed, csv=True),
    Act("sensors/add", "sensor-add", Permission.MANAGE_SENSORS, add),
    Act("sensors/<str:sensor>/remove", "sensor-remove", Permission.MANAGE_SENSORS, remove),
)
