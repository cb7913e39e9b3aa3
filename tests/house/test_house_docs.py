"""Documents say what is there: every verb, every option, every source; links lead somewhere; the README stays short."""

import io
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import click
import pytest
import yaml
from tests.house.repository import ROOT, files, read

from wardwatch import sources
from wardwatch.cli import group
from wardwatch.events.record import Record
from wardwatch.pipeline import rule_check, ruleset
from wardwatch.reports import ACTIONS, PLAYBOOKS

README_LIMIT = 80  # lines: one screen
_LINK = re.compile(r"(?<!`)\[[^\]\n]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def markdown() -> list[str]:
    return [name for name in files() if name.endswith(".md")]


def commands(found: click.Command, path: str, context: click.Context) -> Iterator[tuple[str, click.Command]]:
    """Yield every command below and including `found` with how it is called."""
    yield path, found
    if isinstance(found, click.Group):
        for name in found.list_commands(context):
            inner = found.get_command(context, name)
            assert inner is not None
            yield from commands(inner, f"{path} {name}", context)


def undocumented(page: str) -> list[str]:
    """Verbs without a section, and options that their section does not name."""
    sections = dict(re.findall(r"^#{2,4} `(wardwatch[^`]*)`\n(.*?)(?=^#{2,4} `|\Z)", page, re.MULTILINE | re.DOTALL))
    missing = []
    for path, command in commands(group, "wardwatch", click.Context(group)):
        if path not in sections:
            missing.append(path)
            continue
        options = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
        names = [max(one.opts, key=len) for one in options]
        missing += [f"{path} {name}" for name in names if not re.search(rf"`{name}\b", sections[path])]
    return missing


def test_every_verb_and_option_is_documented() -> None:
    assert undocumented(read("docs/reference/cli.md")) == []


def test_the_page_documents_no_verb_that_is_not_there() -> None:
    there = {path for path, _ in commands(group, "wardwatch", click.Context(group))}
    assert set(re.findall(r"^#{2,4} `(wardwatch[^`]*)`$", read("docs/reference/cli.md"), re.MULTILINE)) == there


def test_every_source_is_documented() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", read("docs/reference/sources.md"), re.MULTILINE)
    assert sorted((name, title.strip()) for name, title in rows) == sorted(
        (one.name, one.title) for one in sources.every().values()
    )


def test_every_playbook_that_a_rule_names_is_documented() -> None:
    """So that later content can be checked against what is asked for; titles are those of the reports."""
    rows = re.findall(
        r"^\| `([\w-]+)` \| ([^|]+) \| ([^|]+) \| (\d+) \|", read("docs/reference/playbooks.md"), re.MULTILINE
    )
    named = rule_check.playbooks([ruleset.shipped_rules()])
    assert rows == [(name, text.en, text.fr, str(named[name])) for name, text in sorted(PLAYBOOKS.items())]
    assert set(named) == set(PLAYBOOKS) == set(ACTIONS), "no rule may name a playbook that has no title and no action"


def test_links_lead_somewhere() -> None:
    assert [broken for name in markdown() for broken in broken_links(name, read(name))] == []


def broken_links(name: str, text: str) -> list[str]:
    """Links of a page to files or headings that are not there; addresses on the web are not asked."""
    broken = []
    for target in _LINK.findall(_FENCE.sub("", text)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        page = (ROOT / name).parent / path if path else ROOT / name
        if not page.exists() or (anchor and anchor not in anchors(page)):
            broken.append(f"{name}: {target}")
    return broken


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as forges make them."""
    headings = re.findall(r"^#{1,6} (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_the_link_test_can_fail() -> None:
    assert broken_links("README.md", "[a](no-such.md) [b](README.md#no-such-heading) [c](Makefile)") == [
        "README.md: no-such.md",
        "README.md: README.md#no-such-heading",
    ]


def test_every_page_can_be_reached_from_the_index() -> None:
    seen: set[str] = set()
    waiting = ["README.md"]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for target in _LINK.findall(_FENCE.sub("", read(name))):
            path = (ROOT / name).parent / target.partition("#")[0]
            if path.suffix == ".md" and path.exists():
                waiting.append(str(path.resolve().relative_to(ROOT)))
    pages = {name for name in markdown() if PurePosixPath(name).parts[0] == "docs"}
    assert pages - seen == set()


def test_the_readme_is_one_screen() -> None:
    assert len(read("README.md").splitlines()) <= README_LIMIT


def test_make_targets_that_are_named_exist() -> None:
    targets = set(re.findall(r"^([a-z][\w-]*):", read("Makefile"), re.MULTILINE))
    named = {
        (name, target)
        for name in markdown()
        for code in re.findall(r"`{1,3}[^`]+`{1,3}", read(name))
        for target in re.findall(r"(?m)(?:^|[`;&] ?)make ([a-z][\w-]*)", code)
    }
    assert named
    assert {one for one in named if one[1] not in targets} == set()


def test_the_readme_names_the_two_doors() -> None:
    assert {"run", "test"} <= set(re.findall(r"make ([a-z]+)", read("README.md")))


def test_the_change_log_has_a_place_for_what_comes() -> None:
    assert re.findall(r"^## \[?(Unreleased)\]?$", read("CHANGELOG.md"), re.MULTILINE) == ["Unreleased"]


def test_the_source_of_the_how_to_works() -> None:
    """The example that people copy is run: a source that does what its sample says."""
    page = read("docs/how-to/write-a-source.md")
    found: dict[str, Any] = {}
    exec(re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[0], found)
    source, sample = found["source"], found["SAMPLE"]
    bodies = [body for body in source.split(io.BytesIO(sample.log)) if isinstance(body, tuple)]
    read_ones = list(source.read(bodies, sources.Context(received_at=0)))
    records = [one for one in read_ones if isinstance(one, Record)]
    expected = [{name: value for name, value in event.items() if name[0] != "@"} for event in sample.events]
    assert [record.fields for record in records] == expected
    assert len(read_ones) - len(records) == sample.rejects
    assert source.sniff(sample.log, "") > 0


def test_the_rules_of_the_how_to_are_yaml() -> None:
    blocks = re.findall(r"^```yaml\n(.*?)^```", read("docs/how-to/write-a-rule.md"), re.MULTILINE | re.DOTALL)
    assert [min(yaml.safe_load(block)) for block in blocks] == ["author", "correlation", "fires"]


@pytest.mark.parametrize("page", ["docs/how-to/collect-windows-events.md", "docs/fr/collecter-windows.md"])
def test_what_our_rules_ask_of_windows_is_named_where_collecting_is_explained(page: str) -> None:
    asked: set[int] = set()
    for path in ruleset.shipped_rules().rglob("*.yml"):
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            if document.get("logsource", {}).get("product") == "windows":
                asked |= set(event_ids(document["detection"]))
    assert len(asked) > 20
    assert sorted(asked - {int(one) for one in re.findall(r"\b\d{1,4}\b", read(page))}) == []


def event_ids(part: Any) -> Iterator[int]:  # noqa: ANN401  (whatever a detection holds)
    """Every event id that a detection asks for."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name.split("|")[0] == "EventID":
                yield from value if isinstance(value, list) else [value]
            else:
                yield from event_ids(value)
    elif isinstance(part, list):
        for one in part:
            yield from event_ids(one)
