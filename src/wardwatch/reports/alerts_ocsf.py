"""Alerts as OCSF Detection Findings, one JSON object a line.

Open Cybersecurity Schema Framework 1.6.0, class 2004
(https://schema.ocsf.io/1.6.0/classes/detection_finding). Times are milliseconds UTC. The Sigma rule is
the finding's analytic; matched fields are its evidence, and those that OCSF has a word for are
observables too. `time` is that of the first event.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TextIO

import orjson

from wardwatch.detection.rules import Rule
from wardwatch.events.alert import Alert
from wardwatch.events.record import Value
from wardwatch.kernel.severity import Level
from wardwatch.pipeline import story
from wardwatch.threats import attack

VERSION = "1.6.0"
ATTACK_VERSION = "18.1"
MAX_OBSERVABLES = 50
MAX_VALUE = 4_000  # characters of one value
MAX_LIST = 1_000  # values of one list
_SEVERITIES = {
    Level.INFORMATIONAL: (1, "Informational"),
    Level.LOW: (2, "Low"),
    Level.MEDIUM: (3, "Medium"),
    Level.HIGH: (4, "High"),
    Level.CRITICAL: (5, "Critical"),
}
# Fields of logs (casefolded) that OCSF 1.6.0 has a type of observable for (object `observable`, `type_id`).
_OBSERVABLES = {
    **dict.fromkeys(("computer", "hostname", "workstation", "workstationname", "dvchostname"), (1, "Hostname")),
    **dict.fromkeys(("ipaddress", "sourceip", "destinationip", "clientaddress", "sourceaddress"), (2, "IP Address")),
    **dict.fromkeys(("src_ip", "dest_ip", "c-ip", "id.orig_h", "id.resp_h"), (2, "IP Address")),
    **dict.fromkeys(("user", "username", "targetusername", "subjectusername"), (4, "User Name")),
    **dict.fromkeys(("queryname", "destinationhostname"), (1, "Hostname")),
    **dict.fromkeys(("targetfilename", "image", "parentimage", "imageloaded", "path"), (45, "File Path")),
    **dict.fromkeys(("commandline", "parentcommandline"), (13, "Command Line")),
    **dict.fromkeys(("targetobject",), (46, "Registry Key Path")),
}


def document(alert: Alert, rules: Mapping[str, Rule], product_version: str = "") -> dict[str, Any]:
    """The finding of one alert."""
    severity_id, severity = _SEVERITIES[alert.level]
    found: dict[str, Any] = {
        "activity_id": 1,
        "activity_name": "Create",
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": 2004,
        "class_name": "Detection Finding",
        "type_uid": 200401,
        "type_name": "Detection Finding: Create",
        "time": _ms(alert.occurred_at),
        "start_time": _ms(alert.occurred_at),
        "end_time": _ms(alert.last_at),
        "count": alert.count,
        "severity_id": severity_id,
        "severity": severity,
        "status_id": 1,
        "status": "New",
        "message": _text(alert.rule_title),
        "metadata": _metadata(alert, product_version),
        "finding_info": _info(alert, rules.get(alert.rule_id)),
    }
    observables = _observables(alert)
    evidence = _evidence(alert)
    found |= {"observables": observables} if observables else {}
    found |= {"evidences": [evidence]} if evidence else {}
    found |= {"resources": [{"name": _text(alert.host), "type": "Host"}]} if alert.host else {}
    if alert.group:
        found["unmapped"] = {"group": {_text(name): _bounded(value) for name, value in alert.group.items()}}
    return found


def _metadata(alert: Alert, product_version: str) -> dict[str, Any]:
    product = {"name": "Wardwatch", "vendor_name": "Wardwatch"}
    if product_version:
        product["version"] = product_version
    found: dict[str, Any] = {
        "version": VERSION,
        "product": product,
        "uid": alert.id,
        "tenant_uid": alert.tenant,
    }
    if alert.source:
        found["log_name"] = alert.source
    return found


def _info(alert: Alert, rule: Rule | None) -> dict[str, Any]:
    description = story.explanation(rule).en
    found: dict[str, Any] = {
        "uid": alert.id,
        "title": _text(alert.rule_title),
        "types": [alert.kind],
        "created_time": _ms(alert.last_at),
        "first_seen_time": _ms(alert.occurred_at),
        "last_seen_time": _ms(alert.last_at),
        "analytic": {"uid": alert.rule_id, "name": _text(alert.rule_title), "type_id": 1, "type": "Rule"},
    }
    attacks = _attacks(alert)
    found |= {"desc": description} if description else {}
    found |= {"attacks": attacks} if attacks else {}
    found |= {"data_sources": [_text(alert.file)]} if alert.file else {}
    found |= {"related_events": [{"uid": uid} for uid in alert.event_ids]} if alert.event_ids else {}
    return found


def _attacks(alert: Alert) -> list[dict[str, Any]]:
    """One entry for each technique, with the stated tactic that it serves; then the tactics left over."""
    tactics = attack.tactics_of(alert.tags)
    found: list[dict[str, Any]] = []
    told: set[str] = set()
    for id_ in attack.techniques_of(alert.tags):
        technique = attack.technique(id_)
        served = [slug for slug in tactics if slug in technique.tactics]
        told.update(served)
        tactic = {"tactic": _tactic(served[0])} if served else {}
        found.append({**tactic, **_technique(id_), "version": ATTACK_VERSION})
    rest = ({"tactic": _tactic(slug), "version": ATTACK_VERSION} for slug in tactics if slug not in told)
    return found + list(rest)


def _tactic(slug: str) -> dict[str, str]:
    tactic = attack.tactic(slug)
    return {"name": tactic.name.en, **({"uid": tactic.id} if tactic.id else {})}


def _technique(id_: str) -> dict[str, Any]:
    parent = id_.partition(".")[0]
    found: dict[str, Any] = {"technique": _named(parent)}
    if parent != id_:
        found["sub_technique"] = _named(id_)
    return found


def _named(id_: str) -> dict[str, str]:
    entry = attack.techniques().get(id_)
    return {"uid": id_, **({"name": entry.name} if entry else {})}


def _evidence(alert: Alert) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if alert.fields:
        found["data"] = {_text(name): _bounded(value) for name, value in alert.fields.items()}
    if alert.host:
        found["device"] = {"hostname": _text(alert.host), "type_id": 0}
    if alert.user:
        found["user"] = {"name": _text(alert.user)}
    return found


def _bounded(value: Value) -> object:
    """A value that every JSON reader takes: text is cut, integers beyond 64 bits become text."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else str(value)
    return _text(value) if isinstance(value, str) else [_bounded(one) for one in value[:MAX_LIST]]


def _text(text: str) -> str:
    """Cut `text`; a lone surrogate, which UTF-8 cannot write, becomes a question mark."""
    return text[:MAX_VALUE].encode("utf-8", "replace").decode()


def _observables(alert: Alert) -> list[dict[str, Any]]:
    found = [_observable("resources[].name", alert.host, (1, "Hostname"))] if alert.host else []
    if alert.user:
        found.append(_observable("evidences[].user.name", alert.user, (4, "User Name")))
    for name, value in alert.fields.items():
        kind = _OBSERVABLES.get(name.casefold())
        if kind and isinstance(value, str) and value:
            found.append(_observable(f"evidences[].data.{name}", value, kind))
    return found[:MAX_OBSERVABLES]


def _observable(name: str, value: str, kind: tuple[int, str]) -> dict[str, Any]:
    return {"name": _text(name), "value": _text(value), "type_id": kind[0], "type": kind[1]}


def _ms(stamp: int) -> int:
    return stamp // 1_000


def write(alerts: Iterable[Alert], rules: Mapping[str, Rule], stream: TextIO, version: str = "") -> int:
    """Write findings as they come, one a line; returns how many."""
    count = 0
    for alert in alerts:
        stream.write(orjson.dumps(document(alert, rules, version)).decode() + "\n")
        count += 1
    return count
