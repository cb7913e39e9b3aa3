"""Every screen in a real browser: accessible, in both languages and themes, from 320 px, by keys alone, without scripts."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from tests.screens.conftest import AXE, TENANT, Console

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

# A person who sees it, its address, and what its page is about.
SCREENS = {
    "mine": ("analyst", "/mine"),
    "wall": ("ciso", "/wall"),
    "alerts": ("analyst", "/alerts"),
    "alert": ("analyst", "@alert"),
    "incidents": ("analyst", "/incidents"),
    "incident": ("analyst", "@incident"),
    "report": ("analyst", "@incident/report"),
    "board": ("ward_lead", f"/board/{TENANT}"),
    "say": ("ward_lead", f"/board/{TENANT}/report/diagnostic-imaging"),
    "estate": ("ciso", "/estate"),
    "assessments": ("ciso", "/assessment"),
    "assessment": ("ciso", "@assessment"),
    "question": ("ciso", "@assessment/ask/det-logs"),
    "cards": ("ciso", "@assessment/cards/backup"),
    "check": ("ciso", "@assessment/check"),
    "result": ("ciso", "@assessment/result"),
    "comparison": ("ciso", "@comparison"),
    "signature": ("ciso", "@assessment/sign"),
    "guidelines": ("ciso", "/guidelines"),
    "guideline": ("ciso", "/guidelines/hospital-readiness/backup"),
    "campaigns": ("coordinator", "/needs"),
    "needs map": ("coordinator", "@campaign"),
    "need": ("coordinator", "@campaign/need/gov-lead"),
    "who answers": ("coordinator", "@campaign/who"),
    "release": ("coordinator", "@campaign/release?by=country"),
    "nis 2": ("ciso", "/nis2"),
    "nis 2 file": ("ciso", "/nis2/demo-ch-montbrune"),
    "state of the art": ("coordinator", "/inventory?kind=training"),
    "an entry": ("ciso", "/inventory/zones"),
    "taking part": ("ciso", "@campaign/house/demo-val-d-ambre"),
    "people": ("ciso", "/people"),
    "audit": ("auditor", "/audit"),
    "on call": ("ciso", f"/oncall/{TENANT}"),
    "hunt": ("analyst", "/hunt"),
    "sensors": ("analyst", "/sensors"),
    "detections": ("analyst", "/detections"),
    "tunings": ("analyst", "/detections/tunings"),
    "proposal": ("analyst", "@proposal"),
    "organisations": ("administrator", "/setup/houses"),
    "settings": ("analyst", "/settings"),
    "keys": ("analyst", "/settings/tokens"),
    "second factor": ("analyst", "/account/2fa/"),
    "password": ("analyst", "/account/password/change/"),
    "not found": ("analyst", "/no-such-page"),
}
FORBIDDEN = ("Traceback", "{%", "{{", "None |", "TemplateSyntaxError")


@pytest.fixture(scope="module")
def places(signed_in: Callable[..., "Page"]) -> dict[str, str]:
    """The addresses of an alert group and of an incident that is made of it."""
    page = signed_in("analyst")
    page.goto("/alerts")
    page.click("ol.rows li:nth-child(1) a")
    page.wait_for_load_state()
    group = page.get_attribute("[data-group-pane]", "data-group-pane")
    page.click("details[data-act=e] summary")
    page.click("details[data-act=e] form button")
    page.wait_for_load_state()
    page.goto("/alerts")
    page.click("ol.rows li:nth-child(2) a")
    page.click("details[data-act=f] summary")
    page.fill("details[data-act=f] input[name=reason]", "known work")
    page.click("details[data-act=f] form button")
    page.goto("/detections")
    proposal = page.get_attribute("a[href*='/proposals/']", "href")
    page.goto("/incidents")
    incident = page.get_attribute("table.tbl tbody a", "href")
    page.context.close()
    page = signed_in("ciso")
    page.goto("/assessment")
    assessment = page.get_attribute("table.tbl tbody th a", "href")
    page.goto(f"{assessment}/result")
    comparison = page.get_attribute("a[href*='/compare/']", "href")
    page.context.close()
    page = signed_in("coordinator")
    page.goto("/needs")
    campaign = page.get_attribute("table.tbl tbody th a", "href")
    page.context.close()
    return {
        "@alert": f"/alerts/{group}",
        "@proposal": str(proposal),
        "@incident": str(incident),
        "@assessment": str(assessment),
        "@campaign": str(campaign),
        "@comparison": str(comparison),
    }


def address(path: str, places: dict[str, str]) -> str:
    for name, found in places.items():
        path = path.replace(name, found)
    return path


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_screen_is_accessible(
    signed_in: Callable[..., "Page"], places: dict[str, str], language: str, theme: str
) -> None:
    if not AXE.is_file():
        pytest.skip("no axe-core (npm ci)")
    axe = AXE.read_text(encoding="utf-8")
    wrong = {}
    for name, (person, path) in SCREENS.items():
        page = signed_in(person, color_scheme=theme, bypass_csp=True)
        errors: list[str] = []
        page.on("pageerror", lambda error, errors=errors: errors.append(str(error)))
        _speak(page, language)
        page.goto(address(path, places))
        assert page.get_attribute("html", "lang") == language
        text = page.inner_text("body")
        found = [one for one in FORBIDDEN if one in text]
        page.add_script_tag(content=axe)
        rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
        result = page.evaluate("rules => axe.run(document, rules)", rules)
        found += [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in result["violations"]]
        found += errors
        if found:
            wrong[name] = found
        page.context.close()
    assert wrong == {}


def _speak(page: "Page", language: str) -> None:
    page.goto("/settings")
    if page.get_attribute("html", "lang") != language:
        page.click(f".who button[lang={language}]")
        page.wait_for_load_state()


def test_nothing_scrolls_sideways_at_320_pixels(signed_in: Callable[..., "Page"], places: dict[str, str]) -> None:
    wide = {}
    for name, (person, path) in SCREENS.items():
        page = signed_in(person, viewport={"width": 320, "height": 640})
        page.goto(address(path, places))
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 320:
            wide[name] = width
        page.context.close()
    assert wide == {}


def test_every_screen_reads_without_scripts(signed_in: Callable[..., "Page"], places: dict[str, str]) -> None:
    for person, path in SCREENS.values():
        page = signed_in(person, java_script_enabled=False)
        page.goto(address(path, places))
        assert page.inner_text("h1").strip()
        page.context.close()


def test_pages_break_no_rule_of_their_own_policy(signed_in: Callable[..., "Page"], places: dict[str, str]) -> None:
    """The Content Security Policy is strict: a page that broke it would say so on the browser's console."""
    said: dict[str, list[str]] = {}
    for name, (person, path) in SCREENS.items():
        page = signed_in(person)
        page.on("console", lambda message, name=name: said.setdefault(name, []).append(message.text))
        page.goto(address(path, places))
        page.wait_for_load_state("networkidle")
        page.context.close()
    assert {name: [one for one in texts if "Content Security Policy" in one] for name, texts in said.items()} == {
        name: [] for name in said
    }


def test_an_alert_is_worked_by_keys_alone(signed_in: Callable[..., "Page"]) -> None:
    page = signed_in("ciso")
    page.goto("/alerts")
    rows = page.locator("ol.rows a")
    rows.nth(0).focus()
    page.keyboard.press("j")
    second = rows.nth(1).get_attribute("data-group")
    assert page.evaluate("document.activeElement.dataset.group") == second
    page.keyboard.press("k")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"[data-group-pane='{second}']")
    page.keyboard.press("a")
    page.wait_for_selector("form[action$='/release']")
    page.keyboard.press("u")
    page.wait_for_selector("form[action$='/take']")
    page.keyboard.press("s")
    assert page.evaluate("document.activeElement.name") == "until"
    page.keyboard.type("4h")
    with page.expect_response(lambda answer: answer.request.method == "POST"):  # or the next page would come before it
        page.keyboard.press("Enter")
    page.goto("/alerts?which=silenced")
    assert page.locator(f"a[data-group='{second}']").count() == 1
    page.context.close()


def test_single_keys_can_be_switched_off(signed_in: Callable[..., "Page"]) -> None:
    page = signed_in("dpo")
    page.goto("/settings")
    assert page.is_checked("input[name=keys]")
    page.uncheck("input[name=keys]")
    page.click("form[action='/settings/keep'] button")
    page.wait_for_load_state()
    assert page.get_attribute("body", "data-keys") == "off"
    page.context.close()


def test_a_ward_says_how_it_is_in_two_taps(signed_in: Callable[..., "Page"], console: Console) -> None:
    page = signed_in("ward_lead", viewport={"width": 390, "height": 844})
    page.goto(f"/board/{TENANT}")
    page.click("a[href$='/report/intensive-care']")
    page.click("button[value=degraded]")
    page.wait_for_load_state()
    assert page.url == f"{console.address}/board/{TENANT}"
    assert page.locator("tr.is-degraded").count() == 1
    page.context.close()


def test_a_wrong_password_says_so_and_a_stranger_learns_nothing(console: Console, browser: "Browser") -> None:
    page = browser.new_context(base_url=console.address).new_page()
    page.goto("/alerts")
    assert "/account/login/" in page.url
    texts = []
    for email in ("analyst@demo.example", "nobody@demo.example"):
        page.goto("/account/login/")
        page.fill("#id_login", email)
        page.fill("#id_password", "a wrong password")
        page.click("form.stack button.first")
        page.wait_for_load_state()
        texts.append(page.inner_text(".errors"))
    assert texts[0] == texts[1]
    page.context.close()


def test_the_console_brings_little_of_its_own() -> None:
    import gzip  # noqa: PLC0415
    from pathlib import Path  # noqa: PLC0415

    static = Path(__file__).parents[2] / "src/wardwatch/web/static"
    packed = {
        name: sum(len(gzip.compress(one.read_bytes())) for one in static.glob(f"*.{name}")) for name in ("css", "js")
    }
    assert packed["css"] <= 15 * 1024
    assert packed["js"] <= 12 * 1024
