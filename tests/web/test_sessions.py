"""Sessions end when they should; passwords are no words of the house; refusals are written down."""

import logging
from datetime import timedelta

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from tests.cast import NOW, Cast

from wardwatch.kernel.errors import AccessError
from wardwatch.records.models import AuditRow, UserRow
from wardwatch.usecases import clock, people

LATER = NOW + timedelta(minutes=5)


def browser(cast: Cast, name: str) -> Client:
    client = Client()
    client.force_login(cast[name])
    with clock.at(NOW):
        assert client.get("/settings").status_code == 200
    return client


def test_signing_out_elsewhere_leaves_only_the_session_that_asked(cast: Cast) -> None:
    here, elsewhere, other = browser(cast, "analyst"), browser(cast, "analyst"), browser(cast, "ciso")
    with clock.at(LATER):
        assert here.post("/settings/sign-out").status_code == 302
    with clock.at(LATER + timedelta(minutes=1)):
        assert [one.get("/settings").status_code for one in (here, elsewhere, other)] == [200, 302, 200]
        assert elsewhere.session.get("_auth_user_id") is None


def test_who_manages_people_ends_their_sessions_and_nobody_elses(cast: Cast) -> None:
    analyst = browser(cast, "analyst")
    for name in ("outsider", "analyst", "auditor"):
        with pytest.raises(AccessError):
            people.sign_out(cast.actor(name), cast["ciso"].id, LATER)
    with pytest.raises(AccessError):
        people.sign_out(cast.actor("ciso"), cast["outsider"].id, LATER)
    with clock.at(LATER):
        assert browser(cast, "ciso").post(f"/people/{cast['analyst'].id}/sign-out")["Location"] == "/people"
        assert analyst.get("/settings").status_code == 302
    noted = AuditRow.objects.get(action="person.signed-out")
    assert (noted.actor_name, noted.subject) == ("Ciso", str(cast["analyst"].id))


def test_a_session_ends_however_busy_it_is(cast: Cast) -> None:
    client = browser(cast, "analyst")
    for hours, expected in ((5, 200), (9, 200), (10, 200), (11, 302)):
        with clock.at(NOW + timedelta(hours=hours)):
            session = client.session
            session["busy"] = hours
            session.save()
            assert client.get("/settings").status_code == expected, hours


def test_a_closed_account_has_no_session_any_more(cast: Cast) -> None:
    client = browser(cast, "analyst")
    UserRow.objects.filter(id=cast["analyst"].id).update(is_active=False)
    with clock.at(LATER):
        assert client.get("/settings").status_code == 302


def test_leaving_clears_what_the_browser_kept(cast: Cast) -> None:
    client = browser(cast, "analyst")
    answer = client.post("/account/logout/")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert "Clear-Site-Data" not in client.get("/account/login/").headers


@pytest.mark.parametrize(
    "word", ["Wardwatch2026", "hôpital-2026!", "CHU-Nord-Est-51", "motdepasse1234", "Val d’Ambre 123", "Bienvenue2027"]
)
def test_words_of_the_house_make_no_password(cast: Cast, word: str) -> None:
    assert cast
    with pytest.raises(ValidationError) as refused:
        validate_password(word)
    assert "own_words" in {one.code for one in refused.value.error_list}


@pytest.mark.parametrize(
    "word", ["seven quiet herons at noon", "x" * 64 + "quiet heron", "hospital of seven quiet herons"]
)
def test_long_sentences_do(cast: Cast, word: str) -> None:
    assert cast
    validate_password(word)


def test_refusals_are_written_down(cast: Cast, caplog: pytest.LogCaptureFixture) -> None:
    lead, ciso = browser(cast, "ward_lead"), browser(cast, "ciso")
    with caplog.at_level(logging.WARNING, logger="wardwatch.web.screen"), clock.at(NOW):
        lead.get("/people")
        ciso.get("/assessment/none%0aforged")
    said = [record.getMessage() for record in caplog.records if record.name == "wardwatch.web.screen"]
    assert said == [
        f"refused: GET '/people', asked by {cast['ward_lead'].id}",
        f"refused: GET '/assessment/none\\nforged', asked by {cast['ciso'].id}",
    ]
