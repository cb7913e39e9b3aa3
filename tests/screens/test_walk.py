"""The first hour, walked through in a browser with the small house of the demonstration: screens, clicks and words."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

DOCS = Path(__file__).parents[2] / "docs/explanation/assessment.md"
A_MINUTE = 238  # words, silent reading of English non-fiction (M. Brysbaert, 2019)
THINKING = 45  # seconds for each question, to think or to ask the next desk (assumed)
STATED = re.compile(
    r"(\d+) screens, (\d+) clicks, ([\d,]+) words of questions and ([\d,]+) of guidance: "
    r"(\d+) minutes with the questions alone, (\d+) with all guidance"
)


def words(text: str) -> int:
    return len(re.findall(r"[^\W\d_]+", text))


def test_a_first_run_takes_an_hour(signed_in: Callable[..., "Page"]) -> None:
    page = signed_in("admin_on_call")
    page.goto("/assessment")
    before = page.get_attribute("table.tbl tbody th a", "href")
    known = page.request.get(f"{before}/check.json").json()
    said = {
        one["id"]: one["answer"]["choice"]
        for domain in known["domains"]
        for one in domain["questions"]
        if one["answer"]
    }
    page.goto("/assessment")
    if page.get_attribute("html", "lang") != "en":
        page.click(".who button[lang=en]")
        page.wait_for_load_state()
    page.fill("#name", "Walk")
    page.click("form[action='/assessment/begin'] button")
    page.wait_for_load_state()
    screens, clicks, asked, beside = 2, 1, 0, 0
    page.click("a.btn.first")
    clicks += 1
    while "/ask/" in page.url:
        page.wait_for_load_state()
        screens += 1
        question = page.url.rsplit("/", 1)[-1]
        asked += words(page.inner_text("fieldset"))
        beside += words(page.inner_text("aside"))
        page.check(f"input[name=choice][value='{said.get(question, 'unknown')}']")
        page.click("button.first")
        page.wait_for_load_state()
        clicks += 2
    screens += 1
    assert page.url.endswith("/check")
    page.click("a.btn.first")
    page.wait_for_load_state()
    screens, clicks = screens + 1, clicks + 1
    assert "Montbrune" in page.inner_text("h1")
    page.context.close()
    thinking = (screens - 4) * THINKING / 60
    alone, whole = asked / A_MINUTE + thinking, (asked + beside) / A_MINUTE + thinking
    stated = STATED.search(DOCS.read_text(encoding="utf-8"))
    assert stated is not None
    figures = [int(one.replace(",", "")) for one in stated.groups()]
    assert figures[:2] == [screens, clicks]
    assert figures[2:] == pytest.approx([asked, beside, alone, whole], rel=0.03), (asked, beside, alone, whole)
    assert whole < 75
