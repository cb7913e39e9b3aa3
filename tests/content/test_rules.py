"""Wardwatch's own rules: each fires on its examples and stays silent on its others, and so does the whole set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest

from wardwatch.catalogue import files
from wardwatch.catalogue.files import ContentFile, documents
from wardwatch.kernel.severity import Level
from wardwatch.pipeline import examples, rule_check, ruleset
from wardwatch.pipeline.ruleset import RuleSet

FILES = list(files.find([ruleset.shipped_rules()]))
DOCUMENTS = [(file, document) for file in FILES for document in documents(file)]
Lists = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Example:
    """One example of a rule."""

    file: ContentFile
    rule: str
    title: str
    kind: str
    number: int
    content: Mapping[str, Any]

    @property
    def lists(self) -> Lists:
        found = self.content.get("lists") or {}
        return tuple(sorted((name, tuple(values)) for name, values in found.items()))

    def __str__(self) -> str:
        return f"{self.title}: {self.kind} {self.number}"


def every_example() -> Iterator[Example]:
    for file, document in DOCUMENTS:
        for kind in ("fires", "silent"):
            for number, content in enumerate(document["wardwatch"][kind], start=1):
                yield Example(file, document["id"], document["title"], kind, number, content)


EXAMPLES = list(every_example())


@cache
def all_rules(lists: Lists) -> RuleSet:
    return ruleset.of_files(FILES, dict(lists))


@pytest.mark.parametrize("file", FILES, ids=lambda file: "/".join(file.path.split("/")[-2:]))
def test_every_example_behaves(file: ContentFile) -> None:
    outcomes = list(examples.check_file(file))
    assert [f"{one.title}: {one.kind} {one.number}: {one.problem}" for one in outcomes if one.problem] == []
    assert {(one.rule_id, one.kind) for one in outcomes} == {
        (document["id"], kind) for document in documents(file) for kind in ("fires", "silent")
    }


def test_rules_are_well_formed() -> None:
    assert list(rule_check.check([ruleset.shipped_rules()], own=True)) == []


def test_there_are_enough_rules_that_alert() -> None:
    rules = all_rules(())
    silenced = rules.correlations.silenced
    everything = [rule for rule in rules.rules.every() if rule.id not in silenced]
    titles = {rule.title.en for rule in everything if rule.kind == "event" and rule.level > Level.INFORMATIONAL}
    correlations = {rule.title.en for rule in everything if rule.kind == "correlation"}
    assert len(titles) >= 60
    assert len(correlations) >= 10


def test_only_rules_that_need_a_list_do_not_run_without_lists() -> None:
    off = {rule.id: rule.reason for rule in all_rules(()).rules.every() if rule.reason}
    listed = {file.path for file in FILES if b"|expand" in file.text}
    assert [
        f"{rule.path}: {rule.reason}"
        for rule in all_rules(()).rules.every()
        if rule.id in off and rule.path not in listed
    ] == []


def raised(example: Example) -> list[str]:
    """The titles of the rules whose alerts people see, with all our own rules loaded."""
    rules = all_rules(example.lists)
    alerts, _ = examples.run_log(
        examples.log_of(example.content), example.content["source"], rules, level=Level.INFORMATIONAL
    )
    return sorted({alert.rule_id for alert in alerts if alert.rule_id not in rules.correlations.silenced})


BY_LISTS = sorted({example.lists for example in EXAMPLES})


@pytest.mark.parametrize("lists", BY_LISTS, ids=lambda lists: "+".join(name for name, _ in lists) or "no lists")
def test_an_example_raises_its_own_rule_and_no_sibling(lists: Lists) -> None:
    """Of all our rules loaded together; those that only a correlation looks at raise nothing themselves."""
    wrong = {}
    for example in EXAMPLES:
        if example.lists == lists and example.kind == "fires":
            wanted = [] if example.rule in all_rules(lists).correlations.silenced else [example.rule]
            if (found := raised(example)) != wanted:
                titles = all_rules(lists).rules.by_id()
                wrong[str(example)] = [titles[rule].title.en for rule in found]
    assert wrong == {}
