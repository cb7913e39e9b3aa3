"""Check rule files: what any Sigma rule needs to run here, and what a rule of our own must carry besides."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wardwatch import sources
from wardwatch.catalogue import files
from wardwatch.kernel.errors import ContentError
from wardwatch.pipeline import ruleset
from wardwatch.threats import attack

SCHEMA = "wardwatch/rule/1"
_NEEDED = ("title", "id", "status", "description", "author", "date", "level", "tags", "wardwatch")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and with which file; `path` is empty where it is with several."""

    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}" if self.path else self.what


def check(paths: Iterable[Path], *, own: bool) -> Iterator[Problem]:
    """Yield every problem; `own` asks for all that our own rules must carry."""
    found = list(files.find(paths))
    titles: dict[str, str] = {}
    for file in found:
        try:
            documents = files.documents(file)
        except ContentError as error:
            yield Problem(error.where, error.what)
            continue
        yield from (
            Problem(file.path, problem) for document in documents for problem in _of_document(document, own=own)
        )
        for document in documents if own else []:
            title = str(document.get("title"))
            if title in titles:
                yield Problem(file.path, f"the title {title!r} is also that of {titles[title]}")
            titles[title] = file.path
    wanted = {name for file in found for name in _lists(file)}
    rules = ruleset.of_files(found, dict.fromkeys(wanted, ("example",)))
    yield from (Problem(rule.path, f"{rule.title.en}: {rule.reason}") for rule in rules.rules.every() if rule.reason)
    yield from (Problem("", warning) for warning in rules.rules.warnings)


def playbooks(paths: Iterable[Path]) -> Counter[str]:
    """Count the rules that name each playbook, so that what there is can be checked against what is asked for."""
    found: Counter[str] = Counter()
    for file in files.find(paths):
        try:
            documents = files.documents(file)
        except ContentError:
            continue
        blocks = (document.get("wardwatch") for document in documents)
        found.update(str(block["playbook"]) for block in blocks if isinstance(block, dict) and block.get("playbook"))
    return found


def _lists(file: files.ContentFile) -> Iterator[str]:
    try:
        documents = files.documents(file)
    except ContentError:
        return
    for document in documents:
        yield from _placeholders(document.get("detection"))


def _placeholders(part: Any) -> Iterator[str]:  # noqa: ANN401
    if isinstance(part, dict):
        for key, value in part.items():
            if "expand" in str(key).split("|"):
                texts = value if isinstance(value, list) else [value]
                yield from (name for text in texts for name in str(text).split("%")[1::2])
            yield from _placeholders(value)
    elif isinstance(part, list):
        for value in part:
            yield from _placeholders(value)


def _of_document(document: Mapping[str, Any], *, own: bool) -> Iterator[str]:
    for tag in document.get("tags") or []:
        unknown = [id_ for id_ in attack.techniques_of([str(tag)]) if not attack.technique(id_).known]
        yield from (f"{id_} is no ATT&CK technique" for id_ in unknown)
    if own:
        title = document.get("title")
        yield from (f"{title}: {name} is missing" for name in _NEEDED if not document.get(name))
        yield from (f"{title}: {problem}" for problem in _of_block(document.get("wardwatch") or {}))


def _of_block(block: Mapping[str, Any]) -> Iterator[str]:
    if block.get("schema") != SCHEMA:
        yield f"wardwatch.schema is not {SCHEMA}"
    if not (block.get("title") or {}).get("fr"):
        yield "wardwatch.title.fr is missing"
    for name in ("explanation", "falsepositives"):
        both = block.get(name) or {}
        if not both.get("en") or not both.get("fr"):
            yield f"wardwatch.{name} needs en and fr"
    if not block.get("playbook"):
        yield "wardwatch.playbook is missing"
    for kind in ("fires", "silent"):
        if not block.get(kind):
            yield f"wardwatch.{kind} needs at least one example"
        for example in block.get(kind) or []:
            if example.get("source") not in sources.every():
                yield f"wardwatch.{kind}: no source {example.get('source')!r}"
