"""Incidents that look alike, and incidents that are handed on: as JSON, and as STIX that others' software reads."""

import json
from dataclasses import replace

import pytest
import stix2
from tests.watch.watching import NOON, TENANT, alert

from wardwatch.events import alert_lines
from wardwatch.incidents import evidence, exporting, stix
from wardwatch.incidents.evidence import Custody, Evidence
from wardwatch.incidents.incident import Incident, Task, incident_id
from wardwatch.incidents.similar import Shared, Similar, similar
from wardwatch.incidents.states import State
from wardwatch.incidents.stix import Sender
from wardwatch.incidents.timeline import Kind, TimelineEntry, entry_id
from wardwatch.kernel.severity import Level

SHA = "ab" * 32
INCIDENT = Incident(
    id=incident_id(TENANT, "one"),
    tenant=TENANT,
    title="Ransomware",
    state=State.CONFIRMED,
    level=Level.CRITICAL,
    score=800,
    opened_at=NOON,
    updated_at=NOON + 5,
    first_at=NOON - 60_000_000,
    last_at=NOON,
    hosts=("dc01", "pacs01"),
    users=("j.martin",),
    rule_ids=("r1", "r2"),
    techniques=("T1486", "T1021.002", "T9999"),
    indicators=(
        "domain:evil.example",
        f"hash:{SHA}",
        "hash:" + "cd" * 20,
        "ip:185.220.101.7",
        "ip:2001:db8::1",
        "hash:odd",
    ),
    alert_count=12,
    tasks=(Task("t", "Cut the tunnel", due_at=NOON + 10),),
    evidence=(Evidence("e", "memory.raw", SHA, 4096, (Custody("ana", NOON, "taken_in"),)),),
)


def test_likeness_is_explained_by_parts_that_add_up() -> None:
    other = replace(
        INCIDENT,
        id="other",
        rule_ids=("r2", "r9"),
        techniques=("T1486",),
        indicators=("ip:185.220.101.7",),
        hosts=("x",),
    )
    assert similar(INCIDENT, [INCIDENT, other]) == (
        Similar(
            "other",
            25,
            (
                Shared("indicator", ("ip:185.220.101.7",), 15),
                Shared("rule", ("r2",), 6),
                Shared("technique", ("T1486",), 4),
            ),
        ),
    )


def test_a_host_of_another_hospital_is_another_host_and_little_is_nothing() -> None:
    bare = {"rule_ids": (), "techniques": (), "indicators": ()}
    here = replace(INCIDENT, id="here", **bare)
    there = replace(here, id="there", tenant="other")
    assert [(one.incident, one.score) for one in similar(INCIDENT, [here, there])] == [("here", 10)]
    assert similar(INCIDENT, [replace(here, hosts=("dc01",))]) == ()


def test_the_likest_comes_first_and_no_more_than_asked() -> None:
    copies = [replace(INCIDENT, id=f"c{number}", opened_at=number) for number in range(4)]
    lesser = replace(INCIDENT, id="lesser", indicators=())
    found = similar(INCIDENT, [lesser, *copies], most=3)
    assert [one.incident for one in found] == ["c3", "c2", "c1"]
    assert found[0].score == sum(one.points for one in found[0].shared) <= 100


def test_evidence_is_named_by_its_hash_and_its_chain_only_grows() -> None:
    file = INCIDENT.evidence[0]
    handed = file.handled(Custody("leo", NOON + 1, "copied", "to the police"))
    assert handed.custody == (*file.custody, Custody("leo", NOON + 1, "copied", "to the police"))
    assert evidence.evidence_id("i", SHA) == evidence.evidence_id("i", SHA) != evidence.evidence_id("j", SHA)
    assert [evidence.problem("a", SHA, 1), evidence.problem("", SHA, 1), evidence.problem("a\n", SHA, 1)] == [
        None,
        "evidence_name",
        "evidence_name",
    ]
    assert [evidence.problem("a", SHA.upper(), 1), evidence.problem("a", SHA, -1)] == ["evidence_hash", "evidence_hash"]


def test_the_export_is_complete_in_order_and_readable() -> None:
    late, early = (
        TimelineEntry(
            entry_id(TENANT, INCIDENT.id, "m", number),
            TENANT,
            INCIDENT.id,
            number,
            NOON + number,
            Kind.MESSAGE,
            "note",
            params={"text": "x"},
        )
        for number in (1, 0)
    )
    second, first = alert("b", "dc01", at=NOON + 9), alert("a", "dc01")
    found = json.loads(json.dumps(exporting.document(INCIDENT, [late, early], [second, first])))
    assert found["format"] == "wardwatch/incident-export/1"
    assert found["incident"]["opened_at"] == "2026-11-23T12:00:00Z"
    assert found["incident"]["tasks"][0]["due_at"] == "2026-11-23T12:00:00.000010Z"
    assert found["incident"]["evidence"][0]["custody"][0]["at"] == "2026-11-23T12:00:00Z"
    assert "last_act" not in found["incident"]
    assert [one["id"] for one in found["timeline"]] == [early.id, late.id]
    assert [alert_lines.from_document(one) for one in found["alerts"]] == [first, second]


def test_the_bundle_is_stix_that_others_read() -> None:
    made = stix.bundle(INCIDENT, Sender("CHU Nord", "amber"), "Ransomware in a hospital", now=NOON + 60_000_000)
    read = stix2.parse(json.dumps(made), allow_custom=False, version="2.1")
    kinds = sorted(one["type"] for one in read.objects)
    assert kinds == sorted(
        ["identity", "incident", "report"]
        + ["attack-pattern"] * 3
        + ["indicator", "observed-data", "relationship"] * 5
        + ["domain-name", "file", "file", "ipv4-addr", "ipv6-addr"]
    )
    ids = {one["id"] for one in read.objects}
    for one in read.objects:
        named = [
            *one.get("object_refs", ()),
            *(one[key] for key in ("source_ref", "target_ref", "created_by_ref") if key in one),
        ]
        assert set(named) <= ids, one["id"]
        if one["type"] != "identity":
            assert one["object_marking_refs"] == [stix2.TLP_AMBER.id]


def test_ids_of_observables_are_those_of_the_standard() -> None:
    made = stix.bundle(INCIDENT, Sender("CHU Nord"), "x", now=NOON)
    found = {one["id"] for one in made["objects"]}
    expected = {
        stix2.IPv4Address(value="185.220.101.7").id,
        stix2.IPv6Address(value="2001:db8::1").id,
        stix2.DomainName(value="evil.example").id,
        stix2.File(hashes={"SHA-256": SHA}).id,
    }
    assert expected <= found


def test_no_account_and_no_host_leaves_the_hospital() -> None:
    text = json.dumps(stix.bundle(INCIDENT, Sender("CHU Nord", "green"), "x", now=NOON))
    assert [name for name in ("j.martin", "dc01", "pacs01", TENANT, "memory.raw") if name in text] == []


def test_the_same_export_twice_is_the_same_and_a_wrong_colour_is_refused() -> None:
    sender = Sender("CHU Nord", "red")
    assert stix.bundle(INCIDENT, sender, "x", now=NOON) == stix.bundle(INCIDENT, sender, "x", now=NOON)
    with pytest.raises(KeyError):
        stix.bundle(INCIDENT, Sender("CHU Nord", "blue"), "x", now=NOON)


def test_a_quote_in_a_value_does_not_break_a_pattern() -> None:
    odd = replace(INCIDENT, indicators=("domain:o'neil\\x.example",), techniques=())
    made = stix.bundle(odd, Sender("CHU Nord"), "x", now=NOON)
    pattern = next(one["pattern"] for one in made["objects"] if one["type"] == "indicator")
    assert pattern == "[domain-name:value = 'o\\'neil\\\\x.example']"
    assert stix2.parse(json.dumps(made), version="2.1")
