"""Elasticsearch's `_bulk` and what clients ask for: documents as they came, an answer for each item."""

from pathlib import Path

import pytest
from tests.listeners.receiving import SOUTH, TOKEN, Running, ask, running

from wardwatch.listeners.elastic import _TOLD


def test_documents_become_frames_as_they_came(tmp_path: Path) -> None:
    body = b'{"index":{"_index":"logs"}}\n{"a": 1 }\r\n\n{"create":{"_index":"logs","_id":"x"}}\n{"b":"\xc3\xa9"}\n'
    with running(tmp_path) as here:
        answer = here.post("/_bulk", body)
        assert here.bodies() == [b'{"a": 1 }', b'{"b":"\xc3\xa9"}']
    assert (answer.status, answer.json["errors"]) == (200, False)
    assert answer.headers["x-elastic-product"] == "Elasticsearch"
    items = [(action, item["_index"], item["status"]) for one in answer.json["items"] for action, item in one.items()]
    assert items == [("index", "logs", 201), ("create", "logs", 201)]
    assert answer.json["items"][1]["create"]["_id"] == "x"
    assert len(answer.json["items"][0]["index"]["_id"]) > 8


def test_what_cannot_be_added_is_told_item_by_item(tmp_path: Path) -> None:
    large = b"x" * 2_000
    body = b'{"create":{}}\n%b\n{"delete":{"_id":"1"}}\n{"update":{"_id":"2"}}\n{"doc":{}}\n{"create":{}}\n{}\n' % large
    with running(tmp_path, body=1_000) as here:
        answer = here.post("/logs-1/_bulk", body)
        assert here.bodies() == [b"{}"]
        assert here.rejected() == {"event too large": 1, "updates and deletes are refused": 2}
    found = [next(iter(one.values())) for one in answer.json["items"]]
    assert answer.json["errors"] is True
    assert [(item["status"], item.get("error", {}).get("type")) for item in found] == [
        (413, "document_parsing_exception"),
        (400, "illegal_argument_exception"),
        (400, "illegal_argument_exception"),
        (201, None),
    ]
    assert found[3]["_index"] == "logs-1"


def test_short_answers_for_those_who_ask(tmp_path: Path) -> None:
    with running(tmp_path) as here:
        answer = here.post(
            "/_bulk?filter_path=errors,items.*.error,items.*.status", b'{"create":{}}\n{}\n{"delete":{}}\n'
        )
    assert answer.json["items"] == [
        {"create": {"status": 201}},
        {
            "delete": {
                "status": 400,
                "error": {"type": "illegal_argument_exception", "reason": "updates and deletes are refused"},
            }
        },
    ]


def test_a_request_that_is_put_off_says_when_to_come_again(tmp_path: Path) -> None:
    with running(tmp_path, tenant_rate=1, tenant_burst=2) as here:
        assert here.post("/_bulk", b'{"create":{}}\n{"n":1}\n{"create":{}}\n{"n":2}\n').status == 200
        answer = here.post("/_bulk", b'{"create":{}}\n{"n":3}\n')
        assert (answer.status, answer.json["error"]["type"]) == (429, "es_rejected_execution_exception")
        assert int(answer.headers["retry-after"]) >= 1
        assert len(here.bodies()) == 2


def test_a_request_of_which_a_part_was_taken_says_which(tmp_path: Path) -> None:
    """What was taken must not come again: so it is told for each item."""
    body = b"".join(b'{"create":{}}\n{"n":%d}\n' % number for number in range(10_003))
    with running(tmp_path, tenant_rate=1, tenant_burst=10_001) as here:
        answer = here.post("/_bulk", body)
        assert len(here.bodies()) == 10_000
    statuses = [one["create"]["status"] for one in answer.json["items"]]
    assert (answer.status, answer.json["errors"]) == (200, True)
    assert statuses == [201] * 10_000 + [429] * 3
    assert answer.json["items"][-1]["create"]["error"]["type"] == "es_rejected_execution_exception"


@pytest.mark.parametrize(
    "body",
    [
        b"{}\n{}\n",
        b"no json\n{}\n",
        b'{"create":{}}\n',
        b'{"create":{}}',
        b'{"create":5}\n{}\n',
        b"[1]\n{}\n",
        b'{"a":{},"b":{}}\n{}\n',
    ],
)
def test_a_malformed_request_is_refused_whole(tmp_path: Path, body: bytes) -> None:
    with running(tmp_path) as here:
        answer = here.post("/_bulk", b'{"create":{}}\n{"good":1}\n' + body)
        assert (answer.status, here.bodies()) == (400, [])
        assert here.rejected() == {"not an action of _bulk": 1}


def test_who_gives_up_what_is_refused_waits(tmp_path: Path) -> None:
    """rsyslog's omelasticsearch names itself by no User-Agent."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with running(tmp_path, tenant_rate=10, tenant_burst=10) as here:
        for number in range(3):
            body = b"".join(b'{"create":{}}\n{"n":%d}\n' % number for _ in range(8))
            assert ask(here.address("http"), "POST", "/_bulk", body, headers).status == 200
        assert len(here.bodies()) == 24


def test_single_documents(tmp_path: Path) -> None:
    with running(tmp_path, body=100) as here:
        made = here.post("/logs/_doc", b'{"a":1}')
        named = here.post("/logs/_create/7", b'{"a":2}', method="PUT")
        large = here.post("/logs/_doc/8", b"x" * 101)
        assert here.bodies() == [b'{"a":1}', b'{"a":2}']
    assert (made.status, made.json["result"], named.json["_id"]) == (201, "created", "7")
    assert (large.status, large.json["error"]["type"]) == (413, "document_parsing_exception")


def test_what_clients_ask_when_they_connect(tmp_path: Path) -> None:
    with running(tmp_path) as here:
        for path, expected in _TOLD.items():
            answer = here.post(path, b"", method="GET")
            assert (answer.status, answer.json, answer.headers["x-elastic-product"]) == (200, expected, "Elasticsearch")
        assert here.post("/", b"", method="HEAD").status == 200
        compatible = here.post("/", b"", {"Accept": "application/vnd.elasticsearch+json; compatible-with=8"}, "GET")
        assert compatible.headers["content-type"] == "application/vnd.elasticsearch+json;compatible-with=8"
        for path in (
            "/_ilm/policy/winlogbeat",
            "/_index_template/a",
            "/_ingest/pipeline/a",
            "/winlogbeat-8.1",
            "/_template/a",
        ):
            put = here.post(path, b"{}", method="PUT")
            assert (put.status, put.json) == (200, {"acknowledged": True})
            assert [here.post(path, b"", method=method).status for method in ("GET", "HEAD")] == [200, 200]


@pytest.mark.parametrize("path", ["/", "/_license", "/_ilm/policy/a", "/_bulk", "/a/_doc", "/a"])
def test_nobody_gets_in_without_a_token(tmp_path: Path, path: str) -> None:
    method = "POST" if "_bulk" in path or "_doc" in path else "GET"
    with running(tmp_path) as here:
        for headers in (
            {},
            {"Authorization": "Bearer ww_wrong"},
            {"Authorization": "Basic ???"},
            {"Authorization": TOKEN},
        ):
            answer = ask(here.address("http"), method, path, b'{"create":{}}\n{}\n', headers)
            assert (answer.status, answer.json["error"]["type"]) == (401, "security_exception")
            assert "Basic" in answer.headers["www-authenticate"]
        assert here.bodies() == []
        assert here.rejected() == {"unknown sender": 4}


def test_a_token_leads_into_its_own_tenant_only(tmp_path: Path) -> None:
    def send(here: Running, token: str) -> None:
        here.post(
            "/_bulk",
            b'{"create":{"_index":"south"}}\n{"of":"%b"}\n' % token.encode(),
            {"Authorization": f"Bearer {token}"},
        )

    with running(tmp_path) as here:
        send(here, TOKEN)
        send(here, "ww_south")
        assert (here.bodies("north"), here.bodies("south")) == ([b'{"of":"ww_north"}'], [b'{"of":"ww_south"}'])
        (frame,) = here.frames("south")
        assert (frame["sensor"], frame["tenant"], frame["source_hint"]) == (SOUTH.name, "south", "windows_json")
