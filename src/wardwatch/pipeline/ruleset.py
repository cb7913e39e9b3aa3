"""What the pipeline detects with: compiled rules, the correlations over them, and the lists that a hospital keeps."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from wardwatch.catalogue import files
from wardwatch.catalogue.files import ContentFile
from wardwatch.correlation.rules import Correlations
from wardwatch.detection.compiled import CompiledRules
from wardwatch.detection.store import Store
from wardwatch.kernel.errors import ContentError
from wardwatch.pipeline.tuning import applying
from wardwatch.pipeline.tuning.applying import Tunings


@dataclass(frozen=True, slots=True)
class RulePaths:
    """Where rules and lists come from, and where compiled ones are kept; small, so that it travels to workers.

    `tunings` is the folder of tunings, for the live watch.
    """

    rules: tuple[Path, ...]
    lists: tuple[tuple[str, tuple[str, ...]], ...] = ()
    cache: Path | None = None
    tunings: Path | None = None

    def stamps(self) -> list[tuple[str, int, int, int, int]]:
        """What tells whether a file of rules or tunings has changed. Raises `InputError` where a folder is gone."""
        tuned = [self.tunings] if self.tunings is not None and self.tunings.is_dir() else []
        return list(files.stamps([*self.rules, *tuned]))


@dataclass(slots=True)
class RuleSet:
    """Everything compiled. `errors` are files that could not be read; bad rules are among `rules.others`."""

    rules: CompiledRules
    correlations: Correlations
    store: Store
    errors: list[ContentError] = field(default_factory=list)
    tunings: Tunings = field(default_factory=Tunings)


def shipped_rules() -> Path:
    """The folder of Wardwatch's own rules."""
    return files.shipped("rules")


def load(paths: RulePaths) -> RuleSet:
    """Load and compile, or take from the cache; what cannot run is among the rules with its reason."""
    store = Store(paths.cache)
    compiled, errors = store.rules(paths.rules, dict(paths.lists))
    found = _assembled(compiled, store, errors)
    found.tunings = applying.load(paths.tunings, found.rules, dict(paths.lists))
    return found


def of_files(found: Iterable[ContentFile], lists: Mapping[str, Sequence[str]]) -> RuleSet:
    """Compile rule files that were read already, without any cache."""
    from wardwatch.detection.compiler import compile_rules  # noqa: PLC0415  (pySigma loads slowly)
    from wardwatch.detection.load import load_files  # noqa: PLC0415

    loaded = load_files(found)
    return _assembled(compile_rules(loaded, lists), Store(None), loaded.errors)


def _assembled(compiled: CompiledRules, store: Store, errors: list[ContentError]) -> RuleSet:
    correlations = _correlations(compiled)
    reasons = {
        id_: " · ".join(part for part in (error.what, error.hint) if part) for id_, error in correlations.errors.items()
    }
    compiled.others = [
        replace(rule, reason=rule.reason or reasons.get(rule.id, "")) if rule.kind == "correlation" else rule
        for rule in compiled.others
    ]
    return RuleSet(compiled, correlations, store, errors)


def _correlations(compiled: CompiledRules) -> Correlations:
    if not compiled.correlations:
        return Correlations((), {}, {}, frozenset(), {}, {})
    # pySigma loads slowly and is not needed without correlations.
    from sigma.correlations import SigmaCorrelationRule  # noqa: PLC0415

    from wardwatch.correlation.compiling import compile_correlations  # noqa: PLC0415

    bases = {name: key.id for key in compiled.keys for name in (key.name, key.id) if name}
    # The correlations that parsed are among the others, in the same order, with the ids of their rules.
    ids = [rule.id for rule in compiled.others if rule.kind == "correlation" and not rule.reason]
    rules = [SigmaCorrelationRule.from_dict(one) for one in compiled.correlations]
    broken = {
        name: rule.reason.partition(" · ")[0]
        for rule in compiled.others
        if rule.reason
        for name in (rule.name, rule.id)
        if name
    }
    return compile_correlations(list(zip(ids, rules, strict=True)), bases, broken)


def read_lists(folders: Sequence[Path]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Read the lists that a hospital keeps: `<name>.txt`, one value per line, `#` begins a comment.

    A list in a later folder replaces one of the same name.
    """
    found: dict[str, tuple[str, ...]] = {}
    for folder in folders:
        for file in sorted(folder.glob("*.txt")) if folder.is_dir() else []:
            lines = file.read_text(encoding="utf-8-sig", errors="replace").splitlines()
            values = (line.split("#", 1)[0].strip() for line in lines)
            found[file.stem] = tuple(dict.fromkeys(value for value in values if value))
    return tuple(sorted(found.items()))
