"""What programs ask of a server and do there; every list is read to its end, page by page."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from wardwatch.client.connection import Connection
from wardwatch.client.values import AlertGroup, Asset, Board, Hook, Hospital, Incident, MadeHook, Me, WholeGroup, made
from wardwatch.kernel.errors import InputError

T = TypeVar("T")
_PAGES = 10_000  # of one list: a server that goes on for ever is none


class Client:
    """The API of one server. Acts raise `NotDoneError` where they are refused; each is done once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def me(self) -> Me:
        """Who the key stands for."""
        return made(Me, self._connection.get("/me"), "/me")

    def hospitals(self) -> tuple[Hospital, ...]:
        """Hospitals that the key reaches, by name."""
        return self._all(Hospital, "/hospitals")

    def care(self) -> tuple[Board, ...]:
        """How care is, the worst hospital first."""
        return self._all(Board, "/care")

    def alerts(
        self, queue: str = "review", *, tenant: str = "", level: str = "", host: str = "", rule: str = ""
    ) -> Iterator[AlertGroup]:
        """A queue (review, mine, silenced or closed), the gravest first; `level` and above."""
        yield from self._pages(AlertGroup, "/alerts", queue=queue, tenant=tenant, level=level, host=host, rule=rule)

    def alert(self, group: str) -> WholeGroup:
        """One group, whole."""
        return made(WholeGroup, self._connection.get(f"/alerts/{_id(group)}"), group)

    def take(self, group: str) -> None:
        """Take a group."""
        self._alert(group, "take")

    def release(self, group: str) -> None:
        """Give a group back."""
        self._alert(group, "release")

    def reopen(self, group: str) -> None:
        """Open a settled group again."""
        self._alert(group, "reopen")

    def silence(self, group: str, until: datetime, reason: str = "") -> None:
        """Do not hear of a group until then (aware; at most 90 days), unless it gets worse."""
        self._alert(group, "silence", {"until": until.isoformat(), "reason": reason})

    def false_positive(self, group: str, reason: str = "") -> None:
        """Say that a group was nothing; a tuning is proposed."""
        self._alert(group, "false-positive", {"reason": reason})

    def settle(self, group: str, reason: str = "") -> None:
        """Say that a group was dealt with."""
        self._alert(group, "settle", {"reason": reason})

    def raise_incident(self, group: str, title: str = "", incident: str = "") -> None:
        """Make an incident of a group, or add it to one."""
        self._alert(group, "raise", {"title": title, "incident": incident})

    def merge(self, group: str, others: Sequence[str]) -> None:
        """Put other groups below a group."""
        self._alert(group, "merge", {"groups": [_id(one) for one in others]})

    def unmerge(self, group: str) -> None:
        """Let a merged group stand alone again."""
        self._alert(group, "unmerge")

    def note_on_alert(self, group: str, text: str) -> None:
        """Write something down at a group."""
        self._alert(group, "notes", {"text": text})

    def undo_on_alert(self, group: str) -> None:
        """Take back the last act on a group."""
        self._alert(group, "undo")

    def incidents(self, which: str = "open") -> Iterator[Incident]:
        """Incidents that are open, or over; the gravest first."""
        yield from self._pages(Incident, "/incidents", which=which)

    def incident(self, id_: str) -> Mapping[str, Any]:
        """One incident as `wardwatch/incident-export/1`: with its timeline and its alerts."""
        return self._object(f"/incidents/{_id(id_)}")

    def stix(self, id_: str, tlp: str = "amber") -> Mapping[str, Any]:
        """One incident as a STIX 2.1 bundle."""
        return self._object(f"/incidents/{_id(id_)}/stix", tlp=tlp)

    def own(self, incident: str) -> None:
        """Lead an incident."""
        self._incident(incident, "own")

    def move(self, incident: str, to: str, reason: str = "") -> None:
        """Bring an incident to another state."""
        self._incident(incident, "move", {"to": to, "reason": reason})

    def note(self, incident: str, text: str) -> None:
        """Write something down at an incident."""
        self._incident(incident, "notes", {"text": text})

    def add_task(self, incident: str, title: str, due_at: datetime | None = None) -> None:
        """Say what is to be done, perhaps until when (aware)."""
        self._incident(incident, "tasks", {"title": title, "due_at": due_at.isoformat() if due_at else None})

    def finish_task(self, incident: str, task: str) -> None:
        """Say that it was done."""
        self._incident(incident, f"tasks/{_id(task)}/done")

    def state_care(self, incident: str, service: str, state: str, text: str = "") -> None:
        """Say what an incident does to a service: normal, degraded, down or unknown."""
        self._incident(incident, "care", {"service": service, "state": state, "text": text})

    def undo(self, incident: str) -> None:
        """Take back the last act on an incident, within fifteen minutes."""
        self._incident(incident, "undo")

    def assets(self, tenant: str = "", name: str = "") -> Iterator[Asset]:
        """Assets by name; `name` narrows to those that contain it."""
        yield from self._pages(Asset, "/estate/assets", tenant=tenant, name=name)

    def asset(self, id_: str) -> Asset:
        """One asset."""
        return made(Asset, self._connection.get(f"/estate/assets/{_id(id_)}"), id_)

    def webhooks(self) -> tuple[Hook, ...]:
        """Webhooks of the hospitals that the key manages."""
        return self._all(Hook, "/webhooks")

    def add_webhook(self, tenant: str, url: str) -> MadeHook:
        """Add a webhook; its secret is told this once."""
        return made(MadeHook, self._connection.act("/webhooks", {"tenant": tenant, "url": url}), "/webhooks")

    def remove_webhook(self, id_: int) -> None:
        """Remove a webhook."""
        self._connection.delete(f"/webhooks/{int(id_)}")

    def _alert(self, group: str, act: str, body: Mapping[str, Any] | None = None) -> None:
        self._connection.act(f"/alerts/{_id(group)}/{act}", body)

    def _incident(self, incident: str, act: str, body: Mapping[str, Any] | None = None) -> None:
        self._connection.act(f"/incidents/{_id(incident)}/{act}", body)

    def _object(self, path: str, **asked: str) -> Mapping[str, Any]:
        found = self._connection.get(path, **asked)
        if not isinstance(found, dict):
            raise InputError("not understood: no object", where=path)
        return found

    def _all(self, kind: type[T], path: str) -> tuple[T, ...]:
        found = self._connection.get(path)
        if not isinstance(found, list):
            raise InputError("not understood: no list", where=path, hint="is it a Wardwatch of this version?")
        return tuple(made(kind, one, path) for one in found)

    def _pages(self, kind: type[T], path: str, **asked: str) -> Iterator[T]:
        cursor = ""
        for _ in range(_PAGES):
            page = self._connection.get(path, **asked, cursor=cursor)
            if not isinstance(page, dict) or not isinstance(page.get("items"), list):
                raise InputError("not understood: no page", where=path, hint="is it a Wardwatch of this version?")
            yield from (made(kind, one, path) for one in page["items"])
            cursor = str(page.get("next") or "")
            if not cursor:
                return


def _id(text: str) -> str:
    """An id that may stand in an address. Raises `InputError`."""
    if not text.isascii() or not text.replace("-", "").replace("_", "").isalnum():
        raise InputError(f"no id: {text[:40]!r}", hint="as a list shows it")
    return text
