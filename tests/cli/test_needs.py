"""`wardwatch needs`: a campaign from its opening to its release, by hand."""

import json

import pytest
from click.testing import CliRunner, Result
from tests import group as houses
from tests.cast import NOW

from wardwatch.assessment.framework import Question
from wardwatch.cli import group, needs
from wardwatch.records.models import NoticeRow, ReleaseRow
from wardwatch.usecases import clock
from wardwatch.usecases.operator import operator
from wardwatch.usecases.roles import Permission

pytestmark = pytest.mark.django_db


def said(n: int, question: Question) -> int:
    return 4 if question.id != "gov-lead" else n % 4


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> str:
    houses.gather([("FR", "large", "hospital")] * 6 + [("BE", "small", "hospital")] * 6, NOW)
    monkeypatch.setattr(needs, "_operator", lambda: operator(Permission.SEE_NEEDS, Permission.RUN_CAMPAIGNS))
    return houses.campaign("2026", ["counted"] * 12, said, NOW)


def run(*words: str) -> Result:
    with clock.at(NOW):
        return CliRunner().invoke(group, ["needs", *words, "--json", "-"], catch_exceptions=False)


def rows(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_campaign_is_opened_and_its_hospitals_are_listed(begun: str) -> None:
    houses.person("ciso", NOW, ["h-003"])
    made = rows(run("open", houses.GROUP, "--name", "2027", "--closes", "2027-03-31"))[0]["id"]
    assert [row["id"] for row in rows(run("list"))] == [made, begun]
    assert [(row["tenant"], row["consent"], row["finished"]) for row in rows(run("who", str(made)))] == [
        (f"h-{n:03}", "", False) for n in range(12)
    ]
    assert NoticeRow.objects.count() == 1
    assert rows(run("remind", str(made))) == [{"format": "wardwatch/needs-reminded/1", "hospitals": 12}]
    assert rows(run("close", str(made)))[0]["id"] == made


def test_a_release_is_looked_at_before_it_is_made(begun: str) -> None:
    assert rows(run("show", begun)) == []
    plan = rows(run("release", begun, "--by", "country"))
    assert [(row["where"], row["hospitals"]) for row in plan] == [({"country": "BE"}, 6), ({"country": "FR"}, 6)]
    assert ReleaseRow.objects.count() == 0
    made = rows(run("release", begun, "--by", "country", "--execute"))[0]
    assert (made["format"], made["hospitals"]) == ("wardwatch/needs-release/1", 12)
    # Nine of twelve stand below step 3; in each cell four or five of six, which is said as "4 to 6".
    lead = next(row for row in rows(run("show", begun)) if row["question"] == "gov-lead")
    assert (lead["at_least"], lead["at_most"], lead["of"]) == (8, 12, 12)


def test_the_state_of_the_art_is_listed() -> None:
    every = rows(run("inventory"))
    some = rows(run("inventory", "--kind", "training", "--domain", "people", "--language", "fr"))
    assert len(every) >= 45
    assert {row["kind"] for row in some} == {"training"}
    assert 0 < len(some) < len(every)
