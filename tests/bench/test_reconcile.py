"""Every difference beside the peer has one cause, and what nothing explains is said to be unexplained."""

from typing import Any

import pytest

from bench import reconcile
from wardwatch.detection.rules import Rule
from wardwatch.events.logsource import LogSource
from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.severity import Level

PEER = reconcile.Peer(frozenset({"r"}), frozenset({"Image", "Provider_Name", "Hash"}))


def rule(category: str | None, *fields: str, id_: str = "r") -> Rule:
    return Rule(id_, Text("Title"), Level.HIGH, "event", "", LogSource("windows", category), fields=fields)


def cause(one: Rule, event: dict[str, Any], *, ours: bool) -> str:
    hits = [(one.id, "h")]
    (found,) = reconcile.differences(hits if ours else [], [] if ours else hits, {one.id: one}, {"h": event}, PEER)
    assert (found.side, found.count) == ("Wardwatch" if ours else "Zircolite", 1)
    return found.cause


@pytest.mark.parametrize(
    ("one", "event", "expected"),
    [
        (rule(None, id_="keywords"), {}, reconcile.NOT_CONVERTED),
        (rule("network_connection", "Image"), {"event_data": {}}, reconcile.WINLOGBEAT_6),
        (rule("process_creation", "Image"), {"EventID": 4688}, reconcile.CREATED_4688),
        (rule("process_creation", "Image"), {"EventID": 1}, reconcile.UNEXPLAINED),
        (rule(None, "Provider_Name"), {"SourceName": "x"}, reconcile.PROVIDER),
        (rule(None, "Provider_Name"), {"SourceName": "x", "Provider_Name": "x"}, reconcile.UNEXPLAINED),
        (rule(None, "Image", "Nowhere"), {"EventID": 10}, reconcile.NO_COLUMN),
        (rule(None, "Hash"), {"Hash": "MD5=0"}, reconcile.HASH),
    ],
)
def test_causes_of_what_only_we_have(one: Rule, event: dict[str, Any], expected: str) -> None:
    assert cause(one, event, ours=True) == expected


@pytest.mark.parametrize(
    ("category", "event", "expected"),
    [
        ("registry_delete", {"EventID": 12, "EventType": "CreateKey"}, reconcile.NO_DELETION),
        (
            "registry_delete",
            {"EventID": "12", "EventType": "INFO", "Message": "EventType: CreateKey"},
            reconcile.NO_DELETION,
        ),
        ("registry_delete", {"EventID": 12}, reconcile.NOT_SAID),
        ("registry_delete", {"EventID": 12, "EventType": "DeleteKey"}, reconcile.UNEXPLAINED),
        ("registry_set", {"EventID": 12, "EventType": "CreateKey"}, reconcile.UNEXPLAINED),
    ],
)
def test_causes_of_what_only_the_peer_has(category: str, event: dict[str, Any], expected: str) -> None:
    assert cause(rule(category, "Image"), event, ours=False) == expected


def test_counts_add_up() -> None:
    one, other = rule("process_creation", "Image"), rule(None, id_="keywords")
    events = {str(n): {"EventID": 4688} for n in range(5)}
    ours = [("r", "0"), ("r", "1"), ("r", "1"), ("keywords", "2")]
    theirs = [("r", "0"), ("r", "4")]
    found = reconcile.differences(ours, theirs, {"r": one, "keywords": other}, events, PEER)
    assert [(difference.side, difference.rule.id, difference.count) for difference in found] == [
        ("Wardwatch", "r", 1),
        ("Wardwatch", "keywords", 1),
        ("Zircolite", "r", 1),
    ]
    assert len(reconcile.lines(found)) == 6
