"""The rules that watch, as people read them: titles and explanations in both languages, and what to do first."""

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from wardwatch.detection.rules import Rule
from wardwatch.kernel.bilingual import Text
from wardwatch.pipeline import ruleset
from wardwatch.pipeline.ruleset import RulePaths, RuleSet
from wardwatch.pipeline.silence import signals
from wardwatch.reports import ACTIONS, playbook
from wardwatch.usecases.installation import home


@dataclass(slots=True)
class _Known:
    stamps: object = None
    found: RuleSet | None = None


_known = _Known()
_lock = Lock()


def rules() -> RuleSet:
    """Every rule that the watch loads; read again when a file has changed."""
    own = home() / "rules"
    folders = (ruleset.shipped_rules(), *((own,) if own.is_dir() else ()))
    paths = RulePaths(folders, ruleset.read_lists([home() / "lists"]), home() / "cache")
    stamps = (paths.stamps(), paths.lists)
    with _lock:
        if _known.found is None or _known.stamps != stamps:
            _known.found, _known.stamps = ruleset.load(paths), stamps
        return _known.found


def rule(id_: str) -> Rule | None:
    """A rule by its id."""
    known = rules().rules.by_id().get(id_)
    if known is not None:
        return known
    found: Mapping[str, Rule] = signals.rules()
    return found.get(id_)


def title(id_: str, english: str = "") -> Text:
    """The title of a rule; of one that is not known any more, what it was called when it fired."""
    known = rule(id_)
    return known.title if known is not None else Text(english or id_)


@dataclass(frozen=True, slots=True)
class Advice:
    """What a rule is about, and what to do first."""

    title: Text
    explanation: Text
    playbook: Text
    action: Text


def advice(id_: str, english: str = "") -> Advice:
    """What people should know about a rule that fired."""
    known = rule(id_)
    slug = (known.playbook or "") if known is not None else ""
    return Advice(
        title=title(id_, english),
        explanation=known.explanation if known is not None else Text(""),
        playbook=playbook(slug) if slug else Text(""),
        action=ACTIONS.get(slug, Text("")),
    )
