"""The NIS 2 file: who a house is, its suppliers, dates; nobody elsewhere sees or changes it; papers say what pages say."""

import io
import re
from datetime import timedelta
from pathlib import Path

import docx as word
import pytest
from django.test import Client
from tests.cast import HERE, NEXT, NOW, Cast

from wardwatch.assessment import annex, policies
from wardwatch.kernel.errors import AccessError, ContentError
from wardwatch.records.models import AuditRow, DueRow, SupplierRow, UserRow
from wardwatch.reports.nis2_file import ARTICLES, Supplier
from wardwatch.usecases import clock, demo_assessment, nis2


@pytest.fixture
def answered(cast: Cast) -> Cast:
    demo_assessment.add("meuse-ardenne", (HERE, NEXT), NOW)
    return cast


def browser(cast: Cast, name: str = "ciso") -> Client:
    client = Client()
    client.force_login(cast[name])
    return client


def test_who_the_house_is_decides_what_it_is(answered: Cast) -> None:
    client = browser(answered)
    with clock.at(NOW):
        assert client.get(f"/nis2/{HERE}.json").json()["standing"] == "unknown"
        sent = {"provider": "on", "staff": "1\u202f140", "identified": "", "address": "1 rue de la Paix"}
        assert client.post(f"/nis2/{HERE}/describe", sent).status_code == 302
        found = client.get(f"/nis2/{HERE}.json").json()
        assert (found["standing"], found["rule"]) == ("essential", "Art. 3(1)(a)")
        assert found["registration"]["address"] == "1 rue de la Paix"
        for wrong in ({"staff": "many"}, {"staff": "9" * 13}, {"identified": "perhaps"}):
            assert client.post(f"/nis2/{HERE}/describe", {**sent, **wrong}).status_code == 422
        assert client.get(f"/nis2/{HERE}.json").json()["entity"]["staff"] == 1140


def test_suppliers_come_and_go_and_the_log_keeps_it(answered: Cast) -> None:
    client = browser(answered)
    with clock.at(NOW):
        sent = {"name": "=Imaging Ltd", "what": "PACS", "stops_care": "on", "notifies": "24", "until": "2027-12-31"}
        assert client.post(f"/nis2/{HERE}/suppliers", sent).status_code == 302
        for wrong in ({"name": " "}, {"until": "soon"}, {"notifies": "x"}):
            assert client.post(f"/nis2/{HERE}/suppliers", {**sent, **wrong}).status_code == 422
        (row,) = SupplierRow.objects.all()
        assert (row.tenant, row.stops_care, row.reaches_in, row.notifies) == (HERE, True, False, 24)
        assert client.post(f"/nis2/{HERE}/suppliers/{row.id}/remove").status_code == 302
        assert client.post(f"/nis2/{HERE}/suppliers/{row.id}/remove").status_code == 404
    assert AuditRow.objects.get(action="supplier.removed").detail == {"name": "=Imaging Ltd", "what": "PACS"}


def test_gaps_have_dates_or_say_that_they_have_none(answered: Cast) -> None:
    client = browser(answered)
    with clock.at(NOW):
        gaps = client.get(f"/nis2/{HERE}.json").json()["gaps"]
        assert gaps
        assert all(one["articles"] for one in gaps)
        assert all(one["step"] is None or one["step"] < 3 for one in gaps)
        first = gaps[0]["id"]
        client.post(f"/nis2/{HERE}/due/{first}", {"due": "2026-01-31", "owner": "Claire"})
        dated = next(one for one in client.get(f"/nis2/{HERE}.json").json()["gaps"] if one["id"] == first)
        assert (dated["due"], dated["owner"], dated["late"]) == ("2026-01-31", "Claire", True)
        assert client.post(f"/nis2/{HERE}/due/{first}", {"due": "soon"}).status_code == 422
        assert client.post(f"/nis2/{HERE}/due/none", {"due": "2027-01-31"}).status_code == 404
        client.post(f"/nis2/{HERE}/due/{first}", {"due": ""})
        assert DueRow.objects.count() == 0


def test_nobody_elsewhere_sees_or_changes_it(answered: Cast) -> None:
    supplier = Supplier("Imaging Ltd", "PACS")
    for name in ("outsider", "ward_lead", "coordinator", "nobody"):
        with pytest.raises(AccessError):
            nis2.opened(answered.actor(name), HERE)
    for name in ("auditor", "crisis_director", "outsider"):
        with pytest.raises(AccessError):
            nis2.add_supplier(answered.actor(name), HERE, supplier, NOW)
    with pytest.raises(AccessError):
        nis2.opened(answered.actor("ciso"), NEXT)
    with clock.at(NOW):
        assert browser(answered).get(f"/nis2/{NEXT}").status_code == 404


@pytest.mark.parametrize("language", ["en", "fr"])
def test_papers_say_what_pages_say(answered: Cast, language: str) -> None:
    UserRow.objects.update(language=language)
    client = browser(answered)
    with clock.at(NOW):
        client.post(f"/nis2/{HERE}/suppliers", {"name": "Imaging Ltd", "what": "PACS"})
        late = client.get(f"/nis2/{HERE}.json").json()["gaps"][0]["id"]
        client.post(f"/nis2/{HERE}/due/{late}", {"due": str((NOW - timedelta(days=9)).date()), "owner": "Claire"})
        gaps = client.get(f"/nis2/{HERE}.json").json()["gaps"]
        made = word.Document(io.BytesIO(client.get(f"/nis2/{HERE}/paper/file/docx").content))
        page = client.get(f"/nis2/{HERE}/paper/statement/html").content.decode()
        whole = client.get(f"/nis2/{HERE}/paper/file/html").content.decode()
        assert {"en": "people, turnover, balance sheet total", "fr": "personnes, chiffre d’affaires, total du bilan"}[
            language
        ] in whole
        assert client.get(f"/nis2/{HERE}/paper/none/docx").status_code == 422
        assert client.get(f"/nis2/{HERE}/paper/file/exe").status_code == 422
    tables = {table.rows[0].cells[0].text: table for table in made.tables}
    assert len(tables) == len(made.tables)
    evidence = next(table for table in made.tables if table.rows[1].cells[0].text == "Art. 20")
    assert [row.cells[0].text for row in evidence.rows[1:]] == [f"Art. {article}" for article in ARTICLES]
    open_ones = next(table for table in made.tables if len(table.rows) == len(gaps) + 1)
    assert sum("▲" in row.cells[3].text for row in open_ones.rows) == 1
    assert "Imaging Ltd" in {row.cells[0].text for table in made.tables for row in table.rows}
    assert all(f">{number}<" in page for number in annex.controls())
    assert len(annex.controls()) == 93


def test_a_control_is_met_only_by_answers(answered: Cast) -> None:
    with clock.at(NOW):
        before = nis2.documents(answered.actor("ciso"), HERE, "en", NOW)["statement"]
    rows = {row[0]: row for block in before.blocks for row in getattr(block, "rows", ())}
    assert {row[3] for row in rows.values()} <= {"met", "partly", "not met", "does not apply", "to be decided"}
    # No question speaks of cables.
    assert rows["A.7.12"][3:] == ("to be decided", "")
    assert all(row[4] for row in rows.values() if row[3] in {"met", "partly", "not met"})


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("id_", policies.shipped())
def test_a_policy_is_filled_and_names_what_is_not_known(answered: Cast, id_: str, language: str) -> None:
    UserRow.objects.update(language=language)
    with clock.at(NOW):
        page = browser(answered).get(f"/nis2/{HERE}/policy/{id_}/html").content.decode()
        assert browser(answered, "outsider").get(f"/nis2/{HERE}/policy/{id_}/html").status_code == 404
    assert "CHU Nord-Est" in page
    assert "{" not in page.split("</style>")[1]
    asked = {name for part in policies.shipped()[id_].parts for name in re.findall(r"\{(\w+)\}", part.text.en)}
    for name in asked & {"responsible", "contact"}:
        assert f"[◇ {policies.BLANKS[name].in_(language)}]" in page
    if "csirt" in asked:
        assert "CERT Santé" in page


def test_policies_serve_every_letter() -> None:
    found = policies.shipped()
    assert len(found) >= 10
    assert {letter for one in found.values() for letter in one.letters} == set(policies.LETTERS)
    texts = [part.text.en for one in found.values() for part in one.parts]
    assert len(set(texts)) == len(texts)
    for one in found.values():
        assert all(part.text.fr and part.text.fr != part.text.en for part in one.parts)


def test_a_wrong_policy_is_named(tmp_path: Path) -> None:
    file = tmp_path / "own.yml"
    good = (Path(policies.__file__).parents[1] / "content/policies/backup.yml").read_text(encoding="utf-8")
    for old, new in (
        ("letters: [c]", "letters: [z]"),
        ("Everything that care", "Everything {that} care"),
        ("parts:", "prats:"),
    ):
        file.write_text(good.replace(old, new), encoding="utf-8")
        with pytest.raises(ContentError):
            policies.load([file])
