"""The API: keys, scopes, tenants, idempotency, pages; and schemathesis, which must find no 5xx."""

import json
from dataclasses import replace

import pytest
from django.test import Client
from tests.cast import FAR, HERE, NOW, Cast
from tests.watch import day as simulated

from wardwatch.records.models import EntryRow, GroupRow, TokenRow
from wardwatch.usecases import clock, tokens, watch
from wardwatch.watch.messages import AlertArrived


def key(cast: Cast, name: str, *scopes: str, days: int = 30) -> dict[str, str]:
    secret = tokens.make(cast.actor(name), "test", list(scopes), days, NOW)
    return {"HTTP_AUTHORIZATION": f"Bearer {secret}"}


@pytest.fixture
def alerts(cast: Cast) -> list[str]:  # noqa: ARG001
    """Some alerts at HERE and one at FAR; the ids of the groups at HERE, the gravest first."""
    found = [message.alert for _, message in simulated.day(noise=30) if isinstance(message, AlertArrived)][:120]
    watch.take_alerts(HERE, [replace(one, tenant=HERE) for one in found], "00000001.jsonl", 1, NOW)
    watch.take_alerts(FAR, [replace(found[0], tenant=FAR, id="f" * 32)], "00000001.jsonl", 1, NOW)
    rows = GroupRow.objects.filter(tenant=HERE, merged=False, state="open").order_by("-score", "-last_at", "id")
    return list(rows.values_list("id", flat=True))


def test_who_has_no_key_is_told_nothing(client: Client, cast: Cast) -> None:  # noqa: ARG001
    for path in ("me", "hospitals", "alerts", "incidents", "estate/assets", "care", "alerts/" + "0" * 32):
        assert client.get(f"/api/v1/{path}").status_code == 401
    assert client.get("/api/v1/me", HTTP_AUTHORIZATION="Bearer wwapi_wrong").status_code == 401


def test_a_key_ends_and_can_be_revoked(client: Client, cast: Cast) -> None:
    headers = key(cast, "analyst", "alerts:see", days=1)
    with clock.at(NOW):
        assert client.get("/api/v1/me", **headers).json()["may"] == {"alerts:see": [HERE]}
        TokenRow.objects.update(revoked_at=NOW)
        assert client.get("/api/v1/me", **headers).status_code == 401
        TokenRow.objects.update(revoked_at=None, until=NOW)
        assert client.get("/api/v1/me", **headers).status_code == 401


def test_a_key_never_gives_more_than_its_owner_has(client: Client, cast: Cast, alerts: list[str]) -> None:
    with clock.at(NOW):
        ward = key(cast, "ward_lead", "alerts:see", "alerts:triage", "board:see")
        assert client.get("/api/v1/me", **ward).json()["may"] == {"board:see": [HERE]}
        assert client.get(f"/api/v1/alerts/{alerts[0]}", **ward).status_code == 404
        assert client.get("/api/v1/alerts", **ward).status_code == 404


def test_lists_come_in_pages_and_hold_only_what_is_ones_own(client: Client, cast: Cast, alerts: list[str]) -> None:
    headers = key(cast, "analyst", "alerts:see")
    with clock.at(NOW):
        found, cursor = [], ""
        while True:
            page = client.get("/api/v1/alerts", {"cursor": cursor}, **headers).json()
            found += [one["id"] for one in page["items"]]
            cursor = page["next"]
            if not cursor:
                break
        assert found == alerts
        far = key(cast, "outsider", "alerts:see")
        assert [one["tenant"] for one in client.get("/api/v1/alerts", **far).json()["items"]] == [FAR]
        assert client.get(f"/api/v1/alerts/{alerts[0]}", **far).json() == {"error": "not found"}


def test_the_same_act_twice_is_one(client: Client, cast: Cast, alerts: list[str]) -> None:
    headers = key(cast, "analyst", "alerts:see", "alerts:triage", "incidents:work", "incidents:see")
    with clock.at(NOW):
        send = lambda: client.post(  # noqa: E731
            f"/api/v1/alerts/{alerts[0]}/notes",
            json.dumps({"text": "looked at it"}),
            content_type="application/json",
            HTTP_IDEMPOTENCY_KEY="one",
            **headers,
        )
        assert [send().status_code, send().status_code] == [200, 200]
        notes = [
            plain["params"]["text"] for plain in EntryRow.objects.filter(kind="message").values_list("plain", flat=True)
        ]
        assert notes == ["looked at it"]


def test_a_refusal_says_why_and_changes_nothing(client: Client, cast: Cast, alerts: list[str]) -> None:
    headers = key(cast, "analyst", "alerts:see", "alerts:triage")
    with clock.at(NOW):
        answer = client.post(f"/api/v1/alerts/{alerts[0]}/unmerge", **headers)
        assert (answer.status_code, answer.json()["reason"]) == (409, "not_merged")
        wrong = client.post(
            f"/api/v1/alerts/{alerts[0]}/silence",
            json.dumps({"until": "2026-11-24T10:00:00"}),
            "application/json",
            **headers,
        )
        assert wrong.status_code == 422


def test_an_alert_becomes_an_incident_that_is_handed_on(client: Client, cast: Cast, alerts: list[str]) -> None:
    scopes = ("alerts:see", "alerts:triage", "incidents:see", "incidents:work")
    headers = key(cast, "analyst", *scopes)
    with clock.at(NOW):
        body = json.dumps({"title": "Ransomware"})
        assert client.post(f"/api/v1/alerts/{alerts[0]}/raise", body, "application/json", **headers).status_code == 200
        (incident,) = client.get("/api/v1/incidents", **headers).json()["items"]
        whole = client.get(f"/api/v1/incidents/{incident['id']}", **headers).json()
        assert (whole["incident"]["title"], whole["format"]) == ("Ransomware", "wardwatch/incident-export/1")
        bundle = client.get(f"/api/v1/incidents/{incident['id']}/stix", **headers).json()
        assert bundle["type"] == "bundle"
        far = key(cast, "outsider", *scopes)
        assert client.get(f"/api/v1/incidents/{incident['id']}", **far).status_code == 404


def test_a_session_may_read_and_not_act(client: Client, cast: Cast, alerts: list[str]) -> None:
    client.force_login(cast["analyst"])
    with clock.at(NOW):
        assert client.get("/api/v1/alerts").status_code == 200
        assert client.post(f"/api/v1/alerts/{alerts[0]}/take").status_code == 401


def test_the_description_is_openapi_31(client: Client, cast: Cast) -> None:
    client.force_login(cast["analyst"])
    described = client.get("/api/v1/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    assert set(described["paths"]) >= {"/api/v1/alerts", "/api/v1/incidents/{incident}", "/api/v1/care"}
