"""A console with the demonstration's people and a day's alerts, and a real browser before it."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.watch import day as simulated

from wardwatch.events import alert_lines
from wardwatch.watch.messages import AlertArrived

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-first-run"),
]
TENANT = "demo-chu-nord-est"


@dataclass(frozen=True, slots=True)
class Console:
    """Where it answers, and the password of everybody in it."""

    address: str
    password: str
    home: Path


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    home = tmp_path_factory.mktemp("console")
    port = _free()
    environ = {**os.environ, "WARDWATCH_HOME": str(home), "WARDWATCH_CONSOLE_ADDRESS": f"127.0.0.1:{port}"}
    made = _run(environ, "demo", "start")
    password = re.search(r"password (\S+)", made)
    assert password is not None
    _alerts(home)
    clock = subprocess.Popen([sys.executable, "-m", "wardwatch", "clock"], env=environ, stderr=subprocess.DEVNULL)
    serving = subprocess.Popen([sys.executable, "-m", "wardwatch", "console"], env=environ, stderr=subprocess.DEVNULL)
    try:
        _wait(f"http://127.0.0.1:{port}/alive")
        _wait_for(lambda: _taken(home) >= 1)
        yield Console(f"http://127.0.0.1:{port}", password[1], home)
    finally:
        for process in (clock, serving):
            process.terminate()
            process.wait(30)


def _alerts(home: Path) -> None:
    """A day's alerts in the log of one hospital, as the pipeline writes it, their times moved to today."""
    found = [message.alert for _, message in simulated.day(noise=60) if isinstance(message, AlertArrived)]
    shift = time.time_ns() // 1_000 - max(one.last_at for one in found)
    lines = [
        alert_lines.line(replace(one, tenant=TENANT, occurred_at=one.occurred_at + shift, last_at=one.last_at + shift))
        for one in found
    ]
    folder = home / "alerts" / TENANT
    folder.mkdir(parents=True)
    (folder / "00000001.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _taken(home: Path) -> int:
    path = home / "state" / "figures-clock.json"
    if not path.is_file():
        return 0
    figures = json.loads(path.read_text())["figures"]
    return int(next((one["value"] for one in figures if one["name"] == "wardwatch_clock_alerts_total"), 0))


def _run(environ: dict[str, str], *line: str) -> str:
    made = subprocess.run(
        [sys.executable, "-m", "wardwatch", *line], env=environ, capture_output=True, text=True, timeout=120, check=True
    )
    return made.stdout + made.stderr


def _free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _wait(address: str) -> None:
    def answers() -> bool:
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    _wait_for(answers)


def _wait_for(ready: Callable[[], bool], seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < until, "not ready in time"
        time.sleep(0.2)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser")
    if CHROMIUM is None:
        pytest.skip("no chromium (apt install chromium)")
    with playwright.sync_playwright() as driver:
        try:
            found = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        except playwright.Error as error:
            pytest.skip(f"the browser does not start: {str(error)[:120]}")
        yield found
        found.close()


@pytest.fixture(scope="session")
def signed_in(console: Console, browser: "Browser") -> Callable[..., "Page"]:
    """A page of somebody who has signed in; the sign-in is kept for the next page."""
    kept: dict[str, Any] = {}

    def page(person: str, **options: object) -> "Page":
        if person not in kept:
            context = browser.new_context()
            first = context.new_page()
            first.goto(f"{console.address}/account/login/")
            first.fill("#id_login", f"{person}@demo.example")
            first.fill("#id_password", console.password)
            first.click("form.stack button.first")
            first.wait_for_load_state()
            assert "/account/" not in first.url, first.inner_text("body")
            kept[person] = context.storage_state()
            context.close()
        context = browser.new_context(base_url=console.address, storage_state=kept[person], **options)
        return context.new_page()

    return page
