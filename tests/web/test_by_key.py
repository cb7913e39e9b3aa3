"""Programs ask for the pages of people and do their acts, with a key: the same rights, JSON instead of HTML."""

import pytest
from django.test import Client
from tests.cast import FAR, HERE, NOW, Cast
from tests.web.test_access import ACTS, SCREENS, address

from wardwatch.records.models import AuditRow, TokenRow, UserRow
from wardwatch.usecases import clock, tokens
from wardwatch.usecases.roles import Permission


def key(cast: Cast, name: str, *scopes: Permission) -> dict[str, str]:
    secret = tokens.make(cast.actor(name), "test", [one.value for one in scopes], 30, NOW)
    return {"HTTP_AUTHORIZATION": f"Bearer {secret}"}


@pytest.mark.parametrize("scope", [Permission.SEE_ALERTS, Permission.SEE_SENSORS, Permission.SEE_AUDIT])
def test_a_key_opens_the_screens_of_its_scope_and_no_other(cast: Cast, scope: Permission) -> None:
    headers = key(cast, "ciso", scope)
    client = Client()
    with clock.at(NOW):
        for screen in SCREENS:
            answer = client.get(address(screen.route) + ".json", **headers)
            if screen.needs is scope and "<" not in screen.route:
                assert answer.status_code in {200, 302}, screen.route
            else:
                assert (answer.status_code, answer.json()) == (404, {"error": "not found"}), screen.route
            assert client.get(address(screen.route), **headers).status_code == answer.status_code


def test_a_key_does_the_acts_of_its_scope_and_no_other(cast: Cast) -> None:
    headers = key(cast, "ciso", Permission.SEE_ALERTS)
    strict = Client(enforce_csrf_checks=True)
    with clock.at(NOW):
        before = AuditRow.objects.count()
        for act in ACTS:
            if act.needs is not Permission.SEE_ALERTS:
                assert strict.post(address(act.route), **headers).status_code == 404, act.route
        assert AuditRow.objects.count() == before


def test_an_act_says_in_json_what_became_of_it(cast: Cast) -> None:
    headers = key(cast, "ciso", Permission.MANAGE_PEOPLE, Permission.SEE_PEOPLE)
    strict = Client(enforce_csrf_checks=True)
    invitation = {"email": "new@hospital.example", "role": "analyst", "place": f"organisation:{HERE}"}
    with clock.at(NOW):
        wrong = strict.post("/people/invite", {**invitation, "email": "nonsense"}, **headers)
        assert wrong.status_code == 422
        assert wrong.json()["what"]
        elsewhere = strict.post("/people/invite", {**invitation, "place": f"organisation:{FAR}"}, **headers)
        assert elsewhere.status_code == 404
        assert strict.post("/people/invite", invitation, **headers).json()
        assert AuditRow.objects.filter(action="invitation.sent", actor=str(cast["ciso"].id)).count() == 1


def test_a_form_without_a_key_still_needs_its_token(cast: Cast) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(cast["ciso"])
    for header in ({}, {"HTTP_AUTHORIZATION": "Bearer other"}, {"HTTP_AUTHORIZATION": "Basic wwapi_x"}):
        assert strict.post("/settings/keep", {"theme": "dark"}, **header).status_code == 403


def test_a_wrong_key_is_nobody_even_beside_a_session(cast: Cast) -> None:
    client = Client()
    client.force_login(cast["ciso"])
    wrong = {"HTTP_AUTHORIZATION": "Bearer wwapi_wrong"}
    with clock.at(NOW):
        assert client.get("/alerts.json").status_code == 200
        assert client.get("/alerts.json", **wrong).status_code == 401
        assert client.post("/settings/keep", {"theme": "dark"}, **wrong).status_code == 401
        ended = key(cast, "ciso", Permission.SEE_ALERTS)
        TokenRow.objects.update(revoked_at=NOW)
        assert client.get("/alerts.json", **ended).status_code == 401
    assert UserRow.objects.get(id=cast["ciso"].id).theme == ""


def test_a_key_makes_no_keys_and_changes_no_settings(cast: Cast) -> None:
    headers = key(cast, "administrator", *Permission)
    client = Client()
    made = TokenRow.objects.count()
    with clock.at(NOW):
        for path in ("/settings/tokens/make", "/settings/keep", "/settings/tokens/x/revoke"):
            answer = client.post(path, {"name": "x", "days": "30", "scope": "alerts:see", "theme": "dark"}, **headers)
            assert answer.status_code == 404
        for path in ("/settings", "/settings/tokens", "/mine", "/account/2fa/", "/account/password/change/"):
            assert client.get(path, **headers).status_code in {302, 404}
    assert TokenRow.objects.count() == made
