"""Rules as values: what people read of a rule, and in what state it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from wardwatch.events.logsource import LogSource
from wardwatch.kernel.bilingual import Text
from wardwatch.kernel.severity import Level
from wardwatch.threats import attack


class State(StrEnum):
    """What becomes of a loaded rule; the first two are known at loading, the others after events were seen."""

    ACTIVE = "active"
    UNSUPPORTED = "unsupported"
    FIELDS_NEVER_SEEN = "fields never seen"
    LOG_SOURCE_NEVER_SEEN = "log source never seen"


@dataclass(frozen=True, slots=True)
class Rule:
    """One Sigma rule or correlation.

    `kind` is "event" or "correlation"; `reason` says why a rule is unsupported; `fields` are those that its
    condition asks.
    """

    id: str
    title: Text
    level: Level
    kind: str
    path: str
    logsource: LogSource = field(default_factory=LogSource)
    name: str | None = None
    status: str = ""
    description: str = ""
    explanation: Text = field(default_factory=lambda: Text(""))
    falsepositives: tuple[Text, ...] = ()
    tags: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    author: str = ""
    playbook: str | None = None
    fields: tuple[str, ...] = ()
    reason: str = ""

    @property
    def supported(self) -> bool:
        """Say whether the rule runs."""
        return not self.reason

    @property
    def tactics(self) -> tuple[str, ...]:
        """ATT&CK tactics of the rule's tags, in their order, with hyphens (`lateral-movement`)."""
        return attack.tactics_of(self.tags)

    @property
    def techniques(self) -> tuple[str, ...]:
        """ATT&CK technique ids of the rule's tags (`T1486`, `T1003.001`)."""
        return attack.techniques_of(self.tags)


def from_document(document: Mapping[str, Any], path: str, *, reason: str = "") -> Rule:
    """Build a rule's value from its YAML; what is missing or of the wrong type is left empty, never an error."""
    block = document.get("wardwatch")
    own: Mapping[str, Any] = block if isinstance(block, dict) else {}
    correlation = document.get("correlation")
    explained = own.get("explanation")
    title = str(document.get("title") or path)
    titles = own.get("title")
    return Rule(
        id=str(document.get("id") or document.get("name") or f"{path}#{title}"),
        name=str(document["name"]) if document.get("name") else None,
        title=Text(title, str(titles.get("fr", "")) if isinstance(titles, dict) else ""),
        level=_level(document.get("level")),
        kind="correlation" if isinstance(correlation, dict) else "event",
        path=path,
        logsource=_logsource(document.get("logsource")),
        status=str(document.get("status") or ""),
        description=str(document.get("description") or ""),
        explanation=Text.parse(explained) if isinstance(explained, dict) and "en" in explained else Text(""),
        falsepositives=_falsepositives(document, own),
        tags=tuple(str(tag).lower() for tag in _list(document.get("tags"))),
        references=tuple(str(reference) for reference in _list(document.get("references"))),
        author=str(document.get("author") or ""),
        playbook=str(own["playbook"]) if own.get("playbook") else None,
        reason=reason,
    )


def _level(word: Any) -> Level:  # noqa: ANN401
    try:
        return Level.parse(str(word or "medium"))
    except ValueError:
        return Level.MEDIUM


def _logsource(found: Any) -> LogSource:  # noqa: ANN401
    if not isinstance(found, dict):
        return LogSource()
    terms = (found.get("product"), found.get("category"), found.get("service"))
    return LogSource(*(str(term).lower() if term is not None else None for term in terms))


def _list(found: Any) -> list[Any]:  # noqa: ANN401
    if isinstance(found, list):
        return found
    return [] if found is None else [found]


def _falsepositives(document: Mapping[str, Any], own: Mapping[str, Any]) -> tuple[Text, ...]:
    both = own.get("falsepositives")
    if isinstance(both, dict):
        english, french = _list(both.get("en")), _list(both.get("fr"))
        return tuple(Text(str(en), str(fr)) for en, fr in zip(english, french, strict=False))
    return tuple(Text(str(one)) for one in _list(document.get("falsepositives")))
