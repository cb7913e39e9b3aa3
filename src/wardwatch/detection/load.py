"""Load Sigma files: rules, correlations, filters and v1 collections. One bad rule never stops the others.

Parsing is pySigma's. A rule that cannot run is kept with the reason, so that `wardwatch rules list` can show it.
"""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaError
from sigma.filters import SigmaFilter
from sigma.rule import SigmaRule

from wardwatch.catalogue import files
from wardwatch.catalogue.files import ContentFile
from wardwatch.detection import dialect
from wardwatch.detection import rules as values
from wardwatch.detection.rules import Rule
from wardwatch.kernel.errors import ContentError


@dataclass(frozen=True, slots=True)
class Parsed:
    """A rule's value, pySigma's form of it (`None` where it could not be parsed), and its YAML."""

    rule: Rule
    sigma: SigmaRule | SigmaCorrelationRule | None
    document: Mapping[str, Any]


@dataclass(slots=True)
class Loaded:
    """All that was found: rules and correlations in the order of their files, warnings, and files that are no YAML."""

    parsed: list[Parsed] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    errors: list[ContentError] = field(default_factory=list)


def load(paths: Iterable[Path]) -> Loaded:
    """Load every rule in `paths` (folders, files, zip archives); see `wardwatch.catalogue.files.find`."""
    return load_files(files.find(paths))


def load_files(found: Iterable[ContentFile]) -> Loaded:
    """Load the rules in files that were read already."""
    dialect.teach()
    loaded = Loaded()
    filters: list[SigmaFilter] = []
    of_files: list[list[Parsed]] = []
    for file in found:
        try:
            documents = [_plain(document) for document in files.documents(file)]
        except ContentError as error:
            loaded.errors.append(error)
            continue
        before = len(loaded.parsed)
        for document in _merged(documents):
            _take(loaded, filters, document, file.path)
        of_files.append(loaded.parsed[before:])
    _keep_last(loaded, of_files)
    for one in filters:
        _apply(loaded, one)
    return loaded


def _plain(value: Any) -> Any:  # noqa: ANN401  (whatever YAML holds)
    """Bring what YAML holds into the shapes of JSON: keys are texts, dates and times ISO 8601, texts valid UTF-8."""
    if isinstance(value, dict):
        return {_plain(key if isinstance(key, str | date) else str(key)): _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    return value.isoformat() if isinstance(value, date) else value


def _merged(documents: list[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """Resolve Sigma v1 collections: `action: global` adds to what follows, `repeat` varies the rule before."""
    common: dict[str, Any] = {}
    previous: dict[str, Any] = {}
    for document in documents:
        action = document.pop("action", None)
        if action == "global":
            common = document
        elif action == "reset":
            common = {}
        elif action == "repeat":
            previous = _updated(previous, document)
            yield previous
        elif "correlation" in document or "filter" in document:
            yield document
        else:
            previous = _updated(document, common)
            yield previous


def _updated(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = copy.deepcopy(base)
    for key, value in over.items():
        both_maps = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _updated(merged[key], value) if both_maps else copy.deepcopy(value)
    return merged


def _take(loaded: Loaded, filters: list[SigmaFilter], document: dict[str, Any], path: str) -> None:
    try:
        collection = SigmaCollection.from_dicts(
            [document], collect_errors=True, collect_filters=True, resolve_references=False
        )
    except (SigmaError, TypeError, ValueError, AttributeError, KeyError, RecursionError) as error:
        # pySigma raises bare Python errors on some malformed documents; the rule is kept with the reason.
        loaded.parsed.append(
            Parsed(values.from_document(document, path, reason=f"not a Sigma rule: {error}"), None, document)
        )
        return
    filters.extend(one for one in collection.filters if not one.errors)
    loaded.errors.extend(
        ContentError(f"filter that cannot be used: {one.errors[0]}", where=path)
        for one in collection.filters
        if one.errors
    )
    for found in collection.rules:
        reason = "; ".join(str(error) for error in found.errors)
        rule = values.from_document(document, path, reason=reason)
        loaded.parsed.append(Parsed(rule, None if reason else found, document))
    if not collection.rules and not collection.filters:
        reason = "; ".join(map(str, collection.errors)) or "not a Sigma rule"
        loaded.parsed.append(Parsed(values.from_document(document, path, reason=reason), None, document))


def _keep_last(loaded: Loaded, of_files: list[list[Parsed]]) -> None:
    """Keep the rules of the last of the files with one id: what the user adds replaces what was there, with a warning.

    Rules of one file that share an id, as those of a v1 collection do, all stay: `id`, `id#2`, `id#3`.
    """
    last = {parsed.rule.id: number for number, some in enumerate(of_files) for parsed in some}
    paths = [some[0].rule.path if some else "" for some in of_files]
    loaded.parsed = []
    taken: set[str] = set(last)
    for number, some in enumerate(of_files):
        counts: dict[str, int] = {}
        for parsed in some:
            id_ = parsed.rule.id
            if last[id_] != number:
                warning = f"{parsed.rule.path}: replaced by {paths[last[id_]]} (same id {id_})"
                loaded.warnings.append(warning)
                continue
            loaded.parsed.append(_numbered(parsed, counts, taken))


def _numbered(parsed: Parsed, counts: dict[str, int], taken: set[str]) -> Parsed:
    id_ = parsed.rule.id
    counts[id_] = counts.get(id_, 0) + 1
    if counts[id_] == 1:
        return parsed
    while f"{id_}#{counts[id_]}" in taken:
        counts[id_] += 1
    taken.add(f"{id_}#{counts[id_]}")
    return replace(parsed, rule=replace(parsed.rule, id=f"{id_}#{counts[id_]}"))


def _apply(loaded: Loaded, one: SigmaFilter) -> None:
    """Apply a filter as pySigma does, and warn where it would keep what its author means to drop.

    The specification's example excludes what the condition `selection` matches; pySigma joins the condition with
    `and`, so that it *keeps* only that. Filters are written for pySigma with `not`: others get a warning.
    """
    condition = str(one.filter.condition[0]) if one.filter.condition else ""
    if not condition.lstrip("( ").lower().startswith("not"):
        loaded.warnings.append(
            f"filter {one.title!r}: its condition {condition!r} keeps only what matches; write `not …` to exclude that"
        )
    for parsed in loaded.parsed:
        if isinstance(parsed.sigma, SigmaRule):
            one.apply_on_rule(parsed.sigma)
