"""The process that turns alerts into work, lets timers ring and sends what is to be told.

It reads each hospital's log of alerts from where it left off; alerts and offset are committed together, so that a crash
loses none and takes none twice.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from wardwatch.delivery.mail import Server
from wardwatch.kernel.errors import InputError, WardwatchError
from wardwatch.pipeline import alert_log, figures
from wardwatch.pipeline.alert_log import Mark
from wardwatch.pipeline.figures import Figure
from wardwatch.pipeline.lake import Lake
from wardwatch.runtime.kinds import split_address
from wardwatch.runtime.settings import Settings
from wardwatch.runtime.stopping import Stopping
from wardwatch.usecases import campaigns, learning, notices, watch
from wardwatch.usecases.notices import Ways

PROCESS = "clock"
AT_ONCE = 200  # alerts of one hospital in one transaction
_LEARN = 60.0  # seconds between looks at what events show of the estate
_PAUSE = 0.5  # seconds between rounds when nothing waits
_LOG = logging.getLogger(__name__)


def wall_clock() -> datetime:
    """The moment."""
    return datetime.now(UTC)


def ways(settings: Settings) -> Ways:
    """How messages may leave, as the settings have it. Raises `InputError` where a secret's file is missing."""
    mail = None
    if settings.mail.server:
        host, port = split_address(settings.mail.server)
        password = _secret(settings, settings.mail.password) if settings.mail.user else ""
        mail = Server(host, port, settings.mail.sender, settings.mail.user, password, settings.mail.tls)
    token = _secret(settings, settings.sms.token) if settings.sms.token else ""
    scheme = "https" if settings.console.certificate else "http"
    name = settings.console.hosts[0] if settings.console.hosts else settings.console.address
    answers = split_address(settings.console.address)[1]
    return Ways(mail, settings.sms.gateway, token, f"{scheme}://{name}:{answers}")


def _secret(settings: Settings, name: str) -> str:
    path = settings.below(name)
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise InputError(f"a secret cannot be read: {error.strerror}", where=str(path)) from None


class Clock:
    """One round after the other until `stopping` is set. Django must be ready (`runtime.console.boot`)."""

    def __init__(self, settings: Settings, *, now: Callable[[], datetime] = wall_clock) -> None:
        self._settings = settings
        self._now = now
        self._alerts = settings.below("alerts")
        self._sender = notices.Sender(ways(settings))
        self.stopping = Stopping()
        self.taken = self.rung = self.told = self.learned = 0
        self._learns_at = 0.0
        self.troubles: dict[str, str] = {}  # by task: what went wrong last

    def run(self) -> None:
        """Work until told to stop."""
        started = time.time_ns() // 1_000
        published = 0.0
        while not self.stopping.is_set():
            busy = self.round()
            if time.monotonic() - published >= 1.0:
                published = time.monotonic()
                figures.publish(
                    self._settings.below("state"),
                    figures.of(PROCESS, started, time.time_ns() // 1_000, self.current()),
                )
            if not busy:
                self.stopping.wait(_PAUSE)

    def round(self) -> bool:
        """Take alerts, let timers ring, send notices, once; return whether there was anything to do."""
        done = 0
        for tenant in alert_log.tenants(self._alerts):
            with self._guarded(f"alerts of {tenant}"):
                done += self._take(tenant)
        if time.monotonic() >= self._learns_at:
            self._learns_at = time.monotonic() + _LEARN
            for tenant in Lake(self._settings.home / "lake").tenants():
                with self._guarded(f"estate of {tenant}"):
                    self.learned += learning.learn(self._settings.home, tenant)
            with self._guarded("campaigns"):
                campaigns.remind_due(self._now())
        with self._guarded("timers"):
            rung = watch.fire_timers(self._now())
            self.rung += rung
            done += rung
        with self._guarded("notices"):
            self.told += self._sender.send(self._now())
        return done > 0

    def _take(self, tenant: str) -> int:
        known = watch.read_until(tenant)
        alerts, mark = alert_log.follow(self._alerts, tenant, Mark(*known), AT_ONCE)
        if (mark.file, mark.offset) == known:
            return 0
        taken = watch.take_alerts(tenant, alerts, mark.file, mark.offset, self._now())
        self.taken += taken
        return taken

    @contextmanager
    def _guarded(self, what: str) -> Iterator[None]:
        """Let one hospital's trouble not stop the others; it is tried again in the next round."""
        try:
            yield
            self.troubles.pop(what, None)
        except WardwatchError as error:
            self._note(what, error)
        except Exception as error:  # noqa: BLE001  (a worker's loop)
            self._note(what, error)

    def _note(self, what: str, error: Exception) -> None:
        if self.troubles.get(what) != str(error):
            self.troubles[what] = str(error)
            _LOG.error("%s: %s", what, error)

    def current(self) -> Iterator[Figure]:
        """Yield what there is to know now."""
        yield Figure("wardwatch_clock_alerts_total", "counter", "Alerts taken in.", self.taken)
        yield Figure("wardwatch_clock_timers_total", "counter", "Timers that rang.", self.rung)
        yield Figure("wardwatch_clock_notices_total", "counter", "Notices sent.", self.told)
        yield Figure("wardwatch_clock_assets_total", "counter", "Assets learned from events.", self.learned)
        for what in self.troubles:
            yield Figure("wardwatch_clock_trouble", "gauge", "What goes wrong now.", 1.0, {"task": what})
