"""The screens of assessments: every page in both languages, answers by form, autosave, errors that lose nothing."""

import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import load_workbook
from tests.cast import HERE, NEXT, NOW, Cast

from wardwatch.records.models import AnswerRow, AuditRow, UserRow
from wardwatch.usecases import assessment, assessment_documents, clock, demo_assessment
from wardwatch.web.screen import Screen
from wardwatch.web.urls import found

SCREENS = [
    one
    for one in found()
    if isinstance(one, Screen) and one.name.startswith("assessment") and one.name != "assessment-export"
]


@pytest.fixture
def signed_in(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast["ciso"])
    return client


@pytest.fixture
def begun(cast: Cast, signed_in: Client) -> str:
    with clock.at(NOW):
        where = signed_in.post(
            "/assessment/begin", {"tenant": HERE, "framework": "hospital-readiness", "name": "2026"}
        )["Location"]
    assert cast
    return where.rsplit("/", 1)[-1]


@pytest.fixture
def compared(cast: Cast) -> tuple[str, str]:
    demo_assessment.add("meuse-ardenne", (HERE, NEXT), NOW)
    after, before = assessment.listed(cast.actor("ciso"))
    return after.id, before.id


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_page_shows_itself(signed_in: Client, cast: Cast, compared: tuple[str, str], language: str) -> None:
    UserRow.objects.filter(id=cast["ciso"].id).update(language=language)
    parts = {
        "<str:assessment>": compared[0],
        "<str:earlier>": compared[1],
        "<str:question>": "gov-lead",
        "<str:domain>": "governance",
        "<str:framework>": "hospital-readiness",
    }
    with clock.at(NOW):
        for screen in SCREENS:
            route = screen.route
            for place, value in parts.items():
                route = route.replace(place, value)
            for ending in ("", ".json", *((".csv",) if screen.csv else ())):
                answer = signed_in.get(f"/{route}{ending}")
                assert answer.status_code == 200, (route, ending)
                text = answer.content.decode()
                assert "{%" not in text
                assert "{{" not in text
        for path in ("/guidelines", "/guidelines/nis2-readiness/art-20", "/guidelines/ransomware-readiness/hold"):
            assert signed_in.get(path).status_code == 200


@pytest.mark.parametrize("form", assessment_documents.FORMS)
def test_it_can_be_taken_along_in_every_form(signed_in: Client, compared: tuple[str, str], form: str) -> None:
    with clock.at(NOW):
        answer = signed_in.get(f"/assessment/{compared[0]}/export/{form}")
        if answer.status_code == 422 and form == "pdf":
            pytest.skip("no Pango (apt install libpango-1.0-0 libpangoft2-1.0-0)")
        assert answer.status_code == 200
        assert answer["Content-Disposition"].startswith("attachment; filename=")
        assert len(answer.content) > 1_000
        assert signed_in.get(f"/assessment/{compared[0]}/export/exe").status_code == 404
    noted = AuditRow.objects.get(action="assessment.exported")
    assert noted.detail == {"form": form}


@pytest.mark.parametrize("form", ["json", "oscal-results", "xlsx"])
def test_what_was_taken_along_comes_back(signed_in: Client, compared: tuple[str, str], begun: str, form: str) -> None:
    with clock.at(NOW):
        made = signed_in.get(f"/assessment/{compared[0]}/export/{form}").content
        file = SimpleUploadedFile("answers", made)
        said = signed_in.post(f"/assessment/{begun}/take", {"file": file}).content.decode()
        assert "{%" not in said
        rows = {
            id_: list(
                AnswerRow.objects.filter(assessment_id=id_).order_by("question").values_list("question", "kind", "step")
            )
            for id_ in (compared[0], begun)
        }
    assert rows[begun] == rows[compared[0]] != []


@pytest.mark.parametrize("form", ["docx", "html"])
def test_a_book_of_guidelines_is_a_file(signed_in: Client, form: str) -> None:
    with clock.at(NOW):
        answer = signed_in.get(f"/guidelines/nis2-readiness/export/{form}")
        assert (answer.status_code, answer["Content-Disposition"]) == (
            200,
            f'attachment; filename="guidelines-nis2-readiness-en.{form}"',
        )
        assert signed_in.get("/guidelines/none/export/html").status_code == 404
        assert signed_in.get("/guidelines/nis2-readiness/export/exe").status_code == 404


def test_an_answer_leads_to_the_next_open_question(signed_in: Client, begun: str) -> None:
    with clock.at(NOW):
        answer = signed_in.post(f"/assessment/{begun}/answer/gov-direction", {"choice": "2", "note": "minutes"})
        assert answer["Location"] == f"/assessment/{begun}/ask/gov-lead"
        assert [(row.question, row.step, row.note) for row in AnswerRow.objects.all()] == [
            ("gov-direction", 2, "minutes")
        ]
        shown = signed_in.get(f"/assessment/{begun}/ask/gov-direction").content.decode()
    assert re.search(r'value="2" checked', shown)
    assert "minutes" in shown


@pytest.mark.parametrize(
    ("sent", "field"),
    [({"note": "what I typed"}, "answer"), ({"choice": "not_applicable", "note": "what I typed"}, "reason")],
)
def test_what_is_missing_is_said_and_nothing_typed_is_lost(
    signed_in: Client, begun: str, sent: dict[str, str], field: str
) -> None:
    with clock.at(NOW):
        answer = signed_in.post(f"/assessment/{begun}/answer/gov-lead", sent)
    text = answer.content.decode()
    assert (answer.status_code, AnswerRow.objects.count()) == (422, 0)
    assert f'<a href="#{field}">' in text
    assert f'id="{field}"' in text
    assert "what I typed" in text


def test_autosave_answers_without_a_page(signed_in: Client, begun: str) -> None:
    with clock.at(NOW):
        path = f"/assessment/{begun}/answer/gov-lead"
        assert signed_in.post(path, {"choice": "unknown"}, headers={"X-Autosave": "1"}).status_code == 204
        assert signed_in.post(path, {"choice": "not_applicable"}, headers={"X-Autosave": "1"}).status_code == 422
    assert AnswerRow.objects.get().kind == "unknown"


def test_a_file_is_kept_and_handed_out(signed_in: Client, begun: str) -> None:
    with clock.at(NOW):
        signed_in.post(f"/assessment/{begun}/answer/gov-lead", {"choice": "3"})
        file = SimpleUploadedFile("letter.html", b"<script>")
        assert signed_in.post(f"/assessment/{begun}/file/gov-lead", {"file": file}).status_code == 302
        page = signed_in.get(f"/assessment/{begun}/ask/gov-lead").content.decode()
        path = re.search(rf"/assessment/{begun}/kept/[0-9a-f-]+", page)
        assert path is not None
        answer = signed_in.post(path[0])
    assert b"".join(answer) == b"<script>"  # type: ignore[arg-type]
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")


def test_a_signature_is_shown_until_answers_change(cast: Cast, begun: str) -> None:
    client = Client()
    client.force_login(cast["crisis_director"])
    with clock.at(NOW):
        page = client.get(f"/assessment/{begun}/sign").content.decode()
        seal = re.search(r'name="seal" value="([0-9a-f]+)"', page)
        assert seal is not None
        sent = {"seal": seal[1], "function": "Director", "text": "Approved."}
        refused = client.post(f"/assessment/{begun}/signed", {**sent, "function": ""})
        assert (refused.status_code, "Approved." in refused.content.decode()) == (422, True)
        assert client.post(f"/assessment/{begun}/signed", sent).status_code == 302
        assert client.get(f"/assessment/{begun}/sign.json").json()["signed"][0]["valid"] is True


def test_answers_are_read_by_the_house_only(begun: str, cast: Cast) -> None:
    client = Client()
    client.force_login(cast["outsider"])
    with clock.at(NOW):
        for path in ("", "/ask/gov-lead", "/check", "/result", "/sign", "/cards/governance"):
            assert client.get(f"/assessment/{begun}{path}").status_code == 404


def test_a_question_page_asks_the_database_little(signed_in: Client, begun: str, django_assert_max_num_queries) -> None:
    with clock.at(NOW), django_assert_max_num_queries(40):
        signed_in.get(f"/assessment/{begun}/ask/gov-lead")


def test_a_form_goes_out_and_comes_in(signed_in: Client, begun: str, cast: Cast) -> None:
    with clock.at(NOW):
        book = load_workbook(io.BytesIO(signed_in.get(f"/assessment/{begun}/export/xlsx").content))
        book.worksheets[0]["C2"], book.worksheets[0]["C3"] = 3, "=1+1"
        made = io.BytesIO()
        book.save(made)
        sent = {"file": SimpleUploadedFile("form.xlsx", made.getvalue())}
        page = signed_in.post(f"/assessment/{begun}/take", sent).content.decode()
        assert "1 answer was read" in page
        assert "a formula" in page
        assert [(row.question, row.step) for row in AnswerRow.objects.all()] == [("gov-direction", 3)]
        wrong = {"file": SimpleUploadedFile("form.xlsx", b"nothing")}
        assert signed_in.post(f"/assessment/{begun}/take", wrong).status_code == 422
    assert cast
