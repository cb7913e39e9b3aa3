"""Tunings at work: which matches of a rule are withheld, in which hospital, because of which tuning.

Each tuning is compiled to a hidden rule of its rule's log source, and run by the same engine on the same events, only
on those that the tuned rule matched. So what a tuning says is exactly what a rule with that detection would say.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import yaml

from wardwatch.catalogue.files import ContentFile
from wardwatch.detection.compiled import CompiledRules
from wardwatch.detection.match import match
from wardwatch.detection.memory import Memory
from wardwatch.detection.rules import Rule
from wardwatch.events.alert import Alert
from wardwatch.events.builder import BatchBuilder, Origin
from wardwatch.events.logsource import LogSource
from wardwatch.events.record import Record
from wardwatch.kernel import ids
from wardwatch.kernel.errors import ContentError
from wardwatch.pipeline.tuning import document
from wardwatch.pipeline.tuning.document import Tuning

GROUPS = LogSource(category="wardwatch_correlation")  # the log source that a correlation's group is given
_FAR = 2**53  # µs: no stamp of a group is implausible


@dataclass(slots=True)
class Tunings:
    """All tunings, compiled; `errors` are files that are broken, or whose detection cannot run."""

    tunings: tuple[Tuning, ...] = ()
    errors: list[ContentError] = field(default_factory=list)
    hidden: CompiledRules | None = None
    _by_rule: dict[tuple[str, str], tuple[int, ...]] = field(default_factory=dict)  # tenant, rule → hidden rules
    _by_number: dict[int, Tuning] = field(default_factory=dict)
    _memory: Memory = field(default_factory=Memory)

    def __bool__(self) -> bool:
        return bool(self._by_rule)

    def concern(self, tenant: str, rule: str) -> bool:
        """Say whether there is any tuning of a rule in a hospital, expired or not."""
        return (tenant, rule) in self._by_rule

    def withheld(
        self, batch: pa.RecordBatch, tenant: str, matched: Iterable[tuple[str, np.ndarray]]
    ) -> dict[str, dict[int, Tuning]]:
        """Return rule → row → the tuning that withholds it; `matched` are rules with the rows that they match.

        A tuning holds for events that *arrived* before it expires, so that a second run over the same frames says
        the same.
        """
        concerned = [(rule, rows) for rule, rows in matched if self.concern(tenant, rule)]
        if not concerned or self.hidden is None:
            return {}
        rows = np.unique(np.concatenate([some for _, some in concerned]))
        fired = match(batch.take(pa.array(rows)), self.hidden, self._memory)
        by_number: dict[int, set[int]] = {}
        for position, number in zip(fired["row"].to_pylist(), fired["rule"].to_pylist(), strict=True):
            by_number.setdefault(number, set()).add(int(rows[position]))
        arrived = batch.column("received_at").cast(pa.int64())
        found: dict[str, dict[int, Tuning]] = {}
        for rule, some in concerned:
            for number in self._by_rule[tenant, rule]:
                tuning = self._by_number[number]
                for row in by_number.get(number, set()).intersection(some.tolist()):
                    if tuning.holds(arrived[row].as_py()):
                        found.setdefault(rule, {}).setdefault(row, tuning)
        return found

    def of_alert(self, alert: Alert, now: int) -> Tuning | None:
        """Return the tuning that withholds the alert of a correlation at `now` (µs UTC), by the values of its group."""
        numbers = self._by_rule.get((alert.tenant, alert.rule_id))
        if not numbers or self.hidden is None or alert.kind != "correlation":
            return None
        builder = BatchBuilder(Origin(alert.tenant, b"group", _FAR, "group"))
        builder.add(Record(0, GROUPS, dict(alert.group), alert.occurred_at))
        fired: set[int] = set()
        for batch in builder.finish():
            fired.update(match(batch, self.hidden, self._memory)["rule"].to_pylist())
        chosen = (self._by_number[number] for number in numbers if number in fired)
        return next((tuning for tuning in chosen if tuning.holds(now)), None)


def load(folder: Path | None, rules: CompiledRules, lists: Mapping[str, Sequence[str]]) -> Tunings:
    """Load the tunings that are kept in a folder (`$WARDWATCH_HOME/tuning`)."""
    if folder is None:
        return Tunings()
    tunings, errors = document.read(folder)
    found = compiled(tunings, rules, lists)
    found.errors[:0] = errors
    return found


def compiled(tunings: Sequence[Tuning], rules: CompiledRules, lists: Mapping[str, Sequence[str]]) -> Tunings:
    """Compile tunings; one that cannot run, or whose rule is not there, is among the errors and withholds nothing."""
    if not tunings:
        return Tunings()
    # pySigma loads slowly and is not needed without tunings.
    from wardwatch.detection.compiler import compile_rules  # noqa: PLC0415
    from wardwatch.detection.load import load_files  # noqa: PLC0415

    found = Tunings(tuple(tunings))
    known = rules.by_id()
    hidden: list[ContentFile] = []
    by_id: dict[str, Tuning] = {}
    for tuning in tunings:
        if tuning.rule not in known:
            hint = "see `wardwatch rules list`"
            found.errors.append(ContentError(f"no rule {tuning.rule[:80]!r}", where=_where(tuning), hint=hint))
            continue
        sigma = _hidden(tuning, known[tuning.rule])
        by_id[sigma["id"]] = tuning
        hidden.append(ContentFile(_where(tuning), yaml.safe_dump(sigma, allow_unicode=True).encode()))
    loaded = load_files(hidden)
    found.hidden = compile_rules(loaded, lists)
    found.errors += loaded.errors
    for rule in found.hidden.others:
        found.errors.append(ContentError(f"the detection cannot run: {rule.reason}", where=rule.path))
    numbers: dict[tuple[str, str], list[int]] = {}
    for number, rule in enumerate(found.hidden.rules):
        tuning = found._by_number[number] = by_id[rule.id]  # noqa: SLF001  (it is being made)
        numbers.setdefault((tuning.tenant, tuning.rule), []).append(number)
    found._by_rule = {key: tuple(some) for key, some in numbers.items()}  # noqa: SLF001
    return found


def _where(tuning: Tuning) -> str:
    return f"tuning/{tuning.tenant}/{tuning.slug}.yml"


def _hidden(tuning: Tuning, rule: Rule) -> dict[str, Any]:
    """The hidden rule of a tuning as a Sigma document."""
    logsource = GROUPS if rule.kind == "correlation" else rule.logsource
    terms = {name: getattr(logsource, name) for name in ("product", "category", "service")}
    marked = ids.digest("tuning/1", tuning.tenant.encode(), tuning.slug.encode()).hex()
    return {
        "title": tuning.slug,
        "id": f"{marked[:8]}-{marked[8:12]}-{marked[12:16]}-{marked[16:20]}-{marked[20:]}",
        "logsource": {name: term for name, term in terms.items() if term is not None},
        "detection": dict(tuning.detection),
    }


def explained(tuning: Tuning) -> dict[str, str]:
    """What a withheld alert carries among its fields: which tuning, whose, and why."""
    return {
        "wardwatch.tuning": tuning.slug,
        "wardwatch.tuning.owner": tuning.owner,
        "wardwatch.tuning.reason": tuning.reason,
    }
