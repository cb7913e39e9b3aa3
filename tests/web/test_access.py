"""Every address × every person: who may not see a page learns nothing, not even that it is there."""

import re

import pytest
from django.http import HttpResponse
from django.test import Client
from tests.cast import NOW, Cast

from wardwatch.usecases import clock
from wardwatch.usecases.roles import ROLES
from wardwatch.web.menu import menu
from wardwatch.web.screen import Act, Screen
from wardwatch.web.urls import found

PEOPLE = (*ROLES, "outsider", "nobody")
SCREENS = [one for one in found() if isinstance(one, Screen) and one.route]
ACTS = [one for one in found() if isinstance(one, Act)]


def address(route: str) -> str:
    """An address of a route, with something in each of its places that is not there."""
    parts = [
        "00000000-0000-0000-0000-000000000000"
        if "uuid:" in part
        else "0"
        if "int:" in part
        else "not-there"
        if part.startswith("<")
        else part
        for part in route.split("/")
    ]
    return "/" + "/".join(parts)


@pytest.mark.parametrize("person", PEOPLE)
def test_every_screen_asks_who_looks(cast: Cast, person: str) -> None:
    client = Client()
    client.force_login(cast[person])
    with clock.at(NOW):
        actor = cast.actor(person)
        absent = client.get("/no-such-page")
        for screen in SCREENS:
            response = client.get(address(screen.route))
            allowed = screen.needs is None or actor.can(screen.needs)
            expected = {404} if not allowed or "<" in screen.route else {200, 302}
            assert response.status_code in expected, (person, screen.route, response.status_code)
            if not allowed:
                assert _body(response) == _body(absent)
                assert client.get(address(screen.route) + ".json").json() == {"error": "not found"}


@pytest.mark.parametrize("person", PEOPLE)
def test_every_act_asks_who_does_it(cast: Cast, person: str) -> None:
    client = Client()
    client.force_login(cast[person])
    with clock.at(NOW):
        actor = cast.actor(person)
        for act in ACTS:
            if act.needs is not None and not actor.can(act.needs):
                assert client.post(address(act.route)).status_code == 404, (person, act.route)


def test_strangers_are_asked_to_sign_in(cast: Cast) -> None:  # noqa: ARG001
    client = Client()
    for screen in SCREENS:
        response = client.get(address(screen.route))
        assert (response.status_code, response["Location"].split("?")[0]) == (302, "/account/login/")
        assert client.get(address(screen.route) + ".json").status_code == 401
    for act in ACTS:
        assert client.post(address(act.route)).status_code == 302


def test_acts_only_take_forms_of_ours(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast["administrator"])
    with clock.at(NOW):
        assert {client.post(address(act.route)).status_code for act in ACTS} == {403}
        assert {client.get(address(act.route)).status_code for act in ACTS} == {405}


def test_everyone_has_a_first_page(cast: Cast) -> None:
    with clock.at(NOW):
        for person in PEOPLE:
            client = Client()
            client.force_login(cast[person])
            assert client.get("/", follow=True).status_code == 200, person


def _body(response: HttpResponse) -> str:
    """A page without what differs from request to request."""
    text = response.content.decode()
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", text)
    return re.sub(r'name="next" value="[^"]*"', "", text)


def test_the_menu_leads_nowhere_that_is_not_there(cast: Cast) -> None:
    client = Client()
    client.force_login(cast["administrator"])
    with clock.at(NOW):
        paths = [item.path for group in menu(cast.actor("administrator"), "/") for item in group.items]
        assert len(paths) >= 12
        assert [path for path in paths if client.get(path).status_code != 200] == []
