"""From an alert that was false to a tuning: the few fields that tell this event from others of its rule, and stay so.

What changes from event to event (ids, times, ports, counters) is left out, by its name, by the look of its value, and
because it differs between alerts that are alike. What names a patient is never part of a tuning.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from wardwatch.detection.predicates import Part
from wardwatch.detection.rules import Rule
from wardwatch.events import batch as layout
from wardwatch.events.alert import Alert
from wardwatch.events.batch import FIELD_PREFIX, NULL
from wardwatch.kernel.errors import InputError
from wardwatch.pipeline.lake.tenant import TenantLake
from wardwatch.pipeline.privacy import patient_fields
from wardwatch.pipeline.search.fields import ADDRESSES
from wardwatch.pipeline.search.saving import escaped

Fields = Mapping[str, object]

# What tells most, in this order: who, from where, what, on what. Names of all sources.
WHO = (
    "User", "SubjectUserName", "TargetUserName", "user", "UserId", "UserName", "userName", "account", "acct",
    "Requestor", "RequestorUserID", "UserID", "cs-username", "properties.userPrincipalName",
)  # fmt: skip
WHERE = ("Computer", "Workstation", "WorkstationName", "ClientHost", "Client", "hostname", "RemoteAET", *ADDRESSES)
WHAT = (
    "Image", "ParentImage", "OriginalFileName", "CommandLine", "ParentCommandLine", "exe", "comm", "Command",
    "Operation", "EventName", "HttpMethod", "method", "TriggerEvent", "ServiceName", "SourceImage", "TargetImage",
    "GrantedAccess",
    "TargetFilename", "Path", "ShareName", "Share", "RelativeTargetName", "ObjectName", "Uri", "cs-uri-stem",
    "QueryName", "DestinationAETitle", "SendingApplication", "SendingFacility", "Provider_Name",
)  # fmt: skip
MOST = 5  # fields of a proposal
REPEATS = 20  # alerts like this one that are looked at
_MAX_VALUE = 300  # characters; longer values are seldom the same twice
_ENOUGH = 5  # alerts of a rule from which it is told that a value says nothing

# Names of what is another in each event.
_CHANGING = re.compile(
    r"(?i)(guid|uuid|time|date|stamp|session|serial|nonce|handle|record|sequence|hash|port$|(^|[._-])[pt]id$"
    r"|logonid|(process|thread|activity|correlation|request|operation|message|instance|transaction|control)id$)"
)
# Values that no other event will have: ids, digests, times, long numbers.
_UNIQUE = re.compile(r"(?i)[0-9a-f]{8}-[0-9a-f]{4}-|[0-9a-f]{16,}|\d{4}-\d\d-\d\d|\d\d:\d\d:\d\d|\d{5,}|0x[0-9a-f]{4,}")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A detection, and for each field that was left out, why."""

    detection: Mapping[str, object]
    left_out: Mapping[str, str]


def event_of(lake: TenantLake, alert: Alert) -> Fields | None:
    """Return the fields of an alert's first event as the lake keeps it; `None` where it is gone."""
    wanted = bytes.fromhex(alert.event_ids[0]) if alert.event_ids else b""
    for batch in lake.read(alert.occurred_at, alert.occurred_at):
        found = batch.column("event_id").to_pylist()
        if wanted in found:
            row = batch.slice(found.index(wanted), 1)
            cells = zip(row.schema.names, row.columns, strict=True)
            values = ((name.removeprefix(FIELD_PREFIX), cell[0].as_py()) for name, cell in cells if _is_field(name))
            return {name: value for name, value in values if value is not None}
    return None


def _is_field(name: str) -> bool:
    return name.startswith(FIELD_PREFIX) and name not in layout.ENVELOPE.names


def propose(alert: Alert, event: Fields, rule: Rule, alike: Sequence[Fields], others: Sequence[Alert]) -> Proposal:
    """Propose a detection for an alert.

    Args:
        alert: what was false.
        event: the fields of its event.
        rule: the rule that raised it.
        alike: events of other alerts of the rule, of the same host and user: what differs in them is left out.
        others: all alerts of the rule in this hospital: a value that all of them share tells nothing.

    Raises:
        InputError: where nothing tells this event from an attack.
    """
    if alert.kind == "correlation":
        return _of_group(alert)
    left_out: dict[str, str] = {}
    chosen: dict[str, str] = {}
    for name in _ordered(event, rule):
        value = event[name]
        why = _unstable(name, value) or _differs(name, value, alike) or _says_nothing(name, value, others)
        if why:
            left_out[name] = why
        elif len(chosen) < MOST:
            chosen[name] = str(value)
    telling = {*WHO, *WHERE, *WHAT}
    if not telling.intersection(chosen):
        hint = "write a tuning by hand, with what you know of it (docs/how-to/tune.md)"
        raise InputError("nothing in this event tells it from an attack", where=alert.id, hint=hint)
    return Proposal({"selection": {name: _value(value) for name, value in chosen.items()}, **_CONDITION}, left_out)


_CONDITION = {"condition": "selection"}


def _of_group(alert: Alert) -> Proposal:
    stated = {name: _value(value) for name, value in alert.group.items() if value is not None}
    if not stated:
        hint = "tune the rules that it counts: `wardwatch search --alert` shows their events"
        raise InputError("this correlation has no group by which to tune it", where=alert.id, hint=hint)
    return Proposal({"selection": stated, **_CONDITION}, {})


def _value(value: str) -> str:
    parts: tuple[Part, ...] = (value,)
    return escaped(parts)


def _ordered(event: Fields, rule: Rule) -> list[str]:
    """Fields in the order in which they tell: who, one place, the rule's own, what, other places."""
    who = [name for name in WHO if name in event]
    places = [name for name in WHERE if name in event]
    own = [name for name in rule.fields if name in event]
    what = [name for name in WHAT if name in event]
    return list(dict.fromkeys([*who[:1], *places[:1], *own, *what, *who[1:], *places[1:]]))


def _unstable(name: str, value: object) -> str:
    if name in patient_fields():
        return "names a patient"
    if not isinstance(value, str) or value in ("", "-", NULL):
        return "holds no single value"
    if value.startswith("p:"):
        return "names a patient"
    if len(value) > _MAX_VALUE:
        return "too long to come twice"
    if _CHANGING.search(name) and name not in {*WHO, *WHERE, *WHAT}:
        return "another in each event, by its name"
    return "another in each event, by its value" if _UNIQUE.search(value) else ""


def _differs(name: str, value: object, alike: Sequence[Fields]) -> str:
    different = sum(one.get(name) != value for one in alike)
    return "differs in alerts that are alike" if different else ""


def _says_nothing(name: str, value: object, others: Iterable[Alert]) -> str:
    stated = [alert.fields[name] for alert in others if name in alert.fields]
    same = len(stated) >= _ENOUGH and all(one == value for one in stated)
    hosts_and_more = name in {*WHO, *WHERE}
    return "the same in all alerts of this rule" if same and not hosts_and_more else ""
