"""Test rules on their own examples: what must fire fires, what must stay silent stays silent.

An example is a log as its source writes it, so that the source is tested with the rule
(docs/how-to/write-a-rule.md). It runs through the same stages as a scan.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wardwatch.catalogue.files import ContentFile, documents
from wardwatch.events.alert import Alert
from wardwatch.kernel import stamps
from wardwatch.kernel.severity import Level
from wardwatch.pipeline import ruleset
from wardwatch.pipeline.in_process import InProcess
from wardwatch.pipeline.ruleset import RuleSet
from wardwatch.pipeline.scan import Scan, Summary
from wardwatch.pipeline.tasks import Settings

_EPOCH = stamps.iso("2026-11-23T02:00:00Z")[0]  # where `repeat` begins
_NOW = stamps.iso("2026-12-31T00:00:00Z")[0]  # examples are from before
MAX_REPEAT = 100_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an example showed. `fired` are the ids of rules with alerts; `problem` is empty if all is well."""

    rule_id: str
    title: str
    path: str
    kind: str  # "fires" or "silent"
    number: int  # from 1
    fired: tuple[str, ...]
    problem: str = ""


def run_log(
    log: bytes, source: str, rules: RuleSet, *, level: Level = Level.INFORMATIONAL
) -> tuple[list[Alert], Summary]:
    """Scan one log through all stages; returns its alerts, those of base rules too, and what was seen."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "example.log"
        path.write_bytes(log)
        return scan_paths([str(path)], rules, level=level, source=source)


def scan_paths(
    paths: Iterable[str], rules: RuleSet, *, level: Level = Level.INFORMATIONAL, source: str | None = None
) -> tuple[list[Alert], Summary]:
    """Scan a few small logs here and now; returns their alerts and what was seen."""
    settings = Settings("example", _NOW, level, needs=tuple(rules.correlations.needs.items()))
    with tempfile.TemporaryDirectory() as folder:
        scan = Scan(InProcess(rules, settings), rules.correlations, Path(folder), source=source)
        return list(scan.run(paths, settings)), scan.summary


def log_of(example: Mapping[str, Any]) -> bytes:
    """Return the log of an example, repeated as its `repeat` says: `{n}` counts from 0, `{time}` is ISO 8601."""
    text = str(example["log"])
    repeat = example.get("repeat")
    if not repeat:
        return text.encode()
    count = min(int(repeat["count"]), MAX_REPEAT)
    step = stamps.duration(str(repeat.get("step", "1s")))
    return "".join(
        text.replace("{n}", str(n)).replace("{time}", stamps.iso_text(_EPOCH + n * step)) for n in range(count)
    ).encode()


def every(_: Alert) -> bool:
    """Let every alert count."""
    return True


def check_file(
    file: ContentFile, more: Sequence[ContentFile] = (), counts: Callable[[Alert], bool] = every
) -> Iterator[Outcome]:
    """Run every example of a rule file against the rules of that file; yields one outcome for each example.

    `more` are files that go with it, such as filters; only alerts that `counts` accepts count as fired.
    """
    compiled: dict[str, RuleSet] = {}
    for document in documents(file):
        block = document.get("wardwatch")
        for kind in ("fires", "silent"):
            examples = block.get(kind) if isinstance(block, dict) else None
            for number, example in enumerate(examples or [], start=1):
                key = repr(sorted((example.get("lists") or {}).items()))
                if key not in compiled:
                    compiled[key] = ruleset.of_files([file, *more], example.get("lists") or {})
                yield _outcome(document, file.path, (kind, number), example, compiled[key], counts=counts)


def _outcome(
    document: Mapping[str, Any],
    path: str,
    which: tuple[str, int],
    example: Mapping[str, Any],
    rules: RuleSet,
    *,
    counts: Callable[[Alert], bool],
) -> Outcome:
    identity, (kind, number) = str(document.get("id")), which
    problem = ""
    fired: tuple[str, ...] = ()
    try:
        alerts, summary = run_log(log_of(example), str(example["source"]), rules)
    except (KeyError, ValueError, TypeError) as error:
        problem = f"an example needs source and log: {error!r}"
    else:
        fired = tuple(sorted({alert.rule_id for alert in alerts if counts(alert)}))
        off = {rule.id: rule.reason for rule in rules.rules.every() if rule.reason}
        if identity in off:
            problem = f"the rule does not run: {off[identity]}"
        elif summary.total_rejects or not summary.total_events:
            problem = f"not read as {example['source']}: {[one.reason for one in summary.shown][:3]}"
        elif kind == "fires" and identity not in fired:
            problem = "stays silent"
        elif kind == "silent" and identity in fired:
            problem = "fires"
    return Outcome(identity, str(document.get("title")), path, kind, number, fired, problem)
