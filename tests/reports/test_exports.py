"""Exports for other tools: JSON Lines, CSV, OCSF, ATT&CK Navigator."""

import csv
import io
import json
import re
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reports import telling

from wardwatch.events import alert_lines
from wardwatch.events.alert import Alert
from wardwatch.kernel.errors import InputError
from wardwatch.reports import alerts_csv, alerts_jsonl, alerts_ocsf, attack_navigator

EPISODE = replace(
    telling.alerts()[4],
    revision=3,
    supersedes="f" * 32,
    count=120,
    last_at=telling.at("03:09:59.250000"),
    group={"User": "nurse12", "Share": None},
    fields={
        "count": 120,
        "big": 2**70,
        "list": ["a", None, 1],
        "ratio": 0.5,
        "yes": True,
        "none": None,
        "bad": "\ud800",
    },
)


def jsonl(*alerts: Alert) -> str:
    return telling.written(alerts_jsonl.write, alerts)


def test_jsonl_has_the_keys_of_the_dataclass_in_order():
    line = json.loads(jsonl(telling.alerts()[2]))
    assert list(line) == ["format", *(one.name for one in fields(Alert))]
    assert (line["format"], line["level"], line["occurred_at"]) == (
        "wardwatch/alert/1",
        "critical",
        "2026-11-23T02:14:07Z",
    )


def test_jsonl_comes_back_as_it_went():
    alerts = [*telling.alerts(), EPISODE]
    text = jsonl(*alerts)
    assert text.count("\n") == len(alerts) == len(text.splitlines())
    assert list(alert_lines.read(io.StringIO(text))) == alerts


def changed(**values: object) -> str:
    return json.dumps(json.loads(jsonl(telling.alerts()[0])) | values)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("[]", "not an alert: not of format wardwatch/alert/1"),
        (changed(format="wardwatch/alert/2"), "not an alert: not of format wardwatch/alert/1"),
        (changed(more=1), "not an alert: unknown keys: more"),
        (changed(id=None), "not an alert: no id"),
        (
            changed(level="grave"),
            "not an alert: 'grave' is not a level; choose one of informational, low, medium, high, critical",
        ),
    ],
)
def test_jsonl_refuses_what_is_not_an_alert_and_says_where(line: str, what: str):
    with pytest.raises(InputError) as caught:
        list(alert_lines.read(io.StringIO("\n" + line + "\n"), "old.jsonl"))
    assert (caught.value.what, caught.value.where) == (what, "old.jsonl:2")


@pytest.mark.parametrize(
    "line", ["{", "nul", '{"format"', changed(occurred_at="yesterday"), changed(fields=3), changed(tags=3)]
)
def test_jsonl_refuses_what_is_broken(line: str):
    with pytest.raises(InputError):
        list(alert_lines.read(io.StringIO(line)))


def rows(*alerts: Alert) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(telling.written(alerts_csv.write, alerts))))


def test_csv_has_what_timesketch_asks_for():
    row = rows(telling.alerts()[2])[0]
    assert list(row)[:3] == ["message", "datetime", "timestamp_desc"]
    assert row == {
        "message": "Shadow copies deleted on SRV-PACS01 by adm.legrand",
        "datetime": "2026-11-23T02:14:07.000000+00:00",
        "timestamp_desc": "Event Logged",
        "level": "critical",
        "rule": "Shadow copies deleted",
        "rule_id": "r-shadow",
        "host": "SRV-PACS01",
        "user": "adm.legrand",
        "tactics": "impact",
        "techniques": "T1490",
        "file": "case.zip!Security.evtx",
        "record_id": "4003",
        "alert_id": f"{3:032x}",
        "count": "1",
        "last_datetime": "2026-11-23T02:14:07.000000+00:00",
        "fields": "CommandLine=vssadmin delete shadows /all",
    }


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "＝", "＠"])
def test_csv_defuses_formulas(sign: str):
    row = rows(replace(telling.alerts()[0], user=f"{sign}cmd|' /C calc'!A0", host=f"{sign}HYPERLINK()"))[0]
    shown = {"\t": "\\t", "\r": "\\r"}.get(sign, sign)
    assert (row["user"], row["host"]) == (f"'{shown}cmd|' /C calc'!A0", f"'{shown}HYPERLINK()")


@pytest.mark.parametrize(
    ("hostile", "defused"),
    [
        ("x;=cmd|' /C calc'!A0", "x;'=cmd|' /C calc'!A0"),
        ("x; \u00a0@SUM(A1)", "x;' \u00a0@SUM(A1)"),
        ('x;"=1+1"', 'x;\'"=1+1"'),
        ("x|+1;-1,@a", "x|'+1;'-1,'@a"),
        ("  =1", "'  =1"),
        ("x;＋1", "x;'＋1"),
        ("a\t=1\n=2\r=3\u2028=4\x0b=5\x85=6", "a\\t=1\\n=2\\r=3\\u2028=4\\x0b=5\\x85=6"),  # no separators any more
        ("powershell -enc a=b; c", "powershell -enc a=b; c"),
    ],
)
def test_csv_defuses_formulas_within_cells(hostile: str, defused: str):
    row = rows(replace(telling.alerts()[0], user=hostile, fields={"F": hostile, "G": "x"}, file=hostile))[0]
    assert (row["user"], row["file"]) == (defused, defused)
    assert row["fields"] == f"F={defused.removeprefix(chr(39))}; G=x"


def split_as_spreadsheets_do(text: str) -> list[str]:
    """Every cell that any of the usual separators makes of a file, whether quotes are honoured or not."""
    cells = [
        cell for separator in ",;\t|" for row in csv.reader(text.splitlines(), delimiter=separator) for cell in row
    ]
    return cells + [cell.strip('"') for line in text.splitlines() for cell in re.split("[,;\t|]", line)]


@given(st.text(alphabet=" \t\r\n;,|\"'=+-@a1\u2028\uff1d", max_size=12), st.text(alphabet=';=a"', max_size=4))
def test_no_cell_of_csv_begins_with_a_formula_however_it_is_split(user: str, value: str):
    alert = replace(telling.alerts()[0], user=user, rule_title=value, fields={"F": value, "@t": user}, host=user)
    text = telling.written(alerts_csv.write, [alert])
    started = [cell for cell in split_as_spreadsheets_do(text) if cell.lstrip(' \u00a0"')[:1] in tuple("=+-@\uff1d")]
    assert started == []


def test_csv_keeps_one_row_on_one_line():
    hostile = replace(telling.alerts()[4], user="a\r\nb", rule_title='say "no"\n,x')
    text = telling.written(alerts_csv.write, [hostile])
    assert text.count("\n") == 2
    assert "\r" not in text
    assert rows(hostile)[0]["user"] == "a\\r\\nb"


def ocsf(*alerts: Alert) -> list[dict[str, Any]]:
    stream = io.StringIO()
    alerts_ocsf.write(alerts, telling.RULES, stream, "0.1.0")
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_ocsf_keeps_the_published_schema():
    schemas = pytest.importorskip("ocsf_json_schema", reason="the package ocsf-json-schema carries the schema")
    jsonschema = pytest.importorskip("jsonschema")
    schema = schemas.get_ocsf_schema(version=alerts_ocsf.VERSION)
    embedded = schemas.OcsfJsonSchemaEmbedded(schema).get_class_schema("detection_finding")
    validator = jsonschema.Draft202012Validator(embedded)
    findings = ocsf(*telling.alerts(), EPISODE)
    assert [error.message for finding in findings for error in validator.iter_errors(finding)] == []
    broken = findings[0] | {"severity_id": 7}
    assert [list(error.path) for error in validator.iter_errors(broken)] == [["severity_id"]]


def test_ocsf_says_what_the_alert_says():
    finding = ocsf(telling.alerts()[1])[0]
    assert (finding["class_uid"], finding["type_uid"], finding["activity_id"], finding["severity_id"]) == (
        2004,
        200401,
        1,
        4,
    )
    assert finding["time"] == telling.at("02:01:00") // 1_000
    assert finding["metadata"] == {
        "version": "1.6.0",
        "product": {"name": "Wardwatch", "vendor_name": "Wardwatch", "version": "0.1.0"},
        "uid": f"{2:032x}",
        "tenant_uid": "chu-nord",
        "log_name": "evtx",
    }
    assert finding["finding_info"]["desc"] == "Passwords are being stolen."
    assert finding["finding_info"]["attacks"] == [
        {
            "tactic": {"name": "Credential access", "uid": "TA0006"},
            "technique": {"uid": "T1003", "name": "OS Credential Dumping"},
            "sub_technique": {"uid": "T1003.001", "name": "LSASS Memory"},
            "version": "18.1",
        }
    ]
    assert finding["observables"] == [
        {"name": "resources[].name", "value": "SRV-PACS01", "type_id": 1, "type": "Hostname"},
        {"name": "evidences[].user.name", "value": "adm.legrand", "type_id": 4, "type": "User Name"},
        {"name": "evidences[].data.Image", "value": "C:\\tools\\x.exe", "type_id": 45, "type": "File Path"},
    ]


def test_ocsf_keeps_unknown_techniques_and_tactics_without_technique():
    finding = ocsf(telling.alerts()[4])[0]
    assert finding["finding_info"]["attacks"] == [
        {
            "technique": {"uid": "T1685", "name": "Disable or Modify Tools"},
            "sub_technique": {"uid": "T1685.005"},
            "version": "18.1",
        },
        {"technique": {"uid": "T0855", "name": "Unauthorized Command Message"}, "version": "18.1"},
        {"tactic": {"name": "Stealth", "uid": "TA0005"}, "version": "18.1"},
    ]


def layer(text: str) -> tuple[dict[str, Any], dict[str, tuple[int, str]]]:
    found = json.loads(text)
    return found, {one["techniqueID"]: (one["score"], one["comment"]) for one in found["techniques"]}


def test_navigator_scores_alerts():
    found, techniques = layer(attack_navigator.of_story(telling.findings()))
    assert found["versions"] == {"attack": "18", "navigator": "5.2.0", "layer": "4.5"}
    assert (found["domain"], found["gradient"]["maxValue"]) == ("enterprise-attack", 2)
    assert techniques == {
        "T1003.001": (2, "Memory of LSASS read"),
        "T1490": (2, "Shadow copies deleted"),
        "T1685.005": (1, "Somebody else's rule"),
    }
    assert found["description"].startswith(
        "Score = alerts. Not in this matrix: T0855. ATT&CK is a registered trademark"
    )


def test_navigator_shows_the_other_domain_in_its_own_layer():
    found, techniques = layer(attack_navigator.of_story(telling.findings("fr"), attack_navigator.ICS))
    assert (found["name"], found["domain"]) == ("Wardwatch\u00a0: techniques observées", "ics-attack")
    assert techniques == {"T0855": (1, "Somebody else's rule")}


def test_navigator_scores_rules_that_run():
    rules = telling.RULES | {"r-dump": replace(telling.RULES["r-dump"], reason="uses what we do not run")}
    _, techniques = layer(attack_navigator.of_rules(rules))
    assert techniques == {"T1490": (1, "Shadow copies deleted"), "T1685.005": (1, "Somebody else's rule")}
