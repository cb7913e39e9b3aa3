"""An incident as a STIX 2.1 bundle: what others can look for, and no names of accounts, patients or hosts.

OASIS STIX 2.1 (https://docs.oasis-open.org/cti/stix/v2.1/): an incident, its techniques as attack patterns, its
indicators with their observables, a report that holds it all together. Ids are version-5 UUIDs of what they name, so
that the same incident exported twice is the same.
"""

import ipaddress
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from wardwatch.incidents.incident import Incident
from wardwatch.kernel import stamps
from wardwatch.threats import attack

Object = dict[str, Any]
# STIX 2.1, section 2.9: the namespace of deterministic ids of observables; and the fixed markings of section 7.2.1.4.
_OBSERVABLES = UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
_OURS = UUID("6f6a2c3e-5d6b-5c0c-9d2e-0a5f3b7f7c11")
TLP = {
    "white": "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9",
    "green": "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da",
    "amber": "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82",
    "red": "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed",
}
_HASHES = {32: "MD5", 40: "SHA-1", 64: "SHA-256"}


@dataclass(frozen=True, slots=True)
class Sender:
    """Who hands the bundle on: the name of the hospital or cluster, and the Traffic Light Protocol's colour."""

    name: str
    tlp: str = "amber"


def bundle(incident: Incident, sender: Sender, title: str, *, now: int) -> Object:
    """The bundle. `title` names the incident for others; `now` (µs UTC) is when it is written.

    Raises `KeyError` for a colour that is none.
    """
    marking = TLP[sender.tlp]
    author = _identity(sender, incident)
    made: list[Object] = [_incident(incident, title, now)]
    made += [_attack_pattern(id_, incident) for id_ in incident.techniques]
    for mark in incident.indicators:
        made += _indicator(mark, incident)
    report = _report(incident, title, made, now)
    for one in (*made, report):
        if one["type"] not in _WITHOUT_AUTHOR:
            one["created_by_ref"] = author["id"]
        one["object_marking_refs"] = [marking]
    return {"type": "bundle", "id": _id("bundle", incident.id, str(now)), "objects": [author, *made, report]}


_WITHOUT_AUTHOR = frozenset({"ipv4-addr", "ipv6-addr", "domain-name", "file"})


def _identity(sender: Sender, incident: Incident) -> Object:
    found = _object("identity", incident.opened_at, sender.name)
    return found | {"name": sender.name, "identity_class": "organization", "sectors": ["healthcare"]}


def _incident(incident: Incident, title: str, now: int) -> Object:
    found = _object("incident", incident.opened_at, incident.id) | {"modified": _stamp(max(now, incident.opened_at))}
    words = (f"{incident.alert_count} alerts", f"level {incident.level.word}", f"state {incident.state.value}")
    return found | {"name": title, "description": ", ".join(words)}


def _attack_pattern(id_: str, incident: Incident) -> Object:
    found = _object("attack-pattern", incident.opened_at, id_)
    reference = {
        "source_name": "mitre-attack",
        "external_id": id_,
        "url": f"https://attack.mitre.org/techniques/{id_.replace('.', '/')}/",
    }
    return found | {"name": attack.technique(id_).name, "external_references": [reference]}


def _indicator(mark: str, incident: Incident) -> list[Object]:
    """An indicator, the observable that it finds, and that the one is based on the other."""
    kind, _, value = mark.partition(":")
    observed = _observable(kind, value)
    if observed is None:
        return []
    observable, pattern = observed
    indicator = _object("indicator", incident.opened_at, incident.id, mark) | {
        "name": value,
        "pattern": pattern,
        "pattern_type": "stix",
        "valid_from": _stamp(incident.first_at),
        "indicator_types": ["malicious-activity"],
    }
    based = _object("relationship", incident.opened_at, indicator["id"], observable["id"]) | {
        "relationship_type": "based-on",
        "source_ref": indicator["id"],
        "target_ref": _observed_data(observable, incident)["id"],
    }
    return [observable, _observed_data(observable, incident), indicator, based]


def _observed_data(observable: Object, incident: Incident) -> Object:
    return _object("observed-data", incident.opened_at, incident.id, observable["id"]) | {
        "first_observed": _stamp(incident.first_at),
        "last_observed": _stamp(incident.last_at),
        "number_observed": 1,
        "object_refs": [observable["id"]],
    }


def _observable(kind: str, value: str) -> tuple[Object, str] | None:
    if kind == "ip":
        type_ = f"ipv{ipaddress.ip_address(value).version}-addr"
        return _found(type_, {"value": value}), f"[{type_}:value = '{_quoted(value)}']"
    if kind == "domain":
        return _found("domain-name", {"value": value}), f"[domain-name:value = '{_quoted(value)}']"
    name = _HASHES.get(len(value)) if kind == "hash" else None
    if name is None:
        return None
    return _found("file", {"hashes": {name: value}}), f"[file:hashes.'{name}' = '{value}']"


def _report(incident: Incident, title: str, made: Iterable[Object], now: int) -> Object:
    found = _object("report", incident.opened_at, incident.id) | {"modified": _stamp(max(now, incident.opened_at))}
    refs = list(dict.fromkeys(one["id"] for one in made))
    return found | {
        "name": title,
        "report_types": ["threat-report"],
        "published": _stamp(max(now, incident.opened_at)),
        "object_refs": refs,
    }


def _object(type_: str, at: int, *names: str) -> Object:
    found = {"type": type_, "spec_version": "2.1", "id": _id(type_, *names)}
    return found | {"created": _stamp(at), "modified": _stamp(at)}


def _found(type_: str, identifying: Mapping[str, Any]) -> Object:
    """An observable; its id is made of what identifies it (RFC 8785 canonical JSON; these values need no more)."""
    canonical = json.dumps(identifying, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    id_ = f"{type_}--{uuid5(_OBSERVABLES, canonical)}"
    return {"type": type_, "spec_version": "2.1", "id": id_, **identifying}


def _id(type_: str, *names: str) -> str:
    return f"{type_}--{uuid5(_OURS, json.dumps([type_, *names]))}"


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")


def _stamp(at: int) -> str:
    return stamps.moment(at // 1000 * 1000).isoformat(timespec="milliseconds").replace("+00:00", "Z")
