"""The web page: well-formed, self-contained, escaped, in both languages, accessible."""

import base64
import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from tests.reports import telling

from wardwatch.reports import Findings, scan_html

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-first-run"),
]


def parsed(findings: Findings) -> Element:
    html5lib = pytest.importorskip("html5lib", reason="html5lib checks that the page is well-formed")
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    root: Element = parser.parse(scan_html.render(findings))
    return root


def texts(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("kind", ["attack", "nothing", "blind"])
def test_the_page_is_well_formed(language: str, kind: str):
    findings = telling.findings(language) if kind == "attack" else telling.nothing(language, events=kind == "nothing")
    root = parsed(findings)
    assert root.get("lang") == language
    ids = [one.get("id") for one in root.iter() if one.get("id")]
    assert len(ids) == len(set(ids))
    asked = {one.get("href", "")[1:] for one in root.iter("a")} | {
        id_ for one in root.iter() for id_ in (one.get("aria-labelledby") or "").split()
    }
    assert asked - set(ids) == set()


def test_the_page_answers_first():
    root = parsed(telling.findings())
    assert [texts(one).replace("\u00a0", " ") for one in root.iter("h1")] == [
        "2 computers show signs of an attack; the worst: SRV-PACS01, 2 critical alerts, last 23 Nov, 02:14 UTC."
    ]
    assert [texts(one).replace("\u00a0", " ") for one in root.iter("h2")] == [
        *(
            "Do first",
            "SRV-PACS01: from Credential access to Impact in 10 min",
            "What was found",
            "What was not understood",
            "What was read",
            "How to read this",
        ),
    ]
    assert [texts(one) for one in root.iter("title")] == ["Critical: Scan report"]


def test_headings_come_in_order():
    levels = [int(one.tag[1]) for one in parsed(telling.findings()).iter() if re.fullmatch(r"h[1-6]", str(one.tag))]
    assert levels[0] == 1
    assert [(a, b) for a, b in pairwise(levels) if b > a + 1] == []


def test_the_table_is_the_twin_of_the_chart():
    table = next(parsed(telling.findings()).iter("table"))
    body = table.find("tbody")
    assert body is not None
    assert [[texts(cell).replace("\u00a0", " ") for cell in row] for row in body] == [
        ["SRV-PACS01", "Critical", "3", "23 Nov, 02:01–02:14", "Credential access 02:01 → Impact 02:11"],
        ["RX-WS-14", "High", "1", "23 Nov, 01:25", "Credential access 01:25"],
        ["no single computer", "Medium", "1", "23 Nov, 03:00", "Stealth 03:00"],
    ]
    assert [cell.get("scope") for cell in table.iter("th")] == ["col"] * 5 + ["row"] * 3


def test_nothing_is_loaded_and_nothing_runs():
    page = scan_html.render(telling.findings())
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    assert policy[1] == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert len(style[1].encode()) < 25_000
    root = parsed(telling.findings())
    loading = {"script", "link", "img", "iframe", "object", "embed", "video", "audio", "form", "base"}
    assert [one.tag for one in root.iter() if one.tag in loading] == []
    attributes = [(name, value) for one in root.iter() for name, value in one.attrib.items()]
    assert [name for name, _ in attributes if str(name).startswith("on") or name in {"style", "src", "srcset"}] == []
    assert [value for name, value in attributes if str(name).endswith("href") and not value.startswith("#")] == []
    assert re.findall(r"url\(|@import|https?:", page) == []


def test_hostile_values_are_text():
    evil = telling.alert(
        1, "r-shadow", "02:00:00", telling.HOSTILE, telling.HOSTILE, **{telling.HOSTILE: telling.HOSTILE}
    )
    seen = telling.summary()
    seen.unknown = [(telling.HOSTILE, "")]
    seen.by_source[telling.HOSTILE] = 1
    seen.rejects[telling.HOSTILE, telling.HOSTILE] = 1
    for language in ("en", "fr"):
        findings = Findings(telling.told(evil), seen, telling.RULES, language)
        page = scan_html.render(findings)
        assert "<script" not in page
        assert {"\x1b", "\u202e"} & set(page) == set()
        assert "{{ 7*7 }}" in page
        assert [one.tag for one in parsed(findings).iter() if one.tag in {"script", "bold"}] == []


def test_long_values_are_cut():
    page = scan_html.render(
        telling.findings("en", telling.alert(1, "r-dump", "02:00:00", "h" * 999, "u" * 999, x="y" * 9_999))
    )
    assert max(len(run) for run in re.findall(r"y+|h+|u+", page)) == scan_html.MAX_VALUE


def test_english_of_others_is_marked_in_a_french_page():
    root = parsed(telling.findings("fr"))
    marked = {texts(one) for one in root.iter("span") if one.get("lang") == "en"}
    assert marked == {"Somebody else's rule", "Written in English only.", "time stamp unreadable"}


def test_thousands_of_groups_stay_a_page():
    alerts = [telling.alert(n, "r-dump", "01:00:00", f"host{n:04}") for n in range(1_500)]
    root = parsed(telling.findings("en", *alerts))
    rows = [len(list(one)) for one in root.iter("ol") if one.get("class") == "finds"]
    assert rows == [scan_html.MAX_OPEN, scan_html.MAX_GROUPS - scan_html.MAX_OPEN]
    assert [texts(one) for one in root.iter("summary")][scan_html.MAX_OPEN] == "Show 160 more rows"
    lines = [texts(one) for one in root.iter("p") if "more" in texts(one)]
    assert lines == [
        "1,450 more computers with alerts are not shown.",
        "1,300 more rows are not shown here; the JSON Lines and CSV exports have them.",
    ]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    node = Path(playwright.__file__).parents[1] / "driver" / "node"
    if subprocess.run([node, "--version"], check=False, capture_output=True).returncode:
        pytest.skip("playwright's driver does not run on this machine (apt install libatomic1)")
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.mark.browser
@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_page_is_accessible(browser: Any, tmp_path: Path, language: str, theme: str, width: int):  # noqa: ANN401
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm install")
    file = tmp_path / "report.html"
    file.write_text(scan_html.render(telling.findings(language)), encoding="utf-8")
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, bypass_csp=True)
    page = context.new_page()
    page.goto(file.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    result = page.evaluate(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']})"
    )
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in result["violations"]] == []
    assert len(result["passes"]) > 20
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


@pytest.mark.browser
@pytest.mark.parametrize("width", [1100, 1192, 1193, 1200, 1280])
def test_the_chart_is_whole_on_a_desktop(browser: Any, tmp_path: Path, width: int):  # noqa: ANN401
    """Beside the first steps or above them: its last mark and label are not cut off. 15 px are a scroll bar's."""
    page = tmp_path / "report.html"
    page.write_text(scan_html.render(telling.findings()), encoding="utf-8")
    context = browser.new_context(viewport={"width": width, "height": 900}, bypass_csp=True)
    tab = context.new_page()
    tab.goto(page.as_uri())
    tab.add_style_tag(content="html { margin-right: 15px }")
    room = tab.evaluate("document.querySelector('.fig').parentElement.clientWidth")
    assert tab.evaluate("document.querySelector('.fig').parentElement.scrollWidth") == room
    context.close()


@pytest.mark.browser
def test_the_policy_lets_the_style_through_and_asks_for_nothing(browser: Any, tmp_path: Path):  # noqa: ANN401
    file = tmp_path / "report.html"
    file.write_text(scan_html.render(telling.findings()), encoding="utf-8")
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light")
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    assert (said, asked) == ([], [file.as_uri()])
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).fontSize") == "26px"
    context.close()


def test_every_computer_that_counts_has_a_row():
    many = [
        replace(telling.alert(n, "r-shadow", "01:00:00", "flooded"), rule_id=f"r{n}", id=f"{n:032x}")
        for n in range(300)
    ]
    few = [telling.alert(1_000 + n, "r-dump", "02:00:00", f"quiet{n:02}") for n in range(30)]
    root = parsed(telling.findings("en", *many, *few))
    where = [texts(one) for one in root.iter("span") if one.get("class") == "where"]
    assert where == ["flooded"] * 170 + [f"quiet{n:02}" for n in range(30)]


def test_what_was_not_checked_is_said():
    off = replace(telling.RULES["r-dump"], reason="the list vendors is not kept here")
    root = parsed(telling.seen_from("fr", interrupted=True, untimed=2, outside=12_000, off=(off,)))
    section = next(one for one in root.iter("section") if one.get("aria-labelledby") == "unread")
    assert [texts(one).replace("\u00a0", " ") for one in section.iter("p")] == [
        "L’analyse a été interrompue : ce qui n’avait pas été lu n’a pas été vérifié.",
        "2 événements n’indiquent pas d’heure : ils ont été vérifiés, mais leur moment est inconnu.",
        "1 règle ne fonctionne pas : ce qu’elle décrit reste invisible (élevée).",
        "1, faute d’une liste tenue : vendors.",
        "la liste vendors n’est pas tenue ici",
        "Toutes : wardwatch rules list --state unsupported",
    ]
    assert [texts(one) for one in root.iter("title")] == ["Interrompu : Rapport d’analyse"]
    facts = next(one for one in root.iter("p") if one.get("class") == "facts")
    assert [texts(one) for one in facts.iter("a")] == [
        *("événements dans la période : 345 sur 12 345", "0 élément non compris", "1 règle ne fonctionne pas"),
    ]


def test_nothing_calls_texts_playbooks_that_are_not_there():
    for language in ("en", "fr"):
        assert re.findall(r"(?i)playbook|fiche réflexe", scan_html.render(telling.findings(language))) == []
