"""What of a form is to be mended is said in the person's language, changes nothing, and never fails on our side."""

import pytest
from django.test import Client
from tests.cast import HERE, NOW, Cast

from wardwatch.records.models import AuditRow, InvitationRow, MandateRow, OrganisationRow, TokenRow
from wardwatch.usecases import clock

# (address, what is sent, what the page says in French)
WRONG = [
    (
        "/people/invite",
        {"email": "nonsense", "role": "analyst", "place": f"organisation:{HERE}"},
        "adresse électronique",
    ),
    (
        "/people/invite",
        {"email": "a@b.example", "role": "king", "place": f"organisation:{HERE}"},
        "ce rôle n’existe pas",
    ),
    ("/people/invite", {"email": "a@b.example", "role": "analyst", "place": ""}, "choisissez où le rôle s’applique"),
    ("/people/mandates", {"hospital": HERE, "provider": "none", "days": "30", "reason": "x"}, "en tant que quoi"),
    ("/settings/tokens/make", {"name": "", "days": "30", "scope": "alerts:see"}, "donnez un nom à la clé"),
    ("/settings/tokens/make", {"name": "x", "days": "²", "scope": "alerts:see"}, "une clé a une fin"),
    ("/settings/keep", {"language": "fr", "phone": "0612"}, "un numéro sous forme internationale"),
    (
        "/setup/houses/add",
        {"slug": "x", "name": "X", "kind": "castle", "country": "FR"},
        "un nom, une nature et une taille",
    ),
    (
        "/setup/groupings/add",
        {"slug": "g", "name": "G", "kind": "regional", "member": "none"},
        "cette organisation n’existe pas",
    ),
    ("/hunt/keep", {"name": "", "q": "host:a"}, "donnez un nom à la recherche"),
    ("/estate/import", {"tenant": HERE}, "choisissez un tableau"),
    (f"/oncall/{HERE}/keep", {"people": "who@nowhere.example"}, "personne avec cette adresse n’a de rôle ici"),
]


@pytest.fixture
def client(cast: Cast) -> Client:
    user = cast["administrator"]
    user.language = "fr"
    user.save()
    found = Client()
    found.force_login(user)
    return found


@pytest.mark.parametrize(("path", "sent", "says"), WRONG)
def test_a_wrong_form_says_what_to_mend_in_french(client: Client, path: str, sent: dict[str, str], says: str) -> None:
    before = [kind.objects.count() for kind in (InvitationRow, MandateRow, TokenRow, OrganisationRow, AuditRow)]
    with clock.at(NOW):
        answer = client.post(path, sent, headers={"Referer": "http://testserver/people?q=a"})
    assert answer.status_code == 422
    text = answer.content.decode().replace("\u00a0", " ")
    assert says in text
    assert 'href="/people?q=a"' in text, "it leads back to where the form was"
    assert [kind.objects.count() for kind in (InvitationRow, MandateRow, TokenRow, OrganisationRow, AuditRow)] == before


def test_a_form_from_elsewhere_leads_back_below_its_own_address(client: Client) -> None:
    with clock.at(NOW):
        answer = client.post("/people/invite", {"email": "x"}, headers={"Referer": "https://evil.example/people"})
    assert 'href="/people"' in answer.content.decode()
    assert "evil.example" not in answer.content.decode()


@pytest.mark.parametrize("number", ["²", "-1", "9" * 40, "0x1", "١", "1e9", " 1"])
@pytest.mark.parametrize(
    "path", ["/audit?before={}", "/estate?start={}", "/people?start={}", "/alerts?after={}-{}-x", "/incidents?after={}"]
)
def test_what_is_no_number_in_an_address_is_passed_over(client: Client, path: str, number: str) -> None:
    with clock.at(NOW):
        assert client.get(path.replace("{}", number)).status_code == 200
