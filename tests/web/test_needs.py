"""The screens of needs: every page in both languages for each who may see it, consent, reminders, a release."""

import io
import json
from collections.abc import Callable
from typing import Any

import docx as word
import pytest
from django.test import Client
from openpyxl import load_workbook
from tests import group
from tests.cast import NOW

from wardwatch.assessment.framework import Question
from wardwatch.records.models import AuditRow, ParticipationRow, ReleaseRow, UserRow
from wardwatch.usecases import clock
from wardwatch.web.screen import Screen
from wardwatch.web.urls import found

pytestmark = pytest.mark.django_db
SCREENS = [
    one for one in found() if isinstance(one, Screen) and one.name.startswith("needs") and one.name != "needs-export"
]
HOUSES = [("FR", "large", "hospital")] * 7 + [("BE", "small", "hospital")] * 6


def spread(n: int, question: Question) -> int | None:
    return (n + len(question.id)) % 5 if n % 6 else None


@pytest.fixture
def begun() -> str:
    group.gather(HOUSES, NOW)
    return group.campaign("2026", ["named"] * 6 + ["counted"] * 7, spread, NOW)


def client(role: str, tenants: tuple[str, ...] = ()) -> Client:
    who = group.person(role, NOW, tenants)
    found_client = Client()
    found_client.force_login(UserRow.objects.get(id=who.id))
    return found_client


def paths(begun: str, tenant: str = "h-000") -> list[str]:
    parts = {"<str:campaign>": begun, "<str:tenant>": tenant, "<str:question>": "gov-lead"}
    routes = []
    for screen in SCREENS:
        route = screen.route
        for place, value in parts.items():
            route = route.replace(place, value)
        routes += [f"/{route}{ending}" for ending in ("", ".json", *((".csv",) if screen.csv else ()))]
    return routes


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("released", [False, True])
@pytest.mark.parametrize(
    "viewer",
    [
        ("coordinator", (), "/house/"),
        ("ciso", ("h-000",), "/who|/release"),
        ("authority_guest", (), "/who|/release|/house/"),
    ],
)
def test_every_page_shows_itself_to_whoever_may_see_it(
    begun: str, *, viewer: tuple[str, tuple[str, ...], str], released: bool, language: str
) -> None:
    role, tenants, hidden = viewer
    with clock.at(NOW):
        if released:
            client("coordinator").post(f"/needs/{begun}/publish", {"by": "country", "epsilon": "0.0"})
            assert ReleaseRow.objects.count() == 1
        browser = client(role, tenants)
        UserRow.objects.update(language=language)
        for path in paths(begun):
            answer = browser.get(path)
            expected = 404 if any(part in path for part in hidden.split("|")) else 200
            assert answer.status_code == expected, path
            text = answer.content.decode()
            assert "{%" not in text
            assert "{{" not in text
            if expected == 200 and role != "coordinator":
                assert "Hospital 001" not in text, path


def test_a_hospital_says_what_may_be_shared_and_begins(begun: str) -> None:
    ParticipationRow.objects.filter(tenant="h-012").update(consent="")
    browser = client("ciso", ("h-012",))
    with clock.at(NOW):
        answer = browser.post(f"/needs/{begun}/house/h-012/consent", {"consent": "counted"})
        assert answer["Location"] == f"/needs/{begun}/house/h-012"
        assert ParticipationRow.objects.get(tenant="h-012").consent == "counted"
        assert browser.post(f"/needs/{begun}/house/h-012/consent", {"consent": "all"}).status_code == 422
        assert browser.post(f"/needs/{begun}/house/h-011/consent", {"consent": "named"}).status_code == 404
        assert browser.post(f"/needs/{begun}/house/h-012/begin")["Location"].startswith("/assessment/")


def test_a_campaign_is_opened_by_a_form_that_loses_nothing(begun: str) -> None:
    browser = client("coordinator")
    sent = {"grouping": group.GROUP, "framework": "hospital-readiness", "name": "2027", "closes": "2027-03-01"}
    with clock.at(NOW):
        for wrong in ({"closes": "soon"}, {"name": " "}, {"closes": "2020-01-01"}):
            answer = browser.post("/needs/begin", {**sent, **wrong})
            assert answer.status_code == 422
            assert "Nothing was opened" in answer.content.decode()
        answer = browser.post("/needs/begin", sent)
        new = answer["Location"].split("/")[2]
        assert ParticipationRow.objects.filter(campaign__id=new).count() == len(HOUSES)
        for act in ("remind", "invite", "close"):
            assert browser.post(f"/needs/{new}/{act}")["Location"] == f"/needs/{new}/who"
        assert browser.post(f"/needs/{new}/close").status_code == 422
        assert browser.post(f"/needs/{new}/reopen", {"closes": "2027-04-01"}).status_code == 302
        assert begun != new


def test_a_release_is_planned_made_once_and_then_read_by_all(begun: str) -> None:
    browser = client("coordinator")
    with clock.at(NOW):
        plan = browser.get(f"/needs/{begun}/release.json?by=country&by=").json()
        assert [(one["where"], one["hospitals"]) for one in plan["parts"]] == [({"country": "FR"}, 6), ({}, 7)]
        assert browser.get(f"/needs/{begun}/release?epsilon=7").status_code == 422
        assert browser.post(f"/needs/{begun}/publish", {"epsilon": "x"}).status_code == 422
        assert browser.post(f"/needs/{begun}/publish", {"by": ["country", ""]})["Location"] == f"/needs/{begun}"
        assert browser.post(f"/needs/{begun}/publish").status_code == 422
        seen = client("authority_guest").get(f"/needs/{begun}.json").json()
    assert (seen["of"], seen["named"], seen["released"]) == (13, False, True)
    assert [one["code"] for one in seen["states"]] == ["FR"]
    assert "h-0" not in json.dumps(seen)


def test_the_map_can_be_narrowed_down_only_by_who_sees_names(begun: str) -> None:
    with clock.at(NOW):
        browser = client("coordinator")
        assert browser.get(f"/needs/{begun}.json?country=FR").json()["of"] == 6
        assert browser.get(f"/needs/{begun}.json?country=BE").json()["of"] == 0
        browser.post(f"/needs/{begun}/publish", {"by": ["country"]})
        guest = client("authority_guest")
        assert guest.get(f"/needs/{begun}.json?country=BE").json() == guest.get(f"/needs/{begun}.json").json()


def test_a_house_sees_where_others_stand_ahead(begun: str) -> None:
    with clock.at(NOW):
        client("coordinator").post(f"/needs/{begun}/publish")
        own = client("ciso", ("h-007",)).get(f"/needs/{begun}/house/h-007.json").json()
    assert (own["of"], own["finished"], len(own["beside"])) == (13, True, 40)
    ahead = [one["ahead"] for one in own["beside"]]
    assert ahead == sorted(ahead, reverse=True)
    assert ahead[0] > 0
    assert all(one["ahead"] == 0 for one in own["beside"] if one["step"] == 4)


def test_the_map_asks_the_database_no_more_often_for_more_hospitals(
    begun: str, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    browser = client("coordinator")
    with clock.at(NOW):
        for path, most in ((f"/needs/{begun}", 24), (f"/needs/{begun}/need/gov-lead", 20), (f"/needs/{begun}/who", 16)):
            browser.get(path)
            with django_assert_max_num_queries(most):
                assert browser.get(path).status_code == 200


def test_what_a_shared_purchase_covers_is_counted(begun: str) -> None:
    with clock.at(NOW):
        browser = client("coordinator")
        named = browser.get(f"/needs/{begun}.json?all=1").json()["offers"]
        by_id = {one["id"]: one["hospitals"] for one in named}
        assert all(one["low"] == one["high"] <= 6 for one in by_id.values())
        assert len(by_id) > 40
        browser.post(f"/needs/{begun}/publish")
        released = client("authority_guest").get(f"/needs/{begun}.json?all=1").json()["offers"]
        assert all(0 <= one["hospitals"]["low"] <= one["hospitals"]["high"] <= 13 for one in released)
        helps = browser.get(f"/needs/{begun}/need/idn-mfa.json").json()["helps"]
        assert {one["id"] for one in helps} == {"cloud-mobile", "mfa", "remote-gate"}


def test_the_state_of_the_art_is_filtered_by_its_address(begun: str) -> None:
    assert begun
    with clock.at(NOW):
        browser = client("authority_guest")
        every = browser.get("/inventory.json").json()
        assert len(every["entries"]) == every["all"] >= 45
        some = browser.get("/inventory.json?kind=training&domain=people&words=board").json()["entries"]
        assert [one["id"] for one in some] == ["board-training"]
        for path in ("/inventory", "/inventory.csv", "/inventory/mfa", "/inventory/mfa.json"):
            assert browser.get(path).status_code == 200
        assert browser.get("/inventory/none").status_code == 404
        assert browser.get("/inventory?kind=none").status_code == 200


@pytest.mark.parametrize("form", ["docx", "html", "xlsx"])
@pytest.mark.parametrize("role", ["coordinator", "authority_guest"])
def test_the_map_is_taken_along_as_far_as_one_may_see(begun: str, role: str, form: str) -> None:
    with clock.at(NOW):
        client("coordinator").post(f"/needs/{begun}/publish", {"by": ["country"]})
        answer = client(role).get(f"/needs/{begun}/export/{form}")
        assert answer.status_code == 200
        assert client(role).get(f"/needs/{begun}/export/exe").status_code == 404
    made = answer.content
    if form == "xlsx":
        book = load_workbook(io.BytesIO(made))
        texts = [str(cell.value) for sheet in book for row in sheet for cell in row]
        assert all(cell.data_type != "f" for sheet in book for row in sheet for cell in row)
    elif form == "docx":
        texts = [
            cell.text for table in word.Document(io.BytesIO(made)).tables for row in table.rows for cell in row.cells
        ]
    else:
        texts = [made.decode()]
    assert any("Hospital 001" in text for text in texts) is (role == "coordinator")
    assert not any("Hospital 009" in text for text in texts)
    assert AuditRow.objects.get(action="needs.exported").detail == {"form": form}
